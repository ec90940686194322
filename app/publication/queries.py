"""Reads of the read model. All inside the tenant that was entered, except where they say otherwise."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, tuple_

from app.catalog.models import Subject
from app.core.clock import now, today
from app.core.db import db
from app.core.ids import parse_id
from app.core.paging import BadCursor, Page, decode_cursor, encode_cursor
from app.core.tenancy import require
from app.publication import rating
from app.publication.edition import PAGE_SIZE, TOMBSTONE_DAYS, TOMBSTONES_AT_MOST, Contents
from app.publication.models import Document, Publication, PublishedReview, Rating, Tombstone
from app.suppliers.models import Supplier


@dataclass(frozen=True, slots=True)
class Served:
    """A prepared document, and the version of the supplier's publication at the same instant."""

    supplier_id: uuid.UUID
    version: int
    content_type: str
    body: bytes
    gzipped: bytes


def document(path: str) -> Served | None:
    """The document at `path` (with its normalised query). Needs no tenant: documents are public.

    One statement, so one snapshot: the version is the one that these very bytes belong to.
    """
    row = db.session.execute(
        select(Document.supplier_id, Publication.version, Document.content_type, Document.body, Document.gzipped)
        .join(Publication, Publication.supplier_id == Document.supplier_id)
        .where(Document.path == path)
    ).one_or_none()
    return Served(*row) if row else None


def version_of(supplier_id: uuid.UUID) -> int:
    """The supplier's published version; 0 before anything was published. Needs no tenant."""
    return db.session.scalar(select(Publication.version).where(Publication.supplier_id == supplier_id)) or 0


def review(review_id: uuid.UUID) -> PublishedReview | None:
    """A review as readers see it, or None where they do not."""
    return db.session.scalar(select(PublishedReview).where(PublishedReview.review_id == review_id))


def tombstone(review_id: uuid.UUID) -> Tombstone | None:
    """The mark that a published review left when it went, or None."""
    return db.session.scalar(select(Tombstone).where(Tombstone.review_id == review_id))


def sums(scope_id: uuid.UUID) -> rating.Sums:
    """The running sums of a scope (a subject's id, or the supplier's own)."""
    row = db.session.scalar(select(Rating).where(Rating.scope_id == scope_id))
    if row is None:
        return rating.Sums()
    return rating.Sums(stars=tuple(row.stars), proven=tuple(row.proven), weight=row.weight, weighted=row.weighted)


def summary(scope_id: uuid.UUID, as_of: dt.date | None = None) -> rating.Reckoned:
    """The rating of a scope on a day, today where none is given."""
    return rating.reckon(sums(scope_id), as_of or today())


def reviewed_subjects() -> list[Subject]:
    """The supplier's subjects that have published reviews, by name."""
    return list(
        db.session.scalars(
            select(Subject)
            .join(Rating, (Rating.supplier_id == Subject.supplier_id) & (Rating.scope_id == Subject.id))
            .where(Subject.supplier_id == require(), Rating.stars != [0, 0, 0, 0, 0])
            .order_by(Subject.name, Subject.id)
        )
    )


def page(subject_id: uuid.UUID | None, cursor: str | None = None, size: int = PAGE_SIZE) -> Page[PublishedReview]:
    """Published reviews, newest first, of one subject or of all.

    The cursor is the last row seen, (published_at, review_id): one step down an index, however deep. What is
    published meanwhile lands above the first page, so nothing is skipped or told twice on the way down.

    Raises:
        BadCursor: it was changed, or belongs to another supplier's or subject's list.
    """
    scope = f"reviews {require()} {subject_id or 'all'}"
    found = select(PublishedReview).where(PublishedReview.supplier_id == require())
    if subject_id is not None:
        found = found.where(PublishedReview.subject_id == subject_id)
    if cursor is not None:
        found = found.where(
            tuple_(PublishedReview.published_at, PublishedReview.review_id) < tuple_(*_position(scope, cursor))
        )
    rows = db.session.scalars(
        found.order_by(PublishedReview.published_at.desc(), PublishedReview.review_id.desc()).limit(size + 1)
    ).all()
    more = len(rows) > size
    items = rows[:size]
    last = items[-1] if items else None
    following = encode_cursor(scope, [last.published_at.isoformat(), str(last.review_id)]) if more and last else None
    return Page(items=items, next=following)


def removals(subject_id: uuid.UUID | None) -> tuple[list[Tombstone], dt.datetime]:
    """What was taken down in the last 90 days, newest first, and since when that list is complete."""
    since = now() - timedelta(days=TOMBSTONE_DAYS)
    found = select(Tombstone).where(Tombstone.supplier_id == require(), Tombstone.removed_at > since)
    if subject_id is not None:
        found = found.where(Tombstone.subject_id == subject_id)
    rows = list(db.session.scalars(found.order_by(Tombstone.removed_at.desc()).limit(TOMBSTONES_AT_MOST)))
    # Day by day, or the document's bytes would change with each rendering though nothing happened.
    complete_since = since.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    if len(rows) == TOMBSTONES_AT_MOST:
        complete_since = rows[-1].removed_at
    return rows, complete_since


def contents(supplier: Supplier, subject: Subject | None, version: int, cursor: str | None = None) -> Contents:
    """Everything a scope's documents and pages are made from."""
    listed = page(subject.id if subject else None, cursor)
    removed, since = removals(subject.id if subject else None)
    return Contents(
        supplier=supplier,
        subject=subject,
        version=version,
        rating=summary(subject.id if subject else supplier.id),
        reviews=listed.items,
        next_cursor=listed.next,
        removals=removed,
        removals_since=since,
    )


def _position(scope: str, cursor: str) -> tuple[dt.datetime, uuid.UUID]:
    values = decode_cursor(scope, cursor)
    try:
        moment, review_id = dt.datetime.fromisoformat(values[0]), parse_id(values[1])
    except (ValueError, TypeError, IndexError, AttributeError) as error:
        # Only a cursor signed by an older release of ours gets here.
        raise BadCursor(remedy="Begin again from the first page.") from error
    if review_id is None:
        raise BadCursor(remedy="Begin again from the first page.")
    return moment, review_id
