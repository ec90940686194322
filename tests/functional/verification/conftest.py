"""Two providers that can lie and one that cannot, an application that trusts all, and a person in front of the form."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core import tenancy
from app.core.db import db
from app.core.ids import new_id
from app.verification import queries, service, tickets
from app.verification.models import Identity
from app.verification.providers import _EXTENSION as PROVIDERS
from tests import factories, providers, services
from tests.conftest import _make, let_go
from tests.factories import World, csrf_token
from tests.settings import settings

Result = TypeVar("Result")

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
ORIGIN = {"Origin": "https://avouch.test"}


@pytest.fixture(scope="session")
def _provider() -> Iterator[providers.Provider]:
    with providers.running() as provider:
        yield provider


@pytest.fixture(scope="session")
def _other_provider() -> Iterator[providers.Provider]:
    with providers.running() as provider:
        yield provider


@pytest.fixture(scope="session")
def _trusting(
    servers: services.Servers, _provider: providers.Provider, _other_provider: providers.Provider
) -> Iterator[Flask]:
    honest = json.loads(servers.environment()["AVOUCH_OIDC_PROVIDERS"])
    trusted = [
        *honest,
        providers.configuration(_provider.issuer, "first"),
        providers.configuration(_other_provider.issuer, "second", token_auth="client_secret_post"),
    ]
    hosts = " ".join(urlsplit(one["issuer"]).netloc for one in trusted)
    application = _make(
        settings(servers.environment(), AVOUCH_OIDC_PROVIDERS=json.dumps(trusted), AVOUCH_OUTBOUND_ALLOW=hosts)
    )
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def app(_trusting: Flask, _fresh: None) -> Iterator[Flask]:
    """The application that trusts these providers; it has not yet heard of any."""
    _trusting.extensions.pop(PROVIDERS, None)
    with _trusting.app_context():
        yield _trusting
        db.session.rollback()


@pytest.fixture
def provider(_provider: providers.Provider) -> providers.Provider:
    """The provider `first`, honest until spoiled."""
    _provider.reset()
    return _provider


@pytest.fixture
def other_provider(_other_provider: providers.Provider) -> providers.Provider:
    """The provider `second`."""
    _other_provider.reset()
    return _other_provider


@pytest.fixture
def world(app: Flask) -> World:
    """Kestrel Pumps, entered."""
    return factories.make_kestrel()


@dataclass
class Writer:
    """Somebody with a draft, and a browser."""

    client: FlaskClient
    world: World
    review_id: uuid.UUID = field(default_factory=new_id)

    def ticket(self) -> str:
        """The path of a window for her draft."""
        tenancy.enter(self.world.supplier.id)
        _ticket, url = tickets.open_ticket(
            self.review_id, self.world.site.id, self.world.subject.name, "Quiet, and it keeps its pressure", "en"
        )
        let_go()
        return urlsplit(url).path

    def open(self, path: str) -> TestResponse:
        """The window, as the form opens it."""
        return self.client.get(path, headers=SAME_ORIGIN)

    def choose(self, page: str, path: str, provider_id: str = "first") -> TestResponse:
        """Press a provider's button."""
        return self.client.post(
            f"{path}/{provider_id}", data={"csrf_token": csrf_token(page)}, headers={**SAME_ORIGIN, **ORIGIN}
        )

    def come_back(self, authorize_url: str) -> str:
        """Consent at the provider; the path and query of the address it sends her back to."""
        answer = httpx.get(authorize_url)
        back = urlsplit(answer.headers["Location"])
        assert answer.status_code == 303
        return f"{back.path}?{back.query}"

    def finish(self, callback: str) -> TestResponse:
        """Follow the provider's redirect back to us."""
        return self.client.get(callback, headers={"Sec-Fetch-Site": "cross-site"})

    def begin(self, provider_id: str = "first") -> str:
        """All up to the provider's redirect back; the callback's path and query."""
        path = self.ticket()
        page = self.open(path)
        away = self.choose(page.text, path, provider_id)
        assert away.status_code == 303, away.text
        return self.come_back(away.headers["Location"])

    def sign_in(self, provider_id: str = "first") -> TestResponse:
        """The whole way."""
        return self.finish(self.begin(provider_id))

    def author(self) -> Identity | None:
        """Who is proven to write her draft."""
        tenancy.enter(self.world.supplier.id)
        return queries.author_of(self.review_id)

    def outcome(self) -> str | None:
        """What the form hears of the window."""
        tenancy.enter(self.world.supplier.id)
        waiting = service.waiting(self.review_id)
        return waiting["outcome"] if waiting else None


@pytest.fixture
def rita(client: FlaskClient, world: World, provider: providers.Provider) -> Writer:
    """Rita, who writes and can sign in at `first`."""
    return Writer(client, world)


@pytest.fixture
def eve(another_client: FlaskClient, world: World) -> Writer:
    """Eve, with a draft and a browser of her own."""
    return Writer(another_client, world)


def words(response: TestResponse) -> str:
    """What a person reads on the page."""
    text = re.sub(r"<(script|style|head)\b.*?</\1>", " ", response.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def at_once(app: Flask, calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Make all calls at the same moment, each on a thread, in an app context and on a connection of its own."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], Result]) -> Result:
        gate.wait()
        with app.app_context():
            return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
