"""The projector: what it writes, what it costs, and that doing it twice or at once changes nothing."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from app.core import tenancy
from app.core.clock import now
from app.core.db import db
from app.core.ids import new_id
from app.publication import jobs, projector, queries, rating
from app.publication.models import Document, Publication, PublishedReview, Tombstone
from app.verification.models import Proof, ProofKind
from tests.conftest import let_go
from tests.factories import World, make_subject
from tests.functional.publication.conftest import Reader
from tests.functional.publication.publishing import approve, content, publish_review, send_review, withdraw

Drain = Callable[[], int]


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that reach the database inside the block."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def project(world: World, review_id: uuid.UUID) -> None:
    """What the job does, in a transaction of its own."""
    let_go()
    tenancy.enter(world.supplier.id)
    jobs.project(supplier_id=str(world.supplier.id), review_id=str(review_id))
    db.session.commit()


def version(world: World) -> int:
    return queries.version_of(world.supplier.id)


def test_projecting_again_changes_nothing(app: Flask, kestrel: World, outbox: Drain) -> None:
    review_id = publish_review(kestrel, outbox)
    before = version(kestrel)
    kept = queries.sums(kestrel.supplier.id)
    for _ in range(3):
        project(kestrel, review_id)
    assert version(kestrel) == before
    assert queries.sums(kestrel.supplier.id) == kept


def test_projecting_what_does_not_exist_changes_nothing(app: Flask, kestrel: World, outbox: Drain) -> None:
    outbox()
    tenancy.enter(kestrel.supplier.id)
    before = version(kestrel)
    project(kestrel, new_id())
    assert version(kestrel) == before


def test_every_change_takes_the_next_version(app: Flask, kestrel: World, outbox: Drain) -> None:
    first = publish_review(kestrel, outbox)
    start = version(kestrel)
    second = publish_review(kestrel, outbox)
    assert version(kestrel) == start + 1
    withdraw(kestrel, second)
    outbox()
    tenancy.enter(kestrel.supplier.id)
    assert version(kestrel) == start + 2
    row = queries.review(first)
    assert row is not None
    assert row.position == start


def test_publishing_costs_the_same_whatever_is_published_already(app: Flask, kestrel: World, outbox: Drain) -> None:
    outbox()

    def cost() -> list[str]:
        review_id = send_review(kestrel, proven=False)
        outbox()
        approve(kestrel, review_id)
        let_go()
        with counted() as statements:
            outbox()
        return [statement for statement in statements if "outbox" not in statement]

    for _ in range(2):
        cost()
    few = cost()
    tenancy.enter(kestrel.supplier.id)
    _publish_many(kestrel, 3000)
    many = cost()
    assert len(many) == len(few)
    assert len(few) < 60


def test_publishing_touches_no_row_of_other_reviews(app: Flask, kestrel: World, outbox: Drain) -> None:
    publish_review(kestrel, outbox)
    _publish_many(kestrel, 500)
    before = {row.review_id: row.position for row in db.session.scalars(select(PublishedReview))}
    publish_review(kestrel, outbox)
    after = {row.review_id: row.position for row in db.session.scalars(select(PublishedReview))}
    assert {one: place for one, place in after.items() if before.get(one) != place}.keys() - before.keys()
    assert sum(before.get(one) != place for one, place in after.items()) == 1


def test_only_the_subject_that_was_reviewed_has_its_documents_made_again(
    app: Flask, kestrel: World, outbox: Drain
) -> None:
    publish_review(kestrel, outbox)
    first = kestrel.subject
    other = World(
        kestrel.supplier, kestrel.owner, kestrel.moderator, kestrel.analyst, kestrel.site, make_subject("KP-9", "KP 9")
    )
    publish_review(other, outbox)
    path = f"/feeds/{kestrel.site.public_key}/{first.slug}/reviews.json"
    before = db.session.scalar(select(Document.version).where(Document.path == path))
    publish_review(other, outbox)
    assert db.session.scalar(select(Document.version).where(Document.path == path)) == before
    whole = f"/feeds/{kestrel.site.public_key}/reviews.json"
    assert db.session.scalar(select(Document.version).where(Document.path == whole)) == version(kestrel)


def test_a_hit_asks_the_database_nothing_and_a_miss_asks_once(reader: Reader, kestrel: World, outbox: Drain) -> None:
    publish_review(kestrel, outbox)
    path = f"/feeds/{kestrel.site.public_key}/reviews.json"
    let_go()
    with counted() as miss:
        assert reader.get(path).status_code == 200
    assert len(miss) == 1
    with counted() as hit:
        assert reader.get(path, headers={"Accept-Encoding": "gzip"}).status_code == 200
        assert reader.head(path).status_code == 200
    assert hit == []


@pytest.mark.parametrize(("path", "most"), [("/s/{slug}", 12), ("/r/{review}", 10), ("/methodology", 0)])
def test_a_hosted_page_has_a_fixed_number_of_queries(
    reader: Reader, kestrel: World, outbox: Drain, path: str, most: int
) -> None:
    review_id = publish_review(kestrel, outbox)
    _publish_many(kestrel, 60)
    let_go()
    with counted() as statements:
        answer = reader.get(path.format(slug=kestrel.supplier.slug, review=review_id))
    assert answer.status_code == 200
    assert len(statements) <= most, statements


def test_a_revoked_author_takes_the_review_down(app: Flask, kestrel: World, outbox: Drain) -> None:
    review_id = publish_review(kestrel, outbox)
    author = db.session.scalars(select(Proof).where(Proof.review_id == review_id, Proof.kind == ProofKind.AUTHOR)).one()
    author.revoked_at = now()
    db.session.commit()
    project(kestrel, review_id)
    stone = queries.tombstone(review_id)
    assert stone is not None
    assert stone.cause == "unproven"
    assert queries.summary(kestrel.supplier.id).count == 0
    author = db.session.scalars(select(Proof).where(Proof.review_id == review_id, Proof.kind == ProofKind.AUTHOR)).one()
    author.revoked_at = None
    db.session.commit()
    project(kestrel, review_id)
    assert queries.tombstone(review_id) is None
    assert queries.review(review_id) is not None


def test_running_sums_equal_what_the_rows_say_after_much_coming_and_going(
    app: Flask, kestrel: World, outbox: Drain
) -> None:
    published = [publish_review(kestrel, outbox, written=content(1 + n % 5), proven=n % 2 == 0) for n in range(8)]
    for review_id in published[::3]:
        withdraw(kestrel, review_id)
    outbox()
    tenancy.enter(kestrel.supplier.id)
    fresh = rating.Sums()
    for row in db.session.scalars(select(PublishedReview)):
        fresh = rating.add(fresh, projector._mark(row))
    for scope in (kestrel.supplier.id, kestrel.subject.id):
        kept = queries.sums(scope)
        assert (kept.stars, kept.proven) == (fresh.stars, fresh.proven)
        assert kept.weighted == pytest.approx(fresh.weighted)
    assert db.session.scalar(select(func.count()).select_from(Tombstone)) == 3


def test_two_workers_at_once_take_versions_one_after_the_other(app: Flask, kestrel: World, outbox: Drain) -> None:
    waiting = [send_review(kestrel, proven=False) for _ in range(6)]
    outbox()
    for review_id in waiting:
        approve(kestrel, review_id)
    start = version(kestrel)
    let_go()
    supplier_id, faults = str(kestrel.supplier.id), []

    def work(mine: list[uuid.UUID]) -> None:
        with app.app_context():
            try:
                for review_id in mine:
                    tenancy.enter(uuid.UUID(supplier_id))
                    jobs.project(supplier_id=supplier_id, review_id=str(review_id))
                    db.session.commit()
            except Exception as error:
                faults.append(error)
            finally:
                db.session.remove()

    # Both get all six: half of the work is done twice, at the same time.
    threads = [threading.Thread(target=work, args=(order,)) for order in (waiting, waiting[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    tenancy.enter(kestrel.supplier.id)
    assert version(kestrel) == start + 6
    assert queries.summary(kestrel.supplier.id).count == 6
    positions = sorted(db.session.scalars(select(PublishedReview.position)))
    assert positions == list(range(start + 1, start + 7))


def test_another_suppliers_publication_may_be_read_but_not_written(
    app: Flask, otter: World, kestrel: World, outbox: Drain
) -> None:
    outbox()
    tenancy.enter(kestrel.supplier.id)
    assert version(otter) > 0
    changed = db.session.execute(
        Publication.__table__.update().where(Publication.supplier_id == otter.supplier.id).values(version=10**9)  # type: ignore[attr-defined]
    )
    assert changed.rowcount == 0  # type: ignore[attr-defined]
    dropped = db.session.execute(
        Document.__table__.delete().where(Document.supplier_id == otter.supplier.id)  # type: ignore[attr-defined]
    )
    assert dropped.rowcount == 0  # type: ignore[attr-defined]
    db.session.rollback()


def _publish_many(world: World, count: int) -> None:
    """Rows of the read model as `count` publications would have left them."""
    tenancy.enter(world.supplier.id)
    template = db.session.scalars(select(PublishedReview).limit(1)).one()
    columns = [column.name for column in PublishedReview.__table__.columns]
    values = {name: getattr(template, name) for name in columns}
    db.session.execute(
        PublishedReview.__table__.insert(),  # type: ignore[attr-defined]
        [values | {"review_id": new_id(), "position": 0} for _ in range(count)],
    )
    db.session.commit()
