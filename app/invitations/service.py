"""Purchases in, with their review links; and asking the people who bought, once each."""

from __future__ import annotations

import enum
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.catalog import service as catalog
from app.catalog.models import Purchase
from app.catalog.service import CatalogInvalid, Change, PurchaseInput, Taken
from app.core import audit, outbox, tenancy
from app.core.actor import Actor
from app.core.clock import now
from app.core.db import db
from app.core.errors import FieldError
from app.core.ids import new_id
from app.core.locale import LANGUAGES
from app.invitations import jobs, links, queries, rules
from app.invitations.errors import AskedEnough, NoContact, PurchaseRevoked, SiteMissing
from app.invitations.links import Link
from app.invitations.models import Invitation
from app.suppliers import queries as suppliers
from app.suppliers.models import Site
from app.verification import tokens


class Asking(enum.StrEnum):
    """Where the asking for a purchase stands."""

    QUEUED = "queued"
    SENT = "sent"
    NOT_ASKED = "not_asked"
    NO_CONTACT = "no_contact"
    LIMITED = "limited"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Order:
    """A purchase as sent, and what is to be done about it."""

    purchase: PurchaseInput
    site_key: str | None = None
    language: str | None = None
    invite: bool = False


@dataclass(frozen=True)
class Received:
    """A purchase that was taken in, with its links and whether its contact is asked."""

    taken: Taken
    links: Sequence[Link]
    asking: Asking
    invitation: Invitation | None


@dataclass(frozen=True)
class _Ask:
    purchase: Purchase
    site: Site
    language: str


def receive(orders: Sequence[Order], *, by: Actor) -> list[Received]:
    """Take purchases in, all or none, give each line its link, and ask whoever is to be asked.

    Raises:
        CatalogInvalid: with pointers into the list; SiteMissing
    """
    sites = _sites(orders)
    taken = catalog.put_purchases([order.purchase for order in orders])
    found = links.issue([(one.purchase, one.subjects, site) for one, site in zip(taken, sites, strict=True)])
    asks = [
        _Ask(one.purchase, site, _language(order.language, site))
        for order, one, site in zip(orders, taken, sites, strict=True)
        if order.invite
    ]
    asked = _ask(asks)
    changes = Counter(str(one.change) for one in taken)
    audit.record("purchases.received", actor=by, target_kind="purchase", target_id=None, invited=len(asked), **changes)
    standing = queries.invitations([one.purchase.id for one in taken])
    return [
        Received(
            one,
            found.get(one.purchase.id, ()),
            *_asking(one.purchase, asked.get(one.purchase.id), standing.get(one.purchase.id), limited=order.invite),
        )
        for order, one in zip(orders, taken, strict=True)
    ]


def invite(purchase: Purchase, *, by: Actor, language: str | None = None) -> Invitation:
    """Ask the contact of one purchase. Asking the same address about it again gives the first invitation.

    Raises:
        PurchaseRevoked, NoContact, AskedEnough, SiteMissing
    """
    if purchase.revoked_at is not None:
        raise PurchaseRevoked("A purchase that was taken back is not asked about.")
    if purchase.contact_email is None:
        raise NoContact("No address is known for this purchase.", remedy="Add the contact's address first.")
    site = suppliers.default_site()
    if site is None:
        raise _site_missing()
    invitation = _ask([_Ask(purchase, site, _language(language, site))]).get(purchase.id)
    if invitation is None:
        raise AskedEnough(
            f"This address was asked {rules.MAX_PER_ADDRESS} times in the last {rules.ADDRESS_WINDOW.days} days.",
            remedy="Send the link yourself, or try again in some days.",
        )
    audit.record("purchase.invited", actor=by, target_kind="purchase", target_id=purchase.id)
    return invitation


def revoke(purchase: Purchase, *, by: Actor) -> bool:
    """Take a purchase back, and with it every link of it that was not used; False where it was done before.

    A review that was already sent stays: its proof was true when it was given.
    """
    if not catalog.revoke_purchase(purchase):
        return False
    taken_back = tokens.revoke_for_purchase(purchase.id)
    audit.record("purchase.revoked", actor=by, target_kind="purchase", target_id=purchase.id, links=taken_back)
    return True


