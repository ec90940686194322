"""The one clock. Everything that asks for the time asks here, so tests and the demo can set it.

Times are aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime

_fixed: ContextVar[datetime | None] = ContextVar("fixed_time", default=None)


def now() -> datetime:
    """This moment in UTC, or the moment set by `fixed_at`."""
    return _fixed.get() or datetime.now(UTC)


def today() -> date:
    """Today's date in UTC."""
    return now().date()


@contextmanager
def fixed_at(moment: datetime) -> Iterator[None]:
    """Hold the clock at `moment` (aware) for the length of the block, in this context only."""
    if moment.tzinfo is None:
        raise ValueError("the clock takes aware times only")
    token = _fixed.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.reset(token)
