"""/dashboard/settings/members: who works for a supplier, and that a removal bites at once."""

from __future__ import annotations

import threading
import uuid

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core import tenancy
from app.core.clock import now
from app.core.db import db
from app.core.ids import new_id
from app.suppliers import members, queries
from app.suppliers.errors import LastOwner
from app.suppliers.models import ApiKey, Member, MemberInvitation, Role
from tests.conftest import let_go
from tests.factories import (
    World,
    as_member,
    csrf_token,
    join,
    make_api_key,
    make_kestrel,
    make_otter,
    make_user,
    sign_in,
)
from tests.functional.dashboard.browsing import HTML, audited, submit, words
from tests.personas import ALICE, ANNA, CHARLIE, MONA

MEMBERS = "/dashboard/settings/members"


def place(world: World, email: str) -> Member:
    tenancy.enter(world.supplier.id)
    return next(one.member for one in queries.colleagues() if one.email == email)


def test_everybody_who_works_there_sees_who_does(client: FlaskClient) -> None:
    world = make_kestrel()
    for person in (world.owner, world.moderator, world.analyst):
        sign_in(client, person)
        page = client.get(MEMBERS, headers=HTML)
        assert all(name in words(page) for name in (ALICE.name, MONA.name, ANNA.name))
        assert ("Send the invitation" in page.text) == (person.id == world.owner.id)


def test_alice_gives_anna_another_role_and_it_counts_at_her_next_click(
    client: FlaskClient, another_client: FlaskClient
) -> None:
    world = make_kestrel()
    anna = place(world, ANNA.email)
    sign_in(client, world.owner)
    sign_in(another_client, world.analyst)
    keys = "/dashboard/settings/keys"
    assert another_client.get(keys, headers=HTML).status_code == 403
    changed = submit(client, f"{MEMBERS}/{anna.id}/role", page=f"{MEMBERS}/{anna.id}", role="owner")
    assert changed.location == MEMBERS
    assert another_client.get(keys, headers=HTML).status_code == 200
    submit(client, f"{MEMBERS}/{anna.id}/role", page=f"{MEMBERS}/{anna.id}", role="analyst")
    assert another_client.get(keys, headers=HTML).status_code == 403
    assert [
        (entry.detail["from"], entry.detail["to"]) for entry in audited("member.role_changed", world.supplier.id)
    ] == [
        ("analyst", "owner"),
        ("owner", "analyst"),
    ]


def test_a_removed_member_is_out_at_the_next_click(client: FlaskClient, another_client: FlaskClient) -> None:
    world = make_kestrel()
    mona = place(world, MONA.email)
    sign_in(client, world.owner)
    sign_in(another_client, world.moderator)
    assert another_client.get(MEMBERS, headers=HTML).status_code == 200
    submit(client, f"{MEMBERS}/{mona.id}/remove", page=f"{MEMBERS}/{mona.id}")
    shut_out = another_client.get(MEMBERS, headers=HTML)
    assert (shut_out.status_code, shut_out.location) == (303, "/suppliers/new")
    assert MONA.name not in words(client.get(MEMBERS, headers=HTML))
    (entry,) = audited("member.removed", world.supplier.id)
    assert (entry.actor_id, entry.target_id) == (world.owner.id, mona.id)


def test_what_hung_on_a_membership_goes_with_it(client: FlaskClient, another_client: FlaskClient) -> None:
    world = make_kestrel()
    bob = as_member(join(world.supplier, CHARLIE, Role.OWNER))
    secret = make_api_key(bob, ("purchases:read",))  # type: ignore[arg-type]  # values of Scope
    invitation = members.invite(bob, "zoe@kestrel.example", Role.OWNER)
    db.session.commit()
    charlie = place(world, CHARLIE.email)
    sign_in(client, world.owner)
    page = client.get(f"{MEMBERS}/{charlie.id}", headers=HTML)
    assert "Also revoke the API key they made" in words(page)
    submit(client, f"{MEMBERS}/{charlie.id}/remove", page=f"{MEMBERS}/{charlie.id}", revoke_keys="yes")
    tenancy.enter(world.supplier.id)
    assert db.session.get_one(MemberInvitation, (world.supplier.id, invitation.id)).revoked_at is not None
    refused = another_client.get("/api/v1/purchases", headers={"Authorization": f"Bearer {secret}"})
    assert refused.status_code == 401


def test_keys_stay_where_the_owner_says_so(client: FlaskClient) -> None:
    world = make_kestrel()
    make_api_key(as_member(join(world.supplier, CHARLIE, Role.OWNER)))
    charlie = place(world, CHARLIE.email)
    sign_in(client, world.owner)
    submit(client, f"{MEMBERS}/{charlie.id}/remove", page=f"{MEMBERS}/{charlie.id}")
    tenancy.enter(world.supplier.id)
    assert db.session.scalars(select(ApiKey.revoked_at)).all() == [None]


@pytest.mark.parametrize("deed", ["role", "remove"])
def test_the_last_owner_stays(client: FlaskClient, deed: str) -> None:
    world = make_kestrel()
    alice = place(world, ALICE.email)
    sign_in(client, world.owner)
    answer = submit(
        client,
        f"{MEMBERS}/{alice.id}/{deed}",
        page=f"{MEMBERS}/{alice.id}",
        **({"role": "analyst"} if deed == "role" else {}),
    )
    assert answer.status_code == 409
    assert "at least one owner" in words(answer)
    assert place(world, ALICE.email).role == Role.OWNER


