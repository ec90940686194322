"""What is measured: durable servers, a supplier with fifty reviews, web processes and a worker as in production."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from flask import Flask

from app import create_app
from app.core import outbox, roles
from app.core.db import db
from app.core.embedded import Postgres, Valkey, free_port
from app.core.migrate import upgrade
from config import load
from tests import factories
from tests.conftest import let_go
from tests.functional.publication.publishing import content, publish_review
from tests.services import Mailbox, smtp_server
from tests.settings import environment

ROOT = Path(__file__).resolve().parent.parent
HOST = "avouch.test"
TEXT = (
    "We run two of these on the intake line, around the clock since the spring. After the first month we changed "
    "the seals, which took one of us an hour; since then nothing leaked. They are louder than the data sheet says "
    "at full load, so plan for that. Support answered within a day, with drawings. "
)


@dataclass
class World:
    """Everything that runs for one bench."""

    app: Flask
    environ: dict[str, str]
    postgres: Postgres
    kestrel: factories.World

    def drain(self) -> None:
        """Carry out every effect that is due."""
        drain(self.app)

    @property
    def feed(self) -> str:
        """The path of the site's feed."""
        return f"/feeds/{self.kestrel.site.public_key}/reviews.json"


@dataclass(frozen=True)
class Web:
    """A web process."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        """One request, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": HOST, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()


@contextmanager
def running(folder: Path) -> Iterator[World]:
    """Servers that keep what they acknowledge (fsync on, as in production), and fifty published reviews."""
    postgres, valkey = Postgres(folder, durable=True), Valkey(folder, durable=True)
    with ExitStack() as stack:
        postgres.start()
        stack.callback(postgres.stop)
        valkey.start()
        stack.callback(valkey.stop)
        upgrade(postgres.url(roles.OWNER))
        smtp_port = stack.enter_context(smtp_server(Mailbox()))
        environ = environment(
            database=postgres.url(),
            jobs=valkey.url(0),
            limits=valkey.url(1),
            smtp=f"smtp://127.0.0.1:{smtp_port}",
            oidc_issuer="http://localhost:9",
        )
        # Every submission comes from an address of its own, as they do in life; the limits count by address.
        environ["AVOUCH_PROXY_HOPS"] = "1"
        environ["AVOUCH_LOG_LEVEL"] = "ERROR"
        app = create_app(load(environ))
        stack.enter_context(app.app_context())
        yield World(app, environ, postgres, _kestrel(app))
        db.session.remove()
        db.engine.dispose()


@contextmanager
def web(world: World, workers: int = 1) -> Iterator[Web]:
    """A web server, started as deploy/entrypoint.sh starts it, with so many worker processes."""
    process = Web(free_port())
    flags = [
        "--host",
        "127.0.0.1",
        "--port",
        str(process.port),
        "--workers",
        str(workers),
        "--blocking-threads",
        "16",
        "--http",
        "1",
        "--no-ws",
        "--log-level",
        "error",
    ]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", *flags, "wsgi:app"]
    with _process(command, world.environ):
        wait_for(lambda: process.get("/readyz")[0] == 200)
        yield process


@contextmanager
def worker(world: World) -> Iterator[None]:
    """The worker that carries effects out. It begins with empty queues: what they held was done while seeding."""
    with redis.Redis.from_url(world.environ["AVOUCH_REDIS_URL"]) as valkey:
        valkey.flushdb()
    with _process([sys.executable, "-m", "app.worker", "work"], world.environ):
        with redis.Redis.from_url(world.environ["AVOUCH_REDIS_URL"]) as valkey:
            wait_for(lambda: valkey.scard("rq:workers") == 1)
        yield


def wait_for(condition: object, seconds: float = 30) -> None:
    """Poll until it holds; a refused connection counts as not yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():  # type: ignore[operator]
                return
        except OSError:
            pass
        time.sleep(0.01)
    raise TimeoutError("still not so")


def drain(app: Flask) -> int:
    """Carry out every effect that is due, in an app context of its own; rows held here stay readable."""
    let_go()
    with app.app_context():
        return outbox.drain()


def _kestrel(app: Flask) -> factories.World:
    kestrel = factories.make_kestrel()
    for number in range(50):
        written = content(1 + number * 7 % 5, text=TEXT * (1 + number % 3), title=f"Intake pump number {number}")
        publish_review(kestrel, lambda: drain(app), written=written, proven=number % 3 != 0)
    return kestrel


@contextmanager
def _process(command: list[str], environ: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environ})
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
