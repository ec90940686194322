"""All reviews by state, newest first, as their supplier sees them: the list behind the dashboard and the API.

Each state begins at the table whose index has it in order, so a page costs the same with a thousand reviews
as with a million.
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Select, select

from app.catalog.models import Subject
from app.core.db import db
from app.core.ids import parse_id
from app.core.paging import BadCursor, Page, decode_cursor, encode_cursor
from app.core.tenancy import require
from app.moderation.models import Case, CaseState
from app.moderation.queries import proofs_of
from app.publication.models import PublishedReview
from app.reviews.models import AuthorState, Review, Revision
from app.verification.standing import ProofsDict

PAGE_SIZE = 25


class State(enum.StrEnum):
    """Where a review stands, in one word for the list."""

    WAITING = "waiting"
    PUBLISHED = "published"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    HIDDEN = "hidden"


WORDS: dict[str, Any] = {
    State.WAITING: _("Waiting"),
    State.PUBLISHED: _("Published"),
    State.REFUSED: _("Refused"),
    State.WITHDRAWN: _("Withdrawn"),
    State.HIDDEN: _("Not shown"),
}

# What one can filter by; "hidden" (approved, but its author proof was revoked) is rare and has no list of its own.
FILTERS = (State.WAITING, State.PUBLISHED, State.REFUSED, State.WITHDRAWN)


@dataclass(frozen=True)
class Row:
    """A review in the list. `case` is None until its newest revision has a case."""

    review: Review
    revision: Revision
    subject: Subject
    proofs: ProofsDict
    case: Case | None
    published: PublishedReview | None

    @property
    def state(self) -> State:
        """Where it stands."""
        return state_of(self.review, self.case, self.published)

    @property
    def newest_waits(self) -> bool:
        """Whether the newest revision still waits for its ruling."""
        return self.review.author_state == AuthorState.ACTIVE and (
            self.case is None or self.case.state == CaseState.OPEN
        )

    @property
    def newer_waits(self) -> bool:
        """Whether readers see an older text while the newest waits."""
        return self.published is not None and self.newest_waits


def state_of(review: Review, case: Case | None, published: PublishedReview | None) -> State:
    """Where a review stands, from its author's wish, its newest revision's case, and what readers see."""
    if review.author_state == AuthorState.WITHDRAWN:
        return State.WITHDRAWN
    if published is not None:
        return State.PUBLISHED
    if case is None or case.state == CaseState.OPEN:
        return State.WAITING
    return State.REFUSED if case.state == CaseState.REFUSED else State.HIDDEN


def reviews(state: State | None, subject: Subject | None, cursor: str | None, size: int = PAGE_SIZE) -> Page[Row]:
    """A page of the list. Three queries, whatever the filter and the size.

    Raises:
        BadCursor: it was changed, or belongs to another list.
    """
    scope = f"listing {require()} {state or 'all'} {subject.id if subject else 'all'}"
    ids, key = _ids(state)
    if subject is not None:
        ids = ids.where(Review.subject_id == subject.id)
    if cursor:
        ids = ids.where(key < _before(scope, cursor))
    found = list(db.session.scalars(ids.order_by(key.desc()).limit(size + 1)))
    following = encode_cursor(scope, [str(found[size - 1])]) if len(found) > size else None
    return Page(rows(found[:size]), following)


def _ids(state: State | None) -> tuple[Select[uuid.UUID], Any]:
    """The ids of the reviews in a state, and the column that orders them."""
    supplier_id = require()
    if state in {State.WAITING, State.REFUSED}:
        ids = (
            select(Case.review_id)
            .join(Review, (Review.supplier_id == Case.supplier_id) & (Review.id == Case.review_id))
            # A published review whose newest revision waits or was refused is published: readers see it.
            .outerjoin(
                PublishedReview,
                (PublishedReview.supplier_id == Case.supplier_id) & (PublishedReview.review_id == Case.review_id),
            )
            .where(
                Case.supplier_id == supplier_id,
                Case.state == (CaseState.OPEN if state == State.WAITING else CaseState.REFUSED),
                Case.revision == Review.current_revision,
                Review.author_state == AuthorState.ACTIVE,
                PublishedReview.review_id.is_(None),
            )
        )
        return ids, Case.review_id
    if state == State.PUBLISHED:
        ids = (
            select(PublishedReview.review_id)
            .join(
                Review, (Review.supplier_id == PublishedReview.supplier_id) & (Review.id == PublishedReview.review_id)
            )
            .where(PublishedReview.supplier_id == supplier_id, Review.author_state == AuthorState.ACTIVE)
        )
        return ids, PublishedReview.review_id
    ids = select(Review.id).where(Review.supplier_id == supplier_id)
    if state == State.WITHDRAWN:
        ids = ids.where(Review.author_state == AuthorState.WITHDRAWN)
    return ids, Review.id


def rows(ids: Collection[uuid.UUID]) -> list[Row]:
    """These reviews with what surrounds them, newest first. Two queries."""
    query = (
        select(Review, Revision, Subject, Case, PublishedReview)
        .join(
            Revision,
            (Revision.supplier_id == Review.supplier_id)
            & (Revision.review_id == Review.id)
            & (Revision.number == Review.current_revision),
        )
        .join(Subject, (Subject.supplier_id == Review.supplier_id) & (Subject.id == Review.subject_id))
        .outerjoin(
            Case,
            (Case.supplier_id == Review.supplier_id)
            & (Case.review_id == Review.id)
            & (Case.revision == Review.current_revision),
        )
        .outerjoin(
            PublishedReview,
            (PublishedReview.supplier_id == Review.supplier_id) & (PublishedReview.review_id == Review.id),
        )
        .where(Review.supplier_id == require(), Review.id.in_(ids))
        .order_by(Review.id.desc())
    )
    proofs = proofs_of(ids)
    return [Row(row[0], row[1], row[2], proofs[row[0].id], row[3], row[4]) for row in db.session.execute(query)]


def _before(scope: str, cursor: str) -> uuid.UUID:
    values = decode_cursor(scope, cursor)
    before = parse_id(str(values[0])) if values else None
    if before is None:
        raise BadCursor(remedy="Begin again from the first page.")
    return before
