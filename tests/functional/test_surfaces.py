"""One review on every surface, with hostile or far-travelled words in every field that anybody can type.

A supplier, its people, an order and a review are named by a sample; then every page, feed, picture and mail that
shows any of it is taken apart by a parser, as a browser would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.catalog import service as catalog
from app.catalog.service import BuyerInput, PurchaseInput, SubjectInput
from app.core import tenancy
from app.core.clock import today
from app.core.db import db
from app.invitations import service as invitations
from app.invitations.service import Order
from app.moderation import service as moderation
from app.moderation.models import Case
from app.suppliers import members
from app.suppliers import service as suppliers
from app.suppliers.models import Role
from app.verification import tokens
from tests.conftest import Mailbox, let_go
from tests.factories import World, as_member, join, make_api_key, make_site, make_subject, make_supplier, make_user
from tests.factories import sign_in as enter_dashboard
from tests.functional.collection.conftest import Rita
from tests.functional.dashboard.browsing import HTML, submit
from tests.personas import ALICE, ANNA, MONA, RITA

Words = Callable[[str], str]


def script(name: str) -> str:
    """Leaves a text node, an attribute in either quotes, an element, a JSON string and a template expression."""
    return f"<script>x('{name}')</script>\"'><img src=x onerror=x()>{{{{7*7}}}}"


def travelled(name: str) -> str:
    """Right-to-left with a mark, joined emoji, an astral letter, an accent that could be decomposed."""
    return f"مضخة \u200fדבר 👩🏽\u200d🔧 𝔘 żółć {name}"


@dataclass
class Surfaces:
    """Answers and mails by name, as text."""

    pages: dict[str, str] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    picture: bytes = b""

    def add(self, name: str, answer: TestResponse) -> TestResponse:
        """Keep an answer."""
        assert answer.status_code == 200, f"{name}: {answer.status_code} {answer.text[:300]}"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        if answer.mimetype == "text/html":
            self.pages[name] = answer.text
        elif answer.mimetype == "image/svg+xml":
            self.picture = answer.data
        else:
            assert answer.mimetype.endswith("json"), answer.mimetype
            self.data[name] = json.loads(answer.data)
        return answer


class Reader(HTMLParser):
    """Reads a page as a browser does: what is text, and what would run."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shown: list[str] = []
        self.dangers: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag could run, and what its attributes say."""
        given = dict(attrs)
        if tag == "script" and not (given.get("src") or "").startswith("/"):
            self.dangers.append(f"inline {tag}")
        for name, value in attrs:
            if name.startswith("on") or name in {"srcdoc", "formaction"}:
                self.dangers.append(f"{tag} {name}")
            if name in {"href", "src", "action"} and re.match(r"\s*(javascript|data|vbscript):", value or "", re.I):
                self.dangers.append(f"{tag} {name}={value}")
            self.shown.append(value or "")
        if tag == "img" and given.get("src") == "x":
            self.dangers.append("an image of somebody else's")

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.shown.append(data)


def told(page: str) -> str:
    """All text and attribute values of a page."""
    return "\n".join(Reader(page).shown)


def named_by(words: Words) -> World:
    """A supplier in which everything has such a name."""
    supplier = make_supplier("Kestrel Pumps")
    owner = make_user(ALICE)
    moderator, analyst = join(supplier, MONA, Role.MODERATOR), join(supplier, ANNA, Role.ANALYST)
    for user, name in ((owner, "owner"), (moderator, "moderator"), (analyst, "analyst")):
        db.session.merge(user).name = words(name)
    actor = as_member(owner)
    suppliers.change_supplier(actor, words("supplier"), None)
    moderation.set_policy(actor, approve_proven=False, show_stars=True)
    site = make_site(actor, words("site"), languages=("en",))
    return World(supplier, owner, moderator, analyst, site, make_subject("KP-45", words("subject")))


def ordered(world: World, words: Words) -> str:
    """An order with an invitation; the secret of its token."""
    subject = SubjectInput("KP-45")
    item = PurchaseInput(
        reference=words("order")[:80],
        purchased_on=today(),
        buyer=BuyerInput(words("buyer"), ("brightwater.example",), industry=words("industry")[:80]),
        subjects=(subject,),
        contact_email=RITA.email,
        contact_name=words("contact"),
        incentive=words("incentive"),
    )
    received = invitations.receive([Order(item, None, "en", True)], by=world.actor)[0]
    _, secret = tokens.issue(received.taken.purchase.id, catalog.put_subject("KP-45", words("subject")).id)
    make_api_key(world.actor)
    members.invite(world.actor, "new@kestrel.example", Role.ANALYST)
    db.session.commit()
    return secret


def typed(words: Words) -> dict[str, Any]:
    """A review of such words."""
    names = ("title", "text", "pros", "cons", "display_name")
    return {**{name: words(name) for name in names}, "role": words("role")[:80]}


def walk(rita: Rita, client: FlaskClient, words: Words) -> Surfaces:
    """Everything that shows anything of a review, from its first letter to its publication."""
    seen, world = Surfaces(), rita.world
    token = ordered(world, words)
    rita.outbox()
    seen.add("form", rita.client.get(f"/widgets/v1/{world.site.public_key}/form"))
    assert rita.begins(token=token, subject=None).status_code == 201
    assert rita.types(**typed(words)).status_code == 200
    seen.add("draft", rita.asks("GET"))
    window = urlsplit(rita.asks("POST", "/ticket", json={}).get_json()["url"]).path
    seen.add("window", rita.client.get(window, headers={"Sec-Fetch-Site": "same-origin", **HTML}))
    assert rita.asks("POST", "/mailed-link", json={"email": RITA.email}).status_code == 202
    rita.outbox()
    seen.add("mailed link", rita.client.get(urlsplit(rita.mailbox.link("/v/mail/")).path, headers=HTML))
    rita.proves_by_mail()
    sent = rita.sends(**typed(words))
    assert sent.status_code == 201, sent.text
    rita.outbox()

    enter_dashboard(client, world.moderator)
    tenancy.enter(world.supplier.id)
    case = db.session.scalars(select(Case)).one()
    path = f"/dashboard/moderation/{case.id}"
    seen.add("queue", client.get("/dashboard/moderation", headers=HTML))
    seen.add("refusing", client.get(f"{path}/refuse", headers=HTML))
    assert submit(client, f"{path}/approve", page=path, seen_revision="1").status_code == 303
    seen.add("case", client.get(path, headers=HTML))
    review = f"/dashboard/reviews/{case.review_id}"
    rita.outbox()
    assert submit(client, f"{review}/reply", page=review, text=words("reply")).status_code == 303
    rita.outbox()
    dashboard(seen, client, world, review)
    readers(seen, rita.client, world, str(case.review_id))
    hers(seen, rita, sent.get_json())
    refused(seen, rita, client, words)
    for number, mail in enumerate(rita.mailbox):
        assert "\n" not in str(mail["Subject"])
        seen.pages[f"mail {number} {mail['Subject'][:20]}"] = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    return seen


def dashboard(seen: Surfaces, client: FlaskClient, world: World, review: str) -> None:
    """The supplier's own pages, as the owner sees them."""
    enter_dashboard(client, world.owner)
    for path in ("", "/reviews", "/purchases", "/purchases/new", "/settings/sites", "/settings/members"):
        seen.add(f"dashboard{path}", client.get(f"/dashboard{path}", headers=HTML))
    for path in ("/settings/keys", "/settings/supplier", "/settings/account"):
        seen.add(f"dashboard{path}", client.get(f"/dashboard{path}", headers=HTML))
    for found in sorted(set(re.findall(r'"(/dashboard/purchases/[0-9a-f-]{36})"', seen.pages["dashboard/purchases"]))):
        seen.add("purchase", client.get(found, headers=HTML))
    seen.add("site", client.get(f"/dashboard/settings/sites/{world.site.id}", headers=HTML))
    seen.add("site's form", client.get(f"/dashboard/settings/sites/{world.site.id}/edit", headers=HTML))
    seen.add("review", client.get(review, headers=HTML))


