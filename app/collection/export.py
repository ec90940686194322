"""Everything Avouch holds about a review's author through that review, for her to take along (GDPR, Article 20)."""

from __future__ import annotations

from typing import Any

from app.catalog import queries as catalog
from app.core.clock import now
from app.moderation import queries as moderation
from app.reviews import queries as reviews
from app.reviews.models import Review
from app.reviews.rules import words_of
from app.suppliers import queries as suppliers
from app.verification import queries as verification


def of(review: Review) -> dict[str, Any]:
    """The author's own data as plain values: words, proofs, decisions, and what identifies her to us."""
    subject = catalog.subject(review.subject_id)
    identity = verification.author_of(review.id)
    reply = moderation.reply(review.id)
    return {
        "exported_at": now(),
        "review": {
            "id": review.id,
            "supplier": suppliers.supplier(review.supplier_id).name,
            "subject": {"slug": subject.slug, "name": subject.name} if subject else None,
            "state": review.author_state,
            "language": review.language,
            "show_company": review.show_company,
            "incentive": review.incentive,
            "submitted_at": review.submitted_at,
            "withdrawn_at": review.withdrawn_at,
            "resolved_at": review.resolved_at,
        },
        "revisions": [
            {
                "number": revision.number,
                "written_at": revision.created_at,
                **words_of(revision),
                "content_hash": revision.content_hash.hex(),
            }
            for revision in reviews.history(review.id)
        ],
        "proofs": verification.proofs_view(review.id),
        "identity": {
            "provider": identity.provider,
            "issuer": identity.issuer,
            "subject": identity.subject,
            "email": identity.email,
            "name": identity.name,
            "first_seen_at": identity.created_at,
        }
        if identity
        else None,
        "author_email": review.author_email,
        "decisions": [
            {
                "revision": decision.revision,
                "outcome": decision.outcome,
                "reason": decision.reason,
                "passage": decision.passage,
                "statement": decision.statement,
                "decided_by": decision.actor_kind,
                "decided_at": decision.decided_at,
            }
            for decision in moderation.decisions(review.id)
        ],
        "reply": {"text": reply.text, "at": reply.updated_at} if reply else None,
    }
