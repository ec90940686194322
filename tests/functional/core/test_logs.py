"""Log lines: every one belongs to a request or an effect, and none holds a secret or what somebody wrote."""

from __future__ import annotations

import json
import logging
import re
import smtplib
import uuid
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError

from app.accounts.models import User
from app.core import logs
from app.core.db import db
from app.core.ids import new_id
from app.core.logs import log
from app.core.models import OutboxRow
from tests.conftest import AppWith, Mailbox
from tests.factories import World, csrf_token, make_supplier, make_user
from tests.functional.collection.conftest import CONTENT, Rita
from tests.functional.dashboard.browsing import HTML, submit
from tests.personas import ALICE, PASSWORD, RITA
from tests.settings import SECRET_KEY

SECRET = re.compile(r"av[a-z]_[a-z2-7]{30}")
NEW_PASSWORD = "a heron stands in brown water"


@pytest.fixture
def written() -> StringIO:
    """Everything that is logged."""
    return StringIO()


@pytest.fixture
def app(app_with: AppWith, written: StringIO) -> Iterator[Flask]:
    """The application at its most talkative. The mail server of the tests, in this same process, is not ours."""
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    with redirect_stderr(written):
        application = app_with(AVOUCH_LOG_LEVEL="DEBUG")
    with application.app_context():
        yield application
        db.session.rollback()
    logs.configure("WARNING")


class Canary:
    """Remembers every secret that it sees being issued."""

    def __init__(self) -> None:
        self.secrets: set[str] = {PASSWORD, NEW_PASSWORD, SECRET_KEY, "tests-only"}

    def sees(self, text: str) -> None:
        """Remember the secrets in an answer or a mail. A site's key is public."""
        self.secrets |= {one for one in SECRET.findall(text) if not one.startswith("avs_")}

    def sees_address(self, url: str) -> None:
        """Remember what an address of a sign-in carries."""
        said = parse_qsl(urlsplit(url).query)
        self.secrets |= {value for name, value in said if name in {"state", "nonce", "code", "code_challenge"}}


def in_app(answer_location: str) -> str:
    parts = urlsplit(answer_location)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def signs_up(client: FlaskClient, canary: Canary, outbox: Callable[[], int], mailbox: Mailbox) -> None:
    """Alice makes her supplier, forgets her password, chooses another, signs in."""
    submit(client, "/sign-up", email=ALICE.email)
    outbox()
    confirm = in_app(mailbox.link("/confirm/"))
    submit(client, confirm, name=ALICE.name, supplier="Kestrel Pumps", password=PASSWORD)
    submit(client, "/reset", page="/reset", email=ALICE.email)
    outbox()
    reset = in_app(mailbox.link("/reset/"))
    submit(client, reset, password=NEW_PASSWORD)
    submit(client, "/sign-in", email=ALICE.email, password="not " + PASSWORD)
    assert submit(client, "/sign-in", email=ALICE.email, password=NEW_PASSWORD).status_code == 303
    canary.sees(confirm + reset)
    # The links once more: refusals are logged too.
    client.get(confirm, headers=HTML)
    client.get(reset, headers=HTML)


def sets_up(client: FlaskClient, canary: Canary, outbox: Callable[[], int], mailbox: Mailbox) -> tuple[str, str]:
    """Alice makes a site and a key, and asks a colleague in; the site's key and the API key."""
    page = submit(
        client,
        "/dashboard/settings/sites/new",
        name="Shop",
        origins="https://kestrel.example",
        languages=["en"],
        required_proofs=["author"],
    )
    site = re.search(r"avs_[a-z2-7]{30}", client.get(page.location, headers=HTML).text)
    assert site, page.text
    made = submit(
        client, "/dashboard/settings/keys", name="ERP", scopes=["purchases:write", "purchases:read", "invitations:send"]
    )
    key = re.search(r"avk_[a-z2-7]{30}", made.text)
    assert key, made.text
    submit(client, "/dashboard/settings/members", email="mona@kestrel.example", role="moderator")
    outbox()
    join = in_app(mailbox.link("/join/"))
    client.get(join, headers=HTML)
    canary.sees(made.text + join)
    return site.group(), key.group()


def order_comes_in(client: FlaskClient, canary: Canary, key: str) -> str:
    """A purchase by the API, with an invitation; its token."""
    order = {
        "reference": "PO-1",
        "date": "2026-03-02",
        "buyer": {"name": "Brightwater Utilities", "domains": ["brightwater.example"]},
        "contact": {"email": RITA.email, "name": "Rita"},
        "subjects": [{"sku": "KP-45", "name": "CR 45 pump"}],
        "invite": True,
    }
    bearer = {"Authorization": f"Bearer {key}"}
    answer = client.post("/api/v1/purchases", json=order, headers={**bearer, "Idempotency-Key": "canary-order-1234567"})
    assert answer.status_code == 201, answer.text
    canary.sees(answer.text)
    token = re.search(r"avt_[a-z2-7]{30}", answer.text)
    assert token
    client.get(f"/api/v1/purchases?key={key}", headers=bearer)
    client.get("/api/v1/purchases", headers={"Authorization": f"Bearer {key[:-1]}a"})
    return token.group()


