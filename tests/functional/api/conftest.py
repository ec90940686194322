"""Kestrel's back office, with a key for everything; Otter's, with one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core import clock as core_clock
from tests import factories
from tests.factories import World
from tests.functional.api.caller import Caller


@pytest.fixture(autouse=True)
def _one_day() -> Iterator[None]:
    """The examples' orders lie in the past of this day."""
    with core_clock.fixed_at(datetime(2026, 11, 20, 12, 0, tzinfo=UTC)):
        yield


@pytest.fixture
def otter(app: Flask) -> World:
    """The other supplier."""
    return factories.make_otter()


@pytest.fixture
def kestrel(app: Flask) -> World:
    """The supplier."""
    return factories.make_kestrel()


@pytest.fixture
def office(kestrel: World, client: FlaskClient) -> Caller:
    """Kestrel's back office."""
    return Caller(client, factories.make_api_key(kestrel.actor))


@pytest.fixture
def otters_office(otter: World, client: FlaskClient) -> Caller:
    """Otter's back office."""
    return Caller(client, factories.make_api_key(otter.actor))
