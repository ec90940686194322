"""/operator: people who run the platform, apart from suppliers' members in every way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import mails
from app.core import outbox
from app.core.clock import now
from app.core.db import db
from app.core.ids import new_id
from app.core.models import OutboxRow
from tests.factories import csrf_token, make_kestrel, make_operator, make_supplier, sign_in
from tests.functional.dashboard.browsing import HTML, submit, words
from tests.personas import ALICE, OLGA, PASSWORD

SIGN_IN = "/operator/sign-in"


def dead_effect() -> OutboxRow:
    effect = outbox.promise(mails.send_reset, token_id=str(new_id()))
    db.session.flush()
    row = db.session.get_one(OutboxRow, effect)
    row.dead_at, row.attempts, row.last_error = now(), 12, "Later: the mail server is away"
    db.session.commit()
    return row


def test_olga_signs_in_and_sees_how_the_platform_does(
    client: FlaskClient, platform_trail: Callable[[], list[str]]
) -> None:
    make_operator()
    make_supplier()
    assert submit(client, SIGN_IN, email=OLGA.email, password=OLGA.password).location == "/operator"
    page = words(client.get("/operator", headers=HTML))
    assert "Kestrel Pumps" in page
    assert "Nothing was given up" in page
    assert "session.begun" in platform_trail()


def test_olga_has_an_effect_tried_again(client: FlaskClient, platform_trail: Callable[[], list[str]]) -> None:
    row = dead_effect()
    sign_in(client, make_operator())
    page = client.get("/operator", headers=HTML)
    assert "the mail server is away" in words(page)
    path = f"/operator/effects/{row.id}/revive"
    assert submit(client, path, page="/operator").location == "/operator"
    revived = db.session.scalars(select(OutboxRow)).one()
    assert (revived.dead_at, revived.attempts) == (None, 0)
    assert "effect.revived" in platform_trail()
    assert submit(client, path, page="/operator").status_code == 404


def test_olga_has_all_of_them_tried_again(client: FlaskClient) -> None:
    dead_effect()
    dead_effect()
    sign_in(client, make_operator())
    assert submit(client, "/operator/effects/revive-all", page="/operator").status_code == 303
    assert "2 effects are back in line" in words(client.get("/operator", headers=HTML))
    assert outbox.depth() == (2, 0)


def test_a_member_never_opens_the_operators_area(client: FlaskClient) -> None:
    world = make_kestrel()
    row = dead_effect()
    sign_in(client, world.owner)
    assert client.get("/operator", headers=HTML).location == "/operator/sign-in?next=/operator"
    token = csrf_token(client.get("/dashboard/settings/account", headers=HTML).text)
    path = f"/operator/effects/{row.id}/revive"
    assert client.post(path, data={"csrf_token": token}, headers=HTML).location.startswith(SIGN_IN)
    assert outbox.depth()[1] == 1


def test_an_operator_never_opens_the_dashboard(client: FlaskClient) -> None:
    make_kestrel()
    sign_in(client, make_operator())
    for path in ("/dashboard/settings/sites", "/dashboard/settings/members", "/dashboard/settings/account"):
        assert client.get(path, headers=HTML).location.startswith("/sign-in")
    assert client.get("/suppliers/new", headers=HTML).location.startswith("/sign-in")


def test_signing_in_as_one_ends_the_session_as_the_other(client: FlaskClient) -> None:
    make_kestrel()
    make_operator()
    submit(client, "/sign-in", email=ALICE.email, password=PASSWORD)
    submit(client, SIGN_IN, email=OLGA.email, password=OLGA.password)
    assert client.get("/operator", headers=HTML).status_code == 200
    assert client.get("/dashboard/settings/sites", headers=HTML).status_code == 303


def test_a_members_password_opens_nothing_here_even_for_the_same_address(client: FlaskClient) -> None:
    make_kestrel()
    assert submit(client, SIGN_IN, email=ALICE.email, password=PASSWORD).status_code == 401


@pytest.mark.parametrize("target", ["//evil.example", "/dashboard", "https://evil.example/operator"])
def test_signing_in_leads_only_into_the_operators_area(client: FlaskClient, target: str) -> None:
    make_operator()
    assert submit(client, SIGN_IN, email=OLGA.email, password=OLGA.password, next=target).location == "/operator"


def test_guessing_is_stopped(client: FlaskClient) -> None:
    make_operator()
    statuses = [submit(client, SIGN_IN, email=OLGA.email, password=f"guess {n}").status_code for n in range(11)]
    assert statuses == [401] * 10 + [429]


def test_a_disabled_operator_is_out_at_once(client: FlaskClient) -> None:
    operator = make_operator()
    sign_in(client, operator)
    assert client.get("/operator", headers=HTML).status_code == 200
    db.session.merge(operator).disabled_at = now()
    db.session.commit()
    assert client.get("/operator", headers=HTML).status_code == 303


@pytest.mark.parametrize(
    "effect_id", ["x", "0191d7a0-0000-7000-8000-000000000000", "00000000-0000-0000-0000-000000000000"]
)
def test_an_effect_that_is_not_there_is_not_found(client: FlaskClient, effect_id: str) -> None:
    sign_in(client, make_operator())
    token = csrf_token(client.get("/operator", headers=HTML).text)
    answer = client.post(f"/operator/effects/{effect_id}/revive", data={"csrf_token": token}, headers=HTML)
    assert answer.status_code == 404


def test_without_the_forms_token_nothing_is_tried_again(client: FlaskClient) -> None:
    row = dead_effect()
    sign_in(client, make_operator())
    assert client.post(f"/operator/effects/{row.id}/revive", headers=HTML).status_code == 403
    assert outbox.depth()[1] == 1