def readers(seen: Surfaces, client: FlaskClient, world: World, review_id: str) -> None:
    """What everybody sees."""
    key, slug = world.site.public_key, world.supplier.slug
    seen.add("feed", client.get(f"/feeds/{key}/reviews.json"))
    seen.add("summary", client.get(f"/feeds/{key}/summary.json"))
    seen.add("list", client.get(f"/widgets/v1/{key}/list"))
    seen.add("badge", client.get(f"/widgets/v1/{key}/badge.svg"))
    seen.add("hosted supplier", client.get(f"/s/{slug}", headers=HTML))
    seen.add("hosted subject", client.get(f"/s/{slug}/{world.subject.slug}", headers=HTML))
    seen.add("hosted review", client.get(f"/r/{review_id}", headers=HTML))


def hers(seen: Surfaces, rita: Rita, sent: dict[str, str]) -> None:
    """The author's own pages."""
    seen.add("receipt", rita.client.get(urlsplit(sent["receipt_url"]).path, headers=HTML))
    page = rita.opens_her_page(sent)
    for name in ("", "/edit", "/withdraw", "/export.json"):
        seen.add(f"her page{name}", rita.client.get(f"{page}{name}", headers=HTML))
    seen.add("her reviews", rita.client.get("/me", headers=HTML))


