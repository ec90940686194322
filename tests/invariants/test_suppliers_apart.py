"""Charlie, who owns the other supplier, tries every address of the dashboard and the API with Kestrel's real rows.

The list of addresses is the application's own, so a route that comes later is tried without anybody thinking of it.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from app.core import tenancy
from app.core.headers import UNSAFE, Trust
from tests.factories import World, make_api_key, make_kestrel, make_otter, sign_in
from tests.functional.api.caller import Caller
from tests.invariants.conftest import RowsOf
from tests.invariants.surface import FILLED_IN, Visitor, doors, path_of, rows_of

# Words that stand in Kestrel's rows and in nobody else's.
KESTRELS = ("kestrel", "brightwater utilities", "quiet and steady", "around the clock", "CR 45", "Rita S.", "Alice")


def found_of_kestrel(text: str, rows: dict[str, str]) -> list[str]:
    """Which of Kestrel's words and ids stand in an answer."""
    return [word for word in (*KESTRELS, *rows.values()) if word.casefold() in text.casefold()]


def two_worlds(drain: Callable[[], int]) -> tuple[World, World, dict[str, str]]:
    """Otter, Kestrel, and Kestrel's rows."""
    otter = make_otter()
    tenancy.leave()
    kestrel = make_kestrel()
    rows = rows_of(kestrel, drain)
    return otter, kestrel, rows


def test_charlie_opens_no_page_and_presses_no_button_of_kestrels(
    app: Flask, client: FlaskClient, outbox: Callable[[], int], everything_of: RowsOf
) -> None:
    otter, kestrel, rows = two_worlds(outbox)
    before = everything_of(kestrel.supplier.id)
    assert sum(len(some) for some in before.values()) > 30
    sign_in(client, otter.owner)
    charlie = Visitor(client)
    tried = 0
    for door in doors(app, Trust.DASHBOARD):
        if not door.arguments:
            continue
        answer = charlie.opens(door.method, path_of(app, door, rows), **FILLED_IN)
        assert answer.status_code == 404, f"{door}: {answer.status_code}"
        assert found_of_kestrel(answer.text, rows) == [], str(door)
        tried += 1
    assert tried > 20
    assert everything_of(kestrel.supplier.id) == before


def test_charlies_lists_hold_nothing_of_kestrels_whatever_he_asks_for(
    app: Flask, client: FlaskClient, outbox: Callable[[], int]
) -> None:
    otter, kestrel, rows = two_worlds(outbox)
    sign_in(client, otter.owner)
    asked: list[dict[str, str]] = [
        {},
        {"subject": kestrel.subject.slug},
        {"before": rows["review_id"]},
        {"after": rows["case_id"]},
        {"reference": "PO-1"},
        {"state": "published"},
    ]
    for door in doors(app, Trust.DASHBOARD):
        if door.arguments or door.method in UNSAFE:
            continue
        for query in asked:
            answer = client.get(path_of(app, door, {}), query_string=query, headers={"Accept": "text/html"})
            # A place to go on from is signed; one that was made up is refused.
            assert answer.status_code in {200, 303, 400}, f"{door} {query}: {answer.status_code}"
            # What was asked for may be repeated in the form that asked.
            assert set(found_of_kestrel(answer.text, rows)) <= set(query.values()), f"{door} {query}"


def test_the_other_suppliers_key_opens_nothing_of_kestrels(
    app: Flask, client: FlaskClient, outbox: Callable[[], int], everything_of: RowsOf
) -> None:
    otter, kestrel, rows = two_worlds(outbox)
    tenancy.enter(otter.supplier.id)
    office = Caller(client, make_api_key(otter.actor))
    before = everything_of(kestrel.supplier.id)
    tried = 0
    for door in doors(app, Trust.API):
        path = path_of(app, door, rows)
        body = {"text": "Thank you for these words."} if door.method in UNSAFE else None
        answer = office.send(door.method, path, body)
        if door.arguments:
            assert answer.status_code == 404, f"{door}: {answer.status_code} {answer.text}"
            assert answer.mimetype == "application/problem+json"
            tried += 1
        assert found_of_kestrel(answer.text, rows) == [], str(door)
    assert tried >= 3
    assert everything_of(kestrel.supplier.id) == before


def test_reading_with_kestrels_names_in_the_filters_finds_nothing(
    app: Flask, client: FlaskClient, outbox: Callable[[], int]
) -> None:
    otter, kestrel, rows = two_worlds(outbox)
    tenancy.enter(otter.supplier.id)
    office = Caller(client, make_api_key(otter.actor))
    filters: list[dict[str, str]] = [
        {"reference": "PO-1"},
        {"subject": kestrel.subject.slug},
        {"cursor": rows["review_id"]},
    ]
    for door in doors(app, Trust.API):
        if door.arguments or door.method in UNSAFE:
            continue
        for query in filters:
            answer = office.get(path_of(app, door, {}), **query)
            assert answer.status_code in {200, 400, 422}, str(door)
            assert set(found_of_kestrel(answer.text, rows)) <= set(query.values()), str(door)
