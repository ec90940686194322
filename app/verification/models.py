"""Tables of standing: who reviewers are, what was proven for each review, and the secrets that prove it.

A draft and the review it becomes share one id, so everything here speaks of `review_id` from the first
proof on; there is no foreign key, because the review does not exist until it is sent.
"""

from __future__ import annotations

import enum
import uuid
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import Base, Id, Instant, Ref, TenantId


class ProofKind(enum.StrEnum):
    """The three facts, in the order in which they are always shown."""

    AUTHOR = "author"
    AFFILIATION = "affiliation"
    PURCHASE = "purchase"


class Reviewer(Base):
    """The person who writes. The same person across suppliers, so no supplier may read this table's joins."""

    __tablename__ = "reviewers"

    id: Mapped[Id]
    created_at: Mapped[Instant] = mapped_column(default=now)


class Identity(Base):
    """An account that a reviewer has shown: (issuer, subject) is the key, never the e-mail address.

    A mailed link's issuer is `mailto:` and its subject the normalised address.
    """

    __tablename__ = "identities"

    id: Mapped[Id]
    reviewer_id: Mapped[Ref] = mapped_column(ForeignKey("reviewers.id"))
    provider: Mapped[str] = mapped_column(String(40))
    issuer: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(String(254))
    # Only where the provider speaks for the address (verification.providers); else the address is hearsay.
    email_proven: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[Instant] = mapped_column(default=now)
    last_proven_at: Mapped[Instant] = mapped_column(default=now)

    __table_args__ = (UniqueConstraint("issuer", "subject"),)


class Proof(Base):
    """One of the three facts about one review: what was shown, how, by whom, when, and until when."""

    __tablename__ = "proofs"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    review_id: Mapped[Ref]
    kind: Mapped[str] = mapped_column(String(12))
    method: Mapped[str] = mapped_column(String(30))
    strength: Mapped[int] = mapped_column(SmallInteger)  # 0..100, from verification.strength
    issuer: Mapped[str] = mapped_column(String(300))
    identity_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identities.id"))
    purchase_id: Mapped[uuid.UUID | None]
    # What a reader may see of it: the domain, the order's month. Never an address, a name or a token.
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    proved_at: Mapped[Instant] = mapped_column(default=now)
    expires_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]

    __table_args__ = (
        CheckConstraint("kind IN ('author','affiliation','purchase')", name="kind"),
        CheckConstraint("strength BETWEEN 0 AND 100", name="strength"),
        # One proof of a kind for a review: proving again replaces.
        UniqueConstraint("supplier_id", "review_id", "kind"),
        ForeignKeyConstraint(["supplier_id", "purchase_id"], ["purchases.supplier_id", "purchases.id"]),
    )


class PurchaseToken(Base):
    """The secret that proves a purchase: derived from the row's id, kept as a hash, good for one review.

    Used rows are never deleted, or an old token would work again.
    """

    __tablename__ = "purchase_tokens"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    purchase_id: Mapped[Ref]
    subject_id: Mapped[Ref]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[Instant] = mapped_column(default=now)
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    used_by_review_id: Mapped[uuid.UUID | None]
    revoked_at: Mapped[Instant | None]

    __table_args__ = (
        ForeignKeyConstraint(["supplier_id", "purchase_id"], ["purchases.supplier_id", "purchases.id"]),
        ForeignKeyConstraint(["supplier_id", "subject_id"], ["subjects.supplier_id", "subjects.id"]),
        # One line of an order gives one review: at most one token of it that was not revoked.
        Index(
            "uq_purchase_tokens_line",
            "supplier_id",
            "purchase_id",
            "subject_id",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )


class ProvingTicket(Base):
    """Leave to open one pop-up for one draft: one use, five minutes, same-origin only (donation attack)."""

    __tablename__ = "proving_tickets"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    review_id: Mapped[Ref]
    site_id: Mapped[Ref]
    ticket_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    # What the pop-up shows, so that a person recognises her own review: subject and first words.
    subject_name: Mapped[str] = mapped_column(String(160))
    first_words: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(5))
    # Set when the start page is opened: hash of the secret in that browser's cookie.
    browser_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[Instant] = mapped_column(default=now)
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    # The outcome, for the polling frame: NULL while open, else 'proven', 'cancelled' or a problem code.
    outcome: Mapped[str | None] = mapped_column(String(40))


class LoginAttempt(Base):
    """One round trip to an OIDC provider: one use, ten minutes, bound to the browser that began it.

    Nonce and PKCE verifier are derived from the browser's cookie secret, so neither lies here.
    """

    __tablename__ = "login_attempts"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    ticket_id: Mapped[Ref]
    review_id: Mapped[Ref]
    provider: Mapped[str] = mapped_column(String(40))
    state_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    browser_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Instant] = mapped_column(default=now)
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["supplier_id", "ticket_id"],
            ["proving_tickets.supplier_id", "proving_tickets.id"],
        ),
    )


class MailedProof(Base):
    """A link mailed to the reviewer: proves the address once a person presses the button behind it."""

    __tablename__ = "mailed_proofs"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    review_id: Mapped[Ref]
    site_id: Mapped[Ref]
    email: Mapped[str] = mapped_column(String(254))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    # The two digits shown in the form; the person picks them on the page, so a link cannot be passed on.
    match_number: Mapped[int] = mapped_column(SmallInteger)
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)
    subject_name: Mapped[str] = mapped_column(String(160))
    first_words: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(5))
    created_at: Mapped[Instant] = mapped_column(default=now)
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    outcome: Mapped[str | None] = mapped_column(String(40))

    __table_args__ = (Index("ix_mailed_proofs_review", "supplier_id", "review_id"),)
