"""/dashboard/settings/keys, and what a key opens."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core import tenancy
from app.core.clock import now
from app.core.db import db
from app.core.secrets import Prefix, digest, well_formed
from app.suppliers import queries
from app.suppliers.errors import UnknownKey
from app.suppliers.models import ApiKey, Supplier
from tests.conftest import Clock
from tests.factories import World, csrf_token, make_api_key, make_kestrel, make_otter, sign_in
from tests.functional.dashboard.browsing import HTML, audited, submit, words

KEYS = "/dashboard/settings/keys"
PURCHASES = "/api/v1/purchases"


def made(client: FlaskClient, *scopes: str) -> str:
    answer = submit(client, KEYS, name="ERP", scopes=list(scopes or ("purchases:read",)))
    assert answer.status_code == 201
    found = re.search(r"avk_[a-z2-7]{30}", answer.text)
    assert found
    return found.group()


def only_key(world: World) -> ApiKey:
    tenancy.enter(world.supplier.id)
    return db.session.scalars(select(ApiKey)).one()


def test_alice_makes_a_key_and_sees_it_once(client: FlaskClient) -> None:
    world = make_kestrel()
    sign_in(client, world.owner)
    secret = made(client, "purchases:write", "reviews:read")
    key = only_key(world)
    assert well_formed(secret, Prefix.API_KEY)
    assert (key.key_hash, key.hint, key.scopes) == (digest(secret), secret[:8], ["purchases:write", "reviews:read"])
    listed = client.get(KEYS, headers=HTML)
    assert secret not in listed.text
    assert f"{key.hint}…" in words(listed)
    assert "by Alice Moreau" in words(listed)
    (entry,) = audited("api_key.issued", world.supplier.id)
    assert secret not in str(entry.detail)


def test_the_page_with_the_key_is_kept_by_nobody(client: FlaskClient) -> None:
    sign_in(client, make_kestrel().owner)
    answer = submit(client, KEYS, name="ERP", scopes=["purchases:read"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_a_revoked_key_opens_nothing_from_the_next_request_on(client: FlaskClient, another_client: FlaskClient) -> None:
    world = make_kestrel()
    sign_in(client, world.owner)
    headers = {"Authorization": f"Bearer {made(client)}"}
    assert another_client.get(PURCHASES, headers=headers).status_code == 200
    submit(client, f"{KEYS}/{only_key(world).id}/revoke", page=KEYS)
    refused = another_client.get(PURCHASES, headers=headers)
    assert (refused.status_code, refused.json["code"]) == (401, "unknown_key")  # type: ignore[index]
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert len(audited("api_key.revoked", world.supplier.id)) == 1


def test_use_is_noted_at_most_once_a_minute(client: FlaskClient, another_client: FlaskClient, clock: Clock) -> None:
    world = make_kestrel()
    begun = now()
    clock.set(begun)
    headers = {"Authorization": f"Bearer {make_api_key(world.actor)}"}
    assert only_key(world).last_used_at is None
    another_client.get(PURCHASES, headers=headers)
    assert only_key(world).last_used_at == begun
    clock.pass_by(seconds=59)
    another_client.get(PURCHASES, headers=headers)
    assert only_key(world).last_used_at == begun
    later = clock.pass_by(seconds=1)
    another_client.get(PURCHASES, headers=headers)
    assert only_key(world).last_used_at == later


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer avk_" + "a" * 30,
        "Bearer avs_" + "a" * 30,
        "Bearer ' OR 1=1",
        "Bearer " + "a" * 5000,
    ],
)
def test_anything_else_is_no_key(client: FlaskClient, header: str) -> None:
    make_kestrel()
    answer = client.get(PURCHASES, headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"


def test_a_key_of_a_closed_supplier_opens_nothing(app: object) -> None:
    world = make_kestrel()
    secret = make_api_key(world.actor)
    db.session.get_one(Supplier, world.supplier.id).closed_at = now()
    db.session.commit()
    with pytest.raises(UnknownKey):
        queries.authenticate_api_key(secret)


def test_a_scope_is_all_a_key_has(client: FlaskClient) -> None:
    world = make_kestrel()
    headers = {"Authorization": f"Bearer {make_api_key(world.actor, ('reviews:read',))}"}  # type: ignore[arg-type]
    refused = client.get(PURCHASES, headers=headers)
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")  # type: ignore[index]


def test_a_members_cookie_opens_nothing_of_the_api(client: FlaskClient) -> None:
    sign_in(client, make_kestrel().owner)
    assert client.get(PURCHASES).status_code == 401


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"scopes": []}, {"scopes": ["everything"]}, {"name": "x" * 121}, {"hint": "avk_mine"}]
)
def test_what_will_not_do_makes_no_key(client: FlaskClient, fields: dict[str, str | list[str]]) -> None:
    world = make_kestrel()
    sign_in(client, world.owner)
    answer = submit(client, KEYS, **{"name": "ERP", "scopes": ["purchases:read"], **fields})
    assert answer.status_code == 422
    tenancy.enter(world.supplier.id)
    assert not queries.api_keys()


def test_only_owners_see_and_make_keys(client: FlaskClient) -> None:
    world = make_kestrel()
    for person in (world.moderator, world.analyst):
        sign_in(client, person)
        token = csrf_token(client.get("/dashboard/settings/account", headers=HTML).text)
        assert client.get(KEYS, headers=HTML).status_code == 403
        data = {"csrf_token": token, "name": "ERP", "scopes": ["purchases:read"]}
        assert client.post(KEYS, data=data, headers=HTML).status_code == 403


def test_another_suppliers_key_is_not_there(client: FlaskClient) -> None:
    otter = make_otter()
    make_api_key(otter.actor)
    foreign = only_key(otter)
    tenancy.leave()
    world = make_kestrel()
    sign_in(client, world.owner)
    assert submit(client, f"{KEYS}/{foreign.id}/revoke", page=KEYS).status_code == 404
    assert foreign.hint not in client.get(KEYS, headers=HTML).text
    assert only_key(otter).revoked_at is None


def test_without_the_forms_token_no_key_is_made(client: FlaskClient) -> None:
    world = make_kestrel()
    sign_in(client, world.owner)
    assert client.post(KEYS, data={"name": "ERP", "scopes": ["purchases:read"]}, headers=HTML).status_code == 403
    tenancy.enter(world.supplier.id)
    assert not queries.api_keys()
