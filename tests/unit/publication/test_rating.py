"""The rating: what a reader is promised about it."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.publication import rating
from app.publication.rating import Mark, Sums

TODAY = dt.date(2026, 11, 22)

marks = st.builds(
    Mark,
    stars=st.integers(1, 5),
    evidence=st.integers(0, 100),
    published=st.dates(dt.date(2019, 1, 1), TODAY),
    proven=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)


def as_item(mark: Mark) -> dict[str, Any]:
    """What the public feed says of a mark."""
    return {
        "date_published": f"{mark.published.isoformat()}T23:59:59Z",
        "_avouch": {"rating": {"value": mark.stars}, "weight": mark.evidence / 100},
    }


def sums_of(given_marks: list[Mark]) -> Sums:
    sums = Sums()
    for mark in given_marks:
        sums = rating.add(sums, mark)
    return sums


@given(st.lists(marks, max_size=60), st.integers(0, 3000))
def test_the_running_sums_give_what_anyone_recomputes_from_the_feed_on_any_day(
    given_marks: list[Mark], later: int
) -> None:
    day = TODAY + dt.timedelta(days=later)
    kept = rating.reckon(sums_of(given_marks), day)
    recomputed = rating.recompute([as_item(mark) for mark in given_marks], rating.constants(), day)
    if recomputed is None:
        assert kept.score is None
    else:
        assert kept.score == pytest.approx(recomputed, abs=1e-4)


@given(st.lists(marks, min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_reviews_that_come_and_go_leave_no_trace(given_marks: list[Mark], chance: random.Random) -> None:
    staying = [mark for mark in given_marks if chance.random() < 0.5]
    sums = sums_of(given_marks)
    leaving = list(given_marks)
    for mark in staying:
        leaving.remove(mark)
    chance.shuffle(leaving)
    for mark in leaving:
        sums = rating.remove(sums, mark)
    fresh = sums_of(staying)
    assert (sums.stars, sums.proven) == (fresh.stars, fresh.proven)
    assert rating.reckon(sums, TODAY).score == pytest.approx(rating.reckon(fresh, TODAY).score, abs=1e-4)


def test_the_last_review_to_leave_takes_the_rounding_with_it() -> None:
    mark = Mark(stars=3, evidence=33, published=dt.date(2021, 5, 3), proven=(True, False, False))
    other = Mark(stars=5, evidence=77, published=dt.date(2024, 2, 29), proven=(True, True, True))
    sums = rating.remove(rating.remove(sums_of([mark, other]), mark), other)
    assert sums == Sums()


def test_a_hundred_thousand_changes_stay_within_the_decimals_that_are_published() -> None:
    chance = random.Random(7)
    held: list[Mark] = []
    sums = Sums()
    for _ in range(100_000):
        if held and chance.random() < 0.49:
            sums = rating.remove(sums, held.pop(chance.randrange(len(held))))
        else:
            day = dt.date(2022, 1, 1) + dt.timedelta(days=chance.randrange(1700))
            mark = Mark(chance.randint(1, 5), chance.randint(0, 100), day, (True, False, True))
            held.append(mark)
            sums = rating.add(sums, mark)
    assert rating.reckon(sums, TODAY).score == rating.recompute(map(as_item, held), rating.constants(), TODAY)


def test_nothing_to_rate_is_no_rating_rather_than_the_priors() -> None:
    reckoned = rating.reckon(Sums(), TODAY)
    assert (reckoned.score, reckoned.mean, reckoned.count) == (None, None, 0)


def test_one_glowing_review_does_not_make_a_perfect_supplier() -> None:
    one = Mark(stars=5, evidence=100, published=TODAY, proven=(True, True, True))
    reckoned = rating.reckon(sums_of([one]), TODAY)
    assert reckoned.mean == 5
    assert reckoned.score == pytest.approx((5 * 3.5 + 5) / 6, abs=1e-4)


# evidence, age in days, weight: every row is a sentence of the methodology page
@pytest.mark.parametrize(
    ("evidence", "age", "weight"),
    [
        (100, 0, 1.0),  # fully proven and fresh: one whole review
        (50, 0, 0.5),  # half proven: half
        (100, 730, 0.5),  # a half-life old: half
        (100, 1460, 0.25),  # two half-lives: a quarter
        (0, 0, 0.0),  # nothing proven: counted, but weighs nothing
    ],
)
def test_a_review_weighs_what_its_evidence_and_age_say(evidence: int, age: int, weight: float) -> None:
    mark = Mark(stars=4, evidence=evidence, published=TODAY - dt.timedelta(days=age), proven=(True, False, False))
    reckoned = rating.reckon(sums_of([mark]), TODAY)
    assert reckoned.weight == pytest.approx(weight, abs=1e-6)
    assert reckoned.weighted == pytest.approx(weight * 4, abs=1e-6)
    assert reckoned.count == 1


def test_the_formula_that_the_feed_states_is_the_one_that_is_used() -> None:
    assert rating.constants() == {"formula_version": 1, "prior_weight": 5.0, "prior_mean": 3.5, "half_life_days": 730}
