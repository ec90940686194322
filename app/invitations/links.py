"""The review links of purchases: one for each line, always the same one, made again from the token's row."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.catalog.models import Purchase, Subject
from app.core.settings import settings
from app.invitations import rules
from app.suppliers.models import Site
from app.verification import token_batches
from app.verification.models import PurchaseToken


@dataclass(frozen=True)
class Link:
    """A line of an order and where it is reviewed."""

    subject: Subject
    url: str
    expires_at: dt.datetime
    used: bool


def issue(orders: Sequence[tuple[Purchase, Collection[Subject], Site]]) -> dict[uuid.UUID, list[Link]]:
    """The links of each purchase by its id; makes the tokens that are missing. None for one taken back."""
    lines = [
        (purchase.id, subject.id)
        for purchase, subjects, _ in orders
        for subject in subjects
        if purchase.revoked_at is None
    ]
    found = token_batches.issue_all(lines)
    return _links(orders, found)


def standing(orders: Sequence[tuple[Purchase, Collection[Subject], Site]]) -> dict[uuid.UUID, list[Link]]:
    """The links that purchases have already; makes none, so reading changes nothing."""
    found = {
        (token.purchase_id, token.subject_id): token
        for of_one in token_batches.standing([purchase.id for purchase, _, _ in orders]).values()
        for token in of_one
    }
    return _links(orders, found)


def _links(
    orders: Sequence[tuple[Purchase, Collection[Subject], Site]],
    found: dict[tuple[uuid.UUID, uuid.UUID], PurchaseToken],
) -> dict[uuid.UUID, list[Link]]:
    return {
        purchase.id: [
            link
            for subject in subjects
            if (token := found.get((purchase.id, subject.id))) is not None
            and purchase.revoked_at is None
            and (link := _link(site, subject, token)) is not None
        ]
        for purchase, subjects, site in orders
    }


def _link(site: Site, subject: Subject, token: PurchaseToken) -> Link | None:
    secret = token_batches.secret_of(token)
    if secret is None:
        return None
    url = rules.review_url(settings().external_url, site.public_key, site.review_page_url, subject.slug, secret)
    return Link(subject, url, token.expires_at, token.used_at is not None)