def refused(seen: Surfaces, rita: Rita, client: FlaskClient, words: Words) -> None:
    """A second review, without an order, is refused with such a statement; what everybody is shown of that."""
    again = Rita(rita.client, rita.world, rita.mailbox, rita.outbox)
    again.begins()
    again.types(**typed(words))
    again.proves_by_mail("rita@mail.example")
    sent = again.sends(**typed(words)).get_json()
    rita.outbox()
    let_go()
    tenancy.enter(rita.world.supplier.id)
    case = db.session.scalars(select(Case).where(Case.state == "open")).one()
    path = f"/dashboard/moderation/{case.id}"
    spoken = {"seen_revision": "1", "reason": "abusive", "passage": words("title"), "statement": words("statement")}
    assert submit(client, f"{path}/refuse", **spoken).status_code == 303
    rita.outbox()
    seen.add("refused case", client.get(path, headers=HTML))
    seen.add("refused review", client.get(f"/dashboard/reviews/{case.review_id}", headers=HTML))
    stale = submit(client, f"{path}/approve", page="/dashboard/settings/account", seen_revision="1")
    assert stale.status_code == 409
    seen.pages["stale"] = stale.text
    seen.add("her refused review", rita.client.get(again.opens_her_page(sent), headers=HTML))


@pytest.fixture
def surfaces(
    client: FlaskClient, another_client: FlaskClient, mailbox: Mailbox, outbox: Callable[[], int]
) -> Callable[[Words], Surfaces]:
    """Makes the world, takes the walk."""

    def taken(words: Words) -> Surfaces:
        return walk(Rita(another_client, named_by(words), mailbox, outbox), client, words)

    return taken


# Where each field must be readable as it was typed.
SHOWN_ON: dict[str, tuple[str, ...]] = {
    "supplier": ("form", "window", "receipt", "hosted supplier", "hosted review", "dashboard", "her page"),
    "site": ("dashboard/settings/sites", "site"),
    "subject": ("form", "window", "queue", "hosted subject", "receipt", "purchase", "her reviews"),
    "buyer": ("list", "hosted review", "purchase", "dashboard/purchases", "review"),
    "contact": (),
    "incentive": ("list", "hosted review", "her page"),
    "title": ("queue", "case", "list", "hosted review", "her page", "her page/edit", "receipt", "refused case"),
    "text": ("case", "list", "hosted review", "her page", "her page/edit", "receipt"),
    "pros": ("case", "list", "hosted review", "her page/edit"),
    "cons": ("case", "list", "hosted review", "her page/edit"),
    "display_name": ("case", "list", "hosted review", "her page/edit"),
    "reply": ("list", "hosted review", "review"),
    "statement": ("refused review", "her refused review"),
    "moderator": ("dashboard/settings/members", "case"),
    "owner": ("dashboard/settings/account", "dashboard/settings/keys"),
}


def missing_from(seen: Surfaces, words: Words) -> list[tuple[str, str]]:
    """Where a field cannot be read as it was typed."""
    read = {name: told(page) for name, page in seen.pages.items()}
    return [(name, page) for name, pages in SHOWN_ON.items() for page in pages if words(name) not in read[page]]


def test_script_in_any_field_stays_text_on_every_surface(surfaces: Callable[[Words], Surfaces]) -> None:
    seen = surfaces(script)
    assert len(seen.pages) > 35
    for name, page in seen.pages.items():
        assert Reader(page).dangers == [], name
        assert "<script>x(" not in page, name
    for element in ElementTree.fromstring(seen.picture).iter():  # noqa: S314  # our own answer
        assert not element.tag.endswith(("script", "image", "foreignObject"))
        assert not [one for one in element.attrib if one.lower().startswith("on")]
    assert missing_from(seen, script) == []


def test_words_from_everywhere_reach_readers_byte_for_byte(surfaces: Callable[[Words], Surfaces]) -> None:
    seen = surfaces(travelled)
    content = typed(travelled)
    draft = seen.data["draft"]["content"]
    assert {name: draft[name] for name in content} == content
    (item,) = seen.data["feed"]["items"]
    about = item["_avouch"]
    assert (item["title"], item["content_text"]) == (content["title"], content["text"])
    assert item["authors"] == [{"name": content["display_name"]}]
    assert (about["pros"], about["cons"], about["role"]) == (content["pros"], content["cons"], content["role"])
    assert about["reply"]["text"] == travelled("reply")
    assert about["company"] == travelled("buyer")
    assert about["incentive"] == travelled("incentive")
    assert about["subject"]["name"] == travelled("subject")
    assert seen.data["feed"]["_avouch"]["supplier"]["name"] == travelled("supplier")
    assert content["text"] in json.dumps(seen.data["her page/export.json"], ensure_ascii=False)
    assert travelled("supplier") in seen.picture.decode()
    assert missing_from(seen, travelled) == []
    mails = "".join(told(page) for name, page in seen.pages.items() if name.startswith("mail"))
    for name in ("supplier", "subject", "title", "contact", "statement"):
        assert travelled(name) in mails, name
