"""The one door through which a review is made, edited, withdrawn or marked as resolved."""

from __future__ import annotations

import uuid
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Insert, Table, bindparam, insert, select
from sqlalchemy.orm import make_transient_to_detached

from app.catalog.models import Purchase
from app.core import secrets
from app.core.clock import now
from app.core.db import db
from app.core.events import publish
from app.core.tenancy import require
from app.reviews import queries
from app.reviews.errors import NothingChanged, ReviewIsWithdrawn, ReviewUnknown, RevisionStale, TooManyRevisions
from app.reviews.events import CompanyShown, ReviewResolved, ReviewRevised, ReviewSubmitted, ReviewWithdrawn
from app.reviews.models import AuthorState, Review, Revision
from app.reviews.rules import MAX_REVISIONS, Content, content_hash, words_of


def _bound(name: str, model: type[Review] | type[Revision]) -> Insert:
    table = cast(Table, model.__table__)
    return insert(table).values({column.name: bindparam(f"{name}_{column.name}") for column in table.columns})


# Both rows in one round trip. The revision leans on the review; PostgreSQL asks for that when the statement ends.
_CREATE = _bound("revision", Revision).add_cte(_bound("review", Review).cte("written"))


def _named(name: str, row: Review | Revision) -> dict[str, Any]:
    return {f"{name}_{column.key}": getattr(row, column.key) for column in row.__table__.columns}


def create(
    review_id: uuid.UUID,
    *,
    site_id: uuid.UUID,
    subject_id: uuid.UUID,
    reviewer_id: uuid.UUID,
    content: Content,
    author_email: str,
    language: str,
    purchase: Purchase | None = None,
) -> Review:
    """Make the review and its first revision, under the id that its draft had."""
    supplier_id = require()
    review = Review(
        supplier_id=supplier_id,
        id=review_id,
        site_id=site_id,
        subject_id=subject_id,
        reviewer_id=reviewer_id,
        purchase_id=purchase.id if purchase else None,
        buyer_id=purchase.buyer_id if purchase else None,
        incentive=purchase.incentive if purchase else None,
        author_state=AuthorState.ACTIVE,
        current_revision=1,
        language=language,
        display_name=content.display_name,
        show_company=content.show_company,
        author_email=author_email,
        follow_hash=secrets.digest(secrets.derive(secrets.Prefix.FOLLOW, review_id)),
        submitted_at=now(),
    )
    revision = _revision(review, content)
    revision.created_at = review.submitted_at
    db.session.execute(_CREATE, {**_named("review", review), **_named("revision", revision)})
    # The session knows the row from here on, as if it had been read.
    make_transient_to_detached(review)
    db.session.add(review)
    publish(ReviewSubmitted(supplier_id=supplier_id, review_id=review_id, revision=1))
    return review


def follow_secret(review_id: uuid.UUID) -> str:
    """The author's key to her own review. Derived, so every mail repeats the same link and none is stored.

    Where the application's key was changed since, the review's hash tells under which one its link was made.
    """
    review = queries.review(review_id)
    return follow_secret_of(review) if review else secrets.derive(secrets.Prefix.FOLLOW, review_id)


def follow_secret_of(review: Review) -> str:
    """The author's key to this review (see `follow_secret`)."""
    known = secrets.derive_again(secrets.Prefix.FOLLOW, review.id, review.follow_hash)
    return known or secrets.derive(secrets.Prefix.FOLLOW, review.id)


def revise(review: Review, content: Content, *, seen: int | None = None) -> Revision:
    """Write the next revision. `seen` is the revision that the author's page was made from.

    Where only the wish to name the company changed, the newest revision stands: that needs no ruling.
    Raises ReviewIsWithdrawn, RevisionStale, NothingChanged or TooManyRevisions.
    """
    review = _held(review)
    if seen is not None and seen != review.current_revision:
        raise RevisionStale(
            _("You have changed this review in another window."),
            remedy=_("Look at the newest text, then make your change again."),
        )
    company_changed = _set_company_shown(review, content.show_company)
    current = queries.current_revision(review)
    if current.content_hash == content_hash(content):
        if not company_changed:
            raise NothingChanged(_("The text is the same as before."), remedy=_("Change something, or go back."))
        db.session.flush()
        return current
    if review.current_revision >= MAX_REVISIONS:
        raise TooManyRevisions(
            _("A review can be changed %(count)s times.", count=MAX_REVISIONS),
            remedy=_("You can still withdraw it."),
        )
    review.current_revision += 1
    review.display_name = content.display_name
    revision = _revision(review, content)
    db.session.add(revision)
    db.session.flush()
    publish(ReviewRevised(supplier_id=review.supplier_id, review_id=review.id, revision=revision.number))
    return revision


def withdraw(review: Review) -> None:
    """Take the review back for good. Doing it twice changes nothing."""
    review = _locked(review)
    if review.author_state == AuthorState.WITHDRAWN:
        return
    review.author_state = AuthorState.WITHDRAWN
    review.withdrawn_at = now()
    db.session.flush()
    publish(ReviewWithdrawn(supplier_id=review.supplier_id, review_id=review.id))


def mark_resolved(review: Review, resolved: bool = True) -> None:
    """Note that the problem told in the review was solved (or take that note back)."""
    review = _held(review)
    if (review.resolved_at is not None) == resolved:
        return
    review.resolved_at = now() if resolved else None
    db.session.flush()
    publish(ReviewResolved(supplier_id=review.supplier_id, review_id=review.id))


def _set_company_shown(review: Review, shown: bool) -> bool:
    """Whether this changed anything."""
    if review.show_company == shown:
        return False
    review.show_company = shown
    publish(CompanyShown(supplier_id=review.supplier_id, review_id=review.id))
    return True


def _revision(review: Review, content: Content) -> Revision:
    return Revision(
        supplier_id=review.supplier_id,
        review_id=review.id,
        number=review.current_revision,
        content_hash=content_hash(content),
        **words_of(content),
    )


def _held(review: Review) -> Review:
    """The review, locked, where it is still its author's to change."""
    review = _locked(review)
    if review.author_state == AuthorState.WITHDRAWN:
        raise ReviewIsWithdrawn(_("You withdrew this review."), remedy=_("A withdrawn review cannot be changed."))
    return review


def _locked(review: Review) -> Review:
    """The review as it stands now, held until the commit: two edits at once take numbers one after the other."""
    found = db.session.scalar(
        select(Review).where(Review.id == review.id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise ReviewUnknown("No review has this id.")
    return found
