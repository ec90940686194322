"""/sign-up and /confirm: an account is made behind a mailed link, and the page tells nobody who has one."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import User
from app.core import tenancy
from app.core.db import db
from app.suppliers import queries
from tests.conftest import Clock, Mailbox
from tests.factories import make_user
from tests.functional.dashboard.browsing import HTML, audited, submit, words
from tests.personas import ALICE, EVE, PASSWORD

Outbox = Callable[[], int]


def ask(client: FlaskClient, outbox: Outbox, email: str = ALICE.email) -> None:
    assert submit(client, "/sign-up", email=email).status_code == 303
    outbox()


def path_in_mail(mailbox: Mailbox, pattern: str = "/confirm/") -> str:
    return re.sub(r"^https://[^/]+", "", mailbox.link(pattern))


def test_alice_signs_up_confirms_and_stands_in_her_own_supplier(
    client: FlaskClient, outbox: Outbox, mailbox: Mailbox, platform_trail: Callable[[], list[str]]
) -> None:
    answer = submit(client, "/sign-up", email=" Alice@Kestrel.example ")
    assert (answer.status_code, answer.location) == (303, "/sign-up/check-mail")
    assert ALICE.email in words(client.get(answer.location))
    outbox()
    assert [mail["To"] for mail in mailbox] == [ALICE.email]

    confirmed = submit(client, path_in_mail(mailbox), name="Alice Moreau", supplier="Kestrel Pumps", password=PASSWORD)
    assert (confirmed.status_code, confirmed.location) == (303, "/dashboard")

    user = db.session.scalar(select(User))
    assert user is not None
    assert (user.email, user.name, user.email_verified_at is not None) == (ALICE.email, "Alice Moreau", True)
    (supplier_id,) = tenancy.suppliers_of(user.id)
    supplier = queries.supplier(supplier_id)
    assert (supplier.name, supplier.slug) == ("Kestrel Pumps", "kestrel-pumps")
    assert [entry.actor_id for entry in audited("supplier.created", supplier_id)] == [user.id]
    assert platform_trail()[:1] == ["account.confirmed"]
    members = client.get("/dashboard/settings/members", headers=HTML)
    assert "Alice Moreau" in words(members)


def test_the_answer_is_the_same_to_the_byte_whether_there_is_an_account(
    client: FlaskClient, another_client: FlaskClient, outbox: Outbox, mailbox: Mailbox
) -> None:
    make_user(ALICE)
    known = submit(client, "/sign-up", email=ALICE.email)
    unknown = submit(another_client, "/sign-up", email="clive@kestrel.example")
    assert (known.status_code, known.location, known.data) == (unknown.status_code, unknown.location, unknown.data)
    pages = [
        re.sub("alice@|clive@", "", one.get("/sign-up/check-mail", headers=HTML).text)
        for one in (client, another_client)
    ]
    assert pages[0] == pages[1]
    outbox()
    (to_alice,) = mailbox.to(ALICE.email)
    assert to_alice["Subject"] == "Somebody tried to sign up with your address"
    assert "/confirm/" not in to_alice.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert db.session.scalar(select(func.count()).select_from(User)) == 2


def test_no_address_lies_in_the_outbox_in_the_clear(client: FlaskClient, outbox: Outbox) -> None:
    from app.core.models import OutboxRow

    submit(client, "/sign-up", email=ALICE.email)
    args = [str(row.args) for row in db.session.scalars(select(OutboxRow))]
    assert args
    assert not any("kestrel" in one for one in args)


def test_opening_the_link_changes_nothing_so_mail_scanners_may(
    client: FlaskClient, another_client: FlaskClient, outbox: Outbox, mailbox: Mailbox
) -> None:
    ask(client, outbox)
    path = path_in_mail(mailbox)
    for _ in range(5):
        assert another_client.get(path, headers=HTML).status_code == 200
        assert another_client.head(path, headers=HTML).status_code == 200
    confirmed = submit(client, path, name="Alice", supplier="Kestrel Pumps", password=PASSWORD)
    assert confirmed.location == "/dashboard"


def test_the_link_works_once(
    client: FlaskClient, another_client: FlaskClient, outbox: Outbox, mailbox: Mailbox
) -> None:
    ask(client, outbox)
    path = path_in_mail(mailbox)
    page = another_client.get(path, headers=HTML)
    submit(client, path, name="Alice", supplier="Kestrel Pumps", password=PASSWORD)
    from tests.factories import csrf_token

    again = another_client.post(
        path,
        data={"csrf_token": csrf_token(page.text), "name": "Eve", "supplier": "Evil", "password": PASSWORD},
        headers=HTML,
    )
    assert again.status_code == 410
    assert another_client.get(path, headers=HTML).status_code == 410
    assert another_client.get("/dashboard", headers=HTML).location.startswith("/sign-in")


def test_the_link_runs_out_after_a_day(client: FlaskClient, outbox: Outbox, mailbox: Mailbox, clock: Clock) -> None:
    ask(client, outbox)
    clock.pass_by(hours=24, seconds=1)
    assert client.get(path_in_mail(mailbox), headers=HTML).status_code == 410


def test_of_two_links_using_one_ends_the_other(client: FlaskClient, outbox: Outbox, mailbox: Mailbox) -> None:
    ask(client, outbox)
    first = path_in_mail(mailbox)
    ask(client, outbox)
    second = path_in_mail(mailbox)
    assert first != second
    submit(client, second, name="Alice", supplier="Kestrel Pumps", password=PASSWORD)
    assert client.get(first, headers=HTML).status_code == 410


def test_somebody_who_signs_up_with_alices_address_leaves_nothing_for_her_to_confirm(
    client: FlaskClient, another_client: FlaskClient, outbox: Outbox, mailbox: Mailbox
) -> None:
    """Account pre-hijacking: Eve begins with Alice's address; Alice confirms; Eve must not be in."""
    ask(another_client, outbox)
    submit(client, path_in_mail(mailbox), name="Alice", supplier="Kestrel Pumps", password=PASSWORD)
    guess = submit(another_client, "/sign-in", email=ALICE.email, password=EVE.password + " of Eve's own")
    assert guess.status_code == 401
    assert another_client.get("/dashboard", headers=HTML).status_code == 303


