"""Tables of the noun: reviews, their revisions, and what their author wants."""

from __future__ import annotations

import enum
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import Base, Id, Instant, Ref, TenantId


class AuthorState(enum.StrEnum):
    """What the author wants of the review."""

    ACTIVE = "active"
    WITHDRAWN = "withdrawn"


class Duration(enum.StrEnum):
    """How long the reviewer has used the subject."""

    UNDER_1_MONTH = "under_1_month"
    MONTHS_1_6 = "1_to_6_months"
    MONTHS_6_12 = "6_to_12_months"
    YEARS_1_3 = "1_to_3_years"
    OVER_3_YEARS = "over_3_years"


class Review(Base):
    """One reviewer's review of one subject. Shares its id with the draft that it was written in."""

    __tablename__ = "reviews"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    site_id: Mapped[Ref]
    subject_id: Mapped[Ref]
    reviewer_id: Mapped[Ref]
    # Known only where the purchase is proven.
    purchase_id: Mapped[uuid.UUID | None]
    buyer_id: Mapped[uuid.UUID | None]
    author_state: Mapped[str] = mapped_column(String(10), default=AuthorState.ACTIVE)
    current_revision: Mapped[int] = mapped_column(SmallInteger, default=1)
    language: Mapped[str] = mapped_column(String(5))
    # The name in the newest revision; readers see the one of the revision that was approved.
    display_name: Mapped[str] = mapped_column(String(80))
    # The company is shown only where it is proven and its author wishes it.
    show_company: Mapped[bool] = mapped_column(default=True)
    # Where the author is told of decisions; never shown, never in a feed.
    author_email: Mapped[str] = mapped_column(String(254))
    incentive: Mapped[str | None] = mapped_column(String(160))
    follow_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    submitted_at: Mapped[Instant] = mapped_column(default=now)
    withdrawn_at: Mapped[Instant | None]
    # Set by the author when a problem told in the review was solved.
    resolved_at: Mapped[Instant | None]

    __table_args__ = (
        CheckConstraint("author_state IN ('active','withdrawn')", name="author_state"),
        ForeignKeyConstraint(["supplier_id", "site_id"], ["sites.supplier_id", "sites.id"]),
        ForeignKeyConstraint(["supplier_id", "subject_id"], ["subjects.supplier_id", "subjects.id"]),
        ForeignKeyConstraint(["supplier_id", "purchase_id"], ["purchases.supplier_id", "purchases.id"]),
        ForeignKeyConstraint(["supplier_id", "buyer_id"], ["buyers.supplier_id", "buyers.id"]),
        ForeignKeyConstraint(["reviewer_id"], ["reviewers.id"]),
        Index("ix_reviews_newest", "supplier_id", "id"),
    )


class Revision(Base):
    """What the reviewer wrote, once. Never changed: an edit is the next number."""

    __tablename__ = "revisions"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    review_id: Mapped[Ref] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    # The name that readers see with these words; part of what is ruled on, like the words themselves.
    display_name: Mapped[str] = mapped_column(String(80))
    rating: Mapped[int] = mapped_column(SmallInteger)
    title: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text)
    pros: Mapped[str] = mapped_column(Text, default="")
    cons: Mapped[str] = mapped_column(Text, default="")
    role: Mapped[str] = mapped_column(String(80), default="")
    duration: Mapped[str | None] = mapped_column(String(20))
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Instant] = mapped_column(default=now)

    __table_args__ = (
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        ForeignKeyConstraint(["supplier_id", "review_id"], ["reviews.supplier_id", "reviews.id"]),
    )
