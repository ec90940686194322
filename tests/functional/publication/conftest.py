"""Readers: of the application alone, and through the edge as in production."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from app.publication.edge import Edge
from app.publication.listener import Listener
from config import Settings
from tests.conftest import let_go
from tests.settings import EXTERNAL_URL


class Reader(Client):
    """Somebody who reads through the edge, at the external address. `edge` is the one they read through."""

    def __init__(self, edge: Edge, app: Flask) -> None:
        super().__init__(edge)
        self.edge = edge
        self._app = app

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Make a request, seeing what has been committed."""
        kwargs.setdefault("base_url", EXTERNAL_URL)
        let_go()
        # An app context of its own, as on a server: the test's has a supplier entered.
        with self._app.app_context():
            return super().open(*args, **kwargs)


@pytest.fixture
def reader(app: Flask) -> Reader:
    """Reads through an edge that hears of nothing: what it keeps stays until a test refreshes it."""
    return Reader(Edge(app, origin=EXTERNAL_URL), app)


@pytest.fixture
def listening_reader(app: Flask, app_settings: Settings) -> Iterator[Reader]:
    """Reads through an edge that listens, as every web process does."""
    edge = Edge(app, origin=EXTERNAL_URL)
    listener = Listener(edge, app_settings.database_url, check_seconds=0.5)
    edge.listen_with(listener)
    listener.ensure()
    assert listener.wait_until_listening(10)
    yield Reader(edge, app)
    listener.close()
