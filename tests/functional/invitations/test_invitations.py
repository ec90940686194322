"""A buyer's contact is asked by mail, once, and is told who asks and what for."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.catalog.models import Purchase
from app.core import tenancy
from app.core.db import db
from app.core.models import OutboxRow
from app.invitations import jobs
from app.invitations.models import Invitation
from app.verification import tokens
from tests import factories
from tests.conftest import Clock, Mailbox, let_go
from tests.factories import World
from tests.functional.api.bodies import purchase
from tests.functional.api.caller import Caller

URL = "/api/v1/purchases"
RITA = "rita@brightwater.example"


@pytest.fixture
def kestrel(app: Flask, clock: Clock) -> World:
    """The supplier, on a day after the examples' orders."""
    clock.set(datetime(2026, 11, 20, 12, 0, tzinfo=UTC))
    return factories.make_kestrel()


@pytest.fixture
def office(kestrel: World, client: FlaskClient) -> Caller:
    """Its back office."""
    return Caller(client, factories.make_api_key(kestrel.actor))


Outbox = Callable[[], int]


def test_the_mail_says_who_asks_for_what_and_what_becomes_of_it(
    office: Caller, outbox: Outbox, mailbox: Mailbox
) -> None:
    sent = office.post(URL, purchase(invite=True, incentive="A voucher for 20 euros")).json
    assert sent["invitation"] == {"status": "queued", "email": RITA, "language": "en", "sent_at": None}
    outbox()
    (mail,) = mailbox
    assert mail["To"] == RITA
    assert mail["Subject"] == "Kestrel Pumps asks: how is CR 45 end-suction pump?"
    for part in ("plain", "html"):
        body = mail.get_body((part,))
        assert body is not None
        words = " ".join(body.get_content().split())
        for said in (
            "Hello Rita Sandhu",
            "Kestrel Pumps",
            "Brightwater Utilities",
            "2 March 2026",
            "PO-1",
            "CR 45 end-suction pump",
            "How your review is used",
            "A voucher for 20 euros",
            "do nothing",
            "no reminder",
        ):
            assert said in words, (part, said)
    assert mailbox.link("avt_") == sent["links"][0]["url"]
    read = office.get(f"{URL}/{sent['id']}").json
    assert read["invitation"]["status"] == "sent"
    assert read["invitation"]["sent_at"] is not None


def test_the_link_in_the_mail_proves_the_purchase(
    kestrel: World, office: Caller, outbox: Outbox, mailbox: Mailbox
) -> None:
    office.post(URL, purchase(invite=True))
    outbox()
    tenancy.enter(kestrel.supplier.id)
    secret = mailbox.link("avt_").partition("token=")[2]
    assert tokens.recognise(secret).subject_id == kestrel.subject.id


def test_one_mail_for_each_purchase_and_address_ever(office: Caller, outbox: Outbox, mailbox: Mailbox) -> None:
    sent = office.post(URL, purchase(invite=True)).json
    office.post(URL, purchase(invite=True))
    outbox()
    office.post(f"{URL}/{sent['id']}/invite")
    office.post(URL, purchase(invite=True, date="2026-03-04"))
    outbox()
    assert len(mailbox) == 1
    office.post(URL, purchase(invite=True, contact={"email": "omar@brightwater.example"}))
    outbox()
    assert [str(mail["To"]) for mail in mailbox] == [RITA, "omar@brightwater.example"]


def test_a_repeat_after_a_crash_sends_nothing_more(
    kestrel: World, office: Caller, outbox: Outbox, mailbox: Mailbox
) -> None:
    office.post(URL, purchase(invite=True))
    outbox()
    tenancy.enter(kestrel.supplier.id)
    invitation = db.session.scalars(select(Invitation)).one()
    jobs.send_invitation(supplier_id=str(kestrel.supplier.id), invitation_id=str(invitation.id))
    assert len(mailbox) == 1


def test_no_secret_waits_in_the_outbox(office: Caller) -> None:
    office.post(URL, purchase(invite=True))
    waiting = db.session.scalars(select(OutboxRow)).all()
    assert waiting
    assert not any("avt_" in str(row.args) or "@" in str(row.args) for row in waiting)


