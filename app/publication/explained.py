"""How verification, moderation and the rating work, as facts for pages: taken from the code's own constants, so
that what the methodology page says cannot drift from what is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.moderation.models import Reason
from app.publication import caching, rating
from app.publication.edition import TOMBSTONE_DAYS
from app.publication.models import PublishedReview
from app.verification import strength


@dataclass(frozen=True, slots=True)
class Way:
    """One way of proving one fact: its strength (0 to 100) and for how many days it holds (None: for good)."""

    kind: str
    method: str
    strength: int
    days: int | None


def facts() -> dict[str, Any]:
    """Everything the methodology page shows."""
    return {
        "ways": [
            Way(str(kind), method, worth.strength, worth.life.days if worth.life else None)
            for (kind, method), worth in strength.TABLE.items()
        ],
        "shares": {str(kind): share for kind, share in strength.SHARES.items()},
        "strength_version": strength.VERSION,
        "rating": rating.constants(),
        "half_life_years": rating.HALF_LIFE_DAYS / 365,
        "reasons": [str(reason) for reason in Reason],
        "takedown": caching.takedown(),
        "tombstone_days": TOMBSTONE_DAYS,
    }


def evidence_of(review: PublishedReview) -> list[tuple[str, int, int]]:
    """How a review's evidence is put together: (fact, its share of 100, strength shown)."""
    return [(str(kind), share, int(review.proofs[str(kind)]["strength"])) for kind, share in strength.SHARES.items()]