@pytest.mark.parametrize(
    "email", ["", "alice", "alice@", "alice@kestrel", "a@b.example\r\nBcc: eve@evil.example", "a b@c.example"]
)
def test_what_cannot_be_an_address_is_said_so_and_kept_in_the_form(client: FlaskClient, email: str) -> None:
    answer = submit(client, "/sign-up", email=email)
    assert answer.status_code == 422
    assert "There is something to put right" in words(answer)


def test_a_weak_password_is_refused_and_the_link_stays_good(
    client: FlaskClient, outbox: Outbox, mailbox: Mailbox
) -> None:
    ask(client, outbox)
    path = path_in_mail(mailbox)
    for weak in ("short", "password1234", "alice kestrel"):
        refused = submit(client, path, name="Alice", supplier="Kestrel Pumps", password=weak)
        assert refused.status_code == 422
        assert 'value="Kestrel Pumps"' in refused.text
        assert weak not in refused.text
    assert submit(client, path, name="Alice", supplier="Kestrel Pumps", password=PASSWORD).status_code == 303


@pytest.mark.parametrize("token", ["x", "ava_" + "a" * 30, "avi_" + "a" * 30, "ava_%00", "../../sign-in"])
def test_a_made_up_link_is_dead(client: FlaskClient, token: str) -> None:
    assert client.get(f"/confirm/{token}", headers=HTML).status_code in {404, 410}


def test_mails_to_one_address_are_few_however_many_ask(client: FlaskClient) -> None:
    statuses = [submit(client, "/sign-up", email=ALICE.email).status_code for _ in range(6)]
    assert statuses == [303] * 4 + [429] * 2
    limited = submit(client, "/sign-up", email=ALICE.email)
    assert int(limited.headers["Retry-After"]) > 0
    assert f'value="{ALICE.email}"' in limited.text


def test_without_the_forms_token_nothing_happens(client: FlaskClient, outbox: Outbox, mailbox: Mailbox) -> None:
    assert client.post("/sign-up", data={"email": ALICE.email}, headers=HTML).status_code == 403
    outbox()
    assert not mailbox


def test_a_sign_up_that_nobody_confirms_is_forgotten(client: FlaskClient, outbox: Outbox, clock: Clock) -> None:
    from app.accounts import service

    ask(client, outbox)
    make_user(EVE)
    clock.pass_by(days=8)
    service.forget_stale()
    db.session.commit()
    assert [user.email for user in db.session.scalars(select(User))] == [EVE.email]