def test_nobody_is_asked_about_what_was_taken_back_meanwhile(office: Caller, outbox: Outbox, mailbox: Mailbox) -> None:
    sent = office.post(URL, purchase(invite=True)).json
    office.post(f"{URL}/{sent['id']}/revoke")
    outbox()
    assert mailbox == []


def test_nobody_is_asked_about_what_was_reviewed_meanwhile(
    kestrel: World, office: Caller, outbox: Outbox, mailbox: Mailbox
) -> None:
    sent = office.post(URL, purchase(invite=True)).json
    tenancy.enter(kestrel.supplier.id)
    token = tokens.recognise(sent["links"][0]["url"].partition("token=")[2])
    tokens.claim(token.id, factories.new_id())
    let_go()
    outbox()
    assert mailbox == []


def test_the_mail_is_written_in_the_language_asked_for(office: Caller, outbox: Outbox, mailbox: Mailbox) -> None:
    office.post(URL, purchase(invite=True, language="pl-PL"))
    outbox()
    assert mailbox[0]["Content-Language"] == "pl"


def test_the_mail_leads_to_the_site_that_was_named(
    kestrel: World, office: Caller, outbox: Outbox, mailbox: Mailbox
) -> None:
    shop = factories.make_site(
        kestrel.actor, "Shop", ("https://shop.kestrel.example",), review_page_url="https://shop.kestrel.example/review"
    )
    office.post(URL, purchase(invite=True, site=shop.public_key))
    outbox()
    assert mailbox.link("avt_").startswith("https://shop.kestrel.example/review#avouch=avt_")


def test_one_person_is_not_asked_about_ten_orders_in_a_week(
    office: Caller, outbox: Outbox, mailbox: Mailbox, clock: Clock
) -> None:
    batch = [purchase(f"PO-{n}", invite=True) for n in range(10)]
    answer = office.post(URL, {"purchases": batch}).json
    assert [one["invitation"]["status"] for one in answer["purchases"]] == ["queued"] * 3 + ["limited"] * 7
    outbox()
    assert len(mailbox) == 3
    refused = office.post(f"{URL}/{answer['purchases'][9]['id']}/invite")
    assert refused.status_code == 409
    assert refused.json["code"] == "asked_enough"
    clock.pass_by(days=8)
    assert office.post(f"{URL}/{answer['purchases'][9]['id']}/invite").json["invitation"]["status"] == "queued"


def test_without_a_contact_there_is_nobody_to_ask(office: Caller) -> None:
    sent = office.post(URL, purchase(contact=None, invite=True)).json
    assert sent["invitation"]["status"] == "no_contact"
    refused = office.post(f"{URL}/{sent['id']}/invite")
    assert refused.status_code == 409
    assert refused.json["code"] == "contact_missing"


def test_script_in_a_name_stays_text(office: Caller, outbox: Outbox, mailbox: Mailbox) -> None:
    office.post(
        URL,
        purchase(
            invite=True,
            subjects=[{"sku": "X", "name": "<script>alert(1)</script>\r\nBcc: all@evil.example"}],
            contact={"email": RITA, "name": '"><img src=x onerror=alert(1)>'},
            buyer={"name": "{{ 7*7 }} %(supplier)s"},
        ),
    )
    outbox()
    (mail,) = mailbox
    html = mail.get_body(("html",))
    assert html is not None
    assert not re.search(r"<script|<img", html.get_content())
    assert "{{ 7*7 }} %(supplier)s" in html.get_content()
    assert mail["Bcc"] is None
    assert "Bcc: all@evil.example" in str(mail["Subject"])


def test_rows_hold_what_was_sent(kestrel: World, office: Caller) -> None:
    office.post(URL, purchase(invite=True))
    tenancy.enter(kestrel.supplier.id)
    kept = db.session.scalars(select(Purchase)).one()
    assert (kept.contact_email, kept.contact_name) == (RITA, "Rita Sandhu")
