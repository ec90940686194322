"""Reviews over the API, for the supplier whose they are: all of them, published or not."""

from __future__ import annotations

from typing import Any

from app.catalog import queries as catalog
from app.catalog.models import Subject
from app.core.api import ApiBlueprint
from app.core.errors import FieldError, Invalid
from app.core.idempotency import idempotent
from app.moderation import service as moderation
from app.moderation.models import Reply
from app.publication import listing
from app.publication.listing import State
from app.publication.schemas import ReplyIn, ReplyOut, ReviewOut, ReviewPageOut, ReviewsQuery
from app.publication.views import reviews_json
from app.reviews import queries as reviews
from app.suppliers.access import actor, requires
from app.suppliers.permissions import Permission

blueprint = ApiBlueprint(
    "Reviews", __name__, url_prefix="/api/v1/reviews", description="What buyers wrote, and your answers."
)


@blueprint.route("", methods=["GET"])
@requires(Permission.READ_REVIEWS)
@blueprint.arguments(ReviewsQuery, location="query")
@blueprint.response(200, ReviewPageOut)
def list_reviews(query: dict[str, Any]) -> dict[str, Any]:
    """List reviews

    Those whose writing began last first, a page at a time: pass `next` on as `cursor` until it is null. A review
    that readers see is `published`, though a newer revision of it may wait or have been refused.
    """
    state = State(query["state"]) if "state" in query else None
    subject = _subject(query["subject"]) if "subject" in query else None
    page = listing.reviews(state, subject, query.get("cursor"), query["limit"])
    return {"reviews": reviews_json(page.items), "next": page.next}


@blueprint.route("/<review_id>", methods=["GET"])
@requires(Permission.READ_REVIEWS)
@blueprint.response(200, ReviewOut)
def get_review(review_id: str) -> dict[str, Any]:
    """Read one review"""
    return reviews_json(listing.rows([reviews.the_review(review_id).id]))[0]


@blueprint.route("/<review_id>/reply", methods=["PUT"])
@requires(Permission.REPLY)
@idempotent
@blueprint.arguments(ReplyIn)
@blueprint.response(200, ReplyOut)
def put_reply(body: dict[str, str], review_id: str) -> Reply:
    """Answer a review in public

    Readers see it below the review, in the supplier's name. There is one answer to a review: sending another
    replaces it, sending the same again changes nothing. Only a published review can be answered.
    """
    return moderation.reply(actor(), reviews.the_review(review_id).id, body["text"])


def _subject(sku: str) -> Subject:
    found = catalog.subject_by_sku(sku)
    if found is None:
        # A misspelt SKU must not look like a subject that nobody has reviewed.
        raise Invalid(
            "There is no such subject to list reviews of.",
            remedy="Check the SKU, or list the subjects.",
            fields=[FieldError("/subject", "subject_unknown", "No subject has this SKU.")],
        )
    return found
