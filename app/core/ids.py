"""Identifiers: UUIDv7, so that keys sort by the time they were made and indexes grow at one end."""

from __future__ import annotations

import uuid

import uuid_utils


def new_id() -> uuid.UUID:
    """A fresh UUIDv7."""
    return uuid.UUID(int=uuid_utils.uuid7().int)


def parse_id(text: str) -> uuid.UUID | None:
    """The UUID written in `text`, or None where it is none: a bad id in a URL is simply not found."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
