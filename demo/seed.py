"""Fills an empty database with the demo's story, through the application's own use cases, in the order in
which it happened: the clock is set to each moment, and what each moment promised is carried out then.

`python -m demo.seed FOLDER SHOP_URL` migrates, seeds where there is nothing yet, and tells a database that
was seeded before today's addresses (ports may have changed). Writes FOLDER/demo.json.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
import unicodedata
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import redis
from flask import Flask

from app import create_app
from app.accounts import service as accounts
from app.accounts.models import User
from app.catalog import service as catalog
from app.catalog.service import BuyerInput, PurchaseInput, SubjectInput
from app.collection import service as collection
from app.collection.models import Draft
from app.core import clock, outbox, secrets, tenancy
from app.core.actor import Actor
from app.core.db import db
from app.core.ids import new_id
from app.core.migrate import upgrade
from app.moderation import queries as cases
from app.moderation import service as moderation
from app.publication import jobs as publication
from app.reviews import queries as reviews
from app.reviews import service as review_service
from app.reviews.models import Duration
from app.reviews.rules import Content
from app.suppliers import permissions
from app.suppliers import queries as suppliers_read
from app.suppliers import service as suppliers
from app.suppliers.models import Member, Role
from app.suppliers.permissions import Scope
from app.verification import service as verification
from app.verification import tokens
from app.verification.methods.oidc import Account
from app.verification.models import LoginAttempt
from demo.catalogue import KESTREL, OTTER, Item
from demo.people import PEOPLE
from demo.stack import schema

HERE = Path(__file__).parent
PASSWORD = "wet stones by the weir"
SUPPLIERS_OPEN = 560  # days ago
TEAM = {
    "alice@kestrel-pumps.example": ("Alice Moreau", Role.OWNER, "Kestrel Pumps, owner"),
    "mona@kestrel-pumps.example": ("Mona Petrov", Role.MODERATOR, "Kestrel Pumps, moderator"),
    "anna@kestrel-pumps.example": ("Anna Lindqvist", Role.ANALYST, "Kestrel Pumps, analyst"),
}
CHARLIE = ("charlie@otter-bearings.example", "Charlie Ndiaye")
OLGA = ("olga@avouch.example", "Olga Brandt")


@dataclass(frozen=True)
class Told:
    """One review of reviews.toml."""

    ago: int
    on: str
    lang: str
    stars: int
    by: tuple[str, str]
    title: str
    text: str
    order: bool = False
    via: str = "account"
    private: bool = False
    role: str = ""
    used: str | None = None
    pros: str = ""
    cons: str = ""
    incentive: str | None = None
    reply: str = ""
    resolved: int | None = None
    withdrawn: int | None = None
    refused: tuple[str, str, str] | None = None
    waiting: bool = False

    def content(self) -> Content:
        """What the author typed."""
        return Content(
            rating=self.stars,
            title=self.title,
            text=self.text,
            display_name=self.by[1],
            pros=self.pros,
            cons=self.cons,
            role=self.role,
            duration=Duration(self.used) if self.used else None,
        )


@dataclass(frozen=True)
class Sold:
    """What later moments need to know of a subject; its row belongs to the moment that made it."""

    id: uuid.UUID
    slug: str


@dataclass(frozen=True)
class Shop:
    """A seeded supplier, and who acts for it."""

    supplier_id: uuid.UUID
    owner: Actor
    moderator: Actor
    site_id: uuid.UUID
    subjects: dict[str, Sold]


@dataclass(order=True)
class Moment:
    """Something that happened. Moments sort by time, then by the order in which they were told."""

    at: datetime
    place: int
    deed: Callable[[], None] = field(compare=False)


class Seeding:
    """Tells the story once."""

    def __init__(self, app: Flask, shop_url: str) -> None:
        self.app = app
        self.shop_url = shop_url
        self.buyers: dict[str, dict[str, str]] = tomllib.loads((HERE / "buyers.toml").read_text())
        self.now = datetime.now(UTC)
        self.limits = redis.Redis.from_url(os.environ["AVOUCH_LIMITS_REDIS_URL"])
        self.moments: list[Moment] = []
        self.review_ids: dict[Told, uuid.UUID] = {}

    def run(self) -> dict[str, Any]:
        """Make everything; the facts that the shop and the terminal show."""
        told = tomllib.loads((HERE / "reviews.toml").read_text())
        start = self.now - timedelta(days=SUPPLIERS_OPEN)
        facts: dict[str, Any] = {}
        with self.app.app_context(), clock.fixed_at(start):
            kestrel = self._open_kestrel(facts)
            otter = self._open_otter()
            outbox.drain()
        for shop in (kestrel, otter):
            self._quiet(shop, start)
        self._plan(kestrel, [_told(entry) for entry in told["review"]])
        self._plan(otter, [_told(entry) for entry in told["otter"]])
        month = ""
        for moment in sorted(self.moments):
            if month != (month := f"{moment.at:%B %Y}"):
                print(f"  {month} …", flush=True)
            with self.app.app_context(), clock.fixed_at(moment.at):
                # Limits go by the real clock, to which all this happens within seconds.
                self.limits.flushdb()
                moment.deed()
                db.session.commit()
                outbox.drain()
        for shop in (kestrel, otter):
            # What lapsed with the months that passed in seconds: done here, once, not by the worker's first hour.
            with self.app.app_context():
                tenancy.enter(shop.supplier_id)
                publication.refresh_rating()
                db.session.commit()
                outbox.drain()
            self._quiet(shop, None)
        with self.app.app_context():
            tenancy.enter(kestrel.supplier_id)
            facts["token"] = self._recent_purchases(kestrel)
            db.session.commit()
            outbox.drain()
        # Each commit also handed its effects to RQ. They are all done; the worker need not look at every one.
        redis.Redis.from_url(os.environ["AVOUCH_REDIS_URL"]).flushdb()
        return facts

    def _open_kestrel(self, facts: dict[str, Any]) -> Shop:
        people = {
            email: accounts.register_confirmed(email, name, PASSWORD) for email, (name, _role, _words) in TEAM.items()
        }
        owner, moderator, analyst = people.values()
        supplier = suppliers.create_supplier(owner, "Kestrel Pumps", "https://kestrel-pumps.example")
        for person, role in ((moderator, Role.MODERATOR), (analyst, Role.ANALYST)):
            db.session.add(Member(supplier_id=supplier.id, id=new_id(), user_id=person.id, role=role))
        actor = _actor(owner, supplier.id, Role.OWNER)
        site = suppliers.create_site(actor, "Web shop", [self.shop_url], ["en", "pl", "ru", "bg"])
        _, facts["api_key"] = suppliers.issue_api_key(actor, "Demo", [str(scope) for scope in Scope])
        subjects = _subjects(KESTREL)
        accounts.create_operator(OLGA[0], OLGA[1], PASSWORD)
        db.session.commit()
        facts |= {
            "site": site.public_key,
            "subjects": {sku: subject.slug for sku, subject in subjects.items()},
            "password": PASSWORD,
            "sign_ins": {
                **{email: words for email, (_name, _role, words) in TEAM.items()},
                CHARLIE[0]: "Otter Bearings, owner: another supplier",
                OLGA[0]: "operator (at /operator/sign-in)",
            },
        }
        return Shop(supplier.id, actor, _actor(moderator, supplier.id, Role.MODERATOR), site.id, subjects)

    def _open_otter(self) -> Shop:
        charlie = accounts.register_confirmed(*CHARLIE, PASSWORD)
        supplier = suppliers.create_supplier(charlie, "Otter Bearings", "https://otter-bearings.example")
        actor = _actor(charlie, supplier.id, Role.OWNER)
        site = suppliers.create_site(actor, "Catalogue", ["https://otter-bearings.example"], ["en", "pl"])
        subjects = _subjects(OTTER)
        db.session.commit()
        return Shop(supplier.id, actor, actor, site.id, subjects)

    def _quiet(self, shop: Shop, since: datetime | None) -> None:
        """Have publications prepare no documents meanwhile, or again: a site that is off has none.

        Each of the 200 publications of the story would prepare some thirty that the next one replaces;
        `_tell_addresses` prepares them all once, at its end.
        """
        with self.app.app_context():
            tenancy.enter(shop.supplier_id)
            suppliers_read.site(shop.site_id).disabled_at = since
            db.session.commit()

    def _plan(self, shop: Shop, told: list[Told]) -> None:
        """Put what happened to each review on the time line."""
        for place, one in enumerate(told):
            sent = self.now - timedelta(days=one.ago, hours=5, minutes=7 * (place % 8))
            self._at(sent, shop, self._send, one)
            if not one.waiting:
                # Blind to stars and in order: what a person must rule on waits between half a day and three days.
                self._at(sent + timedelta(hours=11 + 13 * (place % 5)), shop, self._rule, one)
            if one.reply:
                self._at(sent + timedelta(days=3 + place % 6, hours=2), shop, self._reply, one)
            if one.resolved is not None:
                self._at(self.now - timedelta(days=one.resolved, hours=3), shop, self._resolve, one)
            if one.withdrawn is not None:
                self._at(self.now - timedelta(days=one.withdrawn, hours=3), shop, self._withdraw, one)

    def _at(self, moment: datetime, shop: Shop, deed: Callable[[Shop, Told], None], one: Told) -> None:
        def inside() -> None:
            tenancy.enter(shop.supplier_id)
            deed(shop, one)

        self.moments.append(Moment(min(moment, self.now), len(self.moments), inside))

    def _send(self, shop: Shop, one: Told) -> None:
        """The way of a review as the form goes it: draft, words, proof, sending."""
        token = self._buy(shop, one) if one.order else None
        slug = shop.subjects[one.on].slug
        site = suppliers_read.site(shop.site_id)
        # Off in the database, on for this review: see `_quiet`.
        db.session.expunge(site)
        site.disabled_at = None
        draft = collection.open_draft(site, subject_slug=slug, language=one.lang, token=token).draft
        content = one.content()
        typed = {"rating": one.stars, "title": one.title, "text": one.text, "display_name": one.by[1]}
        draft = collection.save(draft, seen=draft.version, content=typed, subject_slug=slug)
        self._prove(draft, one)
        review = collection.submit(draft, seen=draft.version, content=content, required=["author"])
        self.review_ids[one] = review.id

    def _buy(self, shop: Shop, one: Told) -> str:
        buyer = self.buyers[one.by[0]]
        purchase, _ = catalog.put_purchase(
            PurchaseInput(
                reference=f"SO-{52_000 - one.ago * 7}-{len(self.review_ids):03}",
                purchased_on=clock.today() - timedelta(days=_days_owned(one)),
                buyer=BuyerInput(buyer["name"], (buyer["domain"],), industry=buyer["industry"]),
                subjects=(SubjectInput(one.on),),
                contact_email=self._address(one),
                contact_name=one.by[1],
                incentive=one.incentive,
            )
        )
        return tokens.issue(purchase.id, shop.subjects[one.on].id)[1]

    def _prove(self, draft: Draft, one: Told) -> None:
        address = self._address(one)
        if one.via == "mail":
            link = collection.mail_link(draft, address)
            verification.record_mailed_link(link, link.match_number)
        else:
            verification.record_sign_in(_attempt(draft), _account(address, one.by[1]))

    def _address(self, one: Told) -> str:
        key, name = one.by
        known = {person.email for person in PEOPLE}
        domain = "mailhaven.example" if one.private else self.buyers[key]["domain"]
        local = _ascii(name)
        # The people whom one can sign in as have their own addresses there.
        return next(
            (email for email in known if email.endswith(f"@{domain}") and _same(email, local)), f"{local}@{domain}"
        )

    def _rule(self, shop: Shop, one: Told) -> None:
        review = reviews.review(self.review_ids[one])
        case = cases.case_of(self.review_ids[one], 1)
        if review is None or case is None or case.state != "open":
            return  # the policy approved it at once
        if one.refused:
            moderation.refuse(shop.moderator, case.id, 1, *one.refused)
        else:
            moderation.approve(shop.moderator, case.id, 1)

    def _reply(self, shop: Shop, one: Told) -> None:
        moderation.reply(shop.moderator, self.review_ids[one], one.reply)

    def _resolve(self, _shop: Shop, one: Told) -> None:
        review = reviews.review(self.review_ids[one])
        if review is not None:
            review_service.mark_resolved(review)

    def _withdraw(self, _shop: Shop, one: Told) -> None:
        review = reviews.review(self.review_ids[one])
        if review is not None:
            review_service.withdraw(review)

    def _recent_purchases(self, shop: Shop) -> str:
        """Orders of the last weeks that nobody has reviewed yet; the token of Rita's, to try the form with."""
        token = ""
        for place, (key, contact, sku) in enumerate(
            (
                ("brightwater", "Rita S.", "KP-MS90"),
                ("halvorsen", "Lars T.", "KP-CR45"),
                ("nadodrze", "Tomasz Z.", "KP-SV150"),
                ("trakia", "Борис Д.", "KP-MS90"),
                ("severvoda", "Елена С.", "KP-CARE"),
            )
        ):
            one = Told(0, sku, "en", 5, (key, contact), "", "", order=True)
            token = self._buy(shop, one) if place == 0 else (self._buy(shop, one) and token)
            self.review_ids[one] = new_id()
        return token


