"""Puts reviews in front of readers the way production does: proven, sent, decided, projected."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable

from app.core import tenancy
from app.core.db import db
from app.core.ids import new_id
from app.moderation import queries as moderation_queries
from app.moderation import service as moderation
from app.moderation.models import CaseState
from app.reviews import queries as review_queries
from app.reviews import service as reviews
from app.reviews.rules import Content
from app.suppliers.models import Role
from app.verification import mailed, tokens
from app.verification import service as verification
from tests.factories import World, as_member, make_purchase

Drain = Callable[[], int]

_numbers = itertools.count(1)
WORDS = "We run two of them around the clock since spring, and the seals still hold under full load."


def content(rating: int = 5, text: str = WORDS, title: str = "Quiet and steady", **more: object) -> Content:
    """What Rita writes, where a test does not say otherwise."""
    values: dict[str, object] = {"display_name": "Rita S.", "role": "Maintenance lead", **more}
    return Content(rating=rating, title=title, text=text, **values)  # type: ignore[arg-type]


def send_review(
    world: World, *, proven: bool = True, written: Content | None = None, language: str = "en"
) -> uuid.UUID:
    """A review as Rita sends it, by all three proofs or by a mailed link alone; not yet decided."""
    tenancy.enter(world.supplier.id)
    number = next(_numbers)
    # A different mailbox each time: links are limited by address.
    email = f"rita{number}@brightwater.example" if proven else f"rita{number}@mail.example"
    review_id = new_id()
    row = mailed.request(review_id, world.site.id, email, world.subject.name, WORDS[:60], language)
    identity = verification.record_mailed_link(row, row.match_number)
    purchase = token = None
    if proven:
        purchase, secret = make_purchase(world.subject, reference=f"PO-{number}")
        token = tokens.recognise(secret)
    verification.seal(review_id, token.id if token else None)
    reviews.create(
        review_id,
        site_id=world.site.id,
        subject_id=world.subject.id,
        reviewer_id=identity.reviewer_id,
        content=written or content(),
        author_email=email,
        language=language,
        purchase=purchase,
    )
    db.session.commit()
    return review_id


def approve(world: World, review_id: uuid.UUID) -> None:
    """Mona approves what waits of the review, if anything does."""
    tenancy.enter(world.supplier.id)
    for case in moderation_queries.cases_of(review_id):
        if case.state == CaseState.OPEN:
            moderation.approve(as_member(world.moderator, Role.MODERATOR), case.id, case.revision)
    db.session.commit()


def publish_review(
    world: World, drain: Drain, *, proven: bool = True, written: Content | None = None, language: str = "en"
) -> uuid.UUID:
    """A review that readers see when this returns."""
    review_id = send_review(world, proven=proven, written=written, language=language)
    drain()
    approve(world, review_id)
    drain()
    tenancy.enter(world.supplier.id)
    return review_id


def withdraw(world: World, review_id: uuid.UUID) -> None:
    """Rita takes her review back."""
    tenancy.enter(world.supplier.id)
    review = review_queries.review(review_id)
    assert review is not None
    reviews.withdraw(review)
    db.session.commit()
