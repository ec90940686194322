"""Events: facts that one package states and others react to, without either knowing the other.

`publish` writes one outbox row for each reaction, in the transaction of the fact; app.subscriptions is
the one place that says who reacts to what.
"""

from __future__ import annotations

import inspect
import uuid
from dataclasses import dataclass, fields
from typing import Any

from app.core import outbox
from app.core.jobs import Job


@dataclass(frozen=True)
class Event:
    """A fact. Its fields are ids, numbers and codes; a reaction loads what else it needs, as it then is."""

    supplier_id: uuid.UUID


_reactions: dict[type[Event], list[Job]] = {}


def subscribe(kind: type[Event], *reactions: Job) -> None:
    """Have each reaction run after every event of this kind, with those of the event's fields that it takes."""
    known = _reactions.setdefault(kind, [])
    known.extend(reaction for reaction in reactions if reaction not in known)


def reactions() -> dict[type[Event], list[Job]]:
    """Who reacts to what (a copy, for tests and docs)."""
    return {kind: list(jobs) for kind, jobs in _reactions.items()}


def publish(event: Event) -> None:
    """State a fact: promise every reaction to it, in the current transaction, with the fields that it names."""
    values: dict[str, Any] = {field.name: _plain(getattr(event, field.name)) for field in fields(event)}
    for reaction in _reactions.get(type(event), ()):
        wanted = inspect.signature(reaction.function).parameters
        outbox.promise(reaction, **{name: value for name, value in values.items() if name in wanted})


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else value
