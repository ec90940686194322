"""Taking subjects, buyers and purchases in, one or many at once, in a fixed number of statements.

Intake of one supplier is done one request after another (an advisory lock held to the commit). So two
requests with the same reference, buyer or SKU cannot both find it missing, and no two batches can hold
rows that the other waits for. Different suppliers do not wait for each other.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, insert, select

from app.catalog import queries, rules
from app.catalog.models import Buyer, Purchase, PurchaseSubject, Subject, SubjectKind
from app.core import tenancy
from app.core.clock import now
from app.core.db import db
from app.core.errors import FieldError, Invalid
from app.core.ids import new_id


class Keep(enum.Enum):
    """Stands for a value that was not sent: what is there already stays."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


@dataclass(frozen=True)
class SubjectInput:
    """A subject as sent. Without a name it must be known already."""

    sku: str
    name: str | Keep = KEEP
    kind: str | Keep = KEEP
    url: str | Keep | None = KEEP
    gtin: str | Keep | None = KEEP
    mpn: str | Keep | None = KEEP


@dataclass(frozen=True)
class BuyerInput:
    """A buyer as sent. Domains are A-labels; they are added to those that are known."""

    name: str
    domains: tuple[str, ...] = ()
    lei: str | Keep | None = KEEP
    industry: str | Keep | None = KEEP


@dataclass(frozen=True)
class PurchaseInput:
    """A purchase as sent."""

    reference: str
    purchased_on: dt.date
    buyer: BuyerInput
    subjects: tuple[SubjectInput, ...]
    contact_email: str | Keep | None = KEEP
    contact_name: str | Keep | None = KEEP
    incentive: str | Keep | None = KEEP


class Change(enum.StrEnum):
    """What became of something that was sent."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Taken:
    """A purchase that was taken in, its lines, and what that changed."""

    purchase: Purchase
    buyer: Buyer
    subjects: tuple[Subject, ...]
    change: Change


class CatalogInvalid(Invalid):
    """Something sent does not fit with what is known; the pointers are relative to the list of purchases."""

    title = "Some of the purchases cannot be taken"


def put_purchases(inputs: Sequence[PurchaseInput]) -> list[Taken]:
    """Take purchases in, all or none, in their order; the reference is what makes two of them the same.

    A purchase that is known is brought up to date: date, buyer, contact and incentive are replaced, lines
    are added. One that was revoked stays as it is.

    Raises:
        CatalogInvalid: two share a reference, or a subject is neither known nor named.
    """
    _refuse_twins(inputs)
    _lock_intake()
    subjects = _put_subjects([one for item in inputs for one in item.subjects], _pointers(inputs))
    buyers = _put_buyers([item.buyer for item in inputs])
    known = _known_purchases([item.reference for item in inputs])
    taken: list[tuple[PurchaseInput, Purchase, Change]] = []
    for item in inputs:
        buyer = buyers[rules.buyer_key(item.buyer.name)]
        purchase = known.get(item.reference)
        if purchase is None:
            taken.append((item, _new_purchase(item, buyer), Change.CREATED))
        else:
            taken.append((item, purchase, _update_purchase(purchase, item, buyer)))
    db.session.flush()
    grown = _put_lines([(purchase, [subjects[one.sku].id for one in item.subjects]) for item, purchase, _ in taken])
    return _results(taken, grown)


def put_purchase(item: PurchaseInput) -> tuple[Purchase, bool]:
    """Take one purchase in; whether it is new."""
    taken = put_purchases([item])[0]
    return taken.purchase, taken.change is Change.CREATED


def put_subjects(inputs: Sequence[SubjectInput]) -> list[Subject]:
    """Add or change subjects, in their order; the SKU is what makes two of them the same.

    Raises:
        CatalogInvalid: a new one has no name.
    """
    _lock_intake()
    found = _put_subjects(inputs, [f"/{place}" for place in range(len(inputs))])
    return [found[item.sku] for item in inputs]


def put_subject(
    sku: str,
    name: str,
    kind: str = SubjectKind.PRODUCT,
    url: str | None = None,
    gtin: str | None = None,
    mpn: str | None = None,
) -> Subject:
    """Add or change one subject."""
    return put_subjects([SubjectInput(sku, name, kind, url, gtin, mpn)])[0]


def put_buyer(
    name: str, domains: Iterable[str] = (), lei: str | Keep | None = KEEP, industry: str | Keep | None = KEEP
) -> Buyer:
    """Add one buyer, or add to what is known of it."""
    _lock_intake()
    item = BuyerInput(name, tuple(domains), lei, industry)
    return _put_buyers([item])[rules.buyer_key(name)]


def revoke_purchase(purchase: Purchase) -> bool:
    """Take a purchase back; False where that was done before. Its tokens are verification's to revoke."""
    if purchase.revoked_at is not None:
        return False
    purchase.revoked_at = purchase.updated_at = now()
    db.session.flush()
    return True


