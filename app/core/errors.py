"""How the system says no: one exception family with a stable code, the field, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


def N_(text: str) -> str:
    """Marks a sentence for the catalogues where it is written; programs get the English, `problems.Said` translates it
    for people."""
    return text


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field. `pointer` is a JSON Pointer (RFC 6901) into the request's body."""

    pointer: str
    code: str
    detail: str


class Refused(Exception):
    """A request that will not be done, and why. Subclasses set the status, the code and the title.

    `code` is part of the public surface: it is documented, and never changes its meaning.
    """

    status: ClassVar[int] = 409
    code: ClassVar[str] = "refused"
    title: ClassVar[str] = N_("This cannot be done")

    def __init__(
        self,
        detail: str = "",
        *,
        remedy: str = "",
        fields: Sequence[FieldError] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.remedy = remedy
        self.fields = tuple(fields)
        self.retry_after = retry_after


class Invalid(Refused):
    """The request is well formed, but a value in it will not do."""

    status = 422
    code = "invalid"
    title = N_("Some of what was sent will not do")


class BadRequest(Refused):
    """The request cannot be read."""

    status = 400
    code = "bad_request"
    title = N_("The request cannot be read")


class Unauthenticated(Refused):
    """Nobody has said who is asking."""

    status = 401
    code = "unauthenticated"
    title = N_("Sign in first")


class Forbidden(Refused):
    """Whoever asks is known, and may not."""

    status = 403
    code = "forbidden"
    title = N_("You may not do this")


class NotFound(Refused):
    """Nothing is there, or it is another supplier's: the two answers are the same on purpose."""

    status = 404
    code = "not_found"
    title = N_("Nothing is here")


class Gone(Refused):
    """It was here and is not any more."""

    status = 410
    code = "gone"
    title = N_("This is no longer here")


class Conflict(Refused):
    """It clashes with what is already there."""

    status = 409
    code = "conflict"
    title = N_("This clashes with something that is already there")


class Stale(Conflict):
    """It rests on a view that has been overtaken."""

    code = "stale"
    title = N_("This has changed since you opened it")


class TooLarge(Refused):
    """More bytes than are taken here."""

    status = 413
    code = "too_large"
    title = N_("This is too large")


class TooMany(Refused):
    """Too many tries in too short a time."""

    status = 429
    code = "too_many"
    title = N_("Too many tries")


class Unavailable(Refused):
    """Something we depend on does not answer; trying again later will help."""

    status = 503
    code = "unavailable"
    title = N_("This does not work just now")
