"""Reads of reviews and revisions that other packages may use. All inside the tenant that was entered."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from app.core.db import db
from app.core.ids import parse_id
from app.reviews.errors import ReviewUnknown
from app.reviews.models import Review, Revision


def review(review_id: uuid.UUID) -> Review | None:
    """The review, or None where this supplier has no such one."""
    return db.session.scalar(select(Review).where(Review.id == review_id))


def the_review(review_id: str) -> Review:
    """The review whose id somebody wrote into an address.

    Raises:
        ReviewUnknown: there is none, or it is another supplier's.
    """
    parsed = parse_id(review_id)
    found = review(parsed) if parsed is not None else None
    if found is None:
        raise ReviewUnknown("No review has this id.", remedy="Check the id, or list the reviews.")
    return found


def review_by_follow_hash(follow_hash: bytes) -> Review | None:
    """The review whose follow secret has this SHA-256."""
    return db.session.scalar(select(Review).where(Review.follow_hash == follow_hash))


def revision(review_id: uuid.UUID, number: int) -> Revision | None:
    """One revision of a review, or None."""
    return db.session.scalar(select(Revision).where(Revision.review_id == review_id, Revision.number == number))


def current_revision(of: Review) -> Revision:
    """The newest revision of a review; there is always one."""
    return db.session.scalars(
        select(Revision).where(Revision.review_id == of.id, Revision.number == of.current_revision)
    ).one()


def history(review_id: uuid.UUID) -> list[Revision]:
    """All revisions of a review, oldest first."""
    found = db.session.scalars(select(Revision).where(Revision.review_id == review_id).order_by(Revision.number))
    return list(found)
