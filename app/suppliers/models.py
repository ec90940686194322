"""Tables of suppliers, their members, sites and API keys."""

from __future__ import annotations

import enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import Base, Id, Instant, Ref, TenantId


class Role(enum.StrEnum):
    """What a member may do; the table of rights is `suppliers.permissions`."""

    OWNER = "owner"
    MODERATOR = "moderator"
    ANALYST = "analyst"


class Supplier(Base):
    """The tenant. Its name and slug are public, so the row itself is not behind row-level security."""

    __tablename__ = "suppliers"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120))
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    website: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[Instant] = mapped_column(default=now)
    closed_at: Mapped[Instant | None]


class Member(Base):
    """A user's place in a supplier. Removed members keep their row, so old decisions keep their name."""

    __tablename__ = "members"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    user_id: Mapped[Ref] = mapped_column(ForeignKey("users.id"))
    role: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[Instant] = mapped_column(default=now)
    removed_at: Mapped[Instant | None]

    __table_args__ = (
        CheckConstraint("role IN ('owner','moderator','analyst')", name="role"),
        Index("uq_members_active", "supplier_id", "user_id", unique=True, postgresql_where=text("removed_at IS NULL")),
        Index("ix_members_user", "user_id"),
    )


class MemberInvitation(Base):
    """A person asked by mail to join a supplier. Accepting takes a POST; the token works once."""

    __tablename__ = "member_invitations"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(12))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    invited_by: Mapped[Ref]
    created_at: Mapped[Instant] = mapped_column(default=now)
    expires_at: Mapped[Instant]
    accepted_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]

    __table_args__ = (CheckConstraint("role IN ('owner','moderator','analyst')", name="role"),)


class Site(Base):
    """A place where the supplier shows Avouch: who may frame the form, and what proof it asks for."""

    __tablename__ = "sites"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120))
    public_key: Mapped[str] = mapped_column(String(60), unique=True)
    # Exact origins (scheme://host[:port]); they become the form's frame-ancestors.
    origins: Mapped[list[str]] = mapped_column(ARRAY(String(300)))
    languages: Mapped[list[str]] = mapped_column(ARRAY(String(5)))
    # Where review links lead: the supplier's page that holds <avouch-form>; NULL means the hosted form.
    review_page_url: Mapped[str | None] = mapped_column(String(500))
    # Proofs without which a review is not taken in. Author is always among them.
    required_proofs: Mapped[list[str]] = mapped_column(ARRAY(String(12)))
    created_at: Mapped[Instant] = mapped_column(default=now)
    disabled_at: Mapped[Instant | None]

    __table_args__ = (
        CheckConstraint("'author' = ANY (required_proofs)", name="author_required"),
        CheckConstraint("required_proofs <@ ARRAY['author','affiliation','purchase']::varchar[]", name="proofs"),
    )


class ApiKey(Base):
    """A key of the supplier's own systems. Shown once; only its hash is kept."""

    __tablename__ = "api_keys"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120))
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    hint: Mapped[str] = mapped_column(String(12))  # the first characters, to tell keys apart
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(30)))
    created_by: Mapped[Ref]
    created_at: Mapped[Instant] = mapped_column(default=now)
    last_used_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
