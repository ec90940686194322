"""Fixtures: the application on real servers, and whatever was mailed, for every test that asks for them.

Unit tests ask for none of these and run without a server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core import clock as core_clock
from app.core.db import db
from config import Settings
from demo.stack import Ports, Stack, running
from tests import factories, services
from tests.chromium import ARGUMENTS
from tests.chromium import find as find_chromium
from tests.settings import EXTERNAL_URL, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

HERE = Path(__file__).parent

AppWith = Callable[..., Flask]


class Browserlike(FlaskClient):
    """A client that talks https to the configured host, each request in an app context of its own.

    A test works inside an app context too. What it did so far is committed before anybody asks over HTTP,
    and what it holds is let go (detached, still readable), so both sides see what a real server would.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Make a request."""
        kwargs.setdefault("base_url", EXTERNAL_URL)
        let_go()
        with self.application.app_context():
            return super().open(*args, **kwargs)


class Clock:
    """Sets the time for the rest of the test."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def set(self, moment: datetime) -> None:
        """Hold the clock at `moment` (aware)."""
        self._stack.enter_context(core_clock.fixed_at(moment))

    def pass_by(self, **duration: float) -> datetime:
        """Move the clock on by a timedelta's arguments (`days=3`); the new time."""
        self.set(core_clock.now() + timedelta(**duration))
        return core_clock.now()


class Mailbox(list[EmailMessage]):
    """Mails in the order of arrival."""

    def to(self, address: str) -> list[EmailMessage]:
        """Those sent to `address`."""
        return [mail for mail in self if address in str(mail["To"])]

    def link(self, pattern: str, *, to: str | None = None) -> str:
        """The newest link whose address matches `pattern`, as the plain text shows it."""
        for mail in reversed(self if to is None else self.to(to)):
            body = mail.get_body(("plain",))
            assert body is not None
            for link in re.findall(r"https?://[^\s<>\"]+", body.get_content()):
                if re.search(pattern, link):
                    return str(link)
        raise AssertionError(f"no mail has a link like {pattern}: {[mail['Subject'] for mail in self]}")


def let_go() -> None:
    """Commit what the test did, and forget the rows it holds without spoiling them."""
    db.session.commit()
    db.session.expunge_all()
    db.session.remove()


def _make(chosen: Settings) -> Flask:
    from app import create_app

    application = create_app(chosen)
    application.test_client_class = Browserlike
    application.testing = True
    return application


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[services.Servers]:
    """PostgreSQL, Valkey, SMTP and an OIDC provider of this test process alone."""
    with services.running(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture(scope="session")
def _superuser(servers: services.Servers) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(servers.postgres.dsn(), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def _application(servers: services.Servers) -> Iterator[Flask]:
    application = _make(settings(servers.environment()))
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def _fresh(servers: services.Servers, _superuser: psycopg.Connection[Any]) -> None:
    """Every test begins with an empty world."""
    services.clear(_superuser)
    with redis.Redis.from_url(servers.valkey.url()) as valkey:
        valkey.flushall()
    servers.mailbox.mails.clear()


@pytest.fixture
def app(_application: Flask, _fresh: None) -> Iterator[Flask]:
    """The application, connected as the application role; the test runs inside an app context of its own."""
    with _application.app_context():
        yield _application
        db.session.rollback()


@pytest.fixture
def app_with(servers: services.Servers, _fresh: None) -> Iterator[AppWith]:
    """Makes an application with other settings: `app_with(AVOUCH_PROXY_HOPS="1")`."""
    made: list[Flask] = []

    def make(**changes: str) -> Flask:
        made.append(_make(settings(servers.environment(), **changes)))
        return made[-1]

    yield make
    for application in made:
        with application.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def app_settings(servers: services.Servers) -> Settings:
    """The settings that `app` runs with."""
    return settings(servers.environment())


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Somebody's browser, or a supplier's program."""
    return app.test_client()


@pytest.fixture
def another_client(app: Flask) -> FlaskClient:
    """Somebody else's browser."""
    return app.test_client()


@pytest.fixture
def outbox(app: Flask) -> Callable[[], int]:
    """Carries out every effect that is due, as workers would; the number carried out."""
    from app.core import outbox as core_outbox

    def drain() -> int:
        let_go()
        with app.app_context():
            return core_outbox.drain()

    return drain


@pytest.fixture
def mailbox(servers: services.Servers, _fresh: None) -> Mailbox:
    """What was mailed in this test. Mails go by real SMTP, from the jobs that `outbox` carries out."""
    kept = Mailbox()
    servers.mailbox.mails = kept
    return kept


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Sets the time: `clock.set(moment)`, `clock.pass_by(days=3)`."""
    with ExitStack() as stack:
        yield Clock(stack)


@pytest.fixture
def kestrel(app: Flask) -> factories.World:
    """Kestrel Pumps, entered: the supplier that most tests are about."""
    return factories.make_kestrel()


@pytest.fixture
def otter(app: Flask) -> factories.World:
    """Otter Bearings, entered: the other supplier. Ask for `kestrel` after it to stand in Kestrel's shoes."""
    return factories.make_otter()


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole of Avouch as it runs in production, seeded, with the supplier's shop on another origin.

    One for all browser tests of a run. They share its data, so each makes what it changes.
    """
    with running(Stack(tmp_path_factory.mktemp("live"), Ports.free(), durable=False)) as stack:
        yield stack


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A Chromium, headless."""
    from playwright.sync_api import sync_playwright

    path = find_chromium()
    if path is None:
        pytest.fail("no Chromium here; `make test` installs one", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[BrowserContext]:
    """One person's browser: own cookies, own storage, blocking third-party cookies as people's browsers do."""
    context = chromium.new_context(locale="en-GB", viewport={"width": 1200, "height": 900})
    context.set_default_timeout(15_000)
    yield context
    context.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in a browser share one stack, so one worker runs them all; the others share the rest."""
    for item in items:
        if item.path.is_relative_to(HERE / "browser"):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
