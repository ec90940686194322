"""Makes what a test needs to be there already, through the application's own use cases, and commits it.

All of it runs inside an app context (the fixture `app` gives one) and leaves the supplier entered.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import passwords, sessions
from app.accounts.models import Operator, Principal, User
from app.catalog import service as catalog
from app.catalog.models import Purchase, Subject
from app.catalog.service import BuyerInput, PurchaseInput, SubjectInput
from app.collection import service as collection
from app.collection.models import Draft
from app.core import tenancy
from app.core.actor import Actor
from app.core.clock import now, today
from app.core.db import db
from app.core.ids import new_id
from app.core.secrets import digest
from app.core.settings import settings
from app.reviews.models import Review
from app.reviews.rules import Content
from app.suppliers import permissions
from app.suppliers import service as suppliers
from app.suppliers.models import Member, Role, Site, Supplier
from app.suppliers.permissions import Scope
from app.verification import service as verification
from app.verification import tickets, tokens
from app.verification.methods.oidc import Account
from app.verification.models import LoginAttempt
from tests.personas import ALICE, ANNA, CHARLIE, MONA, OLGA, RITA, Persona
from tests.settings import EXTERNAL_URL


@cache
def _hash(password: str) -> str:
    """A password's hash, made once a run: it is slow on purpose."""
    return passwords.make(password)


def make_user(persona: Persona = ALICE) -> User:
    """A user with a confirmed address; the same one when asked again."""
    found = db.session.scalar(select(User).where(User.email == persona.email))
    if found is not None:
        return found
    user = User(
        id=new_id(),
        email=persona.email,
        name=persona.name,
        password_hash=_hash(persona.password),
        email_verified_at=now(),
    )
    db.session.add(user)
    db.session.commit()
    return user


def make_operator(persona: Persona = OLGA) -> Operator:
    """Somebody who works for the platform."""
    operator = Operator(id=new_id(), email=persona.email, name=persona.name, password_hash=_hash(persona.password))
    db.session.add(operator)
    db.session.commit()
    return operator


def make_supplier(name: str = "Kestrel Pumps", owner: Persona = ALICE) -> Supplier:
    """A supplier with its first owner."""
    supplier = suppliers.create_supplier(make_user(owner), name)
    db.session.commit()
    return supplier


def join(supplier: Supplier, persona: Persona, role: Role) -> User:
    """Have a persona work for the supplier."""
    user = make_user(persona)
    tenancy.enter(supplier.id)
    db.session.add(Member(supplier_id=supplier.id, id=new_id(), user_id=user.id, role=role))
    db.session.commit()
    return user


def as_member(user: User, role: Role = Role.OWNER) -> Actor:
    """The actor that a signed-in member of the supplier entered is."""
    return Actor("user", user.id, tenancy.require(), permissions.of_role(role))


def make_site(
    actor: Actor,
    name: str = "Web shop",
    origins: Sequence[str] = ("https://kestrel.example",),
    languages: Sequence[str] = ("en", "pl", "ru", "bg"),
    review_page_url: str | None = None,
    required_proofs: Sequence[str] = ("author",),
) -> Site:
    """A site of the supplier entered."""
    site = suppliers.create_site(actor, name, origins, languages, review_page_url, required_proofs)
    db.session.commit()
    return site


def make_subject(sku: str = "KP-45", name: str = "CR 45 end-suction pump") -> Subject:
    """A product of the supplier entered."""
    subject = catalog.put_subject(sku, name)
    db.session.commit()
    return subject


def make_purchase(
    subject: Subject,
    reference: str = "PO-1001",
    buyer: str = "Brightwater Utilities",
    domains: Sequence[str] = ("brightwater.example",),
    contact_email: str | None = "rita@brightwater.example",
    purchased_on: dt.date | None = None,
    incentive: str | None = None,
) -> tuple[Purchase, str]:
    """An order of one subject, and the secret of its purchase token."""
    item = PurchaseInput(
        reference=reference,
        purchased_on=purchased_on or today() - dt.timedelta(days=30),
        buyer=BuyerInput(buyer, tuple(domains), industry="Water supply"),
        subjects=(SubjectInput(subject.sku),),
        contact_email=contact_email,
        incentive=incentive,
    )
    purchase, _ = catalog.put_purchase(item)
    _, secret = tokens.issue(purchase.id, subject.id)
    db.session.commit()
    return purchase, secret


