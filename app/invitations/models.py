"""Tables of asking buyers."""

from __future__ import annotations

from sqlalchemy import ForeignKey, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import Base, Id, Instant, Ref, TenantId


class Invitation(Base):
    """A buyer's contact asked, by mail, to review a purchase. One a purchase and address, ever."""

    __tablename__ = "invitations"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    purchase_id: Mapped[Ref]
    email: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(5))
    created_at: Mapped[Instant] = mapped_column(default=now)
    sent_at: Mapped[Instant | None]

    __table_args__ = (
        UniqueConstraint("supplier_id", "purchase_id", "email"),
        ForeignKeyConstraint(["supplier_id", "purchase_id"], ["purchases.supplier_id", "purchases.id"]),
    )
