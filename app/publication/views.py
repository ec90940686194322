"""Reviews as the API shows them to their supplier: rows in, plain values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.catalog import queries as catalog
from app.catalog.models import Buyer, Purchase
from app.core.links import absolute
from app.moderation import queries as moderation
from app.moderation.models import Decision, Reply
from app.publication.listing import Row
from app.publication.models import PublishedReview
from app.verification.standing import Status


@dataclass(frozen=True)
class _Around:
    """What some reviews have around them beyond their rows."""

    decisions: Mapping[UUID, Decision]
    replies: Mapping[UUID, Reply]
    purchases: Mapping[UUID, Purchase]
    buyers: Mapping[UUID, Buyer]
    show_stars: bool


def reviews_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Reviews for ReviewOut, in five queries however many they are."""
    purchases = catalog.purchases_of(row.review.purchase_id for row in rows if row.review.purchase_id)
    around = _Around(
        decisions=moderation.decisions_on(row.case.id for row in rows if row.case),
        replies=moderation.replies(row.review.id for row in rows),
        purchases=purchases,
        buyers=catalog.buyers(purchase.buyer_id for purchase in purchases.values()),
        show_stars=moderation.policy().show_stars,
    )
    return [_review(row, around) for row in rows]


def _review(row: Row, around: _Around) -> dict[str, Any]:
    review, revision = row.review, row.revision
    return {
        "id": review.id,
        "state": str(row.state),
        "subject": row.subject,
        "revision": revision.number,
        # As in the dashboard: nobody rules on stars, so nobody who rules sees them first.
        "rating": None if row.newest_waits and not around.show_stars else revision.rating,
        "title": revision.title,
        "text": revision.text,
        "pros": revision.pros,
        "cons": revision.cons,
        "author_name": revision.display_name,
        "role": revision.role,
        "duration": revision.duration,
        "language": review.language,
        "incentive": review.incentive,
        "proofs": row.proofs,
        "purchase": _purchase(row, around),
        "decision": _decision(around.decisions.get(row.case.id) if row.case else None),
        "published": _published(row.published),
        "reply": around.replies.get(review.id),
        "submitted_at": review.submitted_at,
        "revised_at": revision.created_at,
        "withdrawn_at": review.withdrawn_at,
        "resolved_at": review.resolved_at,
    }


def _purchase(row: Row, around: _Around) -> dict[str, Any] | None:
    if row.review.purchase_id is None or row.proofs["purchase"]["status"] == Status.NOT_PROVEN:
        return None
    purchase = around.purchases[row.review.purchase_id]
    buyer = around.buyers.get(purchase.buyer_id)
    return {
        "id": purchase.id,
        "reference": purchase.reference,
        "date": purchase.purchased_on,
        "buyer": buyer.name if buyer else None,
    }


def _decision(decision: Decision | None) -> dict[str, Any] | None:
    if decision is None:
        return None
    return {
        "outcome": decision.outcome,
        "by": decision.actor_kind,
        "reason": decision.reason,
        "passage": decision.passage,
        "statement": decision.statement,
        "decided_at": decision.decided_at,
    }


def _published(published: PublishedReview | None) -> dict[str, Any] | None:
    if published is None:
        return None
    return {
        "revision": published.revision,
        "rating": published.rating,
        "url": absolute("hosted.review", review_id=published.review_id),
        "published_at": published.published_at,
        "updated_at": published.updated_at,
    }