def _lock_intake() -> None:
    key = func.hashtextextended(f"catalog intake {tenancy.require()}", 0)
    db.session.execute(select(func.pg_advisory_xact_lock(key)))


def _refuse_twins(inputs: Sequence[PurchaseInput]) -> None:
    seen: set[str] = set()
    faults = []
    for place, item in enumerate(inputs):
        if item.reference in seen:
            faults.append(FieldError(f"/{place}/reference", "duplicate", "This reference stands here twice."))
        seen.add(item.reference)
    if faults:
        raise CatalogInvalid("Two purchases have the same reference.", remedy="Send each once.", fields=faults)


def _pointers(inputs: Sequence[PurchaseInput]) -> list[str]:
    return [f"/{row}/subjects/{place}" for row, item in enumerate(inputs) for place in range(len(item.subjects))]


def _put_subjects(inputs: Sequence[SubjectInput], pointers: Sequence[str]) -> dict[str, Subject]:
    supplier_id = tenancy.require()
    query = select(Subject).where(Subject.supplier_id == supplier_id, Subject.sku.in_({item.sku for item in inputs}))
    found = {subject.sku: subject for subject in db.session.scalars(query)}
    fresh: list[Subject] = []
    faults = []
    for item, pointer in zip(inputs, pointers, strict=True):
        subject = found.get(item.sku)
        if subject is not None:
            _change(subject, name=item.name, kind=item.kind, url=item.url, gtin=item.gtin, mpn=item.mpn)
        elif item.name is KEEP:
            faults.append(
                FieldError(pointer, "subject_unknown", "No subject has this SKU; send its name too, to add it.")
            )
        else:
            found[item.sku] = _new_subject(supplier_id, item)
            fresh.append(found[item.sku])
    if faults:
        raise CatalogInvalid(
            "Some subjects are neither known nor named.", remedy="Send a name with each new SKU.", fields=faults
        )
    _give_slugs(supplier_id, fresh)
    db.session.add_all(fresh)
    db.session.flush()
    return found


def _new_subject(supplier_id: uuid.UUID, item: SubjectInput) -> Subject:
    return Subject(
        supplier_id=supplier_id,
        id=new_id(),
        sku=item.sku,
        name=item.name,
        kind=SubjectKind.PRODUCT if item.kind is KEEP else item.kind,
        url=_or_none(item.url),
        gtin=_or_none(item.gtin),
        mpn=_or_none(item.mpn),
    )


def _give_slugs(supplier_id: uuid.UUID, fresh: Sequence[Subject]) -> None:
    """A slug for each new subject, that no other has. It never changes after: it stands in links."""
    if not fresh:
        return
    wanted = {subject.sku: rules.subject_slug(subject.name, subject.sku) for subject in fresh}
    query = select(Subject.slug).where(Subject.supplier_id == supplier_id, Subject.slug.in_(set(wanted.values())))
    taken = set(db.session.scalars(query))
    for subject in fresh:
        slug = wanted[subject.sku]
        subject.slug = slug if slug not in taken else rules.distinct_slug(slug, subject.sku)
        taken.add(subject.slug)


