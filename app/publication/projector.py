"""The projector: turns facts about one review into what readers see, under one lock for each supplier.

The lock gives versions one order, the order of commits: a number taken before the commit by a slow transaction
would land behind a reader who has already seen a later one. Everything here is idempotent and touches one review
and its two scopes (the subject and the supplier), so its cost does not depend on how many are published.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from app.catalog import queries as catalog
from app.catalog.models import Subject
from app.core.clock import now, today
from app.core.db import db
from app.core.tenancy import require
from app.moderation import queries as moderation
from app.publication import documents, queries, rating
from app.publication.edition import TOMBSTONE_DAYS
from app.publication.models import Publication, PublishedReview, Rating, Tombstone
from app.publication.rules import Absence, Hidden, Shown, is_publishable
from app.reviews import queries as reviews
from app.reviews.models import Review, Revision
from app.verification import queries as verification

CHANNEL = "avouch_published"

# Proven once and lapsed since (the affiliation of 180 days ago): still true of the day the review was written.
_HELD = {"proven", "expired"}


def project(review_id: uuid.UUID) -> bool:
    """Bring readers' view of one review up to date with the facts; False where it already was."""
    publication = lock()
    before = queries.review(review_id)
    review = reviews.review(review_id)
    proofs = verification.proofs_view(review_id)
    approval = moderation.last_approved_revision(review_id)
    answer = is_publishable(
        author_state=review.author_state if review else None,
        author_proven=proofs["author"]["status"] in _HELD,
        approved_revision=approval.revision if approval else None,
    )
    match answer:
        case Shown(revision) if review is not None:
            subject_id = _show(publication, before, review, revision, proofs)
        case Hidden(because):
            subject_id = _hide(before, because)
        case _:  # pragma: no cover - a review that does not exist is never Shown
            subject_id = None
    if subject_id is None:
        return False
    advance(publication)
    render_scopes(publication, [subject_id])
    return True


