"""The list of what waits: its order, what it hides, and what it costs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from app.core import tenancy
from app.core.clock import now
from app.core.db import db
from app.core.ids import new_id
from app.moderation import service
from app.moderation.models import Case
from app.reviews.models import Review, Revision
from tests.factories import World, sign_in
from tests.functional.dashboard.browsing import words
from tests.functional.moderation.waiting import QUEUE, open_page, page_of, press_approve, waiting_case

STARS = re.compile(r"[1-5] of 5 stars")


def test_the_oldest_comes_first_whatever_its_stars(kestrel: World, client: FlaskClient) -> None:
    cases = [waiting_case(kestrel, rating=rating, title=f"Number {rating}") for rating in (5, 1, 3)]
    sign_in(client, kestrel.moderator)
    page = open_page(client, QUEUE).text
    places = [page.index(f'{page_of(case)}" data-row') for case in cases]
    assert places == sorted(places)


def test_stars_are_hidden_until_the_ruling(kestrel: World, client: FlaskClient) -> None:
    case = waiting_case(kestrel, rating=1)
    sign_in(client, kestrel.moderator)
    for path in (
        QUEUE,
        page_of(case),
        f"{page_of(case)}/refuse",
        "/dashboard/reviews",
        "/dashboard/reviews/" + str(case.review_id),
    ):
        assert STARS.search(words(open_page(client, path))) is None, path
    press_approve(client, case)
    assert "1 of 5 stars" in words(open_page(client, page_of(case)))


def test_a_supplier_may_choose_to_see_them(kestrel: World, client: FlaskClient) -> None:
    service.set_policy(kestrel.actor, approve_proven=True, show_stars=True)
    case = waiting_case(kestrel, rating=2)
    sign_in(client, kestrel.moderator)
    for path in (QUEUE, page_of(case)):
        assert "2 of 5 stars" in words(open_page(client, path))


def test_a_row_says_what_was_noticed_and_proven_in_words(kestrel: World, client: FlaskClient) -> None:
    waiting_case(kestrel, text="Write to rita@mail.example about the noise that it makes.", language="pl")
    sign_in(client, kestrel.moderator)
    said = words(open_page(client, QUEUE))
    assert "Holds an e-mail address" in said
    assert "Affiliation not proven" in said
    assert "Polski" in said


def test_the_case_shows_the_passage_marked(kestrel: World, client: FlaskClient) -> None:
    case = waiting_case(kestrel, text="Write to rita@mail.example about the noise that it makes.")
    sign_in(client, kestrel.moderator)
    assert "<mark>rita@mail.example</mark>" in open_page(client, page_of(case)).text


def test_a_queue_of_many_pages_shows_each_case_once(kestrel: World, client: FlaskClient) -> None:
    copy_case(waiting_case(kestrel), 59)
    sign_in(client, kestrel.moderator)
    seen: list[str] = []
    path: str | None = QUEUE
    while path:
        page = open_page(client, path).text
        seen += re.findall(r'href="(/dashboard/moderation/[0-9a-f-]{36})" data-row', page)
        found = re.search(r'href="(/dashboard/moderation\?after=[^"]+)"', page)
        path = found.group(1) if found else None
    assert len(seen) == len(set(seen)) == 60


def test_a_made_up_cursor_is_refused(otter: World, kestrel: World, client: FlaskClient) -> None:
    sign_in(client, kestrel.moderator)
    assert open_page(client, f"{QUEUE}?after=abc").status_code == 400


def test_the_queue_costs_the_same_with_5_cases_and_with_200(app: Flask, kestrel: World, client: FlaskClient) -> None:
    first = waiting_case(kestrel)
    copy_case(first, 4)
    sign_in(client, kestrel.moderator)
    open_page(client, QUEUE)
    with counted(app) as few:
        assert open_page(client, QUEUE).status_code == 200
    copy_case(first, 195)
    with counted(app) as many:
        assert open_page(client, QUEUE).status_code == 200
    assert len(few) == len(many), "\n".join(many)
    assert len(many) <= 16, "\n".join(many)


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements sent to the database meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def copy_case(case: Case, times: int) -> None:
    """More reviews like this one, each with an open case."""
    tenancy.enter(case.supplier_id)
    review = db.session.scalars(select(Review).where(Review.id == case.review_id)).one()
    revision = db.session.scalars(select(Revision).where(Revision.review_id == case.review_id)).one()
    for number in range(times):
        review_id = new_id()
        db.session.add(_copy(review, id=review_id, follow_hash=review_id.bytes))
        db.session.flush()
        db.session.add(_copy(revision, review_id=review_id, title=f"Copy {number}"))
        db.session.flush()
        db.session.add(_copy(case, id=new_id(), review_id=review_id, opened_at=now()))
    db.session.commit()


def _copy(row: Review | Revision | Case, **changes: object) -> object:
    values = {column.key: getattr(row, column.key) for column in row.__table__.columns}
    return type(row)(**{**values, **changes})
