"""Reads about purchases as suppliers see them: with their buyer, lines, links and invitation."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.catalog import queries as catalog
from app.catalog.models import Buyer, Purchase, Subject
from app.core import tenancy
from app.core.db import db
from app.core.paging import Page
from app.invitations import links
from app.invitations.links import Link
from app.invitations.models import Invitation
from app.suppliers import queries as suppliers


@dataclass(frozen=True)
class PurchaseView:
    """A purchase with everything around it. `links` is None for whoever may not have them."""

    purchase: Purchase
    buyer: Buyer
    subjects: Sequence[Subject]
    links: Sequence[Link] | None
    invitation: Invitation | None


def purchases(
    *, limit: int, cursor: str | None = None, reference: str | None = None, with_links: bool = False
) -> Page[PurchaseView]:
    """Purchases, those last made known first.

    Raises:
        BadCursor
    """
    page = catalog.purchases(limit=limit, cursor=cursor, reference=reference)
    return Page(views(page.items, with_links=with_links), page.next)


def views(purchases: Sequence[Purchase], *, with_links: bool) -> list[PurchaseView]:
    """These purchases with everything around them, in a fixed number of queries."""
    ids = [purchase.id for purchase in purchases]
    buyers = catalog.buyers(purchase.buyer_id for purchase in purchases)
    lines = catalog.lines(ids)
    asked = invitations(ids)
    site = suppliers.default_site() if with_links else None
    found: dict[uuid.UUID, list[Link]] = {}
    if site is not None:
        found = links.standing([(purchase, lines.get(purchase.id, []), site) for purchase in purchases])
    return [
        PurchaseView(
            purchase,
            buyers[purchase.buyer_id],
            lines.get(purchase.id, []),
            found.get(purchase.id, []) if with_links else None,
            asked.get(purchase.id),
        )
        for purchase in purchases
    ]


def invitations(purchase_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Invitation]:
    """The newest invitation for each purchase that has one."""
    query = (
        select(Invitation)
        .where(Invitation.supplier_id == tenancy.require(), Invitation.purchase_id.in_(purchase_ids))
        .order_by(Invitation.id)
    )
    return {invitation.purchase_id: invitation for invitation in db.session.scalars(query)}
