"""The whole public surface on one page: every blueprint, and the trust group it belongs to.

A group decides, for each of its routes, who is let in, which limits hold, which headers go out, and
whether a cookie counts. A route can only be stricter.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, request
from flask_wtf.csrf import CSRFError, CSRFProtect

from app import operations
from app.collection import pages as reviewer_pages
from app.collection import routes as collection
from app.core import headers, limits, metrics
from app.core.db import db
from app.core.errors import N_, Forbidden
from app.core.headers import COOKIE_GROUPS, UNSAFE, Trust
from app.core.limits import Policy
from app.dashboard import home, moderation, operators, purchases, reviews, settings, sign_in
from app.openapi import docs, init_api
from app.publication import routes as publication
from app.suppliers import access
from app.verification import routes as verification
from app.widgets import routes as widgets

# (blueprint, group); the URL prefixes stand with the blueprints.
BLUEPRINTS: tuple[tuple[Blueprint, Trust], ...] = (
    (operations.blueprint, Trust.OPERATIONS),
    (operations.assets, Trust.PUBLIC),
    (publication.feeds, Trust.PUBLIC),
    (publication.hosted, Trust.PUBLIC),
    (widgets.public, Trust.PUBLIC),
    (docs, Trust.PUBLIC),
    (widgets.form, Trust.EMBED),
    (collection.drafts, Trust.EMBED),
    (verification.blueprint, Trust.PROVING),
    (reviewer_pages.blueprint, Trust.PERSONAL),
    (sign_in.blueprint, Trust.ACCOUNT),
    (operators.sign_in_blueprint, Trust.ACCOUNT),
    (home.blueprint, Trust.DASHBOARD),
    (moderation.blueprint, Trust.DASHBOARD),
    (reviews.blueprint, Trust.DASHBOARD),
    (purchases.blueprint, Trust.DASHBOARD),
    (settings.blueprint, Trust.DASHBOARD),
    (operators.blueprint, Trust.OPERATOR),
)


# What a network may ask of a group. Wide: they stop floods; the narrow limits stand with what they guard.
FLOODS: dict[Trust, Policy] = {
    Trust.EMBED: Policy("embed", "600 per minute"),
    Trust.PROVING: Policy("proving", "120 per minute"),
    Trust.PERSONAL: Policy("personal", "120 per minute"),
    Trust.ACCOUNT: Policy("account", "120 per minute"),
    Trust.DASHBOARD: Policy("dashboard", "600 per minute"),
    Trust.OPERATOR: Policy("operator", "600 per minute"),
    Trust.API: Policy("api", "1200 per minute"),
}

# Who is let in, for the groups that ask.
AUTHENTICATION: dict[Trust, Callable[[], Any]] = {
    Trust.DASHBOARD: access.authenticate_member,
    Trust.OPERATOR: access.authenticate_operator,
    Trust.API: access.authenticate_api_key,
}

csrf = CSRFProtect()


class CsrfRefused(Forbidden):
    """The form's token is missing or stale, or another site's page sent the request."""

    code = "csrf"
    title = N_("This form has gone stale")


def init_app(app: Flask) -> None:
    """Register every route under its group."""
    for blueprint, group in BLUEPRINTS:
        app.register_blueprint(blueprint)
        groups(app)[blueprint.name] = group
    for name in init_api(app):
        groups(app)[name] = Trust.API
    # The token is checked in `_guard`, after the group is known, and only where cookies count.
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    # Over https Flask-WTF asks for a Referer, which our own `no-referrer` keeps back; `is_foreign_write` asks better.
    app.config["WTF_CSRF_SSL_STRICT"] = False
    csrf.init_app(app)
    app.before_request(_guard)
    app.after_request(_finish)


def groups(app: Flask) -> dict[str, Trust]:
    """Blueprint name -> group."""
    found: dict[str, Trust] = app.extensions.setdefault("avouch.trust", {})
    return found


def _guard() -> Any:
    g.trust = groups(current_app).get(request.blueprint or "")
    g.guarded_at = time.perf_counter()
    group: Trust | None = g.trust
    if group is None:
        return None
    if group in FLOODS:
        limits.spend(FLOODS[group], limits.network())
    if group in COOKIE_GROUPS or group is Trust.EMBED:
        _refuse_foreign_writes(group)
    authenticate = AUTHENTICATION.get(group)
    return authenticate() if authenticate else None


def _refuse_foreign_writes(group: Trust) -> None:
    if headers.is_foreign_write():
        raise CsrfRefused(
            N_("The request came from another site's page."), remedy=N_("Open the page here and try again from there.")
        )
    if group in COOKIE_GROUPS and request.method in UNSAFE:
        try:
            csrf.protect()
        except CSRFError as error:
            raise CsrfRefused(
                N_("The form's security token is missing or no longer valid."),
                remedy=N_("Reload the page and send the form again; what you typed is still in the form."),
            ) from error


def _finish(response: Response) -> Response:
    """One commit for one use case: here, at the edge, and only where the answer is not a refusal."""
    group: Trust | None = g.get("trust")
    if response.status_code < 400 or g.get("commit_anyway"):
        db.session.commit()
    else:
        db.session.rollback()
    headers.apply(response, group)
    if group is not None:
        metrics.REQUESTS.labels(str(group), response.status_code).inc()
        metrics.LATENCY.labels(str(group)).observe(time.perf_counter() - g.get("guarded_at", time.perf_counter()))
    return response
