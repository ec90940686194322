"""Proving an address by a mailed link: scanners look, people choose a number, nobody donates."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.core import tenancy
from app.core.db import db
from app.core.ids import new_id
from app.verification import mailed, queries, service
from app.verification.errors import AddressUnfit, TooManyLinks
from app.verification.models import MailedProof
from tests import factories
from tests.conftest import Clock, Mailbox, let_go
from tests.factories import World, csrf_token
from tests.functional.verification.conftest import ORIGIN, SAME_ORIGIN, Writer, at_once, words

ADDRESS = "rita@brightwater.example"


class Form:
    """What Rita's form knows: her draft and the number it shows."""

    def __init__(self, world: World, outbox: Callable[[], int], mailbox: Mailbox) -> None:
        self.world, self.outbox, self.mailbox = world, outbox, mailbox
        self.review_id: uuid.UUID = new_id()
        self.number = 0

    def ask(self, address: str = ADDRESS, language: str = "en") -> str:
        """Have a link mailed; the path it leads to."""
        tenancy.enter(self.world.supplier.id)
        row = mailed.request(
            self.review_id, self.world.site.id, address, self.world.subject.name, "Quiet & <b>good</b>", language
        )
        self.number = row.match_number
        self.outbox()
        return urlsplit(self.mailbox.link("/v/mail/", to=address)).path

    def waiting(self) -> dict[str, object]:
        tenancy.enter(self.world.supplier.id)
        found = service.waiting(self.review_id)
        assert found is not None
        return found

    def author_email(self) -> str | None:
        tenancy.enter(self.world.supplier.id)
        author = queries.author_of(self.review_id)
        return author.email if author else None


@pytest.fixture
def form(world: World, outbox: Callable[[], int], mailbox: Mailbox) -> Form:
    return Form(world, outbox, mailbox)


def shown(page: TestResponse) -> list[int]:
    """The numbers on the page."""
    return [int(number) for number in re.findall(r'name="number" value="(\d+)"', page.text)]


def press(client: FlaskClient, path: str, page: TestResponse, **answer: str) -> TestResponse:
    data = {"csrf_token": csrf_token(page.text), **answer}
    return client.post(path, data=data, headers={**SAME_ORIGIN, **ORIGIN})


def test_rita_chooses_the_number_and_her_address_is_proven(form: Form, client: FlaskClient) -> None:
    path = form.ask()
    assert form.waiting()["match_number"] == form.number
    page = client.get(path, headers={"Sec-Fetch-Site": "cross-site"})
    assert form.number in shown(page)
    assert len(shown(page)) == 3
    for told in ("Kestrel Pumps", "CR 45 end-suction pump", "Quiet & <b>good</b>"):
        assert told in words(page)
    done = press(client, path, page, number=str(form.number))
    assert done.status_code == 303
    assert "Your address is confirmed" in words(client.get(done.headers["Location"]))
    assert form.author_email() == ADDRESS
    assert (form.waiting()["outcome"], form.waiting()["match_number"]) == ("proven", None)


def test_the_mail_says_what_it_is_about_and_holds_neither_number_nor_markup(form: Form, mailbox: Mailbox) -> None:
    form.ask()
    [mail] = mailbox.to(ADDRESS)
    assert mail["Subject"] == "Confirm your review of CR 45 end-suction pump"
    plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    text = re.sub(r"https?://\S+", "", plain.get_content())
    assert "Kestrel Pumps" in text
    assert "Quiet & <b>good</b>" in text
    # The subject's name and the link's life have numbers of their own, which the form's may happen to equal.
    assert not re.search(rf"\b{form.number}\b", text.replace("CR 45", "").replace("60 minutes", ""))
    assert "Quiet &amp; &lt;b&gt;good&lt;/b&gt;" in html.get_content()


def test_scanners_that_look_ten_times_use_nothing_up(
    form: Form, client: FlaskClient, another_client: FlaskClient
) -> None:
    path = form.ask()
    for _ in range(10):
        assert another_client.get(path).status_code == 200
        assert another_client.head(path).status_code == 200
    page = client.get(path)
    assert press(client, path, page, number=str(form.number)).status_code == 303


def test_the_numbers_stay_the_same_however_often_one_looks(form: Form, client: FlaskClient) -> None:
    path = form.ask()
    assert len({tuple(shown(client.get(path))) for _ in range(5)}) == 1


def test_a_wrong_number_ends_the_link(form: Form, client: FlaskClient) -> None:
    path = form.ask()
    page = client.get(path)
    wrong = next(number for number in shown(page) if number != form.number)
    answer = press(client, path, page, number=str(wrong))
    assert answer.status_code == 409
    assert "not the number in the form" in words(answer)
    assert form.waiting()["outcome"] == "wrong_number"
    assert press(client, path, page, number=str(form.number)).status_code == 410
    assert form.author_email() is None


@pytest.mark.parametrize(
    "answer", [{}, {"number": ""}, {"number": "07"}, {"number": "x"}, {"number": "１２"}, {"number": "123"}]
)
def test_pressing_without_a_choice_asks_again_and_uses_nothing_up(
    form: Form, client: FlaskClient, answer: dict[str, str]
) -> None:
    path = form.ask()
    page = client.get(path)
    again = press(client, path, page, **answer)
    assert again.status_code == 422
    assert "Choose the number" in words(again)
    assert press(client, path, page, number=str(form.number)).status_code == 303


