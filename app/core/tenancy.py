"""Which supplier's rows this transaction may see.

Row-level security compares every row's supplier with the setting `app.supplier_id`. It is set inside
each transaction, by the session's own `after_begin`, because a setting made elsewhere would end with
the transaction it was made in, and the next one would see nothing (or, on a pooled connection with a
session-wide setting, somebody else's rows).
"""

from __future__ import annotations

import enum
import uuid
from typing import Any

from flask import g, has_app_context
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from app.core.db import db

_SET = text("SELECT set_config('app.supplier_id', :id, true)")
# Looking up and entering in one round trip. An unknown secret leaves the setting as it is without a supplier: empty.
_FIND_AND_SET = text("SELECT set_config('app.supplier_id', coalesce(supplier_of(:kind, :digest)::text, ''), true)")


class Lookup(enum.StrEnum):
    """Secrets and public names from which the supplier is found, by the function `supplier_of` (core.rls)."""

    SITE = "site"
    API_KEY = "api_key"
    PURCHASE_TOKEN = "purchase_token"  # noqa: S105  # a kind's name, not a password
    DRAFT = "draft"
    TICKET = "ticket"
    LOGIN_STATE = "login_state"
    MAILED_PROOF = "mailed_proof"
    FOLLOW = "follow"
    MEMBER_INVITATION = "member_invitation"
    PUBLISHED_REVIEW = "published_review"
    REMOVED_REVIEW = "removed_review"


class NoTenant(RuntimeError):
    """Code that needs a supplier ran without one: a programming error."""


def current() -> uuid.UUID | None:
    """The supplier entered in this request, job or command, if any."""
    return g.get("supplier_id") if has_app_context() else None


def require() -> uuid.UUID:
    """The supplier entered; raises NoTenant where there is none."""
    supplier_id = current()
    if supplier_id is None:
        raise NoTenant("no supplier has been entered")
    return supplier_id


def enter(supplier_id: uuid.UUID) -> None:
    """See this supplier's rows, and no others, from here to the end of the request, job or command."""
    if g.get("supplier_id") == supplier_id:
        return
    # What was loaded under another supplier must not answer for this one from the session's memory.
    if g.get("supplier_id") is not None:
        db.session.flush()
        db.session.expunge_all()
    g.supplier_id = supplier_id
    if db.session().in_transaction():
        db.session.execute(_SET, {"id": str(supplier_id)})


def leave() -> None:
    """See no supplier's rows any more."""
    if g.get("supplier_id") is None:
        return
    db.session.flush()
    db.session.expunge_all()
    g.supplier_id = None
    if db.session().in_transaction():
        db.session.execute(_SET, {"id": ""})


def find(kind: Lookup, digest: bytes) -> uuid.UUID | None:
    """The supplier to whom a secret or public name belongs.

    The function behind it runs as a role that may read only supplier and hash, so what cannot be
    presented cannot be looked up.
    """
    found: uuid.UUID | None = db.session.scalar(
        text("SELECT supplier_of(:kind, :digest)"), {"kind": str(kind), "digest": digest}
    )
    return found


def enter_by(kind: Lookup, digest: bytes) -> uuid.UUID | None:
    """Enter the supplier to whom a secret belongs (see `find`); None where it is nobody's, and nobody is entered."""
    if current() is not None:
        supplier_id = find(kind, digest)
        if supplier_id is not None:
            enter(supplier_id)
        return supplier_id
    found = db.session.scalar(_FIND_AND_SET, {"kind": str(kind), "digest": digest})
    g.supplier_id = uuid.UUID(found) if found else None
    return current()


def suppliers_of(user_id: uuid.UUID) -> list[uuid.UUID]:
    """The suppliers for whom a user works, oldest membership first."""
    return list(db.session.scalars(text("SELECT suppliers_of(:user)"), {"user": user_id}))


def _on_begin(_session: Session, _transaction: Any, connection: Connection) -> None:
    supplier_id = current()
    if supplier_id is not None:
        connection.execute(_SET, {"id": str(supplier_id)})


def init() -> None:
    """Bind the setting to every transaction that Flask-SQLAlchemy's session begins."""
    if not event.contains(db.session, "after_begin", _on_begin):
        event.listen(db.session, "after_begin", _on_begin)