def _told(entry: dict[str, Any]) -> Told:
    entry = {**entry, "by": tuple(entry["by"])}
    if "refused" in entry:
        entry["refused"] = tuple(entry["refused"])
    return Told(**entry)


def _actor(user: User, supplier_id: uuid.UUID, role: Role) -> Actor:
    return Actor("user", user.id, supplier_id, permissions.of_role(role))


def _subjects(items: tuple[Item, ...]) -> dict[str, Sold]:
    inputs = [SubjectInput(item.sku, item.name, item.kind, None, item.gtin, item.mpn) for item in items]
    return {subject.sku: Sold(subject.id, subject.slug) for subject in catalog.put_subjects(inputs)}


def _attempt(draft: Draft) -> LoginAttempt:
    """A round trip to the provider that has come back: what the pop-up leaves behind."""
    url, expires_at = collection.open_pop_up(draft)
    ticket_id = verification.tickets.latest(draft.id).id  # type: ignore[union-attr]  # opened in the line above
    attempt = LoginAttempt(
        supplier_id=draft.supplier_id,
        id=new_id(),
        ticket_id=ticket_id,
        review_id=draft.id,
        provider="workplace",
        state_hash=secrets.digest(url),
        browser_hash=secrets.digest(f"browser of {draft.id}"),
        created_at=clock.now(),
        expires_at=expires_at,
        used_at=clock.now(),
    )
    db.session.add(attempt)
    db.session.flush()
    return attempt


