"""Purchases as the API shows them: rows in, plain values out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.catalog.models import Purchase
from app.invitations.links import Link
from app.invitations.models import Invitation
from app.invitations.queries import PurchaseView
from app.invitations.service import Asking, Received, state_of


def purchase_json(view: PurchaseView) -> dict[str, Any]:
    """A purchase for PurchaseOut."""
    return {
        **_facts(view.purchase),
        "buyer": view.buyer,
        "subjects": view.subjects,
        "links": None if view.links is None else _links(view.links),
        "invitation": _invitation(state_of(view.purchase, view.invitation), view.invitation),
    }


def received_json(received: Received) -> dict[str, Any]:
    """A purchase just taken in, for ReceivedOut."""
    taken = received.taken
    return {
        **_facts(taken.purchase),
        "buyer": taken.buyer,
        "subjects": taken.subjects,
        "links": _links(received.links),
        "invitation": _invitation(received.asking, received.invitation),
        "status": str(taken.change),
    }


def _facts(purchase: Purchase) -> dict[str, Any]:
    contact = {"email": purchase.contact_email, "name": purchase.contact_name} if purchase.contact_email else None
    return {
        "id": purchase.id,
        "reference": purchase.reference,
        "date": purchase.purchased_on,
        "contact": contact,
        "incentive": purchase.incentive,
        "created_at": purchase.created_at,
        "updated_at": purchase.updated_at,
        "revoked_at": purchase.revoked_at,
    }


def _links(links: Iterable[Link]) -> list[dict[str, Any]]:
    return [
        {
            "subject": link.subject.sku,
            "name": link.subject.name,
            "url": link.url,
            "expires_at": link.expires_at,
            "used": link.used,
        }
        for link in links
    ]


def _invitation(asking: Asking, invitation: Invitation | None) -> dict[str, Any]:
    return {
        "status": str(asking),
        "email": invitation.email if invitation else None,
        "language": invitation.language if invitation else None,
        "sent_at": invitation.sent_at if invitation else None,
    }
