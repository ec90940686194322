"""A write that is sent twice with one Idempotency-Key is done once. Twins that arrive at once do no harm."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, func, select, text
from werkzeug.test import TestResponse

from app.catalog.models import Buyer, Purchase, Subject
from app.core import clock, idempotency, tenancy
from app.core.db import db
from app.core.models import IdempotentAnswer
from app.verification.models import PurchaseToken
from tests import factories
from tests.conftest import let_go
from tests.factories import World
from tests.functional.api.bodies import purchase
from tests.functional.api.caller import Caller

URL = "/api/v1/purchases"
KEY = "8e03978e-40d5-43e8-bc93-6894a57f9324"


def rows(kestrel: World, model: type[Any]) -> int:
    """How many rows Kestrel has."""
    tenancy.enter(kestrel.supplier.id)
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_the_second_gets_the_first_s_answer(kestrel: World, office: Caller) -> None:
    first = office.post(URL, purchase(), Idempotency_Key=KEY)
    second = office.post(URL, purchase(), Idempotency_Key=KEY)
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.status_code == first.status_code == 201
    assert second.data == first.data
    assert second.mimetype == "application/json"
    assert second.headers["Location"] == first.headers["Location"]
    assert rows(kestrel, Purchase) == 1


def test_a_quoted_key_is_the_same_key(office: Caller) -> None:
    office.post(URL, purchase(), Idempotency_Key=KEY)
    assert "Idempotency-Replayed" in office.post(URL, purchase(), Idempotency_Key=f'"{KEY}"').headers


def test_another_body_or_query_under_the_same_key_is_refused(kestrel: World, office: Caller) -> None:
    office.post(URL, purchase(), Idempotency_Key=KEY)
    for answer in (
        office.post(URL, purchase("PO-2"), Idempotency_Key=KEY),
        office.post(URL + "?x=1", purchase(), Idempotency_Key=KEY),
    ):
        assert answer.status_code == 422
        assert answer.json["code"] == "idempotency_key_reused"
    assert rows(kestrel, Purchase) == 1


def test_keys_belong_to_one_caller_and_one_address(kestrel: World, client: FlaskClient, office: Caller) -> None:
    sent = office.post(URL, purchase(), Idempotency_Key=KEY).json
    colleague = Caller(client, factories.make_api_key(kestrel.actor))
    assert "Idempotency-Replayed" not in colleague.post(URL, purchase(), Idempotency_Key=KEY).headers
    elsewhere = office.post(f"{URL}/{sent['id']}/revoke", Idempotency_Key=KEY)
    assert elsewhere.status_code == 200
    assert "Idempotency-Replayed" not in elsewhere.headers


def test_a_refused_write_may_be_corrected_under_the_same_key(kestrel: World, office: Caller) -> None:
    assert office.post(URL, purchase(date="soon"), Idempotency_Key=KEY).status_code == 422
    assert rows(kestrel, IdempotentAnswer) == 0
    assert office.post(URL, purchase(), Idempotency_Key=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", " ", '""', "a b", "ключ", "x" * 256, "a\tb", "\x7f"])
def test_a_key_that_is_none_is_refused(office: Caller, key: str) -> None:
    answer = office.post(URL, purchase(), Idempotency_Key=key.encode().decode("latin-1"))
    assert answer.status_code == 400
    assert answer.json["code"] == "idempotency_key_invalid"


def test_reading_ignores_the_header(office: Caller, client: FlaskClient) -> None:
    for _ in range(2):
        assert "Idempotency-Replayed" not in office.send("GET", URL, Idempotency_Key=KEY).headers


def test_the_kept_answer_is_sealed(kestrel: World, office: Caller) -> None:
    link = office.post(URL, purchase(), Idempotency_Key=KEY).json["links"][0]["url"]
    tenancy.enter(kestrel.supplier.id)
    kept = db.session.scalars(select(IdempotentAnswer)).one()
    assert link.partition("#")[2].encode() not in kept.sealed_body


def test_after_a_week_the_key_is_free_and_the_answer_forgotten(kestrel: World, office: Caller) -> None:
    office.post(URL, purchase(), Idempotency_Key=KEY)
    with clock.fixed_at(clock.now() + timedelta(days=8)):
        tenancy.enter(kestrel.supplier.id)
        assert idempotency.purge() == 1
        let_go()
        assert "Idempotency-Replayed" not in office.post(URL, purchase(), Idempotency_Key=KEY).headers
    with clock.fixed_at(clock.now() + timedelta(days=16)):  # not purged this time, but too old all the same
        assert "Idempotency-Replayed" not in office.post(URL, purchase(), Idempotency_Key=KEY).headers


def test_a_revoked_key_gets_no_replay(kestrel: World, client: FlaskClient) -> None:
    from app.suppliers import service as suppliers
    from app.suppliers.permissions import Scope

    tenancy.enter(kestrel.supplier.id)
    key, secret = suppliers.issue_api_key(kestrel.actor, "Old", [str(Scope.PURCHASES_WRITE)])
    let_go()
    office = Caller(client, secret)
    office.post(URL, purchase(), Idempotency_Key=KEY)
    tenancy.enter(kestrel.supplier.id)
    suppliers.revoke_api_key(kestrel.actor, db.session.merge(key))
    let_go()
    assert office.post(URL, purchase(), Idempotency_Key=KEY).status_code == 401


# ------------------------------------------------------------------------------------------- at once


@contextmanager
def intake_held(kestrel: World) -> Iterator[Connection]:
    """Hold Kestrel's intake, so that whoever comes next waits inside its transaction."""
    with db.engine.connect() as connection, connection.begin():
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
            {"name": f"catalog intake {kestrel.supplier.id}"},
        )
        yield connection