def make_api_key(actor: Actor, scopes: Sequence[str] = tuple(Scope)) -> str:
    """An API key of the supplier entered; its secret."""
    _, secret = suppliers.issue_api_key(actor, "Back office", [str(scope) for scope in scopes])
    db.session.commit()
    return secret


def sign_in(client: FlaskClient, person: User | Operator) -> None:
    """Give the client's browser a live session, as the sign-in page would."""
    kind = Principal.OPERATOR if isinstance(person, Operator) else Principal.USER
    secret = sessions.begin(kind, person.id)
    db.session.commit()
    with client.session_transaction(base_url=EXTERNAL_URL) as cookie:
        cookie["_user_id"] = secret
        cookie["_fresh"] = True


def csrf_token(page: str) -> str:
    """The token in a page's form or meta element."""
    found = re.search(r'name="csrf[_-]token"[^>]*?(?:value|content)="([^"]+)"', page)
    assert found, "the page has no CSRF token"
    return found.group(1)


@dataclass(frozen=True)
class World:
    """One supplier, ready for reviews, and the people who work for it."""

    supplier: Supplier
    owner: User
    moderator: User
    analyst: User
    site: Site
    subject: Subject

    @property
    def actor(self) -> Actor:
        """The owner, acting."""
        return Actor("user", self.owner.id, self.supplier.id, permissions.of_role(Role.OWNER))


def make_kestrel() -> World:
    """Kestrel Pumps with Alice, Mona and Anna, a site at kestrel.example, and one pump. Leaves it entered."""
    supplier = make_supplier()
    owner = make_user(ALICE)
    moderator = join(supplier, MONA, Role.MODERATOR)
    analyst = join(supplier, ANNA, Role.ANALYST)
    site = make_site(as_member(owner))
    return World(supplier, owner, moderator, analyst, site, make_subject())


def make_otter() -> World:
    """Otter Bearings, where Charlie does everything. Leaves it entered."""
    supplier = make_supplier("Otter Bearings", CHARLIE)
    charlie = make_user(CHARLIE)
    site = make_site(as_member(charlie), origins=("https://otter.example",))
    return World(supplier, charlie, charlie, charlie, site, make_subject("OB-6204", "OB 6204 deep groove bearing"))


def make_review(
    world: World,
    *,
    author: Persona = RITA,
    rating: int = 4,
    title: str = "Quiet and steady",
    text: str = "Runs since spring without a stop, and the seal is still the first one.",
    purchase_secret: str | None = None,
    language: str = "en",
) -> Review:
    """A review sent by `author`, who signed in at `workplace`. Its effects are promised, not carried out."""
    draft = collection.open_draft(
        world.site, subject_slug=world.subject.slug, language=language, token=purchase_secret
    ).draft
    sign_in_for(draft, author)
    content = Content(rating=rating, title=title, text=text, display_name=author.name, role="Maintenance planner")
    review = collection.submit(draft, seen=draft.version, content=content, required=["author"])
    db.session.commit()
    return review


def sign_in_for(draft: Draft, author: Persona) -> None:
    """Prove the draft's author as the pop-up does when it comes back from the provider."""
    ticket, _ = tickets.open_ticket(draft.id, draft.site_id, "A pump", "First words", draft.language)
    attempt = LoginAttempt(
        supplier_id=draft.supplier_id,
        id=new_id(),
        ticket_id=ticket.id,
        review_id=draft.id,
        provider="workplace",
        state_hash=digest(f"state of {ticket.id}"),
        browser_hash=digest(f"browser of {ticket.id}"),
        expires_at=ticket.expires_at,
        used_at=now(),
    )
    db.session.add(attempt)
    db.session.flush()
    issuer = settings().oidc_providers[0].issuer
    verification.record_sign_in(attempt, Account(issuer, f"sub of {author.email}", author.email, True, author.name))