def test_not_mine_ends_the_link_and_tells_the_form(form: Form, client: FlaskClient) -> None:
    path = form.ask()
    page = client.get(path)
    assert press(client, path, page, cancel="yes", number=str(form.number)).status_code == 303
    assert form.waiting()["outcome"] == "cancelled"
    assert form.author_email() is None


def test_the_link_lives_for_an_hour(form: Form, client: FlaskClient, clock: Clock) -> None:
    path = form.ask()
    page = client.get(path)
    clock.pass_by(minutes=59)
    assert client.get(path).status_code == 200
    clock.pass_by(minutes=1)
    assert client.get(path).status_code == 410
    assert press(client, path, page, number=str(form.number)).status_code == 410
    assert form.waiting()["outcome"] == "expired"


def test_a_newer_link_ends_the_older(form: Form, client: FlaskClient) -> None:
    old = form.ask()
    assert client.get(old).status_code == 200
    new = form.ask()
    assert client.get(old).status_code == 410
    page = client.get(new)
    assert press(client, new, page, number=str(form.number)).status_code == 303


def test_a_link_that_was_replaced_before_the_mail_went_is_not_mailed(form: Form, mailbox: Mailbox) -> None:
    tenancy.enter(form.world.supplier.id)
    for _ in range(3):
        mailed.request(form.review_id, form.world.site.id, ADDRESS, "A pump", "", "en")
    form.outbox()
    assert len(mailbox.to(ADDRESS)) == 1


def test_of_twenty_presses_at_once_one_counts(form: Form, app: Flask, client: FlaskClient) -> None:
    path = form.ask()
    browsers = [app.test_client() for _ in range(20)]
    calls = [partial(press, one, path, one.get(path), number=str(form.number)) for one in browsers]
    statuses = sorted(answer.status_code for answer in at_once(app, calls))
    assert statuses == [303, *[410] * 19]


@pytest.mark.parametrize("path", ["/v/mail/avm_", "/v/mail/x", "/v/mail/avm_" + "a" * 30, "/v/mail/%00", "/v/mail/'"])
def test_a_link_nobody_mailed_is_gone(app: Flask, client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 410


def test_another_sites_page_cannot_press(form: Form, client: FlaskClient) -> None:
    path = form.ask()
    page = client.get(path)
    data = {"csrf_token": csrf_token(page.text), "number": str(form.number)}
    assert client.post(path, data=data, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post(path, data={"number": str(form.number)}, headers=SAME_ORIGIN).status_code == 403
    assert form.author_email() is None


@pytest.mark.parametrize(
    "address",
    [
        "no address",
        "rita@mailinator.com",
        "rita@brightwater.example\nBcc: everybody@example.test",
        "Rita <rita@brightwater.example>",
        '"rita"@brightwater.example',
        "rita@brightwater.example\u2028",
        "a" * 300 + "@brightwater.example",
    ],
)
def test_addresses_that_nothing_can_be_mailed_to_are_refused(form: Form, address: str) -> None:
    tenancy.enter(form.world.supplier.id)
    with pytest.raises(AddressUnfit):
        mailed.request(form.review_id, form.world.site.id, address, "A pump", "", "en")


def test_nobody_is_mailed_more_than_five_links_an_hour_by_all_drafts_together(form: Form) -> None:
    tenancy.enter(form.world.supplier.id)
    for _ in range(5):
        mailed.request(new_id(), form.world.site.id, "Victim@brightwater.example", "A pump", "", "en")
    with pytest.raises(TooManyLinks) as refused:
        mailed.request(new_id(), form.world.site.id, "victim@brightwater.example", "A pump", "", "en")
    assert refused.value.status == 429
    assert refused.value.retry_after
    mailed.request(new_id(), form.world.site.id, ADDRESS, "A pump", "", "en")


def test_a_draft_has_six_links_in_all_whatever_happens_to_the_counters(form: Form) -> None:
    tenancy.enter(form.world.supplier.id)
    for number in range(6):
        mailed.request(form.review_id, form.world.site.id, f"rita{number}@brightwater.example", "A pump", "", "en")
    with pytest.raises(TooManyLinks):
        mailed.request(form.review_id, form.world.site.id, "rita7@brightwater.example", "A pump", "", "en")


def test_a_link_pressed_after_a_sign_in_leaves_the_author_and_adds_the_address(form: Form, rita: Writer) -> None:
    rita.sign_in()
    form.review_id = rita.review_id
    path = form.ask("rita.sandhu@brightwater.example")
    page = rita.client.get(path)
    assert press(rita.client, path, page, number=str(form.number)).status_code == 303
    author = rita.author()
    assert author is not None
    assert author.subject == "rita-1"
    assert [link.email for link in mailed.proven_links(rita.review_id)] == ["rita.sandhu@brightwater.example"]


def test_the_secret_of_a_link_is_not_in_the_database(form: Form) -> None:
    path = form.ask()
    tenancy.enter(form.world.supplier.id)
    for row in db.session.scalars(select(MailedProof)):
        kept = repr({column.key: getattr(row, column.key) for column in MailedProof.__table__.columns})
        assert path.rsplit("/", 1)[1] not in kept


def test_a_link_of_kestrel_lets_nobody_see_otters_rows(form: Form, client: FlaskClient) -> None:
    path = form.ask()
    let_go()
    otter = factories.make_otter()
    let_go()
    tenancy.enter(otter.supplier.id)
    assert service.waiting(form.review_id) is None
    assert client.get(path).status_code == 200
