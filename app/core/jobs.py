"""Jobs: functions that carry out an effect later, named, known beforehand, and fed with ids only.

A job is run by the outbox (core.outbox), inside the transaction that marks its row done. So whatever it
writes to the database happens exactly once; what it does outside (mail) happens at least once, under an
id that stays the same over retries. A job must cope with being called when its reason has gone.
"""

from __future__ import annotations

import enum
import importlib
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


class Queue(enum.StrEnum):
    """RQ's queues, in the order in which a worker empties them."""

    PUBLISH = "publish"
    DEFAULT = "default"
    MAIL = "mail"


class Later(Exception):
    """The effect cannot be had now (a server is away); try again, with growing pauses."""


class Hopeless(Exception):
    """The effect will never be had (the address does not exist); show it to an operator, do not try again."""


@dataclass(frozen=True)
class Job:
    """A function that the outbox may call, and the queue it waits in."""

    function: Callable[..., None]
    queue: Queue

    @property
    def name(self) -> str:
        """How the outbox names it: module and function."""
        return f"{self.function.__module__}.{self.function.__qualname__}"

    def __call__(self, **kwargs: Any) -> None:
        self.function(**kwargs)


_effect_id: ContextVar[uuid.UUID | None] = ContextVar("effect_id", default=None)


def job(queue: Queue) -> Callable[[Callable[..., None]], Job]:
    """Declare a job. Its arguments are keyword-only JSON values; with `supplier_id` the tenant is entered first."""
    return lambda function: Job(function, queue)


def named(name: str) -> Job:
    """The job of that name.

    Raises:
        LookupError: it is not one of ours. Only functions of `app` that were declared with `@job` count,
            so whoever can write to the outbox's table or to Valkey cannot have anything else called.
    """
    module_name, _, attribute = name.rpartition(".")
    if not module_name.startswith("app."):
        raise LookupError(f"{name} is not a job")
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise LookupError(f"{name} is not a job") from error
    if isinstance(found, Job):
        return found
    raise LookupError(f"{name} is not a job")


def current_effect_id() -> uuid.UUID | None:
    """The outbox row being carried out: the same over every retry, so outside systems can tell a repeat."""
    return _effect_id.get()
