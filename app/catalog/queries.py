"""Reads of the catalogue that others may use. All speak of the supplier entered."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import select

from app.catalog.errors import UnknownPurchase
from app.catalog.models import Buyer, Purchase, PurchaseSubject, Subject
from app.core import tenancy
from app.core.db import db
from app.core.ids import parse_id
from app.core.paging import BadCursor, Page, decode_cursor, encode_cursor


def subject(subject_id: uuid.UUID) -> Subject | None:
    """A subject by its id."""
    return db.session.get(Subject, (tenancy.require(), subject_id))


def subject_by_slug(slug: str) -> Subject | None:
    """A subject by the slug in its addresses."""
    if "\x00" in slug:  # from an address that anybody can type; PostgreSQL would fail on it
        return None
    return db.session.scalar(select(Subject).where(Subject.supplier_id == tenancy.require(), Subject.slug == slug))


def subject_by_sku(sku: str) -> Subject | None:
    """A subject by the supplier's own article number."""
    return db.session.scalar(select(Subject).where(Subject.supplier_id == tenancy.require(), Subject.sku == sku))


def subjects() -> list[Subject]:
    """Every subject, by name."""
    query = select(Subject).where(Subject.supplier_id == tenancy.require()).order_by(Subject.name, Subject.id)
    return list(db.session.scalars(query))


def buyer(buyer_id: uuid.UUID) -> Buyer | None:
    """A buyer by its id."""
    return db.session.get(Buyer, (tenancy.require(), buyer_id))


def buyers(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Buyer]:
    """Buyers by id."""
    query = select(Buyer).where(Buyer.supplier_id == tenancy.require(), Buyer.id.in_(set(ids)))
    return {found.id: found for found in db.session.scalars(query)}


def purchase(purchase_id: uuid.UUID) -> Purchase | None:
    """A purchase by its id."""
    return db.session.get(Purchase, (tenancy.require(), purchase_id))


def purchases_of(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Purchase]:
    """Purchases by id."""
    query = select(Purchase).where(Purchase.supplier_id == tenancy.require(), Purchase.id.in_(set(ids)))
    return {found.id: found for found in db.session.scalars(query)}


def the_purchase(purchase_id: str) -> Purchase:
    """The purchase whose id somebody wrote into an address.

    Raises:
        UnknownPurchase
    """
    parsed = parse_id(purchase_id)
    found = purchase(parsed) if parsed is not None else None
    if found is None:
        raise UnknownPurchase("No purchase has this id.", remedy="Check the id, or list the purchases.")
    return found


def lines(purchase_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Subject]]:
    """What was bought with each purchase, by the subject's name."""
    query = (
        select(PurchaseSubject.purchase_id, Subject)
        .join(
            Subject,
            (Subject.supplier_id == PurchaseSubject.supplier_id) & (Subject.id == PurchaseSubject.subject_id),
        )
        .where(PurchaseSubject.supplier_id == tenancy.require(), PurchaseSubject.purchase_id.in_(purchase_ids))
        .order_by(Subject.name, Subject.id)
    )
    found: dict[uuid.UUID, list[Subject]] = defaultdict(list)
    for purchase_id, one in db.session.execute(query):
        found[purchase_id].append(one)
    return found


def purchases(*, limit: int, cursor: str | None = None, reference: str | None = None) -> Page[Purchase]:
    """Purchases, those last made known first; with `reference`, that one only.

    Raises:
        BadCursor
    """
    supplier_id = tenancy.require()
    scope = f"purchases {supplier_id}"
    query = select(Purchase).where(Purchase.supplier_id == supplier_id)
    if reference is not None:
        query = query.where(Purchase.reference == reference)
    if cursor is not None:
        query = query.where(Purchase.id < _last_id(scope, cursor))
    found = list(db.session.scalars(query.order_by(Purchase.id.desc()).limit(limit + 1)))
    more = len(found) > limit
    return Page(found[:limit], encode_cursor(scope, [str(found[limit - 1].id)]) if more else None)


def _last_id(scope: str, cursor: str) -> uuid.UUID:
    values = decode_cursor(scope, cursor)
    last = parse_id(str(values[0])) if len(values) == 1 else None
    if last is None:
        raise BadCursor(remedy="Begin again from the first page.")
    return last
