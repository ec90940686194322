"""Tables of what is bought and by whom: subjects, buyers, purchases."""

from __future__ import annotations

import datetime as dt
import enum

from sqlalchemy import CheckConstraint, Date, ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import Base, Id, Instant, Ref, TenantId


class SubjectKind(enum.StrEnum):
    """What a subject is; a product may carry stars in search results, a supplier may not."""

    PRODUCT = "product"
    SERVICE = "service"
    SUPPLIER = "supplier"


class Subject(Base):
    """What is reviewed."""

    __tablename__ = "subjects"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(String(80))
    sku: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(160))
    kind: Mapped[str] = mapped_column(String(10), default=SubjectKind.PRODUCT)
    url: Mapped[str | None] = mapped_column(String(500))
    gtin: Mapped[str | None] = mapped_column(String(14))
    mpn: Mapped[str | None] = mapped_column(String(70))
    created_at: Mapped[Instant] = mapped_column(default=now)

    __table_args__ = (
        UniqueConstraint("supplier_id", "slug"),
        UniqueConstraint("supplier_id", "sku"),
        CheckConstraint("kind IN ('product','service','supplier')", name="kind"),
    )


class Buyer(Base):
    """The company that bought. `domains` are the exact mail domains its people write from."""

    __tablename__ = "buyers"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(160))
    name_key: Mapped[str] = mapped_column(String(160))  # folded, so "ACME  GmbH" and "Acme GmbH" are one
    domains: Mapped[list[str]] = mapped_column(ARRAY(String(253)), default=list)
    lei: Mapped[str | None] = mapped_column(String(20))
    industry: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[Instant] = mapped_column(default=now)

    __table_args__ = (UniqueConstraint("supplier_id", "name_key"),)


class Purchase(Base):
    """An order. Its reference is the supplier's own and unique with it."""

    __tablename__ = "purchases"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    reference: Mapped[str] = mapped_column(String(80))
    purchased_on: Mapped[dt.date] = mapped_column(Date)
    buyer_id: Mapped[Ref]
    contact_email: Mapped[str | None] = mapped_column(String(254))
    contact_name: Mapped[str | None] = mapped_column(String(120))
    # What the buyer was promised for reviewing, if anything; shown beside the review, never tied to stars.
    incentive: Mapped[str | None] = mapped_column(String(160))
    created_at: Mapped[Instant] = mapped_column(default=now)
    updated_at: Mapped[Instant] = mapped_column(default=now)
    revoked_at: Mapped[Instant | None]

    __table_args__ = (
        UniqueConstraint("supplier_id", "reference"),
        ForeignKeyConstraint(["supplier_id", "buyer_id"], ["buyers.supplier_id", "buyers.id"]),
        Index("ix_purchases_newest", "supplier_id", "id"),
    )


class PurchaseSubject(Base):
    """A line of an order: one subject of one purchase."""

    __tablename__ = "purchase_subjects"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    purchase_id: Mapped[Ref] = mapped_column(primary_key=True)
    subject_id: Mapped[Ref] = mapped_column(primary_key=True)

    __table_args__ = (
        ForeignKeyConstraint(["supplier_id", "purchase_id"], ["purchases.supplier_id", "purchases.id"]),
        ForeignKeyConstraint(["supplier_id", "subject_id"], ["subjects.supplier_id", "subjects.id"]),
    )
