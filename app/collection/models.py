"""Tables of taking a review in."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import Base, Id, Instant, Ref, TenantId


class Draft(Base):
    """What a reviewer has typed so far, kept under a secret only her browser holds."""

    __tablename__ = "drafts"

    supplier_id: Mapped[TenantId] = mapped_column(ForeignKey("suppliers.id"))
    id: Mapped[Id]
    site_id: Mapped[Ref]
    subject_id: Mapped[uuid.UUID | None]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    language: Mapped[str] = mapped_column(String(5))
    # As typed, not yet checked: collection.schemas.DraftContent.
    content: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    # Raised by every save; a save from an older page (a second tab) is refused, not merged blindly.
    version: Mapped[int] = mapped_column(default=1)
    # The purchase token recognised for this draft; claimed only when the review is sent.
    purchase_token_id: Mapped[uuid.UUID | None]
    created_at: Mapped[Instant] = mapped_column(default=now)
    updated_at: Mapped[Instant] = mapped_column(default=now)
    expires_at: Mapped[Instant]
    submitted_at: Mapped[Instant | None]

    __table_args__ = (
        ForeignKeyConstraint(["supplier_id", "site_id"], ["sites.supplier_id", "sites.id"]),
        ForeignKeyConstraint(["supplier_id", "subject_id"], ["subjects.supplier_id", "subjects.id"]),
        ForeignKeyConstraint(
            ["supplier_id", "purchase_token_id"], ["purchase_tokens.supplier_id", "purchase_tokens.id"]
        ),
        Index("ix_drafts_expiry", "expires_at"),
    )
