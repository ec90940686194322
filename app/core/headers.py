"""Response headers by trust group: what a page may load, who may frame it, who may keep it.

Closed by default. A group opens what its pages need, and says why.
"""

from __future__ import annotations

import enum

from flask import Response, g, request

from app.core.settings import settings


class Trust(enum.StrEnum):
    """Who is on the other side of a route, and what has been shown of them."""

    PUBLIC = "public"
    """Anyone; no cookie is read or set, the answer may be kept by caches and by the edge."""
    EMBED = "embed"
    """The form's frame on a supplier's page and its draft calls; a secret in a header, no cookies."""
    PROVING = "proving"
    """A reviewer proving who they are, at the top level of a window, with a first-party cookie."""
    PERSONAL = "personal"
    """A reviewer's own page, opened by the link mailed to them."""
    ACCOUNT = "account"
    """Somebody about to sign in, sign up or choose a new password."""
    DASHBOARD = "dashboard"
    """A member of a supplier, signed in."""
    OPERATOR = "operator"
    """Somebody who works for the platform, signed in."""
    API = "api"
    """A supplier's system with an API key."""
    OPERATIONS = "operations"
    """Probes and Prometheus."""


COOKIE_GROUPS = {Trust.PROVING, Trust.PERSONAL, Trust.ACCOUNT, Trust.DASHBOARD, Trust.OPERATOR}
JSON_GROUPS = {Trust.API, Trust.OPERATIONS}
# The methods that change something.
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def apply(response: Response, group: Trust | None) -> Response:
    """Set the headers of the route's group; a route that set one itself keeps it."""
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Content-Security-Policy", policy(group))
    headers.setdefault("Referrer-Policy", _referrer_policy(group))
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), browsing-topics=()")
    headers.setdefault("Cross-Origin-Resource-Policy", _resource_policy(group))
    headers.setdefault("Cross-Origin-Opener-Policy", _opener_policy(group))
    if group is not Trust.PUBLIC:
        headers.setdefault("Cache-Control", "no-store")
    if settings().external_url.startswith("https://"):
        headers.setdefault("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
    return response


def policy(group: Trust | None) -> str:
    """The content security policy: no inline script or style anywhere, nothing from other hosts."""
    if group in JSON_GROUPS:
        return "default-src 'none'; frame-ancestors 'none'; sandbox"
    ancestors = "'none'"
    if group is Trust.EMBED:
        # Only the form's own view names origins; draft calls and errors are framed by nobody.
        ancestors = " ".join(g.get("frame_ancestors") or ["'none'"])
    if group is Trust.PUBLIC and g.get("frame_anyone"):
        ancestors = "*"  # the list's plain iframe: public bytes, no script, nothing to click-jack
    # Browsers hold form-action against redirects too, so the start page must name the provider's origin.
    form_action = " ".join(["'self'", *g.get("form_action", [])])
    # htmx parses answers with DOM sinks that Trusted Types forbid; it is loaded on work screens only.
    trusted_types = "" if group in {Trust.DASHBOARD, Trust.OPERATOR} else "; require-trusted-types-for 'script'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action {form_action}; "
        f"frame-ancestors {ancestors}{trusted_types}"
    )


def _referrer_policy(group: Trust | None) -> str:
    if group is Trust.PUBLIC:
        return "strict-origin-when-cross-origin"
    # No other site learns an address of ours, which may hold a capability. Our own forms must keep their Origin:
    # under "no-referrer" browsers send them with `Origin: null`, which an older browser (without Sec-Fetch-Site)
    # could then not prove to be ours.
    return "same-origin" if group in COOKIE_GROUPS else "no-referrer"


def _resource_policy(group: Trust | None) -> str:
    # Suppliers' pages load the widget, badge and feed; nothing else is for other sites.
    return "cross-origin" if group in {Trust.PUBLIC, Trust.EMBED} else "same-origin"


def _opener_policy(group: Trust | None) -> str:
    # The form opens the proving window and hears from it; every other page keeps strangers' handles away.
    if group is Trust.PROVING or group is Trust.EMBED:
        return "unsafe-none"
    return "same-origin-allow-popups"


def is_foreign_write() -> bool:
    """Whether an unsafe request came from another origin's page (CSRF), by headers that pages cannot set.

    Requests without either header come from programs or old browsers; the CSRF token still guards those.
    """
    if request.method not in UNSAFE:
        return False
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        # Where this stands, Origin adds nothing, and under `no-referrer` browsers send our own forms with "null".
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    return origin is not None and origin != settings().external_url
