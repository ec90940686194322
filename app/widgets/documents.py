"""The list and the badge without script: prepared at publication like feeds, served from memory by the edge."""

from __future__ import annotations

import math
from typing import Any

from flask import Response, render_template, request
from flask_babel import format_decimal, get_locale, ngettext
from flask_babel import gettext as _

from app.core.links import absolute
from app.publication import caching
from app.publication.documents import Kind, compress, register
from app.publication.edition import Edition
from app.publication.feeds.json_feed import home, permalink_of
from app.reviews.words import durations

LIST_LENGTH = 20  # reviews in the list without script; the rest is one link away

# Where a theme was asked for, this mark in the prepared bytes becomes it. Both are plain ASCII.
THEME_MARK = b"data-theme-mark"

# Ink, soft ink, paper and line of avouch.css, for the picture, which no style sheet reaches.
BADGE_COLOURS = {
    "light": {"ink": "#1a1f21", "soft": "#545c60", "paper": "#ffffff", "line": "#d9dbd7", "star": "#b87503"},
    "dark": {"ink": "#e9ebeb", "soft": "#a7b0b5", "paper": "#1a1e21", "line": "#33393e", "star": "#f2b53a"},
}


def render_list(edition: Edition) -> bytes:
    """A whole HTML page: the rating, the newest reviews with their proofs, and the way to all of them."""
    contents = edition.contents
    return render_template(
        "widgets/list.html",
        edition=edition,
        rating=contents.rating,
        score=_figure(contents.rating.score),
        reviews=contents.reviews[:LIST_LENGTH],
        home=home(contents),
        permalink=permalink_of,
        stylesheet=absolute("widgets.list_style"),
        durations=durations(),
        lang=str(get_locale()),
    ).encode()


def render_badge(edition: Edition) -> bytes:
    """An SVG of the score in stars, figures and words."""
    return render_template("widgets/badge.svg", **badge_view(edition), **BADGE_COLOURS["light"]).encode()


def badge_view(edition: Edition) -> dict[str, Any]:
    """What the badge says: the score on the scale, how many reviews it stands on, and how much of each star is lit."""
    rating = edition.contents.rating
    if not rating.count or rating.score is None:
        return {"label": _("No reviews yet"), "figure": "", "words": _("No reviews yet"), "stars": [0.0] * 5}
    figure = _figure(rating.score)
    counted = ngettext("%(num)s review", "%(num)s reviews", rating.count)
    label = _("%(name)s: %(score)s of 5, %(count)s", name=edition.contents.name, score=figure, count=counted)
    return {"label": label, "figure": figure, "words": counted, "stars": star_shares(rating.score)}


def star_shares(score: float) -> list[float]:
    """How much of each of five stars is lit, in quarters: 4.6 is four whole ones and a half."""
    return [min(1.0, max(0.0, math.floor((score - index) * 4 + 0.5) / 4)) for index in range(5)]


def in_theme(response: Response, theme: str | None) -> Response:
    """The answer in the theme asked for. Without one the list follows the reader's system, and the badge is light."""
    if theme is None:
        return response
    body = response.get_data()
    if response.mimetype == "image/svg+xml":
        for name, colour in BADGE_COLOURS["light"].items():
            body = body.replace(colour.encode(), BADGE_COLOURS[theme][name].encode())
    else:
        body = body.replace(THEME_MARK, f'data-theme="{theme}"'.encode(), 1)
    response.set_data(body)
    if caching.GZIPPED in request.environ:
        caching.leave_gzipped(compress(body))
    return response


def _figure(score: float | None) -> str:
    return format_decimal(round(score, 1), "0.0") if score is not None else ""


def _path(name: str, site: str, subject: str | None) -> str:
    return f"/widgets/v1/{site}/{subject}/{name}" if subject else f"/widgets/v1/{site}/{name}"


LIST = register(
    Kind(
        content_type="text/html; charset=utf-8",
        path=lambda site, subject: _path("list", site, subject),
        render=render_list,
        in_languages=True,
    )
)
BADGE = register(
    Kind(
        content_type="image/svg+xml; charset=utf-8",
        path=lambda site, subject: _path("badge.svg", site, subject),
        render=render_badge,
        in_languages=True,
    )
)
