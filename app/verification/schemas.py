"""Shapes of what reaches the proving pages. Unknown parameters of a callback are let be: OAuth says ignore them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from app.verification.errors import LoginGone

# An attacker may send anything; a real provider's values stay well below.
_LONGEST = 4096
_SINGLE = ("state", "code", "iss", "error")


class Query(Protocol):
    """The part of werkzeug's MultiDict that is needed."""

    def getlist(self, key: str) -> Iterable[str]: ...


@dataclass(frozen=True)
class Callback:
    """What a provider sends back with the browser. Not trusted yet in any part."""

    state: str = field(repr=False)
    code: str | None = field(repr=False)
    issuer: str | None
    error: str | None

    @classmethod
    def read(cls, query: Query) -> Callback:
        """From the query; raises LoginGone where it is none (RFC 6749 3.1: no parameter may come twice)."""
        values: dict[str, str | None] = {}
        for name in _SINGLE:
            given = list(query.getlist(name))
            if len(given) > 1 or any(len(value) > _LONGEST for value in given):
                raise LoginGone(remedy="Start again from the review form.")
            values[name] = given[0] if given else None
        return cls(values["state"] or "", values["code"] or None, values["iss"], values["error"])


def read_number(text: str) -> int | None:
    """The number chosen on a page; None where it is not one that we offered."""
    return int(text) if re.fullmatch(r"[1-9][0-9]", text, re.ASCII) else None
