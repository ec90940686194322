"""Lists by cursor: the cursor names the last row seen, is signed, and belongs to one list.

An offset would re-read everything before it and skip rows when something is added; a cursor is one step
down an index. Signed and scoped, it cannot be made up or carried to another list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from itsdangerous import BadData, URLSafeSerializer

from app.core.errors import BadRequest
from app.core.settings import settings

Item = TypeVar("Item")


class BadCursor(BadRequest):
    """A cursor that is not ours, or is another list's."""

    code = "cursor_invalid"
    title = "This page address is not one of ours"


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some rows of a list, and the cursor of the next ones (None: these were the last)."""

    items: Sequence[Item]
    next: str | None


def encode_cursor(scope: str, values: Sequence[str | int]) -> str:
    """A cursor for the list `scope` (name and owner, so it fits nowhere else)."""
    return str(_serializer(scope).dumps(list(values)))


def decode_cursor(scope: str, cursor: str) -> list[Any]:
    """What `encode_cursor` was given.

    Raises:
        BadCursor: it was changed, or made for another list.
    """
    try:
        values: list[Any] = _serializer(scope).loads(cursor)
    except BadData as error:
        raise BadCursor(remedy="Begin again from the first page.") from error
    return values


def _serializer(scope: str) -> URLSafeSerializer:
    keys = [*settings().secret_key_fallbacks, settings().secret_key]
    return URLSafeSerializer(keys, salt=f"avouch/v1/cursor {scope}")
