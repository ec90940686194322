"""What the draft API answers: dicts that become JSON, and that `form.js` reads."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypedDict

from app.catalog import queries as catalog
from app.collection import service
from app.collection.models import Draft
from app.core.errors import Refused
from app.core.links import absolute
from app.core.problems import Said
from app.reviews import service as review_service
from app.reviews.models import Review
from app.suppliers.models import Site
from app.verification import service as verification
from app.verification.service import Founded


class SubjectView(TypedDict):
    """What is reviewed."""

    slug: str
    name: str


class PurchaseView(TypedDict):
    """What a recognised token tells its bearer of the order: enough to know it again, no more."""

    reference_hint: str
    buyer: str
    subject: str
    date: str


def state(draft: Draft, site: Site) -> dict[str, Any]:
    """Where the draft stands: the three proofs, the purchase, what is under way, what is still asked for."""
    standing = verification.standing(draft.id, draft.purchase_token_id)
    required = list(site.required_proofs)
    return {
        "proofs": standing.as_dict(),
        "purchase": _purchase(draft, standing),
        "waiting": verification.waiting(draft.id),
        "required": required,
        "missing": standing.missing(required),
        "subject": _subject(draft),
    }


def opened(result: service.Opened, site: Site) -> dict[str, Any]:
    """The answer to a new draft; the only one that tells the secret."""
    problem = result.token_problem
    return {
        **saved(result.draft, site),
        "id": str(result.draft.id),
        "secret": result.secret,
        "token_problem": _problem(problem) if problem else None,
    }


def saved(draft: Draft, site: Site) -> dict[str, Any]:
    """The answer to a save."""
    return {
        "version": draft.version,
        "saved_at": draft.updated_at,
        "expires_at": draft.expires_at,
        "state": state(draft, site),
    }


def whole(draft: Draft, site: Site) -> dict[str, Any]:
    """The draft with everything typed. A sent one tells its receipt instead, for a page that missed the answer."""
    sent = draft.submitted_at is not None
    return {
        **saved(draft, site),
        "id": str(draft.id),
        "content": draft.content,
        "sent": receipt_links(draft) if sent else None,
    }


def submitted(review: Review) -> dict[str, Any]:
    """The answer to sending."""
    return {"review": str(review.id), **_links(review_service.follow_secret_of(review))}


def receipt_links(draft: Draft) -> dict[str, str]:
    """Where the author of a sent draft finds her receipt and her review."""
    return _links(review_service.follow_secret(draft.id))


def _links(secret: str) -> dict[str, str]:
    """Both hold the follow secret: for the author's eyes only."""
    return {
        "receipt_url": absolute("me.receipt", secret=secret),
        "follow_url": absolute("me.open_review", secret=secret),
    }


def reference_hint(reference: str) -> str:
    """An order's reference with all but its end hidden: a token may have been forwarded."""
    shown = reference[-4:] if len(reference) > 6 else reference[-2:]
    return f"…{shown}"


def _purchase(draft: Draft, standing: Founded) -> PurchaseView | None:
    purchase, buyer = standing.bought, standing.buyer
    if purchase is None:
        return None
    subject = _subject(draft)
    return {
        "reference_hint": reference_hint(purchase.reference),
        "buyer": buyer.name if buyer else "",
        "subject": subject["name"] if subject else "",
        "date": _day(purchase.purchased_on),
    }


def _subject(draft: Draft) -> SubjectView | None:
    subject = catalog.subject(draft.subject_id) if draft.subject_id else None
    return {"slug": subject.slug, "name": subject.name} if subject else None


def _day(day: dt.date) -> str:
    return day.isoformat()


def _problem(refused: Refused) -> dict[str, str]:
    said = Said.of(refused)
    return {"code": refused.code, "title": said.title, "detail": said.detail, "remedy": said.remedy}
