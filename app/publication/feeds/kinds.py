"""The feeds as kinds of document. Another format is a renderer, a line here and a route."""

from __future__ import annotations

from app.publication.documents import Kind, register
from app.publication.feeds import json_feed, summary


def _path(name: str, site: str, subject: str | None) -> str:
    return f"/feeds/{site}/{subject}/{name}" if subject else f"/feeds/{site}/{name}"


REVIEWS = register(
    Kind(
        content_type=json_feed.CONTENT_TYPE,
        path=lambda site, subject: _path("reviews.json", site, subject),
        render=json_feed.render,
    )
)
SUMMARY = register(
    Kind(
        content_type=summary.CONTENT_TYPE,
        path=lambda site, subject: _path("summary.json", site, subject),
        render=summary.render,
    )
)
