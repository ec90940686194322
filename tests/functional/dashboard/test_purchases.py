"""Members add purchases by hand, ask about them and take them back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.catalog.models import Purchase
from app.core import tenancy
from app.core.clock import today
from app.core.db import db
from app.verification import tokens
from tests import factories
from tests.conftest import Mailbox, let_go
from tests.factories import World

URL = "/dashboard/purchases"


@pytest.fixture
def kestrel(app: Flask) -> World:
    """The supplier."""
    return factories.make_kestrel()


@pytest.fixture
def alice(kestrel: World, client: FlaskClient) -> FlaskClient:
    """Its owner's browser."""
    factories.sign_in(client, kestrel.owner)
    return client


@pytest.fixture
def anna(kestrel: World, another_client: FlaskClient) -> FlaskClient:
    """The browser of somebody who only reads."""
    factories.sign_in(another_client, kestrel.analyst)
    return another_client


def typed(**changes: object) -> dict[str, object]:
    """The form as filled in."""
    return {
        "reference": "PO-7",
        "date": today().isoformat(),
        "subjects": ["KP-45"],
        "buyer": "Brightwater Utilities",
        "domains": "brightwater.example, bw.example",
        "contact_email": "rita@brightwater.example",
        "contact_name": "Rita",
        "incentive": "",
        "language": "en",
        **changes,
    }


def submit(browser: FlaskClient, path: str, fields: dict[str, object] | None = None) -> object:
    """Send a form of a page with its CSRF token."""
    page = browser.get(f"{URL}/new" if path == f"{URL}/new" else URL).text
    return browser.post(path, data={**(fields or {}), "csrf_token": factories.csrf_token(page)})


def test_alice_adds_a_purchase_and_copies_its_link(kestrel: World, alice: FlaskClient) -> None:
    answer = submit(alice, f"{URL}/new", typed())
    assert answer.status_code == 303
    page = alice.get(answer.headers["Location"]).text
    link = re.search(r'id="link-1">(https://[^<]+)<', page)
    assert link
    assert "brightwater.example, bw.example" in page
    tenancy.enter(kestrel.supplier.id)
    assert tokens.recognise(link[1].partition("token=")[2]).subject_id == kestrel.subject.id
    assert "PO-7" in alice.get(URL).text


def test_the_invitation_goes_out_once(alice: FlaskClient, outbox: Callable[[], int], mailbox: Mailbox) -> None:
    where = submit(alice, f"{URL}/new", typed(invite="yes")).headers["Location"]
    outbox()
    assert len(mailbox.to("rita@brightwater.example")) == 1
    assert "Send the invitation" not in alice.get(where).text
    submit(alice, f"{where}/invite")
    outbox()
    assert len(mailbox) == 1


def test_an_invitation_can_be_sent_later(alice: FlaskClient, outbox: Callable[[], int], mailbox: Mailbox) -> None:
    where = submit(alice, f"{URL}/new", typed()).headers["Location"]
    assert "Send the invitation" in alice.get(where).text
    assert submit(alice, f"{where}/invite").status_code == 303
    outbox()
    assert len(mailbox) == 1


def test_what_was_taken_back_shows_no_link(kestrel: World, alice: FlaskClient) -> None:
    where = submit(alice, f"{URL}/new", typed()).headers["Location"]
    assert submit(alice, f"{where}/revoke").status_code == 303
    page = alice.get(where).text
    assert "avt_" not in page
    assert "Taken back" in page
    refused = submit(alice, f"{where}/invite")
    assert "was taken back" in alice.get(refused.headers["Location"]).text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("reference", "", "Fill this in."),
        ("date", "", "Write this in the form"),
        ("date", "2999-01-01", "not in the future"),
        ("buyer", " ", "Fill this in."),
        ("domains", "gmail.com", "own domain"),
        ("domains", "https://x", "without @"),
        ("subjects", [], "Choose at least one."),
        ("subjects", ["NOPE"], "Choose from the list."),
        ("contact_email", "rita", "name@company.example"),
        ("contact_email", "", "Add the address to write to."),
        ("reference", "a\x00b", "cannot be shown"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(
    kestrel: World, alice: FlaskClient, field: str, value: object, words: str
) -> None:
    answer = submit(alice, f"{URL}/new", typed(**{field: value}, incentive="A voucher"))
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="A voucher"' in answer.text
    tenancy.enter(kestrel.supplier.id)
    assert db.session.scalar(select(func.count()).select_from(Purchase)) == 0


def test_anna_sees_purchases_but_neither_links_nor_buttons(
    kestrel: World, alice: FlaskClient, anna: FlaskClient
) -> None:
    where = submit(alice, f"{URL}/new", typed()).headers["Location"]
    page = anna.get(where).text
    assert "PO-7" in page
    assert "avt_" not in page
    assert "Take it back" not in page
    assert anna.get(f"{URL}/new").status_code == 403
    token = factories.csrf_token(anna.get(URL).text)
    for path in (f"{where}/revoke", f"{where}/invite", f"{URL}/new"):
        assert anna.post(path, data={"csrf_token": token}).status_code == 403


def test_charlie_finds_nothing_of_kestrel_s(kestrel: World, alice: FlaskClient, another_client: FlaskClient) -> None:
    where = submit(alice, f"{URL}/new", typed()).headers["Location"]
    otter = factories.make_otter()
    factories.sign_in(another_client, otter.owner)
    assert another_client.get(where).status_code == 404
    assert "PO-7" not in another_client.get(URL).text
    assert submit(another_client, f"{where}/revoke").status_code == 404


def test_a_purchase_is_found_by_its_number_and_pages_go_on(kestrel: World, alice: FlaskClient) -> None:
    tenancy.enter(kestrel.supplier.id)
    subject = db.session.merge(kestrel.subject)
    for n in range(52):
        factories.make_purchase(subject, f"NR-{n:03}")
    let_go()
    first = alice.get(URL).text
    assert "NR-051" in first
    assert "NR-001" not in first
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    assert "NR-001" in alice.get(older[1]).text
    found = alice.get(URL, query_string={"reference": "NR-007"}).text
    assert "NR-007" in found
    assert "NR-008" not in found
    assert "No order has this number" in alice.get(URL, query_string={"reference": "NR-7"}).text


def test_script_in_names_stays_text(kestrel: World, alice: FlaskClient) -> None:
    where = submit(alice, f"{URL}/new", typed(reference="<script>1</script>", buyer='"><img src=x>')).headers[
        "Location"
    ]
    for page in (alice.get(where).text, alice.get(URL).text):
        assert "<script>1" not in page
        assert "<img src=x" not in page