@pytest.mark.parametrize("deed", ["demote", "remove"])
def test_two_owners_who_take_each_other_away_at_once_leave_one(app: Flask, deed: str) -> None:
    world = make_kestrel()
    join(world.supplier, CHARLIE, Role.OWNER)
    pair = [place(world, ALICE.email).id, place(world, CHARLIE.email).id]
    let_go()
    for _ in range(5):
        ready, outcomes = threading.Barrier(2), []

        def act(member_id: uuid.UUID, ready: threading.Barrier = ready, outcomes: list[str] = outcomes) -> None:
            with app.app_context():
                tenancy.enter(world.supplier.id)
                ready.wait()
                try:
                    if deed == "demote":
                        members.change_role(world.actor, member_id, Role.ANALYST)
                    else:
                        members.remove(world.actor, member_id, revoke_keys=False)
                    db.session.commit()
                    outcomes.append("done")
                except LastOwner:
                    db.session.rollback()
                    outcomes.append("last owner")

        threads = [threading.Thread(target=act, args=(member_id,)) for member_id in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["done", "last owner"]
        tenancy.enter(world.supplier.id)
        for member in db.session.scalars(select(Member).where(Member.id.in_(pair))):
            member.role, member.removed_at = Role.OWNER, None
        let_go()


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.ANALYST])
def test_only_owners_change_members(client: FlaskClient, role: Role) -> None:
    world = make_kestrel()
    person = world.moderator if role is Role.MODERATOR else world.analyst
    alice, own = place(world, ALICE.email), place(world, person.email)
    sign_in(client, person)
    token = csrf_token(client.get("/dashboard/settings/account", headers=HTML).text)
    for path, fields in (
        (MEMBERS, {"email": "zoe@kestrel.example", "role": "owner"}),
        (f"{MEMBERS}/{own.id}/role", {"role": "owner"}),
        (f"{MEMBERS}/{alice.id}/remove", {}),
        (f"{MEMBERS}/invitations/{new_id()}/revoke", {}),
    ):
        assert client.post(path, data={"csrf_token": token, **fields}, headers=HTML).status_code == 403
    assert client.get(f"{MEMBERS}/{alice.id}", headers=HTML).status_code == 403


def test_another_suppliers_member_is_not_there(client: FlaskClient) -> None:
    otter = make_otter()
    charlie = place(otter, CHARLIE.email)
    tenancy.leave()
    world = make_kestrel()
    sign_in(client, world.owner)
    token = csrf_token(client.get(MEMBERS, headers=HTML).text)
    assert client.get(f"{MEMBERS}/{charlie.id}", headers=HTML).status_code == 404
    for path, fields in ((f"{MEMBERS}/{charlie.id}/role", {"role": "analyst"}), (f"{MEMBERS}/{charlie.id}/remove", {})):
        assert client.post(path, data={"csrf_token": token, **fields}, headers=HTML).status_code == 404
    assert place(otter, CHARLIE.email).role == Role.OWNER


@pytest.mark.parametrize("member_id", ["x", "0", "' OR 1=1", "00000000-0000-0000-0000-000000000000"])
def test_no_id_is_not_found(client: FlaskClient, member_id: str) -> None:
    sign_in(client, make_kestrel().owner)
    assert client.get(f"{MEMBERS}/{member_id}", headers=HTML).status_code == 404


@pytest.mark.parametrize("role", ["", "god", "OWNER", "operator", "owner "])
def test_no_role_is_refused(client: FlaskClient, role: str) -> None:
    world = make_kestrel()
    anna = place(world, ANNA.email)
    sign_in(client, world.owner)
    answer = submit(client, f"{MEMBERS}/{anna.id}/role", page=f"{MEMBERS}/{anna.id}", role=role)
    assert answer.status_code == 422


def test_fields_that_the_form_does_not_have_are_refused(client: FlaskClient) -> None:
    world = make_kestrel()
    anna = place(world, ANNA.email)
    sign_in(client, world.owner)
    answer = submit(
        client, f"{MEMBERS}/{anna.id}/role", page=f"{MEMBERS}/{anna.id}", role="analyst", supplier_id=str(new_id())
    )
    assert answer.status_code == 422


def test_without_the_forms_token_nobody_is_removed(client: FlaskClient) -> None:
    world = make_kestrel()
    anna = place(world, ANNA.email)
    sign_in(client, world.owner)
    assert client.post(f"{MEMBERS}/{anna.id}/remove", headers=HTML).status_code == 403
    assert place(world, ANNA.email).removed_at is None


def test_a_disabled_user_is_out_at_once(client: FlaskClient) -> None:
    world = make_kestrel()
    sign_in(client, world.analyst)
    assert client.get(MEMBERS, headers=HTML).status_code == 200
    make_user(ANNA).disabled_at = now()
    db.session.commit()
    assert client.get(MEMBERS, headers=HTML).location.startswith("/sign-in")
