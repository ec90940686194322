"""Probes and figures: what an orchestrator and Prometheus ask."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core import links
from app.core.embedded import free_port
from tests.conftest import AppWith
from tests.factories import make_supplier, make_user
from tests.functional.dashboard.browsing import HTML, submit
from tests.personas import ALICE

TOKEN = {"Authorization": "Bearer tests-only-metrics-Zr8Vn4cXw6Kj1LbT3dQ2"}


def figures(client: FlaskClient) -> dict[str, float]:
    """Every figure by name and labels."""
    answer = client.get("/metrics", headers=TOKEN)
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    rows = re.findall(r"^(avouch_[a-z_]+(?:\{[^}]*\})?) (\S+)$", answer.text, flags=re.MULTILINE)
    return {name: float(value) for name, value in rows}


def test_a_process_that_lives_and_reaches_its_database_says_so(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok"}
    assert client.get("/readyz").get_json() == {"status": "ready"}


def test_without_its_database_it_lives_and_is_not_ready(app_with: AppWith) -> None:
    app = app_with(AVOUCH_DATABASE_URL=f"postgresql://avouch_app:x@127.0.0.1:{free_port()}/avouch")
    client = app.test_client()
    with app.app_context():
        alive, ready = client.get("/healthz"), client.get("/readyz")
        page = client.get("/s/kestrel-pumps", headers=HTML)
    assert alive.status_code == 200
    assert (ready.status_code, ready.mimetype) == (503, "application/problem+json")
    assert ready.headers["Retry-After"] == "5"
    assert ready.get_json()["code"] == "unavailable"
    assert page.status_code == 503
    assert "Traceback" not in page.text
    assert "127.0.0.1" not in page.text + ready.text


def test_figures_are_for_whoever_has_the_token(client: FlaskClient) -> None:
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}, {"Authorization": "ü"}):
        assert client.get("/metrics", headers=header).status_code == 404


def test_figures_count_requests_refusals_and_what_waits(
    app: Flask, client: FlaskClient, outbox: Callable[[], int]
) -> None:
    make_supplier()
    make_user(ALICE)
    before = figures(client)
    client.get("/sign-in", headers=HTML)
    client.get("/api/v1/purchases")
    submit(client, "/reset", email=ALICE.email)
    after = figures(client)

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert grown('avouch_requests_total{group="account",status="200"}') == 2
    assert grown('avouch_requests_total{group="api",status="401"}') == 1
    assert grown('avouch_refusals_total{code="unauthenticated"}') == 1
    assert grown('avouch_request_seconds_count{group="account"}') == 3
    assert after["avouch_outbox_open"] >= 1
    outbox()
    assert figures(client)["avouch_outbox_open"] == 0
    assert figures(client)["avouch_outbox_dead"] == 0


@pytest.mark.parametrize("name", ["../../config.py", "css/../../../config.py", "../../../../../../dev/zero", ".."])
def test_nothing_outside_the_assets_is_as_much_as_read(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    read: list[str] = []
    monkeypatch.setattr(links, "_hash", lambda path, _changed: read.append(str(path)) or "0" * 16)
    assert client.get(f"/assets/{'0' * 16}/{name}").status_code == 404
    assert read == []


def test_an_asset_has_one_address(client: FlaskClient) -> None:
    address = links.asset("css/avouch.css")
    folder = address.removesuffix("css/avouch.css")
    with client.get(address) as found:
        assert found.status_code == 200
    for name in ("css/./avouch.css", "css/../css/avouch.css", "./css/avouch.css"):
        with client.get(folder + name) as refused:
            assert refused.status_code == 404
