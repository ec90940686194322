"""The policy, and what counts as a passage."""

from __future__ import annotations

import pytest

from app.moderation.models import Reason
from app.moderation.rules import HeldBecause, find_passage, why_hold
from app.moderation.screening import Code, Signal
from app.moderation.words import FIELDS, GROUNDS, HELD, SIGNALS, STATES

LINK = Signal(Code.LINK, "text", "www.rival.example")


@pytest.mark.parametrize(
    ("all_proven", "signals", "approve_proven", "expected"),
    [
        # Only three proofs, nothing noticed, and a supplier who wants it so, together spare a person the look.
        (True, [], True, None),
        (True, [], False, HeldBecause.POLICY),
        (False, [], True, HeldBecause.UNPROVEN),
        (False, [], False, HeldBecause.UNPROVEN),
        # A signal is told first, because it says what to look at.
        (True, [LINK], True, HeldBecause.SIGNALS),
        (False, [LINK], False, HeldBecause.SIGNALS),
    ],
)
def test_the_policy(
    all_proven: bool, signals: list[Signal], approve_proven: bool, expected: HeldBecause | None
) -> None:
    assert why_hold(all_proven=all_proven, signals=signals, approve_proven=approve_proven) is expected


WORDS = {"title": "Bad service", "text": "The seal broke.\nThe fitter, Jan,  was rude (very).", "cons": "Price"}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("The seal broke.", "The seal broke."),
        ("Bad service", "Bad service"),
        ("Price", "Price"),
        # Selected in a browser: other blanks and line breaks than were stored.
        ("broke. The fitter, Jan, was", "broke.\nThe fitter, Jan,  was"),
        ("  rude (very).  ", "rude (very)."),
        # Not there, or nothing.
        ("the seal broke.", None),
        ("The seal held.", None),
        ("", None),
        (" \n ", None),
        ("T", None),
        # Not across two fields.
        ("service The seal", None),
        # What means something to a pattern means nothing here.
        (".*", None),
        ("x" * 10_000, None),
    ],
)
def test_a_passage_stands_in_the_review(asked: str, expected: str | None) -> None:
    assert find_passage(WORDS, asked) == expected


def test_there_are_seven_grounds_each_with_words_and_none_is_negative() -> None:
    assert set(GROUNDS) == set(Reason)
    assert len(Reason) == 7
    assert not any("negative" in reason or "rating" in reason for reason in Reason)


def test_every_code_has_words() -> None:
    from app.moderation.models import CaseState
    from app.moderation.rules import WORD_FIELDS

    assert set(SIGNALS) == set(Code)
    assert set(HELD) == set(HeldBecause)
    assert set(STATES) == set(CaseState)
    assert set(FIELDS) == set(WORD_FIELDS)
