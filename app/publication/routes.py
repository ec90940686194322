"""What anyone may read: feeds for programs, hosted pages for people. No cookies, no session, no query on a hit.

Every answer here goes through the edge (publication.edge), which keeps what is marked by `caching.publish`.
"""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.core import tenancy
from app.core.errors import Gone, NotFound, Refused
from app.core.locale import choose
from app.core.tenancy import Lookup
from app.publication import caching, documents, explained, history, queries
from app.publication.feeds import json_feed, kinds
from app.publication.rules import Absence
from app.suppliers import queries as suppliers

feeds = Blueprint("feeds", __name__, url_prefix="/feeds")
hosted = Blueprint("hosted", __name__, template_folder="templates")


class ReviewRemoved(Gone):
    """The review was published once and is not any more."""

    code = "review_removed"
    title = "This review is no longer published"


@feeds.get("/<site>/reviews.json")
@feeds.get("/<site>/<subject>/reviews.json")
def reviews(site: str, subject: str | None = None) -> Response:
    """JSON Feed 1.1: the newest reviews from the prepared document, older ones from the read model."""
    cursor = request.args.get("cursor")
    if cursor is None:
        return documents.answer(kinds.REVIEWS, site, subject)
    edition = documents.edition_of(site, subject, cursor)
    response = Response(json_feed.render(edition), content_type=json_feed.CONTENT_TYPE)
    return caching.publish(response, edition.contents.supplier.id, edition.contents.version)


@feeds.get("/<site>/summary.json")
@feeds.get("/<site>/<subject>/summary.json")
def summary(site: str, subject: str | None = None) -> Response:
    """The rating with everything needed to recompute it."""
    return documents.answer(kinds.SUMMARY, site, subject)


@feeds.after_request
def for_every_origin(response: Response) -> Response:
    """A page that reads a feed must be able to read its refusals too."""
    return caching.open_to_all(response)


@hosted.get("/s/<slug>", endpoint="supplier")
def supplier_page(slug: str) -> Response:
    """Everything published about a supplier."""
    return _list_page(slug, None)


@hosted.get("/s/<slug>/<subject>", endpoint="subject")
def subject_page(slug: str, subject: str) -> Response:
    """Everything published about one subject."""
    return _list_page(slug, subject)


@hosted.get("/r/<uuid:review_id>", endpoint="review")
def review_page(review_id: UUID) -> ResponseReturnValue:
    """A review with its proofs, how it was checked, and what became of it."""
    if not request.path.endswith(str(review_id)):
        # One spelling: the edge keeps each address, and capitals would give a review thousands of them.
        return redirect(url_for("hosted.review", review_id=review_id), 301)
    supplier_id = tenancy.find(Lookup.PUBLISHED_REVIEW, review_id.bytes)
    if supplier_id is None:
        raise _absent(review_id)
    tenancy.enter(supplier_id)
    version = queries.version_of(supplier_id)
    found = queries.review(review_id)
    if found is None:
        raise _absent(review_id)  # taken down between the two look-ups
    page = render_template(
        "publication/review.html",
        review=found,
        supplier=suppliers.supplier(supplier_id),
        steps=history.of(found),
        evidence=explained.evidence_of(found),
    )
    return _page(page, supplier_id, version)


@hosted.get("/", endpoint="welcome")
def welcome_page() -> Response:
    """What this is, for whoever follows the wordmark or types the bare address."""
    return _page(render_template("publication/welcome.html"))


@hosted.get("/methodology", endpoint="methodology")
def methodology_page() -> Response:
    """How verification, moderation and the rating work, with the very constants that the code uses."""
    return _page(render_template("publication/methodology.html", facts=explained.facts()))


def _list_page(slug: str, subject_slug: str | None) -> Response:
    if not documents.SLUG.fullmatch(slug) or not documents.SLUG.fullmatch(subject_slug or slug):
        raise NotFound(_("Nothing is published under this address."))
    owner = suppliers.supplier_by_slug(slug)
    tenancy.enter(owner.id)
    # Before everything else is read: the page may then be newer than it says, never older.
    version = queries.version_of(owner.id)
    about = catalog.subject_by_slug(subject_slug) if subject_slug is not None else None
    if subject_slug is not None and about is None:
        raise NotFound(_("This supplier has no such subject."))
    contents = queries.contents(owner, about, version, request.args.get("cursor"))
    page = render_template(
        "publication/list.html",
        contents=contents,
        subjects=queries.reviewed_subjects() if about is None else [],
        first_page="cursor" not in request.args,
    )
    return _page(page, owner.id, version)


def _page(html: str, supplier_id: UUID | None = None, version: int = 0) -> Response:
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Content-Language"] = choose()
    return caching.publish(response, supplier_id, version)


def _absent(review_id: UUID) -> Refused:
    """410 for what was published once (its tombstone says why), 404 for what never was."""
    supplier_id = tenancy.find(Lookup.REMOVED_REVIEW, review_id.bytes)
    if supplier_id is None:
        return NotFound(_("No published review has this address."))
    tenancy.enter(supplier_id)
    stone = queries.tombstone(review_id)
    if stone is not None and stone.cause == Absence.WITHDRAWN:
        return ReviewRemoved(_("Its author withdrew it."))
    return ReviewRemoved(_("It was published once and has been taken down."))
