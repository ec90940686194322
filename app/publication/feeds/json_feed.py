"""The feed: JSON Feed 1.1 (jsonfeed.org/version/1.1) with what Avouch knows in `_avouch`.

A dict before it is bytes; pure but for the addresses, which come from the running app's settings.
Review text goes out as `content_text`: plain text, so no reader has to decide which of our HTML to trust.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _

from app.core.links import absolute
from app.publication import caching
from app.publication.edition import Contents, Edition
from app.publication.feeds.summary import rating_block
from app.publication.models import PublishedReview, Tombstone

VERSION = "https://jsonfeed.org/version/1.1"
CONTENT_TYPE = "application/feed+json; charset=utf-8"


def render(edition: Edition) -> bytes:
    """The feed's bytes, UTF-8."""
    return json.dumps(feed(edition), ensure_ascii=False, separators=(",", ":")).encode()


def feed(edition: Edition) -> dict[str, Any]:
    """The feed as a dict: the newest reviews, or the page behind a cursor."""
    contents = edition.contents
    result: dict[str, Any] = {
        "version": VERSION,
        "title": _title(edition),
        "home_page_url": home(contents),
        "feed_url": feed_url(edition),
    }
    if contents.next_cursor:
        result["next_url"] = feed_url(edition, cursor=contents.next_cursor)
    result["_avouch"] = extension(edition)
    result["items"] = [item(review) for review in contents.reviews]
    return result


def extension(edition: Edition) -> dict[str, Any]:
    """What the feed as a whole says beyond JSON Feed."""
    contents = edition.contents
    return {
        "about": absolute("hosted.methodology", _anchor="feed"),
        "version": contents.version,
        "supplier": {"slug": contents.supplier.slug, "name": contents.supplier.name},
        "subject": _subject(contents),
        "rating": rating_block(contents.rating),
        "summary_url": _url("feeds.summary", edition),
        # Copies of this feed must drop these. Their ids are never used again for another review.
        "removed": [removal(tombstone) for tombstone in contents.removals],
        "removed_complete_since": _instant(contents.removals_since),
        "takedown": caching.takedown(),
    }


def item(review: PublishedReview) -> dict[str, Any]:
    """One review. Its id is its permalink: unique for ever, and a page that a person can open."""
    permalink = permalink_of(review)
    result: dict[str, Any] = {"id": permalink, "url": permalink}
    if review.title:
        result["title"] = review.title
    result |= {
        "content_text": review.text,
        "date_published": _instant(review.published_at),
        "date_modified": _instant(review.updated_at),
        "language": review.language,
        "authors": [{"name": review.author_name}],
        "_avouch": {
            "about": absolute("hosted.methodology", _anchor="feed"),
            "rating": {"value": review.rating, "best": 5, "worst": 1},
            "subject": {"slug": review.subject_slug, "name": review.subject_name},
            "proofs": review.proofs,
            "role": review.role or None,
            "industry": review.industry,
            "duration": review.duration,
            "pros": review.pros or None,
            "cons": review.cons or None,
            "company": review.company,
            "reply": review.reply,
            "incentive": review.incentive,
            "resolved": _instant(review.resolved_at) if review.resolved_at else None,
            "submitted": _instant(review.submitted_at),
            "weight": review.evidence_weight / 100,
            "revision": review.revision,
        },
    }
    return result


def removal(tombstone: Tombstone) -> dict[str, str]:
    """A review that copies must drop: its id, when it went and why."""
    return {
        "id": absolute("hosted.review", review_id=tombstone.review_id),
        "status": "removed",
        "cause": tombstone.cause,
        "date": _instant(tombstone.removed_at),
    }


def permalink_of(review: PublishedReview) -> str:
    """The review's own page."""
    return absolute("hosted.review", review_id=review.review_id)


def home(contents: Contents) -> str:
    """The page where people read what the feed tells programs."""
    if contents.subject:
        return absolute("hosted.subject", slug=contents.supplier.slug, subject=contents.subject.slug)
    return absolute("hosted.supplier", slug=contents.supplier.slug)


def feed_url(edition: Edition, **query: str) -> str:
    """The feed's own address."""
    return _url("feeds.reviews", edition, **query)


def _url(endpoint: str, edition: Edition, **query: str) -> str:
    subject = {"subject": edition.subject_slug} if edition.subject_slug else {}
    return absolute(endpoint, site=edition.site.public_key, **subject, **query)


def _title(edition: Edition) -> str:
    with force_locale(edition.site.languages[0] if edition.site.languages else "en"):
        return str(_("Reviews of %(name)s", name=edition.contents.name))


def _subject(contents: Contents) -> dict[str, str] | None:
    return {"slug": contents.subject.slug, "name": contents.subject.name} if contents.subject else None


def _instant(moment: dt.datetime) -> str:
    """RFC 3339, UTC, whole seconds."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
