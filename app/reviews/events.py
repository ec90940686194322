"""What happens to reviews that others may react to."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True)
class ReviewSubmitted(Event):
    """A review arrived, with its first revision and its proofs."""

    supplier_id: uuid.UUID
    review_id: uuid.UUID
    revision: int


@dataclass(frozen=True)
class ReviewRevised(Event):
    """The author wrote a new revision; the one before stays what it was."""

    supplier_id: uuid.UUID
    review_id: uuid.UUID
    revision: int


@dataclass(frozen=True)
class ReviewWithdrawn(Event):
    """The author took the review back, for good."""

    supplier_id: uuid.UUID
    review_id: uuid.UUID


@dataclass(frozen=True)
class ReviewResolved(Event):
    """The author says that the problem told in the review was solved, or that it is not after all."""

    supplier_id: uuid.UUID
    review_id: uuid.UUID


@dataclass(frozen=True)
class CompanyShown(Event):
    """The author changed whether her proven company is named beside the review."""

    supplier_id: uuid.UUID
    review_id: uuid.UUID
