"""Effects of taking reviews in: the author's link by mail, and forgetting drafts that nobody came back to."""

from __future__ import annotations

import uuid

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select

from app.catalog import queries as catalog
from app.collection.models import Draft
from app.core.clock import now
from app.core.db import db
from app.core.jobs import Queue, job
from app.core.links import absolute
from app.core.mail import Message, send
from app.core.outbox import promise
from app.reviews import queries as reviews
from app.reviews.service import follow_secret
from app.suppliers import queries as suppliers
from app.suppliers.models import Supplier
from app.verification import service as verification

# Drafts forgotten in one transaction; a supplier with more is gone on with in the next effect.
BATCH = 500


@job(Queue.MAIL)
def send_receipt(*, supplier_id: str, review_id: str, revision: int) -> None:
    """Mail the author her receipt, with the link to her review."""
    del revision  # part of the event; a receipt is for the first
    review = reviews.review(uuid.UUID(review_id))
    if review is None:
        return
    subject = catalog.subject(review.subject_id)
    secret = follow_secret(review.id)
    send(
        Message(
            to=review.author_email,
            subject=_("We have your review of %(subject)s", subject=subject.name if subject else ""),
            template="review_received",
            context={
                "name": review.display_name,
                "subject": subject.name if subject else "",
                "supplier": suppliers.supplier(uuid.UUID(supplier_id)).name,
                "title": reviews.current_revision(review).title,
                "follow_url": absolute("me.open_review", secret=secret),
                "receipt_url": absolute("me.receipt", secret=secret),
            },
            locale=review.language,
        )
    )


@job(Queue.DEFAULT)
def purge_drafts() -> None:
    """Begin forgetting expired drafts: one effect for each supplier, since rows of two are never seen at once."""
    for supplier_id in db.session.scalars(select(Supplier.id)):
        promise(purge_drafts_of, supplier_id=str(supplier_id))


@job(Queue.DEFAULT)
def purge_drafts_of(*, supplier_id: str) -> None:
    """Forget a supplier's expired drafts, with the proofs and addresses collected for them.

    Sent drafts go too, once as old: they hold no text any more, only the way to a receipt.
    """
    expired = db.session.execute(
        select(Draft.id, Draft.submitted_at).where(Draft.expires_at <= now()).order_by(Draft.expires_at).limit(BATCH)
    ).all()
    for row in expired:
        if row.submitted_at is None:
            verification.forget(row.id)
    db.session.execute(
        delete(Draft).where(Draft.id.in_([row.id for row in expired])),
        execution_options={"synchronize_session": False},
    )
    if len(expired) == BATCH:
        promise(purge_drafts_of, supplier_id=supplier_id)
