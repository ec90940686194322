"""What became of a published review, step by step, as anyone may see it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.moderation import queries as moderation
from app.publication.models import PublishedReview
from app.reviews import queries as reviews


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `kind` is submitted, revised, approved, refused, published, replied or resolved;
    `by` is policy, member or operator for a ruling; `reason` one of moderation's closed list for a refusal."""

    at: dt.datetime
    kind: str
    revision: int | None = None
    by: str | None = None
    reason: str | None = None


def of(review: PublishedReview) -> list[Step]:
    """Every step, oldest first. Rulings are shown with their ground, never with the words objected to."""
    steps = [
        Step(revision.created_at, "submitted" if revision.number == 1 else "revised", revision.number)
        for revision in reviews.history(review.review_id)
    ]
    steps += [
        Step(decision.decided_at, decision.outcome, decision.revision, decision.actor_kind, decision.reason)
        for decision in moderation.decisions(review.review_id)
    ]
    steps.append(Step(review.published_at, "published", review.revision))
    if review.reply:
        steps.append(Step(dt.datetime.fromisoformat(review.reply["date"]), "replied"))
    if review.resolved_at:
        steps.append(Step(review.resolved_at, "resolved"))
    # Sorting is stable, and a ruling stands before the publication that the same second brought.
    return sorted(steps, key=lambda step: step.at.replace(microsecond=0))
