"""Reads of cases, decisions and replies. All inside the tenant that was entered."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from app.catalog.models import Buyer, Subject
from app.core.clock import now
from app.core.db import db
from app.core.ids import parse_id
from app.core.paging import BadCursor, Page, decode_cursor, encode_cursor
from app.core.tenancy import current, require
from app.moderation.models import Case, CaseState, Decision, ModerationPolicy, Reply
from app.moderation.rules import WORD_FIELDS, Outcome
from app.reviews.models import Review, Revision
from app.verification.models import Proof
from app.verification.standing import ProofsDict, Standing

PAGE_SIZE = 25


@dataclass(frozen=True)
class Policy:
    """A supplier's choices; the defaults hold until it has made any."""

    approve_proven: bool = True
    show_stars: bool = False


@dataclass(frozen=True)
class Item:
    """A case with what it is about."""

    case: Case
    review: Review
    revision: Revision
    subject: Subject
    buyer: Buyer | None
    proofs: ProofsDict


def policy() -> Policy:
    """The supplier's choices."""
    row = db.session.get(ModerationPolicy, require())
    return Policy(row.approve_proven, row.show_stars) if row is not None else Policy()


def queue(cursor: str | None = None, size: int = PAGE_SIZE) -> Page[Item]:
    """What waits, oldest first. Four queries, however long the queue and the page are."""
    query = _items().where(Case.state == CaseState.OPEN).order_by(Case.id).limit(size + 1)
    if cursor:
        query = query.where(Case.id > _after(cursor))
    found = _with_proofs(query)
    more = len(found) > size
    found = found[:size]
    return Page(found, encode_cursor(_scope(), [str(found[-1].case.id)]) if more else None)


def item(case_id: uuid.UUID) -> Item | None:
    """One case with what it is about, or None."""
    found = _with_proofs(_items().where(Case.id == case_id))
    return found[0] if found else None


def next_waiting(after: uuid.UUID | None = None) -> uuid.UUID | None:
    """The oldest case that waits after this one; from the beginning where there is none."""
    query = (
        select(Case.id).where(Case.supplier_id == require(), Case.state == CaseState.OPEN).order_by(Case.id).limit(1)
    )
    following = db.session.scalar(query.where(Case.id > after)) if after is not None else None
    return following or db.session.scalar(query)


def count_waiting(at_most: int = 1000) -> int:
    """How many cases wait; counting stops at `at_most`, beyond which the number says nothing more."""
    waiting = (
        select(Case.id).where(Case.supplier_id == require(), Case.state == CaseState.OPEN).limit(at_most).subquery()
    )
    return db.session.scalar(select(func.count()).select_from(waiting)) or 0


def oldest_waiting() -> datetime | None:
    """Since when the oldest case waits."""
    return db.session.scalar(
        select(Case.opened_at)
        .where(Case.supplier_id == require(), Case.state == CaseState.OPEN)
        .order_by(Case.id)
        .limit(1)
    )


def case_of(review_id: uuid.UUID, revision: int) -> Case | None:
    """The case of one revision."""
    return db.session.scalar(select(Case).where(Case.review_id == review_id, Case.revision == revision))


def cases_of(review_id: uuid.UUID) -> list[Case]:
    """All cases of a review, oldest revision first."""
    return list(db.session.scalars(select(Case).where(Case.review_id == review_id).order_by(Case.revision)))


def review_of(case: Case) -> Review:
    """The review that a case is about."""
    return db.session.scalars(select(Review).where(Review.id == case.review_id)).one()


def decision(decision_id: uuid.UUID) -> Decision | None:
    """A decision by its id."""
    return db.session.scalar(select(Decision).where(Decision.id == decision_id))


def decision_on(case_id: uuid.UUID) -> Decision | None:
    """The ruling on a case, if there is one."""
    return db.session.scalar(select(Decision).where(Decision.case_id == case_id))


def decisions_on(case_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Decision]:
    """The rulings on these cases, by case, in one query."""
    query = select(Decision).where(Decision.supplier_id == require(), Decision.case_id.in_(set(case_ids)))
    return {found.case_id: found for found in db.session.scalars(query)}


def decisions(review_id: uuid.UUID) -> list[Decision]:
    """All rulings on a review, oldest first."""
    return list(db.session.scalars(select(Decision).where(Decision.review_id == review_id).order_by(Decision.id)))


def last_approved_revision(review_id: uuid.UUID) -> Decision | None:
    """The approval of the newest revision that has one. It stays what readers see while a newer one waits, so that
    an edit can neither hide a review nor delay it."""
    return db.session.scalar(
        select(Decision)
        .where(Decision.review_id == review_id, Decision.outcome == Outcome.APPROVED)
        .order_by(Decision.revision.desc(), Decision.id.desc())
        .limit(1)
    )


def reply(review_id: uuid.UUID) -> Reply | None:
    """The supplier's answer to a review."""
    return db.session.scalar(select(Reply).where(Reply.review_id == review_id))


def replies(review_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Reply]:
    """The supplier's answers to these reviews, by review, in one query."""
    query = select(Reply).where(Reply.supplier_id == require(), Reply.review_id.in_(set(review_ids)))
    return {found.review_id: found for found in db.session.scalars(query)}


def words_of(revision: Revision) -> dict[str, str]:
    """The words of a revision by field, without its rating: what is screened, and what a passage is looked for in."""
    return {name: str(getattr(revision, name) or "") for name in WORD_FIELDS}


def proofs_of(review_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, ProofsDict]:
    """The three proofs of each review, as they stand now, in one query."""
    ids = set(review_ids)
    by_review: dict[uuid.UUID, list[Proof]] = defaultdict(list)
    for proof in db.session.scalars(select(Proof).where(Proof.review_id.in_(ids))):
        by_review[proof.review_id].append(proof)
    moment = now()
    return {review_id: Standing.of(by_review[review_id], moment).as_dict() for review_id in ids}


# The buyer is None where the purchase is not known; SQLAlchemy's types do not know outer joins.
_Items = Select[Case, Review, Revision, Subject, Buyer]


def _items() -> _Items:
    return (
        select(Case, Review, Revision, Subject, Buyer)
        .join(Review, (Review.supplier_id == Case.supplier_id) & (Review.id == Case.review_id))
        .join(
            Revision,
            (Revision.supplier_id == Case.supplier_id)
            & (Revision.review_id == Case.review_id)
            & (Revision.number == Case.revision),
        )
        .join(Subject, (Subject.supplier_id == Review.supplier_id) & (Subject.id == Review.subject_id))
        .outerjoin(Buyer, (Buyer.supplier_id == Review.supplier_id) & (Buyer.id == Review.buyer_id))
        .where(Case.supplier_id == require())
    )


def _with_proofs(query: _Items) -> list[Item]:
    rows = db.session.execute(query).all()
    proofs = proofs_of(row[1].id for row in rows)
    return [Item(row[0], row[1], row[2], row[3], row[4], proofs[row[1].id]) for row in rows]


def _scope() -> str:
    return f"moderation {current()}"


def _after(cursor: str) -> uuid.UUID:
    values = decode_cursor(_scope(), cursor)
    after = parse_id(str(values[0])) if values else None
    if after is None:
        raise BadCursor(remedy="Begin again from the first page.")
    return after
