"""Tables of people who sign in, and of their sessions.

None carries `supplier_id`: one person may work for several suppliers (see `suppliers.models.Member`).
"""

from __future__ import annotations

import enum

from sqlalchemy import CheckConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import Base, Id, Instant, Ref


class Principal(enum.StrEnum):
    """The two kinds of people who sign in; their sessions are never exchangeable."""

    USER = "user"
    OPERATOR = "operator"


class User(Base):
    """A person who signs in to the dashboard."""

    __tablename__ = "users"

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(String(254), unique=True)  # normalised by core.text.normal_email
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str] = mapped_column(String(200))
    locale: Mapped[str] = mapped_column(String(5), default="en")
    email_verified_at: Mapped[Instant | None]
    created_at: Mapped[Instant] = mapped_column(default=now)
    disabled_at: Mapped[Instant | None]


class Operator(Base):
    """A person who works for the platform. Made by command only, never by sign-up."""

    __tablename__ = "operators"

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Instant] = mapped_column(default=now)
    disabled_at: Mapped[Instant | None]


class Session(Base):
    """One sign-in on one browser. The cookie holds the id; here lies only its hash, so it can be revoked."""

    __tablename__ = "sessions"

    id_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    principal_kind: Mapped[str] = mapped_column(String(10))
    principal_id: Mapped[Ref]
    created_at: Mapped[Instant] = mapped_column(default=now)
    last_seen_at: Mapped[Instant] = mapped_column(default=now)
    expires_at: Mapped[Instant]
    revoked_at: Mapped[Instant | None]

    __table_args__ = (
        CheckConstraint("principal_kind IN ('user','operator')", name="kind"),
        Index("ix_sessions_principal", "principal_kind", "principal_id"),
    )


class MailedToken(Base):
    """A one-use link mailed to a person who signs in: confirm an address, or choose a new password.

    The token is derived from the row's id (core.secrets.derive); only its hash is kept.
    """

    __tablename__ = "account_tokens"

    id: Mapped[Id]
    purpose: Mapped[str] = mapped_column(String(20))
    principal_kind: Mapped[str] = mapped_column(String(10))
    principal_id: Mapped[Ref]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[Instant] = mapped_column(default=now)
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]

    __table_args__ = (CheckConstraint("purpose IN ('confirm_email','reset_password')", name="purpose"),)
