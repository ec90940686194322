"""How soon readers see a decision: in one process that lost its ear, and in two real ones."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask

from app.core.embedded import free_port
from app.publication.listener import APPLICATION_NAME
from tests.conftest import let_go
from tests.factories import World
from tests.functional.publication.conftest import Reader
from tests.functional.publication.publishing import approve, publish_review, send_review, withdraw
from tests.services import Servers
from tests.waiting import until

Drain = Callable[[], int]
ROOT = Path(__file__).resolve().parents[3]


def feed(world: World) -> str:
    return f"/feeds/{world.site.public_key}/reviews.json"


def shown(reader: Reader, world: World) -> int:
    return len(json.loads(reader.get(feed(world)).data)["items"])


def test_a_decision_reaches_a_listening_reader(listening_reader: Reader, kestrel: World, outbox: Drain) -> None:
    outbox()
    assert shown(listening_reader, kestrel) == 0
    review_id = publish_review(kestrel, outbox)
    until(lambda: shown(listening_reader, kestrel) == 1, 1)
    withdraw(kestrel, review_id)
    outbox()
    until(lambda: shown(listening_reader, kestrel) == 0, 1)


def test_a_process_that_lost_its_connection_catches_up(
    listening_reader: Reader, kestrel: World, outbox: Drain, servers: Servers
) -> None:
    outbox()
    assert shown(listening_reader, kestrel) == 0
    with psycopg.connect(servers.postgres.dsn(), autocommit=True) as superuser:
        killed = superuser.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = %s",
            (APPLICATION_NAME,),
        ).fetchone()
        assert killed is not None
        assert killed[0] == 1
        publish_review(kestrel, outbox)
        until(lambda: shown(listening_reader, kestrel) == 1, 5)
        # And it hears again: the next change comes by the fast way.
        until(
            lambda: superuser.execute(
                "SELECT 1 FROM pg_stat_activity WHERE application_name = %s", (APPLICATION_NAME,)
            ).fetchone(),
            5,
        )
    publish_review(kestrel, outbox)
    until(lambda: shown(listening_reader, kestrel) == 2, 2)


def test_what_was_announced_to_nobody_is_found_by_looking(
    listening_reader: Reader, kestrel: World, outbox: Drain, servers: Servers
) -> None:
    publish_review(kestrel, outbox)
    assert shown(listening_reader, kestrel) == 1
    # A version moves on without a word, as if the notification had been lost.
    with psycopg.connect(servers.postgres.dsn(), autocommit=True) as superuser:
        superuser.execute(
            "UPDATE documents SET body = '{\"items\":[]}', gzipped = '' WHERE path = %s", (feed(kestrel),)
        )
        superuser.execute("UPDATE publications SET version = version + 1")
    until(lambda: shown(listening_reader, kestrel) == 0, 5)


@pytest.mark.parametrize("payload", ["", "x", "not-an-id 3", "0190a000-0000-7000-8000-000000000001 x", "é" * 500])
def test_nonsense_on_the_channel_disturbs_nobody(
    listening_reader: Reader, kestrel: World, outbox: Drain, servers: Servers, payload: str
) -> None:
    outbox()
    assert shown(listening_reader, kestrel) == 0
    with psycopg.connect(servers.postgres.dsn(), autocommit=True) as superuser:
        superuser.execute("SELECT pg_notify('avouch_published', %s)", (payload,))
    publish_review(kestrel, outbox)
    until(lambda: shown(listening_reader, kestrel) == 1, 2)


@dataclass(frozen=True)
class Web:
    """A web process of its own, as production starts it."""

    port: int

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": "avouch.test", **headers})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def answers(self) -> bool:
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False


@contextmanager
def web_process(servers: Servers) -> Iterator[Web]:
    web = Web(free_port())
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(web.port)]
    process = subprocess.Popen(
        [*command, "--workers", "1", "--blocking-threads", "2", "--log-level", "error", "wsgi:app"],
        cwd=ROOT,
        env={**os.environ, **servers.environment()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: process.poll() is not None or web.answers(), 30)
        assert process.poll() is None, "the web process ended at once"
        yield web
    finally:
        process.terminate()
        process.wait(20)


def test_two_web_processes_show_a_decision_within_a_second(
    app: Flask, kestrel: World, outbox: Drain, servers: Servers
) -> None:
    publish_review(kestrel, outbox)
    path = feed(kestrel)

    def count(web: Web) -> int:
        body: dict[str, Any] = json.loads(web.get(path)[2])
        return len(body["items"])

    with ExitStack() as stack:
        webs = [stack.enter_context(web_process(servers)) for _ in range(2)]
        for web in webs:
            status, headers, _ = web.get(path, **{"Accept-Encoding": "gzip"})
            assert (status, headers["content-encoding"]) == (200, "gzip")
            status, again, body = web.get(path, **{"Accept-Encoding": "gzip", "If-None-Match": headers["etag"]})
            assert (status, body, again["etag"]) == (304, b"", headers["etag"])
            until(lambda web=web: count(web) == 1, 5)  # type: ignore[misc]
        for expected in (2, 3, 4):
            review_id = send_review(kestrel, proven=False)
            outbox()
            approve(kestrel, review_id)
            let_go()
            decided = time.monotonic()
            outbox()
            for web in webs:
                until(lambda web=web, expected=expected: count(web) == expected, 5)  # type: ignore[misc]
            # Both in turn, the projection included.
            assert time.monotonic() - decided < 1
        # The same bytes everywhere, so a tag from one process counts in the other.
        assert webs[0].get(path)[1]["etag"] == webs[1].get(path)[1]["etag"]
