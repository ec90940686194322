"""/reset: a new password by a mailed link that works once and ends every session."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from app.accounts import service
from app.accounts.errors import LinkUnusable
from app.core.db import db
from tests.conftest import Clock, Mailbox, let_go
from tests.factories import csrf_token, make_supplier, make_user, sign_in
from tests.functional.dashboard.browsing import HTML, submit
from tests.personas import ALICE, PASSWORD

Outbox = Callable[[], int]
NEW = "five otters under a bridge"
SITES = "/dashboard/settings/sites"


def ask(client: FlaskClient, outbox: Outbox, mailbox: Mailbox) -> str:
    assert submit(client, "/reset", email=ALICE.email).location == "/reset/sent"
    outbox()
    return re.sub(r"^https://[^/]+", "", mailbox.link("/reset/ava_", to=ALICE.email))


def test_alice_chooses_a_new_password_and_every_browser_is_signed_out(
    client: FlaskClient,
    another_client: FlaskClient,
    outbox: Outbox,
    mailbox: Mailbox,
    platform_trail: Callable[[], list[str]],
) -> None:
    make_supplier()
    sign_in(another_client, make_user(ALICE))
    assert another_client.get(SITES, headers=HTML).status_code == 200
    answer = submit(client, ask(client, outbox, mailbox), password=NEW)
    assert answer.location == "/reset/done"
    assert another_client.get(SITES, headers=HTML).status_code == 303
    assert submit(client, "/sign-in", email=ALICE.email, password=PASSWORD).status_code == 401
    assert submit(client, "/sign-in", email=ALICE.email, password=NEW).status_code == 303
    outbox()
    assert mailbox[-1]["Subject"] == "Your Avouch password was changed"
    assert "account.password_reset" in platform_trail()


def test_the_answer_does_not_tell_whether_there_is_an_account(
    client: FlaskClient, another_client: FlaskClient, outbox: Outbox, mailbox: Mailbox
) -> None:
    make_user(ALICE)
    known = submit(client, "/reset", email=ALICE.email)
    unknown = submit(another_client, "/reset", email="clive@kestrel.example")
    assert (known.status_code, known.location, known.data) == (unknown.status_code, unknown.location, unknown.data)
    pages = [re.sub("alice@|clive@", "", one.get("/reset/sent", headers=HTML).text) for one in (client, another_client)]
    assert pages[0] == pages[1]
    outbox()
    assert [mail["To"] for mail in mailbox] == [ALICE.email]


def test_the_link_works_once(client: FlaskClient, outbox: Outbox, mailbox: Mailbox) -> None:
    make_supplier()
    path = ask(client, outbox, mailbox)
    page = client.get(path, headers=HTML).text
    assert client.head(path, headers=HTML).status_code == 200
    assert client.post(path, data={"csrf_token": csrf_token(page), "password": NEW}, headers=HTML).status_code == 303
    page = client.get("/reset", headers=HTML).text
    replayed = client.post(
        path, data={"csrf_token": csrf_token(page), "password": "another good long phrase"}, headers=HTML
    )
    assert replayed.status_code == 410
    assert submit(client, "/sign-in", email=ALICE.email, password=NEW).status_code == 303


def test_of_two_at_once_one_wins(app: Flask, client: FlaskClient, outbox: Outbox, mailbox: Mailbox) -> None:
    make_supplier()
    secret = ask(client, outbox, mailbox).rpartition("/")[2]
    let_go()
    ready, outcomes = threading.Barrier(6), []

    def use(number: int) -> None:
        with app.app_context():
            ready.wait()
            try:
                service.reset_password(secret, f"a different phrase number {number}")
                db.session.commit()
                outcomes.append("set")
            except LinkUnusable:
                db.session.rollback()
                outcomes.append("lost")

    threads = [threading.Thread(target=use, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost"] * 5 + ["set"]


def test_the_link_runs_out_after_an_hour(client: FlaskClient, outbox: Outbox, mailbox: Mailbox, clock: Clock) -> None:
    make_supplier()
    path = ask(client, outbox, mailbox)
    clock.pass_by(hours=1, seconds=1)
    assert client.get(path, headers=HTML).status_code == 410


def test_a_new_link_used_ends_the_older_ones(client: FlaskClient, outbox: Outbox, mailbox: Mailbox) -> None:
    make_supplier()
    first = ask(client, outbox, mailbox)
    second = ask(client, outbox, mailbox)
    submit(client, second, password=NEW)
    assert client.get(first, headers=HTML).status_code == 410


def test_a_link_to_confirm_cannot_set_a_password_and_the_other_way_round(
    client: FlaskClient, outbox: Outbox, mailbox: Mailbox
) -> None:
    make_supplier()
    secret = ask(client, outbox, mailbox).rpartition("/")[2]
    assert client.get(f"/confirm/{secret}", headers=HTML).status_code == 410


def test_a_disabled_account_gets_no_link(client: FlaskClient, outbox: Outbox, mailbox: Mailbox) -> None:
    from app.core.clock import now

    make_user(ALICE).disabled_at = now()
    db.session.commit()
    submit(client, "/reset", email=ALICE.email)
    outbox()
    assert not mailbox


def test_without_the_forms_token_the_link_stays_good(client: FlaskClient, outbox: Outbox, mailbox: Mailbox) -> None:
    make_supplier()
    path = ask(client, outbox, mailbox)
    assert client.post(path, data={"password": NEW}, headers=HTML).status_code == 403
    assert client.get(path, headers=HTML).status_code == 200
