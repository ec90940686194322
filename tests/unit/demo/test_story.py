"""The demo's story holds what every page needs to have something true to show."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from app.core.locale import LANGUAGES
from app.moderation.models import Reason
from app.reviews.models import Duration
from app.reviews.rules import NAME_MIN, ROLE_MAX, TEXT_MIN, TITLE_MAX
from demo import catalogue
from demo.children import ROOT

DEMO = ROOT / "demo"
STORY = tomllib.loads((DEMO / "reviews.toml").read_text())
BUYERS = tomllib.loads((DEMO / "buyers.toml").read_text())
REVIEWS = STORY["review"]
ALL = REVIEWS + STORY["otter"]
PUBLISHED = [one for one in REVIEWS if not {"refused", "waiting", "withdrawn"} & set(one)]


def test_there_are_about_eighty_published_reviews_over_eighteen_months_in_every_language() -> None:
    assert 75 <= len(PUBLISHED) <= 90
    assert max(one["ago"] for one in PUBLISHED) > 530
    assert min(one["ago"] for one in PUBLISHED) < 30
    assert {one["lang"] for one in PUBLISHED} == set(LANGUAGES)
    assert min(Counter(one["lang"] for one in PUBLISHED).values()) >= 10


def test_every_rating_duration_and_subject_occurs() -> None:
    assert {one["stars"] for one in PUBLISHED} == {1, 2, 3, 4, 5}
    assert {one.get("used") for one in PUBLISHED} == {str(duration) for duration in Duration}
    assert {one["on"] for one in PUBLISHED} == {item.sku for item in catalogue.KESTREL}


def test_every_state_of_proof_occurs() -> None:
    states = {(one.get("via", "account"), one.get("order", False), one.get("private", False)) for one in PUBLISHED}
    assert {("account", True, False), ("account", True, True), ("mail", True, False), ("mail", False, True)} <= states
    # Affiliation lapses after half a year, so both kinds of the past are there.
    assert any(one["ago"] > 200 for one in PUBLISHED)
    assert any(one["ago"] < 100 for one in PUBLISHED)


def test_there_are_replies_solved_problems_incentives_and_a_queue() -> None:
    assert sum("reply" in one for one in PUBLISHED) >= 12
    assert sum("resolved" in one for one in PUBLISHED) >= 8
    assert sum("incentive" in one for one in PUBLISHED) >= 3
    assert sum("waiting" in one for one in REVIEWS) == 8


def test_refusals_use_different_grounds_and_quote_the_text() -> None:
    refused = [one for one in REVIEWS if "refused" in one]
    assert len({one["refused"][0] for one in refused}) == len(refused) == 6
    for one in refused:
        reason, passage, statement = one["refused"]
        assert Reason(reason)
        assert passage in one["text"]
        assert len(statement) > 40


@pytest.mark.parametrize("one", ALL, ids=lambda one: one["title"])
def test_each_review_is_one_that_the_form_would_take(one: dict[str, object]) -> None:
    buyer, name = one["by"]
    assert buyer in BUYERS
    assert len(name) >= NAME_MIN
    assert len(str(one["title"])) <= TITLE_MAX
    assert len(str(one["text"])) >= TEXT_MIN
    assert len(str(one.get("role", ""))) <= ROLE_MAX


def test_nobody_repeats_herself() -> None:
    assert len({one["title"] for one in ALL}) == len({one["text"] for one in ALL}) == len(ALL)


def test_every_buyer_is_invented_and_has_an_own_domain() -> None:
    domains = [buyer["domain"] for buyer in BUYERS.values()]
    assert len(set(domains)) == len(domains)
    assert all(domain.endswith(".example") for domain in domains)


def test_every_picture_is_there() -> None:
    for item in catalogue.KESTREL:
        assert (DEMO / "shop" / item.picture).is_file()
        assert Path(item.picture).suffix == ".svg"
