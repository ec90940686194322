"""Who may do what: every button of the dashboard and every call of the API, for every role and scope.

What a view asks for comes from the view, who has it from `suppliers.permissions`; what must come out is also
written down here in full for those who may do least, so that a right given by mistake is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core import tenancy
from app.core.headers import UNSAFE, Trust
from app.suppliers import permissions
from app.suppliers.models import Role
from app.suppliers.permissions import Scope
from tests.factories import World, make_api_key, make_kestrel, sign_in
from tests.functional.api.caller import Caller
from tests.invariants.conftest import RowsOf
from tests.invariants.surface import FILLED_IN, Door, Visitor, doors, path_of, rows_of


def person_in(world: World, role: Role) -> Any:
    """Who has the role at Kestrel."""
    return {Role.OWNER: world.owner, Role.MODERATOR: world.moderator, Role.ANALYST: world.analyst}[role]


def closed_and_open(app: Flask, group: Trust, given: frozenset[str]) -> tuple[list[Door], list[Door]]:
    """Doors that these permissions do not open, and those that they do."""
    every = list(doors(app, group))
    return [door for door in every if not door.needs <= given], [door for door in every if door.needs <= given]


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.ANALYST])
def test_what_a_role_does_not_include_is_refused_and_changes_nothing(
    app: Flask, client: FlaskClient, outbox: Callable[[], int], everything_of: RowsOf, role: Role
) -> None:
    world = make_kestrel()
    rows = rows_of(world, outbox)
    before = everything_of(world.supplier.id)
    sign_in(client, person_in(world, role))
    visitor = Visitor(client)
    closed, _ = closed_and_open(app, Trust.DASHBOARD, permissions.of_role(role))
    assert len(closed) > 15
    for door in closed:
        answer = visitor.opens(door.method, path_of(app, door, rows), **FILLED_IN)
        assert answer.status_code == 403, f"{role} {door}: {answer.status_code}"
        assert "Your role does not include this." in answer.text, str(door)
    assert everything_of(world.supplier.id) == before


@pytest.mark.parametrize("role", list(Role))
def test_what_a_role_includes_can_be_done(
    app: Flask, client: FlaskClient, outbox: Callable[[], int], role: Role
) -> None:
    world = make_kestrel()
    rows = rows_of(world, outbox)
    sign_in(client, person_in(world, role))
    visitor = Visitor(client)
    _, opened = closed_and_open(app, Trust.DASHBOARD, permissions.of_role(role))
    # Reading first: what is done afterwards may take away what is read.
    for door in sorted(opened, key=lambda one: one.method in UNSAFE):
        answer = visitor.opens(door.method, path_of(app, door, rows))
        # An empty form may be refused, but never the person, and never with a crash.
        expected = {200, 303} if door.method == "GET" else {200, 303, 409, 422}
        assert answer.status_code in expected, f"{role} {door}: {answer.status_code}"


def test_an_analyst_changes_nothing_but_her_own_account(app: Flask) -> None:
    _, opened = closed_and_open(app, Trust.DASHBOARD, permissions.of_role(Role.ANALYST))
    assert {door.rule for door in opened if door.method in UNSAFE} == {
        "/dashboard/settings/account",
        "/dashboard/settings/account/password",
        "/dashboard/settings/account/sign-out-others",
        "/dashboard/settings/switch/<supplier_id>",
    }


def test_a_moderator_changes_no_setting_but_her_own_account(app: Flask) -> None:
    _, opened = closed_and_open(app, Trust.DASHBOARD, permissions.of_role(Role.MODERATOR))
    rules = {door.rule for door in opened if door.method in UNSAFE and door.rule.startswith("/dashboard/settings")}
    assert rules == {
        "/dashboard/settings/account",
        "/dashboard/settings/account/password",
        "/dashboard/settings/account/sign-out-others",
        "/dashboard/settings/switch/<supplier_id>",
    }


@pytest.mark.parametrize("scope", list(Scope))
def test_a_key_opens_what_its_scope_says_and_nothing_else(
    app: Flask, client: FlaskClient, outbox: Callable[[], int], scope: Scope
) -> None:
    world = make_kestrel()
    rows = rows_of(world, outbox)
    tenancy.enter(world.supplier.id)
    office = Caller(client, make_api_key(world.actor, [scope]))
    closed, opened = closed_and_open(app, Trust.API, permissions.of_scopes([scope]))
    assert closed
    for door in closed:
        answer = office.send(door.method, path_of(app, door, rows), {} if door.method in UNSAFE else None)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "forbidden"), str(door)
        assert answer.get_json()["remedy"]
    for door in opened:
        answer = office.send(door.method, path_of(app, door, rows), {} if door.method in UNSAFE else None)
        assert answer.status_code in {200, 201, 409, 422}, f"{door}: {answer.status_code} {answer.text}"
