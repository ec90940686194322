"""Writing: submissions accepted over HTTP, durable and with proofs, against raw INSERT and COMMIT of the same row."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import statistics
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import select

from app.collection import service as collection
from app.core import tenancy
from app.core.db import db
from app.core.ids import new_id
from app.reviews.models import Review
from app.verification import mailed
from app.verification import service as verification
from bench import world
from bench.table import Row
from bench.world import TEXT, Web, World
from tests.factories import make_purchase

BAR = 0.25
CONCURRENCY = 8
WORKERS = os.cpu_count() or 1  # as deployed; PostgreSQL, too, uses every core
CONTENT = {
    "rating": 4,
    "title": "Steady on the intake line",
    "text": TEXT,
    "pros": "Quiet enough",
    "cons": "Heavy",
    "role": "Maintenance lead",
    "duration": "1_to_3_years",
    "display_name": "Rita S.",
    "show_company": True,
}


@dataclass(frozen=True)
class Ready:
    """A draft with author, affiliation and purchase shown, about to be sent."""

    draft_id: uuid.UUID
    secret: str
    version: int


def measure(bench: World, rounds: int, each: int) -> tuple[list[Row], list[str]]:
    """The row, and what has to be known to read it."""
    numbers = itertools.count(1)
    mine, peers = [], []
    with world.web(bench, WORKERS) as ours:
        for number in range(rounds + 1):
            drafts = [_prepare(bench, next(numbers)) for _ in range(each)]
            sides: list[tuple[list[float], Callable[[], float]]] = [
                (mine, lambda drafts=drafts: _submit_all(ours, drafts)),  # type: ignore[misc]
                (peers, lambda: _insert_all(bench, each)),
            ]
            for rates, run in sides if number % 2 else sides[::-1]:
                rate = run()
                if number:  # the first round warms both
                    rates.append(rate)
    ratio = statistics.median(a / b for a, b in zip(mine, peers, strict=True))
    row = Row(
        "submissions accepted",
        f"{statistics.median(mine):,.0f}/s",
        f"{statistics.median(peers):,.0f}/s",
        f"{ratio:.2f}",
        f"≥ {BAR} × raw INSERT",
        ratio >= BAR,
    )
    note = (
        f"submissions: POST /v/drafts/…/submit with three proofs, committed with fsync, {CONCURRENCY} at once to "
        f"{WORKERS} web processes, {rounds} rounds of {each}. Each commits eight rows (review, revision, two proofs, "
        "two promised effects, the draft, the purchase token) under row-level security; the peer inserts one row of "
        f"`reviews` as a superuser and commits, on {CONCURRENCY} connections."
    )
    return [row], [note]


def _prepare(bench: World, number: int) -> Ready:
    kestrel = bench.kestrel
    tenancy.enter(kestrel.supplier.id)
    site = kestrel.site
    _, secret = make_purchase(kestrel.subject, reference=f"BENCH-{number}-{new_id().hex[-8:]}")
    opened = collection.open_draft(site, subject_slug=kestrel.subject.slug, language="en", token=secret)
    draft = opened.draft
    email = f"bench{number}-{new_id().hex[-8:]}@brightwater.example"
    link = mailed.request(draft.id, site.id, email, kestrel.subject.name, "Steady", "en")
    verification.record_mailed_link(link, link.match_number)
    db.session.commit()
    return Ready(draft.id, opened.secret, draft.version)


def _submit_all(web: Web, drafts: list[Ready]) -> float:
    waiting = iter(drafts)
    taking = threading.Lock()
    refused: list[bytes] = []

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)
        while True:
            with taking:
                draft = next(waiting, None)
            if draft is None:
                break
            address = ".".join(str(byte) for byte in (10, *draft.draft_id.bytes[-3:]))
            connection.request(
                "POST",
                f"/v/drafts/{draft.draft_id}/submit",
                json.dumps({"version": draft.version, "content": CONTENT}),
                {
                    "Host": world.HOST,
                    "Content-Type": "application/json",
                    "Authorization": f"Draft {draft.secret}",
                    "X-Forwarded-For": address,
                    "X-Forwarded-Proto": "https",
                },
            )
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 201:
                refused.append(body)
        connection.close()

    rate = _timed(work, len(drafts))
    if refused:
        raise RuntimeError(f"{len(refused)} submissions were refused: {refused[0][:500]!r}")
    return rate


def _insert_all(bench: World, count: int) -> float:
    """One row of `reviews` for each submission, as the superuser, with the same indexes and keys, and nothing else."""
    table = Review.__table__
    template = db.session.scalars(select(Review).limit(1)).one()
    values: dict[str, Any] = {column.name: getattr(template, column.name) for column in table.columns}
    db.session.rollback()
    names = ", ".join(values)
    marks = ", ".join(f"%({name})s" for name in values)
    statement = f"INSERT INTO reviews ({names}) VALUES ({marks})"  # noqa: S608  # our own columns
    left = itertools.count()

    def work() -> None:
        with psycopg.connect(bench.postgres.dsn()) as connection:
            while next(left) < count:
                fresh = new_id()
                connection.execute(statement, {**values, "id": fresh, "follow_hash": fresh.bytes * 2})
                connection.commit()

    rate = _timed(work, count)
    with psycopg.connect(bench.postgres.dsn()) as connection:
        # They have no revision; nothing of ours should ever meet them.
        connection.execute("DELETE FROM reviews r WHERE NOT EXISTS (SELECT FROM revisions v WHERE v.review_id = r.id)")
    return rate


def _timed(work: Callable[[], None], count: int) -> float:
    faults: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(CONCURRENCY)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - began
    if faults:
        raise faults[0]
    return count / taken
