"""Tables of mechanism: the outbox, stored answers of idempotent writes, the audit trail.

`outbox` has no supplier: its rows hold a function's name and ids, never anybody's data, and the relay
must see all of them.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import CheckConstraint, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import Base, Id, Instant, Ref, TenantId


class OutboxRow(Base):
    """An effect that was promised in a commit: call `function` with `args` (ids only), once."""

    __tablename__ = "outbox"

    id: Mapped[Id]
    function: Mapped[str] = mapped_column(String(200))
    args: Mapped[dict[str, Any]] = mapped_column(JSONB)
    queue: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[Instant] = mapped_column(default=now)
    next_at: Mapped[Instant] = mapped_column(default=now)
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[Instant | None]
    dead_at: Mapped[Instant | None]
    last_error: Mapped[str | None] = mapped_column(String(500))

    __table_args__ = (
        # The sweep and the depth metric read only what is open; finished rows cost them nothing.
        Index("ix_outbox_open", "next_at", postgresql_where=text("done_at IS NULL AND dead_at IS NULL")),
        Index("ix_outbox_dead", "dead_at", postgresql_where=text("dead_at IS NOT NULL")),
    )


class IdempotentAnswer(Base):
    """The answer once given to a write that carried an Idempotency-Key (docs: 7 days)."""

    __tablename__ = "idempotent_answers"

    supplier_id: Mapped[TenantId]
    id: Mapped[Id]
    caller: Mapped[Ref]
    method: Mapped[str] = mapped_column(String(10))
    path: Mapped[str] = mapped_column(String(300))
    key: Mapped[str] = mapped_column(String(255))
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int]
    # Encrypted: answers hold review links, and a secret never lies in the database in the clear.
    sealed_body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Instant] = mapped_column(default=now)

    __table_args__ = (UniqueConstraint("supplier_id", "caller", "method", "path", "key"),)


class AuditEntry(Base):
    """Who did what to what, and when. Written in the transaction of the deed; never changed."""

    __tablename__ = "audit_log"

    id: Mapped[Id]
    # NULL for deeds that belong to no supplier (an operator's sign-in, a supplier's registration).
    supplier_id: Mapped[uuid.UUID | None]
    at: Mapped[Instant] = mapped_column(default=now)
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[uuid.UUID | None]
    action: Mapped[str] = mapped_column(String(60))
    target_kind: Mapped[str] = mapped_column(String(40))
    target_id: Mapped[uuid.UUID | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    request_id: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (
        CheckConstraint("actor_kind IN ('user','operator','api_key','reviewer','policy','system')", name="actor"),
        Index("ix_audit_log_target", "supplier_id", "target_id", "at"),
    )
