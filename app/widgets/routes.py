"""What runs on suppliers' pages: the form's frame, the loader, and the list and badge for pages without script."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, g, render_template, request
from flask.typing import ResponseReturnValue

from app.catalog import queries as catalog
from app.core.links import ASSETS
from app.core.locale import LANGUAGES
from app.core.problems import Said
from app.core.settings import settings
from app.publication import caching
from app.publication import documents as published
from app.reviews.words import durations
from app.suppliers import queries as suppliers
from app.suppliers.errors import SiteDisabled, UnknownSite
from app.suppliers.models import Site
from app.widgets import documents, words

form = Blueprint("form", __name__, url_prefix="/widgets/v1", template_folder="templates")
public = Blueprint("widgets", __name__, url_prefix="/widgets/v1")

THEMES = ("light", "dark")
LOADER = Path(__file__).parent / "static" / "avouch.js"


@form.get("/<site>/form")
def page(site: str) -> ResponseReturnValue:
    """The form. May be framed by the site's own origins, and opened at the top of a window."""
    try:
        found = suppliers.site_by_key(site)
    except (UnknownSite, SiteDisabled) as refusal:
        # A page, whatever the caller says it reads: a frame shows it to a person.
        return render_template("error.html", problem=Said.of(refusal), request_id=None), refusal.status
    g.frame_ancestors = list(found.origins)
    g.language = _language(found)
    asked = request.args.get("subject", "")
    subject = catalog.subject_by_slug(asked) if asked else None
    subjects = [] if subject else catalog.subjects()
    if len(subjects) == 1:
        subject = subjects[0]
    return render_template(
        "widgets/form.html",
        site=found,
        supplier=suppliers.supplier(found.supplier_id),
        subject=subject,
        subjects=subjects,
        theme=_theme(),
        words=words.for_form(),
        limits=words.limits_for_form(),
        durations=durations(),
        providers=settings().oidc_providers,
    )


@public.get("/avouch.js")
def loader() -> Response:
    """The ES module with <avouch-form>, <avouch-reviews> and <avouch-badge>."""
    response = Response(loader_bytes(), content_type="text/javascript; charset=utf-8")
    return caching.open_to_all(caching.publish(response))


@public.get("/list.css")
def list_style() -> Response:
    """The style of the list without script. Not under a hash: the list's bytes outlive a release of ours."""
    body = b"\n".join((ASSETS / "css" / name).read_bytes() for name in ("avouch.css", "list.css"))
    response = Response(body, content_type="text/css; charset=utf-8")
    return caching.open_to_all(caching.publish(response))


@public.get("/<site>/list")
def review_list(site: str) -> Response:
    """The newest reviews as a page for an iframe, of the supplier or of one subject."""
    g.frame_anyone = True
    return documents.in_theme(
        published.answer(documents.LIST, site, request.args.get("subject"), request.args.get("lang")), _theme()
    )


@public.get("/<site>/badge.svg")
def badge(site: str) -> Response:
    """The rating as a picture."""
    return documents.in_theme(
        published.answer(documents.BADGE, site, request.args.get("subject"), request.args.get("lang")), _theme()
    )


@lru_cache(maxsize=1)
def loader_bytes() -> bytes:
    """The module as it is served: without its comments' lines and indentation, which readers' browsers need not load.

    Only whole lines of comment go, and only leading blanks, and the source has no template literal over several
    lines (a test holds that), so what is left is the same program.
    """
    lines = (line.strip() for line in LOADER.read_text("utf-8").splitlines())
    kept = [line for line in lines if line and not re.match(r"//|/\*|\*", line)]
    return ("\n".join(kept) + "\n").encode()


def _language(site: Site) -> str:
    """The one asked for, else the browser's among the site's, else the site's first."""
    asked = request.args.get("lang", "")
    if asked in LANGUAGES:
        return asked
    offered = [language for language in site.languages if language in LANGUAGES] or list(LANGUAGES)
    return request.accept_languages.best_match(offered) or offered[0]


def _theme() -> str | None:
    """The theme asked for; None follows the reader's system."""
    asked = request.args.get("theme")
    return asked if asked in THEMES else None
