"""Reads about suppliers that other packages may use."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from app.accounts.models import User
from app.core import tenancy
from app.core.clock import now
from app.core.db import db
from app.core.errors import NotFound
from app.core.secrets import Prefix, digest, well_formed
from app.core.tenancy import Lookup
from app.suppliers.errors import SiteDisabled, UnknownKey, UnknownSite
from app.suppliers.models import ApiKey, Member, MemberInvitation, Role, Site, Supplier

# Noting every use of a key would make each API read a write to the same row.
_NOTE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Colleague:
    """A member with the person's name and address."""

    member: Member
    name: str
    email: str


def supplier(supplier_id: uuid.UUID) -> Supplier:
    """A supplier, whose name and slug are public.

    Raises:
        NotFound: there is none, or it has been closed.
    """
    found = db.session.get(Supplier, supplier_id)
    if found is None or found.closed_at is not None:
        raise NotFound
    return found


def supplier_by_slug(slug: str) -> Supplier:
    """The supplier of that slug.

    Raises:
        NotFound
    """
    found = db.session.scalar(select(Supplier).where(Supplier.slug == slug, Supplier.closed_at.is_(None)))
    if found is None:
        raise NotFound
    return found


def suppliers(ids: Sequence[uuid.UUID]) -> list[Supplier]:
    """Those of the suppliers named that are open, by name."""
    query = select(Supplier).where(Supplier.id.in_(ids), Supplier.closed_at.is_(None)).order_by(Supplier.name)
    return list(db.session.scalars(query))


def site_by_key(public_key: str) -> Site:
    """The site of that public key, entering its supplier.

    Raises:
        UnknownSite: the key is mistyped, unknown, or of a closed supplier.
        SiteDisabled: the supplier switched the site off.
    """
    supplier_id = tenancy.find(Lookup.SITE, public_key.encode()) if well_formed(public_key, Prefix.SITE) else None
    if supplier_id is None:
        raise UnknownSite
    tenancy.enter(supplier_id)
    site = db.session.scalar(select(Site).where(Site.supplier_id == supplier_id, Site.public_key == public_key))
    owner = db.session.get(Supplier, supplier_id)
    if site is None or owner is None or owner.closed_at is not None:
        raise UnknownSite
    if site.disabled_at is not None:
        raise SiteDisabled
    return site


def site(site_id: uuid.UUID) -> Site:
    """A site of the supplier entered, switched off or not.

    Raises:
        NotFound
    """
    found = db.session.get(Site, (tenancy.require(), site_id))
    if found is None:
        raise NotFound
    return found


def sites() -> list[Site]:
    """Every site of the supplier entered, oldest first."""
    return list(db.session.scalars(select(Site).where(Site.supplier_id == tenancy.require()).order_by(Site.id)))


def default_site() -> Site | None:
    """The oldest site that is switched on: where links lead that name none."""
    return next((site for site in sites() if site.disabled_at is None), None)


def active_member(user_id: uuid.UUID) -> Member | None:
    """The user's place in the supplier entered, if it is still held."""
    return db.session.scalar(
        select(Member)
        .where(Member.supplier_id == tenancy.require(), Member.user_id == user_id, Member.removed_at.is_(None))
        .execution_options(populate_existing=True)
    )


def member(member_id: uuid.UUID) -> Member:
    """A member of the supplier entered, removed or not.

    Raises:
        NotFound
    """
    found = db.session.get(Member, (tenancy.require(), member_id))
    if found is None:
        raise NotFound
    return found


def colleagues() -> list[Colleague]:
    """Everybody who works for the supplier entered: owners first, then by name."""
    rows = db.session.execute(
        select(Member, User.name, User.email)
        .join(User, User.id == Member.user_id)
        .where(Member.supplier_id == tenancy.require(), Member.removed_at.is_(None))
    )
    found = [Colleague(member, name, email) for member, name, email in rows]
    ranks = list(Role)
    return sorted(found, key=lambda one: (ranks.index(Role(one.member.role)), one.name.casefold(), one.email))


def member_names(user_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Names of people who work or worked for the supplier entered, by user id; strangers are left out."""
    rows = db.session.execute(
        select(User.id, User.name)
        .join(Member, Member.user_id == User.id)
        .where(Member.supplier_id == tenancy.require(), User.id.in_(user_ids))
    )
    return {row.id: row.name for row in rows}


def open_invitations() -> list[MemberInvitation]:
    """Invitations of the supplier entered that can still be accepted, newest first."""
    query = (
        select(MemberInvitation)
        .where(
            MemberInvitation.supplier_id == tenancy.require(),
            MemberInvitation.accepted_at.is_(None),
            MemberInvitation.revoked_at.is_(None),
            MemberInvitation.expires_at > now(),
        )
        .order_by(MemberInvitation.id.desc())
    )
    return list(db.session.scalars(query))


def api_keys() -> list[ApiKey]:
    """Every API key of the supplier entered: those in use first, then the revoked, newest first in each."""
    query = (
        select(ApiKey)
        .where(ApiKey.supplier_id == tenancy.require())
        .order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())
    )
    return list(db.session.scalars(query))


def authenticate_api_key(secret: str) -> ApiKey:
    """The key that `secret` is, entering its supplier, and noting its use at most once a minute.

    Raises:
        UnknownKey: mistyped, unknown, revoked, or of a closed supplier: the answer is the same.
    """
    supplier_id = tenancy.find(Lookup.API_KEY, digest(secret)) if well_formed(secret, Prefix.API_KEY) else None
    if supplier_id is None:
        raise UnknownKey
    tenancy.enter(supplier_id)
    key = db.session.scalar(
        select(ApiKey).where(
            ApiKey.supplier_id == supplier_id, ApiKey.key_hash == digest(secret), ApiKey.revoked_at.is_(None)
        )
    )
    owner = db.session.get(Supplier, supplier_id)
    if key is None or owner is None or owner.closed_at is not None:
        raise UnknownKey
    _note_use(key)
    return key


def _note_use(key: ApiKey) -> None:
    moment = now()
    if key.last_used_at is not None and key.last_used_at + _NOTE_EVERY > moment:
        return
    # Conditional, so that many requests of the same minute do not queue behind one another's row lock.
    free = (
        select(ApiKey.id)
        .where(ApiKey.supplier_id == key.supplier_id, ApiKey.id == key.id)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    db.session.execute(
        update(ApiKey)
        .where(ApiKey.supplier_id == key.supplier_id, ApiKey.id == free)
        .values(last_used_at=moment)
        .execution_options(synchronize_session=False)
    )


def all_ids() -> list[uuid.UUID]:
    """Every open supplier, oldest first: for work done by the clock in each of them."""
    return list(db.session.scalars(select(Supplier.id).where(Supplier.closed_at.is_(None)).order_by(Supplier.id)))
