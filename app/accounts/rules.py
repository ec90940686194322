"""What makes a password too easy to guess. Length and guessability only: no rules of composition (ASVS V6.2.5)."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterable

MIN_LENGTH = 12
MAX_LENGTH = 200  # bounds what a stranger can make us hash; far above any passphrase

_ROWS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1234567890", "йцукенгшщзхъфывапролджэячсмитьбю")
_LEET = str.maketrans("013457@$!", "oieastasi")
# What is left of the common passwords of twelve characters and more once digits and marks at their
# ends, doubling, keyboard rows and substitutions like "p4ssw0rd" have been taken off.
_COMMON = frozenset(
    {
        "password", "passwort", "passphrase", "haslo", "parola", "парола", "пароль", "letmein", "welcome", "iloveyou",
        "admin", "administrator", "monkey", "dragon", "football", "baseball", "basketball", "sunshine", "princess",
        "master", "superman", "batman", "trustno", "starwars", "changeme", "secret", "login", "default", "whatever",
        "correcthorsebatterystaple", "mypassword", "thisismypassword", "newpassword", "temppassword", "testtest",
        "qwerty", "qwertz", "azerty", "asdf", "zxcvbn", "abc", "qazwsx", "qazwsxedc", "onetwothree", "polska",
        "liverpool", "manchester", "chelsea", "computer", "internet", "samsung", "google", "facebook", "company",
        "supervisor", "manager", "summer", "winter", "spring", "autumn", "january", "december", "review", "reviews",
    }
)  # fmt: skip


class Weakness(enum.StrEnum):
    """Why a password will not do."""

    SHORT = "too_short"
    LONG = "too_long"
    COMMON = "common"
    PERSONAL = "personal"


def weakness(password: str, about: Iterable[str] = ()) -> Weakness | None:
    """Why `password` will not do, or None.

    `about` are words that a guesser would try first: the person's name, address and company.
    """
    if len(password) < MIN_LENGTH:
        return Weakness.SHORT
    if len(password) > MAX_LENGTH:
        return Weakness.LONG
    folded = unicodedata.normalize("NFKC", password).casefold()
    core = _core(folded)
    if len(set(folded)) < 5 or core in _COMMON or _is_run(core) or not core:
        return Weakness.COMMON
    if _leaves_little(core, _words(about)):
        return Weakness.PERSONAL
    return None


def _core(folded: str) -> str:
    """What is left without digits and marks at the ends, substitutions and repetition."""
    stripped = re.sub(r"^[\d\W_]+|[\d\W_]+$", "", folded)
    letters = re.sub(r"[\W_]+", "", stripped.translate(_LEET))
    repeated = re.fullmatch(r"(.+?)\1+", letters)
    return repeated.group(1) if repeated else letters


def _is_run(core: str) -> bool:
    """Whether it only walks along the alphabet or a keyboard row, either way."""
    return any(core in row + row or core[::-1] in row + row for row in _ROWS)


def _words(about: Iterable[str]) -> set[str]:
    parts = {part for text in (*about, "avouch") for part in re.split(r"[\W_]+", text.casefold())}
    return {part.translate(_LEET) for part in parts if len(part) >= 4}


def _leaves_little(core: str, words: Iterable[str]) -> bool:
    # "Kestrel2026!!" and "alice-moreau-1" are guesses; "kestrels nest on cathedral ledges" is not.
    rest = core
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "")
    return rest != core and sum(char.isalpha() for char in rest) < 5
