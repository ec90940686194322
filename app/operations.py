"""Probes, figures, and the files that pages load."""

from __future__ import annotations

import hmac
import ipaddress
import posixpath

from flask import Blueprint, Response, jsonify, request, send_from_directory
from sqlalchemy import text

from app.core import metrics, outbox
from app.core.db import db
from app.core.errors import NotFound, Unavailable
from app.core.links import ASSETS, asset
from app.core.settings import settings

blueprint = Blueprint("operations", __name__)
assets = Blueprint("assets", __name__)


@blueprint.get("/healthz")
def health() -> Response:
    """Liveness: this process answers. It asks nothing of others, or an outage would restart everything."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> Response:
    """Readiness: the database answers. Without Valkey reviews are still taken, so it is not asked."""
    try:
        db.session.execute(text("SELECT 1"))
    except Exception as error:
        raise Unavailable("The database does not answer.", retry_after=5) from error
    return jsonify(status="ready")


@blueprint.get("/metrics")
def figures() -> Response:
    """Prometheus' figures, to whoever has the token, or to this machine itself where none is configured."""
    if not _may_read_figures():
        raise NotFound()
    body, content_type = metrics.render(*outbox.depth())
    return Response(body, content_type=content_type)


def _may_read_figures() -> bool:
    token = settings().metrics_token
    if token:
        return hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode())
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


@assets.get("/assets/<version>/<path:name>")
def asset_file(version: str, name: str) -> Response:
    """A file under the hash of its bytes. Under another hash it is not there: a cache must not keep wrong bytes."""
    if name.startswith(("/", "..")) or posixpath.normpath(name) != name:
        # Before anything is read: "../../dev/zero" has no end. And one spelling, for the edge keeps each address.
        raise NotFound()
    try:
        current = asset(name)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise NotFound() from error
    if current != f"/assets/{version}/{name}":
        raise NotFound()
    response = send_from_directory(ASSETS, name)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
