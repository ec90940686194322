"""What a review is made of, and the fingerprint of its words."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reviews.models import Duration, Revision
from app.reviews.rules import WORDS, Content, content_hash, first_words, words_of

CONTENT = Content(
    rating=4,
    title="Quiet",
    text="It keeps its pressure.",
    display_name="Rita S.",
    pros="Parts",
    cons="",
    role="Engineer",
    duration=Duration.YEARS_1_3,
)


def test_the_fingerprint_is_sha256_of_canonical_json_that_anyone_can_write() -> None:
    canonical = (
        '{"cons":"","display_name":"Rita S.","duration":"1_to_3_years","pros":"Parts","rating":4,'
        '"role":"Engineer","text":"It keeps its pressure.","title":"Quiet"}'
    )
    assert content_hash(CONTENT) == hashlib.sha256(b"avouch/revision/v1\n" + canonical.encode()).digest()


def test_a_stored_revision_has_the_fingerprint_of_what_was_sent() -> None:
    assert content_hash(Revision(**words_of(CONTENT))) == content_hash(CONTENT)


@pytest.mark.parametrize("name", WORDS)
def test_every_word_that_readers_see_changes_the_fingerprint(name: str) -> None:
    other = {"rating": 5, "duration": None}.get(name, "Something else")
    assert content_hash(replace(CONTENT, **{name: other})) != content_hash(CONTENT)


def test_whether_the_company_is_named_does_not() -> None:
    assert content_hash(replace(CONTENT, show_company=False)) == content_hash(CONTENT)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_words_cannot_be_moved_from_one_field_to_another(pros: str, cons: str) -> None:
    there, here = replace(CONTENT, pros=pros, cons=cons), replace(CONTENT, pros=pros + cons, cons="")
    assert (content_hash(there) == content_hash(here)) == (cons == "")


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("", 10, ""),
        ("One line", 10, "One line"),
        ("Two\n lines\tand  blanks", 100, "Two lines and blanks"),
        ("Cut between words", 12, "Cut…"),
        ("x" * 50, 10, "xxxxxxxxx…"),
    ],
)
def test_first_words(text: str, limit: int, expected: str) -> None:
    assert first_words(text, limit) == expected


@given(st.text(), st.integers(2, 300))
def test_first_words_fit_on_one_line(text: str, limit: int) -> None:
    words = first_words(text, limit)
    assert len(words) <= limit
    assert len(words.splitlines()) <= 1
