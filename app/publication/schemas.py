"""Shapes of reviews on the wire of the API. What comes in and what goes out are different shapes."""

from __future__ import annotations

from marshmallow import Schema, fields

from app.catalog.schemas import LineSubjectOut
from app.core.text import Choice, QueryInteger, StrictSchema, Text
from app.moderation.models import Reason
from app.moderation.rules import REPLY_MAX, Outcome
from app.publication.listing import FILTERS, State
from app.reviews.models import Duration
from app.verification.standing import Status


class ReviewsQuery(StrictSchema):
    """Which reviews to list."""

    limit = QueryInteger(1, 100, load_default=50)
    cursor = Text(400, 1, metadata={"description": "`next` of the page before, with the same filters."})
    state = Choice(FILTERS, metadata={"description": "Only reviews in this state."})
    subject = Text(80, 1, metadata={"description": "Only reviews of the subject with this SKU."})


class ReplyIn(StrictSchema):
    """The supplier's answer as sent."""

    text = Text(
        REPLY_MAX,
        1,
        multiline=True,
        required=True,
        metadata={"description": "Plain text; markup is shown as it is written."},
    )


class ReplyOut(Schema):
    """The supplier's answer as shown."""

    text = fields.String()
    created_at = fields.DateTime()
    updated_at = fields.DateTime()


class ProofOut(Schema):
    """One of the three facts, as it stands now."""

    status = fields.String(metadata={"enum": [str(status) for status in Status]})
    method = fields.String(allow_none=True)
    date = fields.String(allow_none=True, metadata={"format": "date"})
    strength = fields.Integer(metadata={"minimum": 0, "maximum": 100})
    issuer = fields.String(allow_none=True)
    expires = fields.String(allow_none=True, metadata={"format": "date"})


class ProofsOut(Schema):
    """All three facts, the same as in the feed."""

    author = fields.Nested(ProofOut)
    affiliation = fields.Nested(ProofOut)
    purchase = fields.Nested(ProofOut)


class ProvenPurchaseOut(Schema):
    """The purchase that a review was proven by."""

    id = fields.UUID()
    reference = fields.String(metadata={"description": "Your order number."})
    date = fields.Date()
    buyer = fields.String(allow_none=True, metadata={"description": "The buyer's name."})


class DecisionOut(Schema):
    """A ruling."""

    outcome = fields.String(metadata={"enum": [str(outcome) for outcome in Outcome]})
    by = fields.String(metadata={"enum": ["member", "policy", "operator"]})
    reason = fields.String(
        allow_none=True,
        metadata={"enum": [*(str(reason) for reason in Reason), None], "description": "Of a refusal."},
    )
    passage = fields.String(allow_none=True, metadata={"description": "The words objected to."})
    statement = fields.String(allow_none=True, metadata={"description": "What the author was told."})
    decided_at = fields.DateTime()


class PublishedOut(Schema):
    """What readers see."""

    revision = fields.Integer(metadata={"description": "An older one while a newer waits or was refused."})
    rating = fields.Integer(metadata={"minimum": 1, "maximum": 5})
    url = fields.String(metadata={"format": "uri", "description": "Its page; also its id in the feed."})
    published_at = fields.DateTime()
    updated_at = fields.DateTime()


class ReviewOut(Schema):
    """A review as its supplier sees it: the words of its newest revision, and where it stands."""

    id = fields.UUID()
    state = fields.String(
        metadata={
            "enum": [str(state) for state in State],
            "description": "`hidden`: approved, and not (or not yet) shown, as when its author proof was revoked.",
        }
    )
    subject = fields.Nested(LineSubjectOut)
    revision = fields.Integer(metadata={"description": "Number of the newest revision."})
    rating = fields.Integer(
        allow_none=True,
        metadata={
            "minimum": 1,
            "maximum": 5,
            "description": "null while this revision waits, unless your policy shows stars to whoever rules.",
        },
    )
    title = fields.String()
    text = fields.String()
    pros = fields.String()
    cons = fields.String()
    author_name = fields.String()
    role = fields.String()
    duration = fields.String(
        allow_none=True,
        metadata={"enum": [*(str(one) for one in Duration), None], "description": "How long the subject was used."},
    )
    language = fields.String()
    incentive = fields.String(allow_none=True, metadata={"description": "What was promised for the review."})
    proofs = fields.Nested(ProofsOut)
    purchase = fields.Nested(
        ProvenPurchaseOut, allow_none=True, metadata={"description": "null where no purchase is proven."}
    )
    decision = fields.Nested(
        DecisionOut, allow_none=True, metadata={"description": "On the newest revision; null while it waits."}
    )
    published = fields.Nested(
        PublishedOut, allow_none=True, metadata={"description": "null while readers see nothing."}
    )
    reply = fields.Nested(ReplyOut, allow_none=True, metadata={"description": "Your answer."})
    submitted_at = fields.DateTime()
    revised_at = fields.DateTime(metadata={"description": "When the newest revision was written."})
    withdrawn_at = fields.DateTime(allow_none=True)
    resolved_at = fields.DateTime(
        allow_none=True, metadata={"description": "When its author said that the problem was solved."}
    )


class ReviewPageOut(Schema):
    """One page of reviews."""

    reviews = fields.List(fields.Nested(ReviewOut))
    next = fields.String(allow_none=True, metadata={"description": "Cursor of the next page; null on the last."})