def _account(address: str, name: str) -> Account:
    sub = next((person.sub for person in PEOPLE if person.email == address), address)
    issuer = json.loads(os.environ["AVOUCH_OIDC_PROVIDERS"])[0]["issuer"]
    return Account(issuer=issuer, subject=sub, email=address, email_proven=True, name=name)


def _days_owned(one: Told) -> int:
    days = {"under_1_month": 20, "1_to_6_months": 120, "6_to_12_months": 270, "1_to_3_years": 640, "over_3_years": 1600}
    return days.get(one.used or "", 45) + one.ago % 17


_LETTERS = str.maketrans(
    {
        **dict(zip("абвгдезийклмнопрстуфхыэł", "abvgdeziyklmnoprstufhyel", strict=True)),
        "ж": "zh",
        "ц": "ts",
        "ч": "ch",
        "ш": "sh",
        "щ": "sht",
        "ъ": "a",
        "ь": "",
        "ю": "yu",
        "я": "ya",
    }
)


def _ascii(name: str) -> str:
    """The local part that a person of this name would have."""
    folded = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]+", ".", folded).strip(".")


def _same(email: str, local: str) -> bool:
    """Whether a shown name ("Tomasz Z.") is this person of the provider's ("t.zielinski@…")."""
    first, _, rest = local.partition(".")
    known = email.partition("@")[0]
    return known == first or (known[0] == first[0] and known.partition(".")[2].startswith(rest[:1] or "?"))


