"""/join: accepting an invitation, with an account or without one yet."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core import tenancy
from app.core.db import db
from app.core.secrets import Prefix, derive
from app.suppliers import members, queries
from app.suppliers.errors import AlreadyMember, InvitationUnusable
from app.suppliers.models import Role
from tests.conftest import Clock, Mailbox, let_go
from tests.factories import World, as_member, csrf_token, join, make_kestrel, make_user, sign_in
from tests.functional.dashboard.browsing import HTML, audited, submit, words
from tests.personas import CHARLIE, EVE, PASSWORD, Persona

Outbox = Callable[[], int]
MEMBERS = "/dashboard/settings/members"
ZOE = Persona("Zoe Achterberg", "zoe@kestrel.example")


def invited(client: FlaskClient, outbox: Outbox, mailbox: Mailbox, role: str = "moderator") -> tuple[World, str]:
    """Alice invites Zoe; the world, and the path in Zoe's mail."""
    world = make_kestrel()
    sign_in(client, world.owner)
    assert submit(client, MEMBERS, email=ZOE.email, role=role).location == MEMBERS
    outbox()
    (mail,) = mailbox.to(ZOE.email)
    assert mail["Subject"] == "Kestrel Pumps asks you to join them on Avouch"
    return world, re.sub(r"^https://[^/]+", "", mailbox.link("/join/avi_", to=ZOE.email))


def roles_of(world: World) -> dict[str, str]:
    tenancy.enter(world.supplier.id)
    return {one.email: one.member.role for one in queries.colleagues()}


def test_zoe_who_has_no_account_makes_one_and_is_in(
    client: FlaskClient, another_client: FlaskClient, outbox: Outbox, mailbox: Mailbox
) -> None:
    world, path = invited(client, outbox, mailbox)
    page = another_client.get(path, headers=HTML)
    assert "Join Kestrel Pumps" in words(page)
    assert submit(another_client, path, name=ZOE.name, password=PASSWORD).location == "/dashboard"
    assert another_client.get(MEMBERS, headers=HTML).status_code == 200
    assert roles_of(world)[ZOE.email] == Role.MODERATOR
    assert [entry.action for entry in audited("member.invited", world.supplier.id)] == ["member.invited"]
    assert [entry.detail["role"] for entry in audited("member.joined", world.supplier.id)] == ["moderator"]


def test_zoe_who_has_an_account_signs_in_first(
    client: FlaskClient, another_client: FlaskClient, outbox: Outbox, mailbox: Mailbox
) -> None:
    world, path = invited(client, outbox, mailbox)
    make_user(ZOE)
    page = another_client.get(path, headers=HTML)
    assert "Sign in to it to join" in words(page)
    assert 'name="password"' not in page.text
    # Posting without being signed in joins nobody: the link alone does not open an account that exists.
    token = csrf_token(another_client.get("/sign-in", headers=HTML).text)
    posted = another_client.post(
        path, data={"csrf_token": token, "name": "Zoe", "password": "another phrase entirely"}, headers=HTML
    )
    assert posted.status_code == 303
    assert ZOE.email not in roles_of(world)
    answer = submit(another_client, "/sign-in", email=ZOE.email, password=PASSWORD, next=path)
    assert answer.location == path
    assert submit(another_client, path).location == "/dashboard"
    assert roles_of(world)[ZOE.email] == Role.MODERATOR


def test_somebody_else_cannot_use_zoes_invitation(
    client: FlaskClient, another_client: FlaskClient, outbox: Outbox, mailbox: Mailbox
) -> None:
    world, path = invited(client, outbox, mailbox)
    sign_in(another_client, make_user(EVE))
    page = another_client.get(path, headers=HTML)
    assert "was sent to zoe@kestrel.example" in words(page)
    another_client.post(path, data={"csrf_token": csrf_token(page.text)}, headers=HTML)
    assert set(roles_of(world)) & {EVE.email, ZOE.email} == set()


def test_opening_the_link_changes_nothing(
    client: FlaskClient, another_client: FlaskClient, outbox: Outbox, mailbox: Mailbox
) -> None:
    world, path = invited(client, outbox, mailbox)
    for _ in range(5):
        assert another_client.get(path, headers=HTML).status_code == 200
        assert another_client.head(path, headers=HTML).status_code == 200
    assert ZOE.email not in roles_of(world)


