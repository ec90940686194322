"""Tables of the read model: what readers see, projected from the facts and never written by anyone else."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import Base, Instant, Ref, TenantId


class Publication(Base):
    """A supplier's published state. Locked by every projection, so versions have one order: commit order.

    Anyone may read it: the version stands in every feed, and each web process compares it with its memory.
    """

    __tablename__ = "publications"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    version: Mapped[int] = mapped_column(BigInteger, default=0)
    updated_at: Mapped[Instant] = mapped_column(default=now)
    # The day the rating's age decay was last reckoned to; a daily job moves it on.
    rated_on: Mapped[dt.date] = mapped_column(Date)


class PublishedReview(Base):
    """A review as readers see it."""

    __tablename__ = "published_reviews"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    review_id: Mapped[Ref] = mapped_column(primary_key=True)
    # The publication version at which it last changed; the feed's order and cursor.
    position: Mapped[int] = mapped_column(BigInteger)
    subject_id: Mapped[Ref]
    subject_slug: Mapped[str] = mapped_column(String(80))
    subject_name: Mapped[str] = mapped_column(String(160))
    revision: Mapped[int] = mapped_column(SmallInteger)
    rating: Mapped[int] = mapped_column(SmallInteger)
    title: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text)
    pros: Mapped[str] = mapped_column(Text)
    cons: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(80))
    industry: Mapped[str | None] = mapped_column(String(80))
    duration: Mapped[str | None] = mapped_column(String(20))
    author_name: Mapped[str] = mapped_column(String(80))
    company: Mapped[str | None] = mapped_column(String(160))
    language: Mapped[str] = mapped_column(String(5))
    submitted_at: Mapped[Instant]
    published_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    # {author|affiliation|purchase: {status, method, strength, issuer, date, expires}}
    proofs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    evidence_weight: Mapped[int] = mapped_column(SmallInteger)  # 0..100
    # When the first of its proofs lapses; the daily job then projects it anew. NULL: none will.
    proofs_lapse_at: Mapped[Instant | None]
    reply: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    incentive: Mapped[str | None] = mapped_column(String(160))
    resolved_at: Mapped[Instant | None]

    __table_args__ = (
        UniqueConstraint("review_id"),
        Index("ix_published_newest", "supplier_id", "published_at", "review_id"),
        Index("ix_published_subject", "supplier_id", "subject_id", "published_at", "review_id"),
        Index(
            "ix_published_lapsing",
            "supplier_id",
            "proofs_lapse_at",
            postgresql_where=sql("proofs_lapse_at IS NOT NULL"),
        ),
    )


class Tombstone(Base):
    """A review that was published and no longer is: feeds say so for 90 days, so that copies follow."""

    __tablename__ = "tombstones"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    review_id: Mapped[Ref] = mapped_column(primary_key=True)
    subject_id: Mapped[Ref]
    cause: Mapped[str] = mapped_column(String(12))  # publication.rules.Absence
    removed_at: Mapped[Instant] = mapped_column(default=now)

    __table_args__ = (UniqueConstraint("review_id"), Index("ix_tombstones_newest", "supplier_id", "removed_at"))


class Rating(Base):
    """Running sums of one scope (the supplier, or one subject), from which the score follows at any moment.

    `weight` and `weighted` are scaled to the epoch of publication.rating, so age never forces a re-sum.
    """

    __tablename__ = "ratings"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    scope_id: Mapped[Ref] = mapped_column(primary_key=True)  # the subject's id, or the supplier's own
    stars: Mapped[list[int]] = mapped_column(ARRAY(Integer))  # how many of 1..5
    proven: Mapped[list[int]] = mapped_column(ARRAY(Integer))  # how many with author, affiliation, purchase
    weight: Mapped[float]
    weighted: Mapped[float]


class Document(Base):
    """Bytes prepared once at publication and served by every process. Public by definition: anyone may read.

    `path` is the address with its normalised query, exactly as the edge keys it.
    """

    __tablename__ = "documents"

    path: Mapped[str] = mapped_column(String(300), primary_key=True)
    supplier_id: Mapped[Ref] = mapped_column(ForeignKey("suppliers.id"))
    site_id: Mapped[Ref]
    version: Mapped[int] = mapped_column(BigInteger)
    content_type: Mapped[str] = mapped_column(String(80))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    gzipped: Mapped[bytes] = mapped_column(LargeBinary)
    modified_at: Mapped[Instant] = mapped_column(default=now)

    __table_args__ = (
        ForeignKeyConstraint(["supplier_id", "site_id"], ["sites.supplier_id", "sites.id"]),
        Index("ix_documents_site", "supplier_id", "site_id"),
    )
