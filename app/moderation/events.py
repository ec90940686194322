"""What moderation decided, for others to react to."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True)
class CaseDecided(Event):
    """A ruling was made on one revision. `outcome` is 'approved' or 'refused'."""

    supplier_id: uuid.UUID
    review_id: uuid.UUID
    revision: int
    decision_id: uuid.UUID
    outcome: str


@dataclass(frozen=True)
class ReplyChanged(Event):
    """The supplier answered a review in public, changed the answer, or took it back."""

    supplier_id: uuid.UUID
    review_id: uuid.UUID
