"""What happens to suppliers, their sites and their API keys. Members have a file of their own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from urllib.parse import urlsplit

from sqlalchemy.dialects.postgresql import insert

from app.accounts.models import User
from app.core import audit, events, tenancy
from app.core.actor import Actor
from app.core.clock import now
from app.core.db import db
from app.core.errors import FieldError, Invalid
from app.core.ids import new_id
from app.core.locale import LANGUAGES
from app.core.secrets import Prefix, digest, random_secret
from app.core.text import Unclean, normal_url
from app.suppliers import queries, rules
from app.suppliers.events import SiteChanged, SiteCreated, SupplierChanged, SupplierCreated
from app.suppliers.models import ApiKey, Member, Role, Site, Supplier
from app.suppliers.permissions import Scope

PROOFS = ("author", "affiliation", "purchase")
_HINT = 8  # characters of a key that are kept to tell keys apart; the other 26 stay unknown


def create_supplier(owner: User, name: str, website: str | None = None) -> Supplier:
    """A new supplier with `owner` as its first owner. Enters it."""
    supplier = _insert_supplier(name, website)
    tenancy.enter(supplier.id)
    db.session.add(Member(supplier_id=supplier.id, id=new_id(), user_id=owner.id, role=Role.OWNER))
    db.session.flush()
    actor = Actor("user", owner.id, supplier.id)
    audit.record("supplier.created", actor=actor, target_kind="supplier", target_id=supplier.id)
    events.publish(SupplierCreated(supplier.id))
    return supplier


def change_supplier(actor: Actor, name: str, website: str | None) -> Supplier:
    """Give the supplier entered another name or website. Its slug stays: addresses do not break."""
    supplier = queries.supplier(tenancy.require())
    wanted = {"name": name, "website": website}
    changed = sorted(field for field, value in wanted.items() if getattr(supplier, field) != value)
    if not changed:
        return supplier
    supplier.name, supplier.website = name, website
    audit.record("supplier.changed", actor=actor, target_kind="supplier", target_id=supplier.id, fields=changed)
    events.publish(SupplierChanged(supplier.id))
    return supplier


def create_site(
    actor: Actor,
    name: str,
    origins: Sequence[str],
    languages: Sequence[str],
    review_page_url: str | None = None,
    required_proofs: Sequence[str] = ("author",),
) -> Site:
    """A new site with a fresh public key.

    Raises:
        Invalid: naming each origin, language, address or proof that will not do.
    """
    site = Site(
        supplier_id=tenancy.require(),
        id=new_id(),
        name=name,
        public_key=random_secret(Prefix.SITE),
        **_checked(origins, languages, review_page_url, required_proofs),
    )
    db.session.add(site)
    db.session.flush()
    audit.record("site.created", actor=actor, target_kind="site", target_id=site.id, origins=site.origins)
    events.publish(SiteCreated(site.supplier_id, site.id))
    return site


def change_site(
    actor: Actor,
    site: Site,
    name: str,
    origins: Sequence[str],
    languages: Sequence[str],
    review_page_url: str | None,
    required_proofs: Sequence[str],
) -> Site:
    """Change everything about a site but its key.

    Raises:
        Invalid: as `create_site`.
    """
    wanted = {"name": name, **_checked(origins, languages, review_page_url, required_proofs)}
    changed = sorted(field for field, value in wanted.items() if getattr(site, field) != value)
    if not changed:
        return site
    for field in changed:
        setattr(site, field, wanted[field])
    db.session.flush()
    audit.record(
        "site.changed", actor=actor, target_kind="site", target_id=site.id, fields=changed, origins=site.origins
    )
    events.publish(SiteChanged(site.supplier_id, site.id))
    return site


def switch_site(actor: Actor, site: Site, *, on: bool) -> Site:
    """Switch a site off (its form and widgets answer that it is) or on again."""
    if (site.disabled_at is None) == on:
        return site
    site.disabled_at = None if on else now()
    db.session.flush()
    audit.record("site.switched_on" if on else "site.switched_off", actor=actor, target_kind="site", target_id=site.id)
    events.publish(SiteChanged(site.supplier_id, site.id))
    return site


def issue_api_key(actor: Actor, name: str, scopes: Sequence[str]) -> tuple[ApiKey, str]:
    """A new key and its secret, which is shown once and kept nowhere.

    Raises:
        Invalid: no scope, or one that is not known.
    """
    known = rules.in_order(scopes, [str(scope) for scope in Scope])
    if not known or set(scopes) - set(known):
        raise Invalid("An API key needs at least one of the known scopes.", fields=[_field("scopes", "invalid")])
    secret = random_secret(Prefix.API_KEY)
    key = ApiKey(
        supplier_id=tenancy.require(),
        id=new_id(),
        name=name,
        key_hash=digest(secret),
        hint=secret[:_HINT],
        scopes=known,
        created_by=actor.id,
    )
    db.session.add(key)
    db.session.flush()
    audit.record("api_key.issued", actor=actor, target_kind="api_key", target_id=key.id, scopes=known)
    return key, secret


def revoke_api_key(actor: Actor, key: ApiKey) -> None:
    """Have a key work no more, from the next request on."""
    if key.revoked_at is None:
        key.revoked_at = now()
        audit.record("api_key.revoked", actor=actor, target_kind="api_key", target_id=key.id)


def _insert_supplier(name: str, website: str | None) -> Supplier:
    """The new row, under the first free slug. Two at once get two slugs, not an error."""
    slug = rules.slug_of(name)
    for number in count(1):
        statement = (
            insert(Supplier)
            .values(id=new_id(), name=name, slug=slug if number == 1 else f"{slug}-{number}", website=website)
            .on_conflict_do_nothing(index_elements=[Supplier.slug])
            .returning(Supplier.id)
        )
        if (supplier_id := db.session.scalar(statement)) is not None:
            break
    return db.session.get_one(Supplier, supplier_id)


def _checked(
    origins: Sequence[str], languages: Sequence[str], review_page_url: str | None, required_proofs: Sequence[str]
) -> dict[str, list[str] | str | None]:
    faults: list[FieldError] = []
    good_origins = _origins(origins, faults)
    good_languages = rules.in_order(languages, LANGUAGES)
    if not good_languages or set(languages) - set(LANGUAGES):
        faults.append(_field("languages", "invalid"))
    if set(required_proofs) - set(PROOFS):
        faults.append(_field("required_proofs", "invalid"))
    page = _review_page(review_page_url, good_origins, faults)
    if faults:
        raise Invalid("The site cannot be kept like this.", fields=faults)
    # The first language is the one spoken where the reader's own is not among them, so order counts.
    ordered = list(dict.fromkeys(languages))
    return {
        "origins": good_origins,
        "languages": ordered,
        "review_page_url": page,
        "required_proofs": rules.in_order(("author", *required_proofs), PROOFS),
    }


def _origins(texts: Sequence[str], faults: list[FieldError]) -> list[str]:
    found: list[str] = []
    if len(texts) > rules.MAX_ORIGINS:
        faults.append(_field("origins", "too_many"))
        return found
    for number, text in enumerate(texts):
        try:
            found.append(rules.parse_origin(text))
        except rules.BadOrigin as error:
            faults.append(_field(f"origins/{number}", str(error.fault)))
    return list(dict.fromkeys(found))


def _review_page(url: str | None, origins: Sequence[str], faults: list[FieldError]) -> str | None:
    """Where review links lead. It must be on one of the origins: elsewhere the form could not be framed."""
    if not url:
        return None
    try:
        address = normal_url(url)
    except Unclean:
        faults.append(_field("review_page_url", "invalid_url"))
        return None
    if urlsplit(address).fragment:
        faults.append(_field("review_page_url", "fragment"))  # the token travels in the fragment
    elif not any(fault.pointer.startswith("/origins") for fault in faults) and rules.origin_of(address) not in origins:
        faults.append(_field("review_page_url", "foreign_origin"))
    return address


def _field(pointer: str, code: str) -> FieldError:
    return FieldError(f"/{pointer}", code, f"{pointer.partition('/')[0]}: {code.replace('_', ' ')}")
