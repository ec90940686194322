"""The rating with everything needed to recompute it: summary.json, and the block in every feed."""

from __future__ import annotations

import json
from typing import Any

from app.core.links import absolute
from app.publication import rating
from app.publication.edition import Edition

CONTENT_TYPE = "application/json; charset=utf-8"


def render(edition: Edition) -> bytes:
    """summary.json's bytes."""
    return json.dumps(summary(edition), ensure_ascii=False, separators=(",", ":")).encode()


def summary(edition: Edition) -> dict[str, Any]:
    """The rating of the site's supplier, or of one subject, as a dict."""
    contents = edition.contents
    subject = {"subject": edition.subject_slug} if edition.subject_slug else {}
    return {
        "about": absolute("hosted.methodology", _anchor="rating"),
        "version": contents.version,
        "supplier": {"slug": contents.supplier.slug, "name": contents.supplier.name},
        "subject": {"slug": contents.subject.slug, "name": contents.subject.name} if contents.subject else None,
        "rating": rating_block(contents.rating),
        # Walk this feed by next_url, weigh its items by the constants above, and the score must come out.
        "reviews_url": absolute("feeds.reviews", site=edition.site.public_key, **subject),
    }


def rating_block(reckoned: rating.Reckoned) -> dict[str, Any]:
    """Score and plain mean side by side, the counts, the sums on that day, and the formula's constants."""
    return {
        "score": reckoned.score,
        "mean": reckoned.mean,
        "count": reckoned.count,
        "best": 5,
        "worst": 1,
        "stars": {str(star): count for star, count in zip(rating.STARS, reckoned.stars, strict=True)},
        "proven": dict(zip(rating.PROOFS, reckoned.proven, strict=True)),
        "weight": reckoned.weight,
        "weighted": reckoned.weighted,
        "as_of": reckoned.as_of.isoformat(),
        "formula": rating.constants(),
    }