def state_of(purchase: Purchase, invitation: Invitation | None) -> Asking:
    """Where the asking for a purchase stands, for lists."""
    return _asking(purchase, invitation, invitation, limited=False)[0]


def _sites(orders: Sequence[Order]) -> list[Site]:
    """The site that each purchase's links lead to."""
    open_sites = [site for site in suppliers.sites() if site.disabled_at is None]
    if not open_sites:
        raise _site_missing()
    by_key = {site.public_key: site for site in open_sites}
    faults = [
        FieldError(f"/{place}/site", "site_unknown", "You have no site with this key that is switched on.")
        for place, order in enumerate(orders)
        if order.site_key is not None and order.site_key not in by_key
    ]
    if faults:
        raise CatalogInvalid("A site is not known.", remedy="Copy its key from the dashboard.", fields=faults)
    return [by_key[order.site_key] if order.site_key else open_sites[0] for order in orders]


def _site_missing() -> SiteMissing:
    return SiteMissing("You have no site that is switched on.", remedy="Create a site in the dashboard first.")


def _language(asked: str | None, site: Site) -> str:
    spoken = [language for language in site.languages if language in LANGUAGES]
    return asked or (spoken[0] if spoken else LANGUAGES[0])


def _ask(asks: Sequence[_Ask]) -> dict[uuid.UUID, Invitation]:
    """Ask, where there is somebody to ask and it is not too often; the invitations, old and new, by purchase."""
    possible = {
        ask.purchase.id: ask
        for ask in asks
        if ask.purchase.contact_email is not None and ask.purchase.revoked_at is None
    }
    if not possible:
        return {}
    found = {
        purchase_id: invitation
        for purchase_id, invitation in queries.invitations(list(possible)).items()
        if invitation.email == possible[purchase_id].purchase.contact_email
    }
    fresh = _within_limits([ask for purchase_id, ask in possible.items() if purchase_id not in found])
    if fresh:
        sites = {ask.purchase.id: ask.site for ask in fresh}
        for invitation in _insert(fresh):
            found[invitation.purchase_id] = invitation
            outbox.promise(
                jobs.send_invitation,
                supplier_id=str(invitation.supplier_id),
                invitation_id=str(invitation.id),
                site_id=str(sites[invitation.purchase_id].id),
            )
    return found


def _within_limits(asks: Sequence[_Ask]) -> list[_Ask]:
    """Those whose address was not asked too often of late, earlier ones in the list first."""
    addresses = {ask.purchase.contact_email for ask in asks}
    query = (
        select(Invitation.email, func.count())
        .where(
            Invitation.supplier_id == tenancy.require(),
            Invitation.email.in_(addresses),
            Invitation.created_at > now() - rules.ADDRESS_WINDOW,
        )
        .group_by(Invitation.email)
    )
    recent: Counter[str] = Counter()
    for email, times in db.session.execute(query):
        recent[email] = times
    allowed = []
    for ask in asks:
        address = ask.purchase.contact_email or ""
        if recent[address] < rules.MAX_PER_ADDRESS:
            recent[address] += 1
            allowed.append(ask)
    return allowed


def _insert(asks: Sequence[_Ask]) -> list[Invitation]:
    rows = [
        {
            "supplier_id": ask.purchase.supplier_id,
            "id": new_id(),
            "purchase_id": ask.purchase.id,
            "email": ask.purchase.contact_email,
            "language": ask.language,
            "created_at": now(),
        }
        for ask in asks
    ]
    # A twin that was quicker has promised the mail already; then there is nothing to return, and nothing to send.
    statement = insert(Invitation).on_conflict_do_nothing().returning(Invitation)
    return list(db.session.scalars(statement, rows))


def _asking(
    purchase: Purchase, asked: Invitation | None, standing: Invitation | None, *, limited: bool
) -> tuple[Asking, Invitation | None]:
    invitation = asked or standing
    if invitation is not None:
        return (Asking.SENT if invitation.sent_at is not None else Asking.QUEUED), invitation
    if purchase.revoked_at is not None:
        return Asking.REVOKED, None
    if purchase.contact_email is None:
        return Asking.NO_CONTACT, None
    return (Asking.LIMITED if limited else Asking.NOT_ASKED), None


__all__ = ["Asking", "Change", "Order", "Received", "invite", "receive", "revoke", "state_of"]
