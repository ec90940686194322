"""Which passwords are taken. Length and guessability, nothing about capitals and digits."""

from __future__ import annotations

import pytest

from app.accounts.rules import MAX_LENGTH, MIN_LENGTH, Weakness, weakness

ABOUT = ("alice@kestrel.example", "Alice Moreau", "Kestrel Pumps")


@pytest.mark.parametrize(
    "password",
    [
        "grey kestrel over wet stones",
        "correct battery staple horse",
        "kestrels nest on cathedral ledges",
        "nine tired otters 9",
        "В саду распускалась сирень",
        "żółw pije zimną kawę",
        "x7#Kq!m2Lp9v",
        "a" * 3 + "bcd efg hij klm",
    ],
)
def test_a_phrase_that_nobody_would_guess_is_taken(password: str) -> None:
    assert weakness(password, ABOUT) is None


@pytest.mark.parametrize("password", ["", "short", "x" * (MIN_LENGTH - 1), "Tr0ub4dor&3"])
def test_fewer_than_twelve_characters_are_too_few(password: str) -> None:
    assert weakness(password) is Weakness.SHORT


def test_there_is_an_upper_bound_so_that_strangers_cannot_have_megabytes_hashed() -> None:
    assert weakness("ab cd ef " * 40) is Weakness.LONG
    assert weakness(("quiet amber otter " * 20)[:MAX_LENGTH]) is None


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "P@ssw0rd2026!",
        "passwordpassword",
        "123456789012",
        "qwertyuiop123",
        "qwertyuiopas",
        "zyxwvutsrqponm",
        "abcdefghijkl",
        "йцукенгшщзхъ",
        "aaaaaaaaaaaa",
        "abababababab",
        "letmein!!!!!!",
        "Welcome2026!!",
        "administrator1",
        "correcthorsebatterystaple",
        "пароль123456789",
        "!!!!!!!!!!1234",
        "ｐａｓｓｗｏｒｄ１２３４",  # full-width letters are the same word
    ],
)
def test_what_a_guesser_tries_first_is_refused(password: str) -> None:
    assert weakness(password) is Weakness.COMMON


@pytest.mark.parametrize(
    "password", ["Kestrel2026!!", "alice-moreau-1", "kestrelpumps1", "K3strel-2026-x", "avouch-2026-!"]
)
def test_little_more_than_the_persons_own_words_is_refused(password: str) -> None:
    assert weakness(password, ABOUT) is Weakness.PERSONAL
