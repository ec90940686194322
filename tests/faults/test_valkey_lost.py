"""Valkey is killed and emptied between a review's sending and its ruling. Nothing is lost, nothing is doubled."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.moderation import queries as cases
from app.moderation import service as moderation
from tests import factories
from tests.conftest import Mailbox, let_go
from tests.factories import World
from tests.faults.conftest import Workers
from tests.personas import Persona
from tests.services import Servers
from tests.waiting import until

AUTHORS = [Persona(f"Reviewer {letter}", f"{letter.lower()}@brightwater.example") for letter in "ABCDE"]
OPEN = "outbox WHERE done_at IS NULL"


@pytest.mark.usefixtures("valkey_back")
def test_reviews_sent_around_a_crash_of_valkey_are_each_ruled_on_and_published_once(
    kestrel: World, servers: Servers, workers: Workers, count: Callable[[str], int], mailbox: Mailbox
) -> None:
    # Some are handed over and then lost with Valkey, some are sent while it is away.
    sent = [factories.make_review(kestrel, author=author) for author in AUTHORS[:2]]
    servers.valkey.kill()
    sent += [factories.make_review(kestrel, author=author) for author in AUTHORS[2:]]
    servers.valkey.forget_everything()
    servers.valkey.start()
    assert count("reviews") == len(AUTHORS)
    assert count("cases") == 0

    workers.start("worker")
    workers.start("scheduler")

    until(lambda: count("cases WHERE state = 'open'") == len(AUTHORS), 90)
    until(lambda: count(OPEN) == 0, 60)

    servers.valkey.kill()
    for review in sent:
        case = cases.case_of(review.id, 1)
        assert case
        moderation.approve(kestrel.actor, case.id, 1)
    let_go()
    servers.valkey.forget_everything()
    servers.valkey.start()

    until(lambda: count("published_reviews") == len(AUTHORS), 90)
    until(lambda: count(OPEN) == 0, 60)
    assert count("cases") == count("decisions") == len(AUTHORS)
    assert count("outbox WHERE dead_at IS NOT NULL") == 0
    received, decided = [], []
    for author in AUTHORS:
        mails = mailbox.to(author.email)
        assert len({mail["Message-ID"] for mail in mails}) == len(mails) == 2
        received.append(mails[0]["Subject"])
        decided.append(mails[1]["Subject"])
    assert len({*received}) == len({*decided}) == 1
    assert received[0] != decided[0]


@pytest.mark.usefixtures("valkey_back")
def test_a_worker_outlives_valkey_and_goes_on_when_it_is_back(
    kestrel: World, servers: Servers, workers: Workers, count: Callable[[str], int]
) -> None:
    worker, scheduler = workers.start("worker"), workers.start("scheduler")
    factories.make_review(kestrel, author=AUTHORS[0])
    until(lambda: count("cases") == 1, 60)

    servers.valkey.kill()
    factories.make_review(kestrel, author=AUTHORS[1])
    servers.valkey.forget_everything()
    servers.valkey.start()

    until(lambda: count("cases") == 2, 90)
    until(lambda: count(OPEN) == 0, 60)
    assert worker.exit_status() is None
    assert scheduler.exit_status() is None
