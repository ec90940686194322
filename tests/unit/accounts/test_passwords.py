"""How passwords are kept and checked."""

from __future__ import annotations

import statistics
import time

import pytest
from argon2 import PasswordHasher

from app.accounts import passwords

WORDS = "grey kestrel over wet stones"


def test_the_right_password_fits_and_another_does_not() -> None:
    stored = passwords.make(WORDS)
    assert passwords.check(stored, WORDS) == passwords.Verdict(fits=True)
    assert not passwords.check(stored, WORDS + " ").fits
    assert not passwords.check(stored, "").fits


def test_two_hashes_of_one_password_differ() -> None:
    assert passwords.make(WORDS) != passwords.make(WORDS)


def test_the_same_word_typed_on_another_keyboard_fits() -> None:
    composed, decomposed = "z\u0307ółw pije zimną kawę", "\u017cółw pije zimną kawę"
    assert passwords.check(passwords.make(composed), decomposed).fits


def test_a_hash_made_with_weaker_settings_is_told_to_be_made_again() -> None:
    weaker = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(WORDS.encode())
    assert passwords.check(weaker, WORDS) == passwords.Verdict(fits=True, outdated=True)


@pytest.mark.parametrize("stored", [None, passwords.UNUSABLE])
def test_nothing_fits_where_there_is_no_password(stored: str | None) -> None:
    assert not passwords.check(stored, passwords.UNUSABLE).fits
    assert not passwords.check(stored, WORDS).fits


@pytest.mark.parametrize("password", ["\ud800 lone surrogate", "\0" * 20, "a" * 1_000_000, "\u202e reversed"])
def test_odd_input_is_simply_wrong(password: str) -> None:
    assert not passwords.check(passwords.make(WORDS), password).fits


def test_an_unknown_account_costs_the_same_work_as_a_known_one() -> None:
    stored = passwords.make(WORDS)
    passwords.check(None, "warm up: the decoy is made once")
    known, unknown = [], []
    for _ in range(7):  # interleaved, so that a busy machine slows both alike
        known.append(_seconds(stored))
        unknown.append(_seconds(None))
    assert 0.6 < statistics.median(unknown) / statistics.median(known) < 1.6


def _seconds(stored: str | None) -> float:
    begun = time.process_time()
    passwords.check(stored, "not the password")
    return time.process_time() - begun