def test_an_invitation_works_once(
    client: FlaskClient, another_client: FlaskClient, outbox: Outbox, mailbox: Mailbox
) -> None:
    world, path = invited(client, outbox, mailbox)
    submit(another_client, path, name=ZOE.name, password=PASSWORD)
    tenancy.enter(world.supplier.id)
    member = next(one.member for one in queries.colleagues() if one.email == ZOE.email)
    submit(client, f"{MEMBERS}/{member.id}/remove", page=f"{MEMBERS}/{member.id}")
    assert another_client.get(path, headers=HTML).status_code == 410
    assert ZOE.email not in roles_of(world)


@pytest.mark.parametrize("lost", ["removed", "demoted"])
def test_an_invitation_sent_while_its_sender_lost_the_right_to_is_void(app: Flask, lost: str) -> None:
    world = make_kestrel()
    charlie = as_member(join(world.supplier, CHARLIE, Role.OWNER))
    owner = as_member(world.owner)
    member = next(one.member for one in queries.colleagues() if one.email == CHARLIE.email)
    if lost == "removed":
        members.remove(owner, member.id, revoke_keys=True)
    else:
        members.change_role(owner, member.id, Role.ANALYST)
    # His request was let in before, and its commit comes after.
    invitation = members.invite(charlie, ZOE.email, Role.OWNER)
    zoe = make_user(ZOE)
    with pytest.raises(InvitationUnusable):
        members.accept(derive(Prefix.MEMBER, invitation.id), zoe)
    db.session.rollback()


def test_of_six_that_accept_at_once_one_wins(app: Flask, client: FlaskClient, outbox: Outbox, mailbox: Mailbox) -> None:
    world, path = invited(client, outbox, mailbox)
    zoe = make_user(ZOE)
    secret = path.rpartition("/")[2]
    let_go()
    ready, outcomes = threading.Barrier(6), []

    def accept() -> None:
        with app.app_context():
            ready.wait()
            try:
                members.accept(secret, zoe)
                db.session.commit()
                outcomes.append("joined")
            except (InvitationUnusable, AlreadyMember):
                db.session.rollback()
                outcomes.append("lost")

    threads = [threading.Thread(target=accept) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["joined"] + ["lost"] * 5
    assert roles_of(world)[ZOE.email] == Role.MODERATOR


def test_an_invitation_can_be_taken_back(
    client: FlaskClient, another_client: FlaskClient, outbox: Outbox, mailbox: Mailbox
) -> None:
    world, path = invited(client, outbox, mailbox)
    tenancy.enter(world.supplier.id)
    (invitation,) = queries.open_invitations()
    submit(client, f"{MEMBERS}/invitations/{invitation.id}/revoke", page=MEMBERS)
    assert another_client.get(path, headers=HTML).status_code == 410
    assert len(audited("member.invitation_revoked", world.supplier.id)) == 1


def test_it_runs_out_after_seven_days(
    client: FlaskClient, another_client: FlaskClient, outbox: Outbox, mailbox: Mailbox, clock: Clock
) -> None:
    _, path = invited(client, outbox, mailbox)
    clock.pass_by(days=7, seconds=1)
    assert another_client.get(path, headers=HTML).status_code == 410


def test_a_second_invitation_takes_the_firsts_place(
    client: FlaskClient, another_client: FlaskClient, outbox: Outbox, mailbox: Mailbox
) -> None:
    world, first = invited(client, outbox, mailbox, role="owner")
    submit(client, MEMBERS, email=ZOE.email, role="analyst")
    outbox()
    assert another_client.get(first, headers=HTML).status_code == 410
    second = re.sub(r"^https://[^/]+", "", mailbox.link("/join/avi_", to=ZOE.email))
    submit(another_client, second, name=ZOE.name, password=PASSWORD)
    assert roles_of(world)[ZOE.email] == Role.ANALYST


def test_a_member_is_not_invited_again(client: FlaskClient) -> None:
    world = make_kestrel()
    sign_in(client, world.owner)
    answer = submit(client, MEMBERS, email=world.analyst.email, role="owner")
    assert answer.status_code == 409
    assert "a member already" in words(answer)


@pytest.mark.parametrize("token", ["x", "avi_" + "a" * 30, "ava_" + "a" * 30])
def test_a_made_up_invitation_is_dead(client: FlaskClient, token: str) -> None:
    assert client.get(f"/join/{token}", headers=HTML).status_code == 410


def test_without_the_forms_token_nobody_joins(
    client: FlaskClient, another_client: FlaskClient, outbox: Outbox, mailbox: Mailbox
) -> None:
    world, path = invited(client, outbox, mailbox)
    refused = another_client.post(path, data={"name": "Zoe", "password": PASSWORD}, headers=HTML)
    assert refused.status_code == 403
    assert ZOE.email not in roles_of(world)
