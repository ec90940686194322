"""The outbox: effects promised in a commit and carried out after it, each once.

The row is the record; RQ only carries its id, to be quick. Valkey may lose everything at any time: the
sweep finds what is still open and hands it over again. A worker wins a row by a conditional update that
skips rows another worker holds, carries the effect out in the same transaction, and commits both, so a
killed worker leaves the row as it was and a second one cannot do it twice.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from flask import Flask, current_app
from sqlalchemy import delete, event, func, select, update
from sqlalchemy.orm import Session

from app.core import jobs, tenancy
from app.core.clock import now
from app.core.db import db
from app.core.ids import new_id
from app.core.jobs import Hopeless, Job, Later
from app.core.logs import bind_request_id, log, without_secrets
from app.core.models import OutboxRow

# 5 s, 10 s, 20 s … at most an hour: twelve attempts span about three hours, then a person looks.
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
ATTEMPTS = 12
# A row that is due for this long has been lost by the fast lane (its normal way takes milliseconds).
LATE = timedelta(seconds=3)

_PROMISED = "outbox.promised"
_FAST_LANE = "avouch.fast_lane"

FastLane = Callable[[list[tuple[uuid.UUID, str]]], None]


def promise(function: Job, *, after: timedelta | None = None, **kwargs: Any) -> uuid.UUID:
    """Have `function` called with `kwargs` (JSON values) once this transaction has been committed.

    With `after` it waits that long at least. Returns the effect's id.
    """
    row = OutboxRow(
        id=new_id(),
        function=function.name,
        args=kwargs,
        queue=str(function.queue),
        next_at=now() + (after or timedelta()),
    )
    db.session.add(row)
    if after is None:
        db.session().info.setdefault(_PROMISED, []).append((row.id, row.queue))
    return row.id


def carry_out(effect_id: uuid.UUID) -> bool:
    """Win the row and carry its effect out; False where it was not to be won (done, held, not due). Commits."""
    bind_request_id(str(effect_id))
    try:
        row = _win(effect_id)
        if row is None:
            db.session.rollback()
            return False
        _call(row)
        db.session.execute(
            update(OutboxRow)
            .where(OutboxRow.id == effect_id)
            .values(done_at=now(), last_error=None)
            .execution_options(synchronize_session=False)
        )
        db.session.commit()
    except Exception as error:
        db.session.rollback()
        tenancy.leave()
        _record_failure(effect_id, error)
        return False
    finally:
        tenancy.leave()
        db.session.remove()
    return True


def late(limit: int) -> list[tuple[uuid.UUID, str]]:
    """Open rows (id, queue) that should have been done by now, oldest first: what the fast lane lost."""
    rows = db.session.execute(
        select(OutboxRow.id, OutboxRow.queue)
        .where(OutboxRow.done_at.is_(None), OutboxRow.dead_at.is_(None), OutboxRow.next_at <= now() - LATE)
        .order_by(OutboxRow.next_at)
        .limit(limit)
    )
    return [(row.id, row.queue) for row in rows]


def drain(limit: int = 10_000) -> int:
    """Carry out everything that is due, in this process, until nothing is; the number done. Commits each.

    For commands, the demo's seed and tests; a running system has workers.
    """
    done = 0
    while done < limit:
        due = db.session.scalars(
            select(OutboxRow.id)
            .where(OutboxRow.done_at.is_(None), OutboxRow.dead_at.is_(None), OutboxRow.next_at <= now())
            .order_by(OutboxRow.next_at, OutboxRow.id)
            .limit(200)
        ).all()
        db.session.rollback()
        progress = sum(carry_out(effect_id) for effect_id in due)
        done += progress
        if not progress:
            break
    return done


def depth() -> tuple[int, int]:
    """How many effects are open, and how many dead."""
    open_rows = db.session.scalar(
        select(func.count()).select_from(OutboxRow).where(OutboxRow.done_at.is_(None), OutboxRow.dead_at.is_(None))
    )
    dead = db.session.scalar(select(func.count()).select_from(OutboxRow).where(OutboxRow.dead_at.is_not(None)))
    return open_rows or 0, dead or 0


def revive(effect_id: uuid.UUID) -> bool:
    """Give a dead effect another run of attempts, at once; False where it is not dead."""
    revived = db.session.scalar(
        update(OutboxRow)
        .where(OutboxRow.id == effect_id, OutboxRow.dead_at.is_not(None))
        .values(dead_at=None, attempts=0, next_at=now())
        .returning(OutboxRow.queue)
    )
    if revived is not None:
        db.session().info.setdefault(_PROMISED, []).append((effect_id, revived))
    return revived is not None


def purge(older_than: timedelta = timedelta(days=14)) -> int:
    """Forget effects done long ago; the number forgotten. Dead ones stay until a person has looked."""
    gone = db.session.scalars(delete(OutboxRow).where(OutboxRow.done_at < now() - older_than).returning(OutboxRow.id))
    return len(gone.all())


def init_app(app: Flask, fast_lane: FastLane) -> None:
    """Hand promised rows to `fast_lane` after each commit. It must be quick and must not raise."""
    app.extensions[_FAST_LANE] = fast_lane
    if not event.contains(db.session, "after_commit", _hand_over):
        event.listen(db.session, "after_commit", _hand_over)
        event.listen(db.session, "after_rollback", _forget)


def _win(effect_id: uuid.UUID) -> OutboxRow | None:
    # SKIP LOCKED: whoever holds the row is doing it, so a second worker goes on instead of waiting.
    mine = (
        select(OutboxRow.id)
        .where(
            OutboxRow.id == effect_id,
            OutboxRow.done_at.is_(None),
            OutboxRow.dead_at.is_(None),
            OutboxRow.next_at <= now(),
        )
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return db.session.scalars(
        update(OutboxRow)
        .where(OutboxRow.id == mine, OutboxRow.done_at.is_(None))
        .values(attempts=OutboxRow.attempts + 1)
        .returning(OutboxRow)
        .execution_options(synchronize_session=False)
    ).one_or_none()


def _call(row: OutboxRow) -> None:
    function = jobs.named(row.function)
    if supplier_id := row.args.get("supplier_id"):
        tenancy.enter(uuid.UUID(supplier_id))
    token = jobs._effect_id.set(row.id)
    try:
        function(**row.args)
        db.session.flush()
    finally:
        jobs._effect_id.reset(token)


def _record_failure(effect_id: uuid.UUID, error: Exception) -> None:
    row = db.session.get(OutboxRow, effect_id)
    if row is None or row.done_at is not None:
        return
    row.attempts += 1
    row.last_error = without_secrets(f"{type(error).__name__}: {error}")[:500]
    hopeless = isinstance(error, Hopeless | LookupError | TypeError) or row.attempts >= ATTEMPTS
    if hopeless:
        row.dead_at = now()
    else:
        pause = min(FIRST_PAUSE * 2 ** (row.attempts - 1), LONGEST_PAUSE)
        row.next_at = now() + pause * random.uniform(0.8, 1.2)  # noqa: S311  # spreads retries; guards nothing
    level = log.warning if isinstance(error, Later) and not hopeless else log.error
    level("effect failed", function=row.function, attempts=row.attempts, dead=hopeless, exc_info=error)
    db.session.commit()


def _hand_over(session: Session) -> None:
    promised: list[tuple[uuid.UUID, str]] = session.info.pop(_PROMISED, [])
    if promised:
        cast(FastLane, current_app.extensions[_FAST_LANE])(promised)


def _forget(session: Session) -> None:
    session.info.pop(_PROMISED, None)
