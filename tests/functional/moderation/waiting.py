"""Reviews that wait for a ruling, and what moderators do in the dashboard."""

from __future__ import annotations

import uuid

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core import tenancy
from app.core.db import db
from app.moderation import queries, service
from app.moderation.models import Case, Decision
from app.reviews import queries as reviews
from app.reviews import service as review_service
from app.reviews.rules import Content
from app.suppliers.models import Role
from tests.factories import World, as_member
from tests.functional.dashboard.browsing import HTML, submit
from tests.functional.publication.publishing import content, send_review

QUEUE = "/dashboard/moderation"


def waiting_case(world: World, *, language: str = "en", proven: bool = False, **written: object) -> Case:
    """The open case of a review that Rita has just sent (unproven, so that it waits)."""
    review_id = send_review(world, proven=proven, written=content(**written), language=language)  # type: ignore[arg-type]
    return opened(world, review_id)


def opened(world: World, review_id: uuid.UUID, revision: int = 1) -> Case:
    """The case of a revision, opened as its job would."""
    tenancy.enter(world.supplier.id)
    case = service.open_case(review_id, revision)
    assert case is not None
    db.session.commit()
    return case


def revise(world: World, review_id: uuid.UUID, **written: object) -> None:
    """Rita edits her review; its case is opened by a job later."""
    tenancy.enter(world.supplier.id)
    review = reviews.review(review_id)
    assert review is not None
    changed: Content = content(**written)  # type: ignore[arg-type]
    review_service.revise(review, changed)
    db.session.commit()


def refuse(world: World, case: Case) -> None:
    """Mona refuses, without the dashboard."""
    tenancy.enter(world.supplier.id)
    mona = as_member(world.moderator, Role.MODERATOR)
    statement = "Please say it without calling anybody names."
    service.refuse(mona, case.id, case.revision, "abusive", "around the clock", statement)
    db.session.commit()


def page_of(case: Case) -> str:
    """Where a case is looked at."""
    return f"{QUEUE}/{case.id}"


def press_approve(client: FlaskClient, case: Case, seen: int = 1) -> TestResponse:
    """Open the case and press "Approve"."""
    return submit(client, f"{page_of(case)}/approve", page=page_of(case), seen_revision=str(seen))


def send_refusal(client: FlaskClient, case: Case, **fields: str) -> TestResponse:
    """Open the form and send it, filled in as `fields` say."""
    typed = {"seen_revision": "1", "reason": "abusive", "passage": "around the clock", **fields}
    typed.setdefault("statement", "Please say what happened without calling anybody names.")
    return submit(client, f"{page_of(case)}/refuse", **typed)


def open_page(client: FlaskClient, path: str) -> TestResponse:
    """Open a page as a person does."""
    return client.get(path, headers=HTML)


def state_of(world: World, case: Case) -> str:
    """The case's state now."""
    tenancy.enter(world.supplier.id)
    db.session.expire_all()
    found = queries.item(case.id)
    assert found is not None
    return found.case.state


def decisions_on(world: World, case: Case) -> list[Decision]:
    """All rulings on the case's review."""
    tenancy.enter(world.supplier.id)
    return queries.decisions(case.review_id)