def lock() -> Publication:
    """The supplier's publication, held until the commit; made where there is none yet."""
    supplier_id = require()
    db.session.execute(
        insert(Publication)
        .values(supplier_id=supplier_id, version=0, updated_at=now(), rated_on=today())
        .on_conflict_do_nothing()
    )
    return db.session.scalars(
        select(Publication)
        .where(Publication.supplier_id == supplier_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def advance(publication: Publication) -> None:
    """Give the publication its next version, and tell every web process at the commit."""
    publication.updated_at = now()
    publication.version = _next_version(publication)
    db.session.flush()
    db.session.execute(
        text("SELECT pg_notify(:channel, :payload)"),
        {"channel": CHANNEL, "payload": f"{publication.supplier_id} {publication.version}"},
    )


def render_scopes(publication: Publication, subject_ids: list[uuid.UUID], *, whole: bool = True) -> None:
    """Prepare the documents of these subjects, and of the supplier as a whole, for every site."""
    sites = documents.enabled_sites()
    if not sites:
        return
    supplier = documents.supplier()
    subjects: list[Subject | None] = list(
        db.session.scalars(
            select(Subject).where(Subject.supplier_id == supplier.id, Subject.id.in_(subject_ids)).order_by(Subject.id)
        )
    )
    for subject in [None, *subjects] if whole else subjects:
        documents.store(queries.contents(supplier, subject, publication.version), sites)


def forget_old_removals() -> None:
    """Drop the tombstones that feeds no longer show. The review's page then answers 404 in place of 410."""
    db.session.execute(
        delete(Tombstone).where(
            Tombstone.supplier_id == require(), Tombstone.removed_at <= now() - dt.timedelta(days=TOMBSTONE_DAYS)
        )
    )


def lapsed() -> list[uuid.UUID]:
    """Published reviews that show a proof as holding which has lapsed since."""
    return list(
        db.session.scalars(
            select(PublishedReview.review_id).where(
                PublishedReview.supplier_id == require(), PublishedReview.proofs_lapse_at <= now()
            )
        )
    )


def _show(
    publication: Publication, before: PublishedReview | None, review: Review, number: int, proofs: dict[str, Any]
) -> uuid.UUID | None:
    """Publish or update; the subject touched, or None where nothing changed."""
    revision = reviews.revision(review.id, number)
    subject = catalog.subject(review.subject_id)
    if revision is None or subject is None:
        raise LookupError(f"review {review.id} was approved without its revision {number} or its subject")
    values = _view(review, revision, subject, proofs)
    if before is None:
        moment = now()
        after = PublishedReview(
            supplier_id=review.supplier_id,
            review_id=review.id,
            position=_next_version(publication),
            published_at=moment,
            updated_at=moment,
            **values,
        )
        db.session.add(after)
        db.session.execute(delete(Tombstone).where(Tombstone.review_id == review.id))
        _rate(after.subject_id, add=_mark(after))
    else:
        changed = {name: value for name, value in values.items() if getattr(before, name) != value}
        if not changed:
            return None
        old = _mark(before)
        for name, value in changed.items():
            setattr(before, name, value)
        before.updated_at = now()
        before.position = _next_version(publication)
        _rate(before.subject_id, remove=old, add=_mark(before))
    db.session.flush()
    return subject.id


def _hide(before: PublishedReview | None, because: Absence) -> uuid.UUID | None:
    """Take down; the subject touched, or None where it was not up."""
    if before is None:
        return None
    db.session.add(
        Tombstone(
            supplier_id=before.supplier_id,
            review_id=before.review_id,
            subject_id=before.subject_id,
            cause=because,
            removed_at=now(),
        )
    )
    _rate(before.subject_id, remove=_mark(before))
    db.session.delete(before)
    db.session.flush()
    return before.subject_id


def _view(review: Review, revision: Revision, subject: Subject, proofs: dict[str, Any]) -> dict[str, Any]:
    """What readers see of a revision, column by column."""
    buyer = catalog.buyer(review.buyer_id) if review.buyer_id else None
    works_there = proofs["affiliation"]["status"] in _HELD
    return {
        "subject_id": subject.id,
        "subject_slug": subject.slug,
        "subject_name": subject.name,
        "revision": revision.number,
        "rating": revision.rating,
        "title": revision.title,
        "text": revision.text,
        "pros": revision.pros,
        "cons": revision.cons,
        "role": revision.role,
        "industry": buyer.industry if buyer else None,
        "duration": revision.duration,
        "author_name": revision.display_name,
        "company": buyer.name if buyer and works_there and review.show_company else None,
        "language": review.language,
        "submitted_at": review.submitted_at,
        "proofs": proofs,
        "evidence_weight": verification.evidence_weight(proofs),
        "proofs_lapse_at": _first_lapse(proofs),
        "reply": _reply(review.id),
        "incentive": review.incentive,
        "resolved_at": review.resolved_at,
    }


def _reply(review_id: uuid.UUID) -> dict[str, str] | None:
    reply = moderation.reply(review_id)
    if reply is None:
        return None
    return {"text": reply.text, "date": reply.updated_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def _first_lapse(proofs: Mapping[str, Mapping[str, Any]]) -> dt.datetime | None:
    """The midnight (UTC) after which the first proof that holds now has surely lapsed."""
    ends = [
        dt.date.fromisoformat(proof["expires"][:10]) + dt.timedelta(days=1)
        for proof in proofs.values()
        if proof["status"] == "proven" and proof.get("expires")
    ]
    return dt.datetime.combine(min(ends), dt.time(), dt.UTC) if ends else None


def _mark(review: PublishedReview) -> rating.Mark:
    author, affiliation, purchase = (review.proofs[kind]["status"] == "proven" for kind in rating.PROOFS)
    return rating.Mark(
        stars=review.rating,
        evidence=review.evidence_weight,
        published=review.published_at.astimezone(dt.UTC).date(),
        proven=(author, affiliation, purchase),
    )


def _rate(subject_id: uuid.UUID, *, remove: rating.Mark | None = None, add: rating.Mark | None = None) -> None:
    """Move the running sums of both scopes from one mark to the other."""
    if remove == add:
        return
    for scope_id in (require(), subject_id):
        sums = queries.sums(scope_id)
        if remove is not None:
            sums = rating.remove(sums, remove)
        if add is not None:
            sums = rating.add(sums, add)
        _save(scope_id, sums)


def _save(scope_id: uuid.UUID, sums: rating.Sums) -> None:
    values = {"stars": list(sums.stars), "proven": list(sums.proven), "weight": sums.weight, "weighted": sums.weighted}
    row = db.session.scalar(select(Rating).where(Rating.scope_id == scope_id))
    if row is None:
        db.session.add(Rating(supplier_id=require(), scope_id=scope_id, **values))
    else:
        for name, value in values.items():
            setattr(row, name, value)
    db.session.flush()


def _next_version(publication: Publication) -> int:
    return publication.version + 1