def _tell_addresses(app: Flask, facts: dict[str, Any], shop_url: str) -> None:
    """Bring what names a port up to date: the site's origin and review page, and every published document."""
    with app.app_context():
        site = suppliers_read.site_by_key(facts["site"])
        actor = Actor("system")
        suppliers.change_site(
            actor, site, site.name, [shop_url], site.languages, f"{shop_url}/review", site.required_proofs
        )
        paths = {item.sku: f"{shop_url}/products/{item.path}" for item in KESTREL}
        catalog.put_subjects([SubjectInput(sku, url=url) for sku, url in paths.items()])
        db.session.commit()
        for supplier_id in suppliers_read.all_ids():
            tenancy.enter(supplier_id)
            for one in suppliers_read.sites():
                outbox.promise(publication.render_site, supplier_id=str(supplier_id), site_id=str(one.id))
            db.session.commit()
        outbox.drain()


def _begin_empty(owner_url: str) -> None:
    """Forget a story that was broken off in the middle (demo.json is written at its end)."""
    with psycopg.connect(owner_url) as connection:
        tables = connection.execute(
            "SELECT format('%I', relname) FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'"
        ).fetchall()
        connection.execute(f"TRUNCATE {', '.join(name for (name,) in tables)}".encode())


def main(folder: Path, shop_url: str) -> None:
    """Migrate, seed, tell."""
    owner_url = os.environ["AVOUCH_DATABASE_OWNER_URL"]
    upgrade(owner_url)
    app = create_app()
    kept = folder / "demo.json"
    facts = json.loads(kept.read_text()) if kept.exists() else None
    if facts is None:
        _begin_empty(owner_url)
        facts = Seeding(app, shop_url).run()
    addresses = [shop_url, os.environ["AVOUCH_EXTERNAL_URL"]]
    if facts.get("addresses") != addresses:
        _tell_addresses(app, facts, shop_url)
    facts |= {"addresses": addresses, "schema": schema()}
    waiting = kept.with_suffix(".part")
    waiting.touch(mode=0o600)
    waiting.write_text(json.dumps(facts, ensure_ascii=False, indent=1))
    waiting.rename(kept)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