def until(condition: Callable[[], bool]) -> None:
    """Poll until it holds; fail after ten seconds."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        threading.Event().wait(0.01)


def waiting(connection: Connection) -> int:
    """How many transactions wait for an advisory lock."""
    return connection.scalar(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")) or 0


def test_a_twin_in_flight_is_told_to_wait(app: Flask, kestrel: World, office: Caller) -> None:
    let_go()
    with ThreadPoolExecutor(1) as pool:
        with intake_held(kestrel) as connection:
            first = pool.submit(copy_context().run, _post, app, office, purchase(), KEY)
            until(lambda: waiting(connection) == 1)
            twin = office.post(URL, purchase(), Idempotency_Key=KEY)
            assert twin.status_code == 409
            assert twin.json["code"] == "idempotency_in_flight"
            assert int(twin.headers["Retry-After"]) >= 1
        assert first.result(15).status_code == 201
    assert "Idempotency-Replayed" in office.post(URL, purchase(), Idempotency_Key=KEY).headers
    assert rows(kestrel, Purchase) == 1


def test_twins_with_one_key_do_it_once(app: Flask, kestrel: World, office: Caller) -> None:
    let_go()
    with ThreadPoolExecutor(6) as pool:
        turns = [pool.submit(copy_context().run, _post, app, office, purchase(), KEY) for _ in range(12)]
        answers = [turn.result(30) for turn in turns]
    assert {answer.status_code for answer in answers} <= {201, 409}
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.data for answer in done}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in done) == 1
    assert rows(kestrel, Purchase) == rows(kestrel, PurchaseToken) == 1


def test_twins_with_one_reference_make_one_purchase_and_one_link(app: Flask, kestrel: World, office: Caller) -> None:
    let_go()
    body = purchase(subjects=["KP-45", {"sku": "NEW", "name": "New pump"}], buyer={"name": "New buyer"})
    with ThreadPoolExecutor(6) as pool:
        turns = [pool.submit(copy_context().run, _post, app, office, body) for _ in range(12)]
        answers = [turn.result(30) for turn in turns]
    assert sorted(answer.status_code for answer in answers) == [200] * 11 + [201]
    assert len({str(answer.json["links"]) for answer in answers}) == 1
    assert (rows(kestrel, Purchase), rows(kestrel, PurchaseToken)) == (1, 2)
    assert (rows(kestrel, Buyer), rows(kestrel, Subject)) == (1, 2)


def test_batches_that_overlap_in_opposite_order_all_come_in(app: Flask, kestrel: World, office: Caller) -> None:
    let_go()
    batch = [
        purchase(f"PO-{n}", buyer={"name": f"B {n}"}, subjects=[{"sku": f"S{n}", "name": f"S{n}"}]) for n in range(20)
    ]
    bodies = [{"purchases": batch if turn % 2 else batch[::-1]} for turn in range(8)]
    with ThreadPoolExecutor(4) as pool:
        turns = [pool.submit(copy_context().run, _post, app, office, body) for body in bodies]
        answers = [turn.result(30) for turn in turns]
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert rows(kestrel, Purchase) == rows(kestrel, PurchaseToken) == 20


def _post(app: Flask, office: Caller, body: Any, key: str | None = None) -> TestResponse:
    """POST from another thread, with a client of its own."""
    headers = {"Idempotency_Key": key} if key else {}
    with app.app_context():
        return office.on(app.test_client()).post(URL, body, **headers)
