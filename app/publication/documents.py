"""Documents: what readers fetch most, rendered and compressed once at publication.

A *kind* of document is a path, a content type and a pure renderer; packages above register theirs (the list, the
badge). Publishing renders the kinds that programs read, for each site and each scope that changed; serving one is a
single read by primary key, and the edge spares even that.

Kinds that speak a language are made when they are asked for. There are four languages of each, hardly a site shows
two, and rendering them all was most of what publishing cost. What somebody reads, the edge keeps and has made again
at each publication, in its own thread: no reader waits for that either.
"""

from __future__ import annotations

import gzip
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Response
from flask_babel import force_locale
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from app.catalog import queries as catalog
from app.catalog.models import Subject
from app.core.clock import now
from app.core.db import db
from app.core.errors import NotFound
from app.core.secrets import Prefix, well_formed
from app.core.tenancy import require
from app.publication import caching, queries
from app.publication.edition import Contents, Edition
from app.publication.models import Document
from app.suppliers import queries as suppliers
from app.suppliers.errors import UnknownSite
from app.suppliers.models import Site, Supplier

# The languages in which documents are rendered for people; a site's own come first among them.
LANGUAGES = ("en", "ru", "pl", "bg")
# Every slug that suppliers.rules.slug_of can make.
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
COMPRESSION = 6  # of 9; the last three cost twice the time for one hundredth of the size


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of document.

    `path` gives its address from the site's public key and the subject's slug (None: the whole supplier).
    Where `in_languages` is set it speaks the language asked for (`path?lang=xx`), or else the site's first one, and
    is made when asked for.
    """

    content_type: str
    path: Callable[[str, str | None], str]
    render: Callable[[Edition], bytes]
    in_languages: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """A document's address and bytes."""

    path: str
    content_type: str
    body: bytes


_kinds: list[Kind] = []


def register(kind: Kind) -> Kind:
    """Have this kind prepared at every publication. Called at import, so web and worker know the same kinds."""
    if not kind.in_languages:
        _kinds.append(kind)
    return kind


def render(edition: Edition) -> Iterator[Rendered]:
    """Every document that is prepared of an edition."""
    key, slug = edition.site.public_key, edition.subject_slug
    for kind in _kinds:
        yield Rendered(kind.path(key, slug), kind.content_type, kind.render(edition))


def store(contents: Contents, sites: Iterable[Site]) -> None:
    """Render a scope's documents for these sites and put them in place of the earlier ones."""
    for site in sites:
        rows = [_row(rendered, site, contents.version) for rendered in render(Edition(site, contents))]
        if rows:
            statement = insert(Document).values(rows)
            replaced = {
                name: statement.excluded[name]
                for name in ("version", "content_type", "body", "gzipped", "modified_at", "site_id")
            }
            db.session.execute(
                statement.on_conflict_do_update(index_elements=[Document.path], set_=replaced),
                execution_options={"synchronize_session": False},
            )


def drop_site(site_id: uuid.UUID) -> None:
    """Remove a site's documents, of all scopes."""
    db.session.execute(
        delete(Document).where(Document.supplier_id == require(), Document.site_id == site_id),
        execution_options={"synchronize_session": False},
    )


def enabled_sites() -> list[Site]:
    """The supplier's sites that show anything."""
    return [site for site in suppliers.sites() if site.disabled_at is None]


def answer(kind: Kind, site_key: str, subject_slug: str | None = None, language: str | None = None) -> Response:
    """The HTTP answer with this document: prepared bytes, or made now (in a language, or for a scope without reviews).

    Raises:
        NotFound: no such site or subject, or the site is switched off.
    """
    _refuse_nonsense(site_key, subject_slug)
    prepared = None if kind.in_languages else queries.document(kind.path(site_key, subject_slug))
    served = prepared or _made_now(kind, site_key, subject_slug, language)
    response = Response(served.body, content_type=served.content_type)
    caching.leave_gzipped(served.gzipped)
    return caching.open_to_all(caching.publish(response, served.supplier_id, served.version))


def edition_of(site_key: str, subject_slug: str | None, cursor: str | None = None) -> Edition:
    """The edition that an address names, as it is now. Enters the site's tenant.

    Raises:
        NotFound: no such site or subject, or the site is switched off.
    """
    _refuse_nonsense(site_key, subject_slug)
    site = suppliers.site_by_key(site_key)
    # Before everything else is read: what follows may be newer than this version, never older.
    version = queries.version_of(site.supplier_id)
    subject = _subject(subject_slug) if subject_slug is not None else None
    return Edition(site, queries.contents(supplier(), subject, version, cursor))


def supplier() -> Supplier:
    """The supplier entered."""
    return suppliers.supplier(require())


def compress(body: bytes) -> bytes:
    """gzip without a time stamp: equal bytes stay equal, in every process."""
    return gzip.compress(body, COMPRESSION, mtime=0)


def _refuse_nonsense(site_key: str, subject_slug: str | None) -> None:
    """Answer what cannot be an address of ours without asking the database, which could not even hold a NUL."""
    if not well_formed(site_key, Prefix.SITE):
        raise UnknownSite
    if subject_slug is not None and not SLUG.fullmatch(subject_slug):
        raise NotFound("This supplier has no such subject.")


def _made_now(kind: Kind, site_key: str, subject_slug: str | None, language: str | None) -> queries.Served:
    edition = edition_of(site_key, subject_slug)
    if kind.in_languages:
        body = _in_language(kind, edition, language if language in LANGUAGES else _first_language(edition.site))
    else:
        body = kind.render(edition)
    return queries.Served(
        edition.contents.supplier.id, edition.contents.version, kind.content_type, body, compress(body)
    )


def _subject(slug: str) -> Subject:
    found = catalog.subject_by_slug(slug)
    if found is None:
        raise NotFound("This supplier has no such subject.")
    return found


def _in_language(kind: Kind, edition: Edition, language: str | None) -> bytes:
    with force_locale(language or "en"):
        return kind.render(edition)


def _first_language(site: Site) -> str:
    return next((language for language in site.languages if language in LANGUAGES), LANGUAGES[0])


def _row(rendered: Rendered, site: Site, version: int) -> dict[str, Any]:
    return {
        "path": rendered.path,
        "supplier_id": site.supplier_id,
        "site_id": site.id,
        "version": version,
        "content_type": rendered.content_type,
        "body": rendered.body,
        "gzipped": compress(rendered.body),
        "modified_at": now(),
    }