def _put_buyers(inputs: Sequence[BuyerInput]) -> dict[str, Buyer]:
    supplier_id = tenancy.require()
    keys = {rules.buyer_key(item.name) for item in inputs}
    query = select(Buyer).where(Buyer.supplier_id == supplier_id, Buyer.name_key.in_(keys))
    found = {buyer.name_key: buyer for buyer in db.session.scalars(query)}
    for item in inputs:
        key = rules.buyer_key(item.name)
        buyer = found.get(key)
        if buyer is None:
            buyer = found[key] = Buyer(
                supplier_id=supplier_id, id=new_id(), name=item.name, name_key=key, domains=[], lei=None, industry=None
            )
            db.session.add(buyer)
        _change(buyer, lei=item.lei, industry=item.industry)
        if added := [domain for domain in dict.fromkeys(item.domains) if domain not in buyer.domains]:
            buyer.domains = [*buyer.domains, *added]
    db.session.flush()
    return found


def _known_purchases(references: Sequence[str]) -> dict[str, Purchase]:
    query = select(Purchase).where(Purchase.supplier_id == tenancy.require(), Purchase.reference.in_(references))
    return {purchase.reference: purchase for purchase in db.session.scalars(query)}


def _new_purchase(item: PurchaseInput, buyer: Buyer) -> Purchase:
    purchase = Purchase(
        supplier_id=buyer.supplier_id,
        id=new_id(),
        reference=item.reference,
        purchased_on=item.purchased_on,
        buyer_id=buyer.id,
        contact_email=_or_none(item.contact_email),
        contact_name=_or_none(item.contact_name),
        incentive=_or_none(item.incentive),
    )
    db.session.add(purchase)
    return purchase


def _update_purchase(purchase: Purchase, item: PurchaseInput, buyer: Buyer) -> Change:
    if purchase.revoked_at is not None:
        return Change.UNCHANGED
    changed = _change(
        purchase,
        purchased_on=item.purchased_on,
        buyer_id=buyer.id,
        contact_email=item.contact_email,
        contact_name=item.contact_name,
        incentive=item.incentive,
    )
    if changed:
        purchase.updated_at = now()
    return Change.UPDATED if changed else Change.UNCHANGED


def _put_lines(wanted: Sequence[tuple[Purchase, Sequence[uuid.UUID]]]) -> set[uuid.UUID]:
    """Add the lines that are missing; the purchases that got one."""
    supplier_id = tenancy.require()
    query = select(PurchaseSubject.purchase_id, PurchaseSubject.subject_id).where(
        PurchaseSubject.supplier_id == supplier_id,
        PurchaseSubject.purchase_id.in_([purchase.id for purchase, _ in wanted]),
    )
    known = {(row.purchase_id, row.subject_id) for row in db.session.execute(query)}
    missing = [
        (purchase.id, subject_id)
        for purchase, subject_ids in wanted
        for subject_id in dict.fromkeys(subject_ids)
        if (purchase.id, subject_id) not in known and purchase.revoked_at is None
    ]
    if missing:
        db.session.execute(
            insert(PurchaseSubject),
            [
                {"supplier_id": supplier_id, "purchase_id": purchase_id, "subject_id": subject_id}
                for purchase_id, subject_id in missing
            ],
        )
    return {purchase_id for purchase_id, _ in missing}


def _results(taken: Sequence[tuple[PurchaseInput, Purchase, Change]], grown: set[uuid.UUID]) -> list[Taken]:
    lines = queries.lines([purchase.id for _, purchase, _ in taken])
    buyers = queries.buyers(purchase.buyer_id for _, purchase, _ in taken)
    results = []
    for _, purchase, change in taken:
        more = change is Change.UNCHANGED and purchase.id in grown
        if more:
            purchase.updated_at = now()
        results.append(
            Taken(
                purchase=purchase,
                buyer=buyers[purchase.buyer_id],
                subjects=tuple(lines.get(purchase.id, ())),
                change=Change.UPDATED if more else change,
            )
        )
    db.session.flush()
    return results


def _change(row: Any, **values: Any) -> bool:
    """Set what was sent and differs; whether anything did."""
    changed = False
    for name, value in values.items():
        if value is not KEEP and getattr(row, name) != value:
            setattr(row, name, value)
            changed = True
    return changed


def _or_none(value: str | Keep | None) -> str | None:
    return None if isinstance(value, Keep) else value
