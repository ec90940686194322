"""Passwords: argon2id, one way in and one way to check."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from app.accounts.rules import MAX_LENGTH

# OWASP's 19 MiB setting with one more pass. Raising a figure here is enough to strengthen every hash:
# each is made again at its owner's next sign-in.
_HASHER = PasswordHasher(time_cost=3, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)

# Each hash takes 19 MiB; a burst of sign-ins waits here rather than growing the process without bound.
_at_once = threading.BoundedSemaphore(4)

UNUSABLE = "!"  # no argon2 hash looks like this, so nothing ever fits it


@dataclass(frozen=True)
class Verdict:
    """Whether a password fits, and whether its hash was made with older settings than today's."""

    fits: bool
    outdated: bool = False


def make(password: str) -> str:
    """The hash to keep."""
    with _at_once:
        return _HASHER.hash(_prepared(password))


def check(stored: str | None, password: str) -> Verdict:
    """Whether `password` fits the hash.

    Where there is no hash (an unknown account), the same work is done against a decoy, so that the
    time taken does not tell whether the account exists.
    """
    usable = stored is not None and stored != UNUSABLE
    known = stored if stored is not None and usable else _decoy()
    with _at_once:
        try:
            _HASHER.verify(known, _prepared(password))
        except (VerificationError, InvalidHashError):
            return Verdict(fits=False)
    return Verdict(fits=usable, outdated=_HASHER.check_needs_rehash(known))


def _prepared(password: str) -> bytes:
    # NFKC, because two keyboards write the same word in different bytes (NIST SP 800-63B 5.1.1.2). The cut
    # only bounds the work: nothing longer than MAX_LENGTH can have been set.
    return unicodedata.normalize("NFKC", password[: MAX_LENGTH + 1]).encode("utf-8", "surrogatepass")


@cache
def _decoy() -> str:
    return _HASHER.hash(secrets.token_bytes(16))
