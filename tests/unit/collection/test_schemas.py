"""A draft takes what was typed, sending takes what will do, and neither takes anything else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from app.collection.schemas import TYPED_MAX, DraftContent, GiveToken, OpenDraft, ReviewContent, SaveDraft
from app.reviews import rules
from app.reviews.models import Duration
from app.reviews.rules import Content

WHOLE: dict[str, Any] = {
    "rating": 5,
    "title": "Quiet",
    "text": "It keeps its pressure day and night.",
    "display_name": "Rita S.",
}
TEXTS = ("title", "text", "pros", "cons", "role", "display_name")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(TEXTS), st.text(max_size=300)))
def test_a_draft_takes_any_text_and_gives_it_back(content: dict[str, str]) -> None:
    loaded = DraftContent().load(content)
    for name, text in content.items():
        assert loaded[name] == text.replace("\x00", "")
        loaded[name].encode()  # PostgreSQL stores it


def test_half_a_character_becomes_a_mark_and_not_an_error() -> None:
    assert DraftContent().load({"text": "cut \ud83d emoji"}) == {"text": "cut \ufffd emoji"}


@given(st.dictionaries(st.sampled_from([*TEXTS, "rating", "duration", "show_company", "other"]), json_values))
def test_no_json_makes_a_schema_fail_otherwise_than_by_saying_so(content: dict[str, Any]) -> None:
    for schema in (DraftContent(), ReviewContent(), SaveDraft(), OpenDraft(), GiveToken()):
        with suppress(ValidationError):
            schema.load(content)


@given(st.fixed_dictionaries({name: st.text(max_size=200) for name in TEXTS}), st.integers(1, 5))
def test_what_sending_takes_keeps_every_bound(texts: dict[str, str], rating: int) -> None:
    try:
        content: Content = ReviewContent().load({**texts, "rating": rating})
    except ValidationError:
        return
    assert rules.TITLE_MIN <= len(content.title) <= rules.TITLE_MAX
    assert rules.TEXT_MIN <= len(content.text) <= rules.TEXT_MAX
    assert rules.NAME_MIN <= len(content.display_name) <= rules.NAME_MAX
    assert max(len(content.pros), len(content.cons)) <= rules.SIDE_MAX
    assert len(content.role) <= rules.ROLE_MAX
    assert "\n" not in content.title + content.role + content.display_name


def test_the_least_that_can_be_sent() -> None:
    content = ReviewContent().load(WHOLE)
    assert content == Content(**WHOLE)
    assert (content.pros, content.duration, content.show_company) == ("", None, True)


@pytest.mark.parametrize("duration", ["", None, *Duration])
def test_how_long_in_use_is_one_of_a_list_or_not_said(duration: str | None) -> None:
    assert ReviewContent().load({**WHOLE, "duration": duration}).duration == (duration or None)


@pytest.mark.parametrize("name", ["rating", "title", "text", "display_name"])
def test_what_every_review_has(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ReviewContent().load({key: value for key, value in WHOLE.items() if key != name})
    assert list(caught.value.messages_dict) == [name]


@pytest.mark.parametrize("rating", [0, 6, 4.5, "4", True, None, 10**30])
def test_a_rating_is_a_whole_number_from_one_to_five(rating: Any) -> None:
    with pytest.raises(ValidationError):
        ReviewContent().load({**WHOLE, "rating": rating})


def test_a_draft_has_an_end_too() -> None:
    DraftContent().load({"text": "x" * TYPED_MAX})
    with pytest.raises(ValidationError):
        DraftContent().load({"text": "x" * (TYPED_MAX + 1)})
