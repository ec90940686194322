"""/dashboard/settings/account, and looking at one of several suppliers."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

from app.core import tenancy
from app.core.db import db
from app.suppliers.models import Role
from tests.conftest import Mailbox
from tests.factories import csrf_token, join, make_kestrel, make_otter, make_user, sign_in
from tests.functional.dashboard.browsing import HTML, submit, words
from tests.personas import ALICE, CHARLIE, PASSWORD

ACCOUNT = "/dashboard/settings/account"
NEW = "five otters under a bridge"


def test_changing_the_password_ends_every_other_session_and_renews_this_one(
    client: FlaskClient, another_client: FlaskClient, outbox: Callable[[], int], mailbox: Mailbox
) -> None:
    make_kestrel()
    for browser in (client, another_client):
        submit(browser, "/sign-in", email=ALICE.email, password=PASSWORD)
    answer = submit(client, f"{ACCOUNT}/password", page=ACCOUNT, old_password=PASSWORD, password=NEW)
    assert answer.location == ACCOUNT
    assert client.get(ACCOUNT, headers=HTML).status_code == 200
    assert another_client.get(ACCOUNT, headers=HTML).location.startswith("/sign-in")
    assert submit(another_client, "/sign-in", email=ALICE.email, password=PASSWORD).status_code == 401
    outbox()
    assert mailbox[-1]["Subject"] == "Your Avouch password was changed"


def test_who_does_not_know_the_password_cannot_change_it_nor_guess_for_long(client: FlaskClient) -> None:
    world = make_kestrel()
    sign_in(client, world.owner)
    statuses = [
        submit(client, f"{ACCOUNT}/password", page=ACCOUNT, old_password=f"guess {n}", password=NEW).status_code
        for n in range(12)
    ]
    assert statuses == [422] * 10 + [429] * 2


def test_a_weak_password_is_refused(client: FlaskClient) -> None:
    sign_in(client, make_kestrel().owner)
    answer = submit(client, f"{ACCOUNT}/password", page=ACCOUNT, old_password=PASSWORD, password="kestrel-2026")
    assert answer.status_code == 422
    assert "little more than your name" in words(answer)


def test_alice_signs_out_everywhere_else(client: FlaskClient, another_client: FlaskClient) -> None:
    world = make_kestrel()
    sign_in(client, world.owner)
    sign_in(another_client, world.owner)
    assert "signed in on 2 browsers" in words(client.get(ACCOUNT, headers=HTML))
    submit(client, f"{ACCOUNT}/sign-out-others", page=ACCOUNT)
    assert client.get(ACCOUNT, headers=HTML).status_code == 200
    assert another_client.get(ACCOUNT, headers=HTML).status_code == 303


def test_name_and_language_are_hers_to_choose(client: FlaskClient) -> None:
    sign_in(client, make_kestrel().owner)
    assert submit(client, ACCOUNT, name="Alice M.", locale="pl").status_code == 303
    user = make_user(ALICE)
    assert (user.name, user.locale) == ("Alice M.", "pl")
    assert '<html lang="pl"' in client.get(ACCOUNT, headers=HTML).text


def test_whoever_works_for_two_suppliers_looks_at_one_at_a_time(client: FlaskClient) -> None:
    otter = make_otter()
    tenancy.leave()
    kestrel = make_kestrel()
    charlie = join(kestrel.supplier, CHARLIE, Role.ANALYST)
    sign_in(client, charlie)
    sites = "/dashboard/settings/sites"
    assert str(otter.site.id) in client.get(sites, headers=HTML).text
    switched = submit(client, f"/dashboard/settings/switch/{kestrel.supplier.id}", page=ACCOUNT)
    assert switched.location == "/dashboard"
    page = client.get(sites, headers=HTML).text
    assert str(kestrel.site.id) in page
    assert str(otter.site.id) not in page
    # An owner at Otter, an analyst here: rights are those of the supplier looked at.
    assert client.get("/dashboard/settings/keys", headers=HTML).status_code == 403


def test_nobody_can_look_at_a_supplier_they_do_not_work_for(client: FlaskClient) -> None:
    otter = make_otter()
    tenancy.leave()
    kestrel = make_kestrel()
    sign_in(client, kestrel.owner)
    page = client.get(ACCOUNT, headers=HTML)
    data = {"csrf_token": csrf_token(page.text)}
    refused = client.post(f"/dashboard/settings/switch/{otter.supplier.id}", data=data, headers=HTML)
    assert refused.status_code == 404
    # Nor by writing it into the cookie, were that possible.
    with client.session_transaction(base_url="https://avouch.test") as cookie:
        cookie["supplier"] = str(otter.supplier.id)
    assert str(kestrel.site.id) in client.get("/dashboard/settings/sites", headers=HTML).text


def test_one_person_can_begin_a_second_supplier(client: FlaskClient) -> None:
    world = make_kestrel()
    sign_in(client, world.owner)
    assert submit(client, "/suppliers/new", supplier="Kestrel Pumps").location == "/dashboard"
    page = client.get("/dashboard/settings/supplier", headers=HTML)
    assert "/s/kestrel-pumps-2" in page.text
    assert len(tenancy.suppliers_of(world.owner.id)) == 2


def test_the_supplier_can_be_renamed_and_keeps_its_address(client: FlaskClient) -> None:
    world = make_kestrel()
    sign_in(client, world.owner)
    path = "/dashboard/settings/supplier"
    assert submit(client, path, name="Kestrel Pumps & Valves", website="https://kestrel.example").status_code == 303
    db.session.expire_all()
    page = client.get(path, headers=HTML).text
    assert "Kestrel Pumps &amp; Valves" in page
    assert "/s/kestrel-pumps" in page
    assert submit(client, path, name="Kestrel", website="javascript:alert(1)").status_code == 422


def test_the_moderation_policy_is_the_owners(client: FlaskClient) -> None:
    world = make_kestrel()
    path = "/dashboard/settings/moderation"
    sign_in(client, world.owner)
    assert submit(client, path, show_stars="yes").status_code == 303
    page = client.get(path, headers=HTML).text
    assert 'name="show_stars" value="yes" checked' in page
    assert 'name="approve_proven" value="yes" checked' not in page
    sign_in(client, world.moderator)
    assert client.get(path, headers=HTML).status_code == 403