def signs_in_at_work(client: FlaskClient, canary: Canary, start_url: str) -> None:
    """The pop-up: a provider's sign-in, then the same way back once more."""
    start = in_app(start_url)
    same = {"Sec-Fetch-Site": "same-origin", "Origin": "https://avouch.test"}
    page = client.get(start, headers=same)
    away = client.post(f"{start}/workplace", data={"csrf_token": csrf_token(page.text)}, headers=same)
    assert away.status_code == 303, away.text
    consent = httpx.post(away.location, data={"sub": "wp-1001", "action": "accept"})
    back = consent.headers["Location"]
    for _ in range(2):
        client.get(in_app(back), headers={"Sec-Fetch-Site": "cross-site"})
    canary.sees(start)
    canary.sees_address(away.location)
    canary.sees_address(back)
    assert {"state", "nonce", "code_challenge"} <= set(parse_qs(urlsplit(away.location).query))


def writes(rita: Rita, canary: Canary, token: str) -> None:
    """Rita writes, proves twice, sends, looks, edits."""
    opened = rita.begins(token=token)
    assert opened.status_code == 201, opened.text
    canary.sees(opened.text)
    rita.types()
    window = rita.asks("POST", "/ticket", json={})
    signs_in_at_work(rita.client, canary, window.get_json()["url"])
    rita.proves_by_mail()
    sent = rita.sends()
    assert sent.status_code == 201, sent.text
    canary.sees(sent.text)
    rita.outbox()
    page = rita.opens_her_page(sent.get_json())
    rita.client.get(in_app(sent.get_json()["receipt_url"]))
    rita.client.get(page)
    rita.begins(token=token)  # used by now
    rita.client.post("/v/drafts", data=b"{" + token.encode(), content_type="application/json")


def test_no_secret_that_was_ever_issued_is_logged(
    app: Flask,
    written: StringIO,
    client: FlaskClient,
    another_client: FlaskClient,
    outbox: Callable[[], int],
    mailbox: Mailbox,
) -> None:
    canary = Canary()
    signs_up(client, canary, outbox, mailbox)
    site, key = sets_up(client, canary, outbox, mailbox)
    token = order_comes_in(another_client, canary, key)
    rita = Rita(another_client, _Shown(site), mailbox, outbox)  # type: ignore[arg-type]  # all that her form knows
    writes(rita, canary, token)
    outbox()
    for mail in mailbox:
        canary.sees(str(mail.get_body(("plain",)).get_content()))  # type: ignore[union-attr]
    for browser in (client, another_client):
        canary.secrets |= {cookie.value for cookie in browser._cookies.values()}
    kinds = {secret[:4] for secret in canary.secrets if SECRET.fullmatch(secret)}
    assert kinds >= {"avk_", "avt_", "avd_", "avw_", "avm_", "avf_", "avi_", "ava_"}

    said = written.getvalue()
    assert said.count('"event": "request"') > 40
    assert [secret for secret in canary.secrets if secret in said] == []
    # Nor what she wrote, nor who she is.
    for words in (CONTENT["text"], CONTENT["title"], RITA.email, ALICE.email):
        assert words not in said


class _Shown:
    """What a page that embeds the form knows of the supplier."""

    def __init__(self, key: str) -> None:
        self.site = type("Site", (), {"public_key": key})
        self.subject = type("Subject", (), {"slug": "cr-45-pump"})


def test_each_line_is_json_and_names_the_request_that_the_answer_names(
    app: Flask, written: StringIO, client: FlaskClient, kestrel: World
) -> None:
    answers = [client.get("/sign-in", headers=HTML), client.get("/api/v1/purchases"), client.get("/nothing/there")]
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert [line["request_id"] for line in requests] == ids
    assert len(set(ids)) == 3
    assert [(line["route"], line["status"]) for line in requests] == [
        ("/sign-in", 200),
        ("/api/v1/purchases", 401),
        (None, 404),
    ]
    assert {answer.get_json()["request_id"] for answer in answers[1:]} == set(ids[1:])
    assert all(line["level"] and line["timestamp"].endswith("Z") for line in requests)


def test_an_id_from_outside_is_not_taken_over(client: FlaskClient) -> None:
    answer = client.get("/healthz", headers={"X-Request-Id": "forged"})
    assert uuid.UUID(answer.headers["X-Request-Id"]).version == 7


def test_lines_of_an_effect_name_the_effect(
    app: Flask, written: StringIO, client: FlaskClient, outbox: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_supplier()

    def away(*_: Any, **__: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(smtplib.SMTP, "connect", away)
    submit(client, "/reset", email=ALICE.email)
    outbox()
    (failed,) = [json.loads(line) for line in written.getvalue().splitlines() if '"effect failed"' in line]
    effect = db.session.query(OutboxRow).filter(OutboxRow.done_at.is_(None)).one()
    assert failed["request_id"] == str(effect.id)
    assert effect.last_error is not None
    assert ALICE.email not in failed["exception"][0]["exc_value"] + effect.last_error


def test_what_the_database_complains_of_is_logged_without_what_somebody_wrote(app: Flask, written: StringIO) -> None:
    make_user(ALICE)
    twin = User(id=new_id(), email=ALICE.email, name="A name that nobody shall read", password_hash="$argon2id$secret")
    db.session.add(twin)
    with pytest.raises(IntegrityError) as caught:
        db.session.flush()
    db.session.rollback()
    log.error("unforeseen", exc_info=caught.value)
    said = written.getvalue()
    assert "uq_users_email" in said or "duplicate key" in said
    for secret in (ALICE.email, "nobody shall read", "argon2id$secret"):
        assert secret not in said
