"""Whoever changes rights, names or secrets in the dashboard leaves a trace: who, what, when, in which request."""

from __future__ import annotations

import uuid

import pytest
from flask.testing import FlaskClient

from app.core.models import AuditEntry
from tests.factories import World, make_kestrel, sign_in
from tests.functional.dashboard.browsing import audited, submit
from tests.personas import ALICE, PASSWORD

SETTINGS = "/dashboard/settings"
ACCOUNT = f"{SETTINGS}/account"
NEW = "five otters under a bridge"


@pytest.fixture
def world(client: FlaskClient) -> World:
    """Kestrel, with Alice signed in."""
    made = make_kestrel()
    sign_in(client, made.owner)
    return made


def only(action: str, world: World) -> AuditEntry:
    """The one entry of an action. It names Alice and the request, and holds nothing that anybody typed."""
    (entry,) = audited(action, world.supplier.id)
    assert (entry.actor_kind, entry.actor_id) == ("user", world.owner.id)
    assert uuid.UUID(entry.request_id).version == 7
    assert entry.at is not None
    for typed in ("Kestrel", "Alice", PASSWORD, NEW, "https://"):
        assert typed not in str(entry.detail)
    return entry


def test_renaming_the_supplier(client: FlaskClient, world: World) -> None:
    for _ in range(2):  # the second time nothing changes, and nothing is written
        submit(client, f"{SETTINGS}/supplier", name="Kestrel Valves", website="https://kestrel.example")
    entry = only("supplier.changed", world)
    assert (entry.target_kind, entry.target_id) == ("supplier", world.supplier.id)
    assert entry.detail == {"fields": ["name", "website"]}


def test_changing_ones_own_profile(client: FlaskClient, world: World) -> None:
    for _ in range(2):
        submit(client, ACCOUNT, name=ALICE.name, locale="pl")
    entry = only("account.changed", world)
    assert (entry.target_kind, entry.target_id, entry.detail) == ("user", world.owner.id, {"fields": ["locale"]})


def test_changing_the_password(client: FlaskClient, another_client: FlaskClient, world: World) -> None:
    sign_in(another_client, world.owner)
    submit(client, f"{ACCOUNT}/password", page=ACCOUNT, old_password="not it", password=NEW)
    assert audited("account.password_changed", world.supplier.id) == []
    submit(client, f"{ACCOUNT}/password", page=ACCOUNT, old_password=PASSWORD, password=NEW)
    entry = only("account.password_changed", world)
    assert (entry.target_id, entry.detail) == (world.owner.id, {"sessions_ended": 1})


def test_signing_out_everywhere_else(client: FlaskClient, another_client: FlaskClient, world: World) -> None:
    sign_in(another_client, world.owner)
    submit(client, f"{ACCOUNT}/sign-out-others", page=ACCOUNT)
    entry = only("account.signed_out_others", world)
    assert (entry.target_id, entry.detail) == (world.owner.id, {"sessions_ended": 1})


def test_changing_the_moderation_policy(client: FlaskClient, world: World) -> None:
    for _ in range(2):
        submit(client, f"{SETTINGS}/moderation", show_stars="yes")
    entry = only("policy.changed", world)
    assert (entry.target_kind, entry.target_id) == ("moderation_policy", world.supplier.id)
    assert entry.detail == {"approve_proven": False, "show_stars": True}
