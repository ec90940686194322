"""Sessions: one row a sign-in, found by the hash of what the cookie holds, so each can be ended at once.

A session ends twelve hours after sign-in whatever happens, and two hours after it was last used.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import ColumnElement, update

from app.accounts.models import Principal, Session
from app.core.clock import now
from app.core.db import db
from app.core.secrets import Prefix, digest, random_secret, well_formed

LIFETIME = timedelta(hours=12)
IDLE = timedelta(hours=2)
# Noting every request would make each page view a write.
_NOTE_EVERY = timedelta(minutes=1)


def begin(kind: Principal, principal_id: uuid.UUID) -> str:
    """Begin a session; the answer is what the cookie must hold, and is kept nowhere else."""
    secret = random_secret(Prefix.SESSION)
    moment = now()
    db.session.add(
        Session(
            id_hash=digest(secret),
            principal_kind=kind,
            principal_id=principal_id,
            created_at=moment,
            last_seen_at=moment,
            expires_at=moment + LIFETIME,
        )
    )
    db.session.flush()
    return secret


def load(secret: str) -> Session | None:
    """The live session that `secret` opens, noting that it was used; None where there is none (any more)."""
    if not well_formed(secret, Prefix.SESSION):
        return None
    session = db.session.get(Session, digest(secret), populate_existing=True)
    moment = now()
    if session is None or session.revoked_at or session.expires_at <= moment or session.last_seen_at + IDLE <= moment:
        return None
    if session.last_seen_at + _NOTE_EVERY <= moment:
        session.last_seen_at = moment
    return session


def end(secret: str) -> None:
    """End the session that `secret` opens; nothing happens where it has ended already."""
    _revoke(Session.id_hash == digest(secret))


def end_all(kind: Principal, principal_id: uuid.UUID, *, but: str | None = None) -> int:
    """End every session of a person, except the one that the secret `but` opens. Returns how many."""
    conditions = [Session.principal_kind == kind, Session.principal_id == principal_id]
    if but is not None:
        conditions.append(Session.id_hash != digest(but))
    return _revoke(*conditions)


def live(kind: Principal, principal_id: uuid.UUID) -> int:
    """How many sessions of a person are open now."""
    moment = now()
    return (
        db.session.query(Session)
        .where(
            Session.principal_kind == kind,
            Session.principal_id == principal_id,
            Session.revoked_at.is_(None),
            Session.expires_at > moment,
            Session.last_seen_at > moment - IDLE,
        )
        .count()
    )


def _revoke(*conditions: ColumnElement[bool]) -> int:
    result = db.session.execute(
        update(Session)
        .where(*conditions, Session.revoked_at.is_(None))
        .values(revoked_at=now())
        .execution_options(synchronize_session="fetch")
        .returning(Session.id_hash)
    )
    return len(result.all())
