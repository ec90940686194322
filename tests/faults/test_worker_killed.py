"""A worker is killed in the middle of a job. The job is done by the next one, once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.core.embedded import free_port
from app.moderation import queries as cases
from app.moderation import service as moderation
from tests import factories
from tests.conftest import let_go
from tests.factories import World
from tests.faults.conftest import Workers, children_of
from tests.personas import RITA
from tests.services import Servers
from tests.waiting import until

OPEN = "outbox WHERE done_at IS NULL"
VERSIONS = "generate_series(1, (SELECT coalesce(max(version), 0) FROM publications))"  # counts up to the version


@pytest.fixture
def approved(kestrel: World, outbox: Callable[[], int]) -> World:
    """A review whose publication is promised and not yet carried out."""
    review = factories.make_review(kestrel)
    outbox()
    case = cases.case_of(review.id, 1)
    assert case
    moderation.approve(kestrel.actor, case.id, 1)
    let_go()
    return kestrel


def waiting_for_locks(servers: Servers) -> bool:
    """Whether the application waits for a lock somewhere in the database."""
    with psycopg.connect(servers.postgres.dsn()) as connection:
        return bool(
            connection.execute(
                "SELECT FROM pg_stat_activity WHERE usename = 'avouch_app' AND wait_event_type = 'Lock'"
            ).rowcount
        )


def test_a_publication_broken_off_in_the_middle_is_made_once(
    approved: World, servers: Servers, workers: Workers, count: Callable[[str], int]
) -> None:
    before = count(VERSIONS)
    with closing(psycopg.connect(servers.postgres.dsn())) as blocker:
        # The projection has begun, holds its outbox row, and stands before this lock when its worker dies.
        blocker.execute("LOCK TABLE published_reviews IN EXCLUSIVE MODE")
        first = workers.start("worker")
        until(lambda: waiting_for_locks(servers), 60)
        workers.kill(first)
        until(lambda: first.exit_status() is not None)
    assert count("published_reviews") == 0

    workers.start("worker")
    workers.start("scheduler")

    until(lambda: count("published_reviews") == 1, 90)
    until(lambda: count(OPEN) == 0, 60)
    assert count(VERSIONS) == before + 1
    assert count("outbox WHERE dead_at IS NOT NULL") == 0


def test_a_job_that_takes_long_is_left_to_the_worker_that_has_it(
    approved: World, servers: Servers, workers: Workers, count: Callable[[str], int]
) -> None:
    before = count(VERSIONS)
    with closing(psycopg.connect(servers.postgres.dsn())) as blocker:
        blocker.execute("LOCK TABLE published_reviews IN EXCLUSIVE MODE")
        first = workers.start("worker")
        until(lambda: waiting_for_locks(servers), 60)
        # It works in its own process; while it stands before the lock, a second worker and the sweep look for work.
        assert children_of(first.pid) == []
        workers.start("worker")
        workers.start("scheduler")
        until(lambda: count(f"{OPEN} AND next_at <= now()") >= 1)
    until(lambda: count("published_reviews") == 1, 90)
    until(lambda: count(OPEN) == 0, 60)
    assert count(VERSIONS) == before + 1


class Undecided:
    """A mail server that takes the first mail and leaves its sender waiting for the word "accepted"."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.answer = threading.Event()
        self.accepted: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        first = not self.asked.is_set()
        self.asked.set()
        # Kept first: the mail is on its way although its sender never hears so.
        self.accepted.append(envelope.original_content or b"")
        while first and not self.answer.is_set():
            await asyncio.sleep(0.02)
        return "250 kept"

    def message_ids(self) -> list[bytes]:
        return [line for mail in self.accepted for line in mail.splitlines() if line.lower().startswith(b"message-id")]


@pytest.fixture
def undecided() -> Iterator[tuple[Undecided, str]]:
    handler = Undecided()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=True)
    controller.start()
    try:
        yield handler, f"smtp://127.0.0.1:{controller.port}"
    finally:
        handler.answer.set()
        controller.stop(no_assert=True)


def test_a_mail_that_a_killed_worker_had_handed_over_is_sent_again_under_the_same_id(
    kestrel: World,
    workers: Workers,
    count: Callable[[str], int],
    undecided: tuple[Undecided, str],
) -> None:
    """SMTP cannot be part of a transaction, so this one may come twice; mail systems know it by its Message-ID."""
    server, url = undecided
    factories.make_review(kestrel, author=RITA)
    first = workers.start("worker", AVOUCH_SMTP_URL=url)
    until(server.asked.is_set, 60)
    workers.kill(first)
    until(lambda: first.exit_status() is not None)
    server.answer.set()

    workers.start("worker", AVOUCH_SMTP_URL=url)
    workers.start("scheduler", AVOUCH_SMTP_URL=url)

    until(lambda: count(OPEN) == 0, 120)
    assert len(server.message_ids()) == 2
    assert len(set(server.message_ids())) == 1
    assert count("cases") == 1
    assert count("outbox WHERE dead_at IS NOT NULL") == 0
