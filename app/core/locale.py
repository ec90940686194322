"""Which language a page speaks: the one asked for, else the one the browser prefers, else English."""

from __future__ import annotations

from flask import Flask, g, request
from flask_babel import Babel

LANGUAGES = ("en", "ru", "pl", "bg")
NAMES = {"en": "English", "ru": "Русский", "pl": "Polski", "bg": "Български"}


def choose() -> str:
    """The language of this request. A view may decide first by setting `g.language`."""
    decided: str | None = g.get("language")
    if decided in LANGUAGES:
        return decided
    asked = request.args.get("lang", "") if request else ""
    if asked in LANGUAGES:
        return asked
    return (request.accept_languages.best_match(LANGUAGES) if request else None) or "en"


def init_app(app: Flask) -> None:
    """Have Flask-Babel ask `choose`."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    Babel(app, locale_selector=choose)
    app.jinja_env.globals["languages"] = NAMES
    app.jinja_env.globals["language"] = choose
