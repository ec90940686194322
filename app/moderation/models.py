"""Tables of what was decided and why."""

from __future__ import annotations

import enum
import uuid
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import Base, Id, Instant, Ref, TenantId


class CaseState(enum.StrEnum):
    """Where a case stands. SUPERSEDED: a newer revision came; WITHDRAWN: the author took it back."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class Reason(enum.StrEnum):
    """The closed list of grounds for refusing (16 CFR 465.7(b)). "Negative" is not among them, and never will be."""

    CONFIDENTIAL = "confidential"
    ABUSIVE = "abusive"
    PRIVATE_DATA = "private_data"
    DISCRIMINATORY = "discriminatory"
    FALSE_OR_MISLEADING = "false_or_misleading"
    FAKE = "fake"
    UNRELATED = "unrelated"


class ModerationPolicy(Base):
    """A supplier's choices. The row is made with the supplier."""

    __tablename__ = "moderation_policies"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    # Approve without a person where all three proofs hold and screening finds nothing. Blind to stars.
    approve_proven: Mapped[bool] = mapped_column(default=True)
    # Stars stay hidden until the ruling unless the supplier chooses otherwise.
    show_stars: Mapped[bool] = mapped_column(default=False)


class Case(Base):
    """A revision waiting for a ruling, or ruled on."""

    __tablename__ = "cases"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    review_id: Mapped[Ref]
    revision: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(12), default=CaseState.OPEN)
    # [{code, field, passage}]: what screening found, with the words that it found it in.
    signals: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    # Why a person must look: 'signals', 'unproven' or 'policy'.
    held_because: Mapped[str | None] = mapped_column(String(20))
    opened_at: Mapped[Instant] = mapped_column(default=now)
    closed_at: Mapped[Instant | None]

    __table_args__ = (
        UniqueConstraint("supplier_id", "review_id", "revision"),
        CheckConstraint("state IN ('open','approved','refused','superseded','withdrawn')", name="state"),
        ForeignKeyConstraint(
            ["supplier_id", "review_id", "revision"],
            ["revisions.supplier_id", "revisions.review_id", "revisions.number"],
        ),
        # Oldest first, and only what waits: the queue's cost does not grow with what was decided.
        Index("ix_cases_queue", "supplier_id", "id", postgresql_where=text("state = 'open'")),
        # The list of all reviews by state, newest first.
        Index("ix_cases_state", "supplier_id", "state", "review_id"),
    )


class Decision(Base):
    """A ruling. Never changed; a later one stands above it."""

    __tablename__ = "decisions"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    case_id: Mapped[Ref]
    review_id: Mapped[Ref]
    revision: Mapped[int] = mapped_column(SmallInteger)
    outcome: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(30))
    # The words objected to, exactly as they stand in the revision, and words for the author.
    passage: Mapped[str | None] = mapped_column(Text)
    statement: Mapped[str | None] = mapped_column(Text)
    actor_kind: Mapped[str] = mapped_column(String(10))
    actor_id: Mapped[uuid.UUID | None]
    decided_at: Mapped[Instant] = mapped_column(default=now)

    __table_args__ = (
        CheckConstraint("outcome IN ('approved','refused')", name="outcome"),
        CheckConstraint("actor_kind IN ('member','policy','operator')", name="actor"),
        CheckConstraint(
            "reason IN ('confidential','abusive','private_data','discriminatory',"
            "'false_or_misleading','fake','unrelated')",
            name="reason",
        ),
        # A refusal without a ground, a passage and words for the author cannot be written at all.
        CheckConstraint(
            "(outcome = 'refused') = (reason IS NOT NULL AND passage IS NOT NULL AND statement IS NOT NULL)",
            name="refusal_is_reasoned",
        ),
        ForeignKeyConstraint(["supplier_id", "case_id"], ["cases.supplier_id", "cases.id"]),
        UniqueConstraint("supplier_id", "case_id"),
        Index("ix_decisions_review", "supplier_id", "review_id"),
    )


class Reply(Base):
    """The supplier's public answer to a published review; one a review, the newest words stand."""

    __tablename__ = "replies"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    review_id: Mapped[Ref] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    author_id: Mapped[Ref]
    created_at: Mapped[Instant] = mapped_column(default=now)
    updated_at: Mapped[Instant] = mapped_column(default=now)

    __table_args__ = (ForeignKeyConstraint(["supplier_id", "review_id"], ["reviews.supplier_id", "reviews.id"]),)
