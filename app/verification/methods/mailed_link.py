"""Author, by a link mailed to an address: the numbers shown behind it, and how long it lives. Pure.

The link has 130 random bits, so it is no guessable code and need not die in the ten minutes that ASVS
V6.5.5 gives to those; mail filters often hold a message longer than that. What must not be possible is
proving a stranger's draft by a careless click on a link that the stranger had sent. So the form shows a
two-digit number, and the page behind the link asks which of three it was.
"""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
import uuid

NAME = "mailed_link"

LIFE = dt.timedelta(minutes=60)
# With three numbers on show, three tries would always find the right one, and two nearly always. The
# person who is writing reads it off her own screen; a second link costs her a click.
TRIES = 1
CHOICES = 3
_LOWEST, _HIGHEST = 10, 99


def new_number() -> int:
    """A two-digit number for the form."""
    return _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST + 1)


def choices(number: int, link_id: uuid.UUID, secret: str) -> list[int]:
    """The numbers to choose from, in ascending order: the right one and two others.

    The same each time the page is opened. Were the others drawn anew, the one that stays would be the right one.
    """
    found = {number}
    turn = 0
    while len(found) < CHOICES:
        mac = hmac.digest(secret.encode(), b"decoy:%d:" % turn + link_id.bytes, "sha256")
        found.add(_LOWEST + int.from_bytes(mac[:8], "big") % (_HIGHEST - _LOWEST + 1))
        turn += 1
    return sorted(found)
