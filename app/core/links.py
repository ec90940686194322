"""Addresses: of pages, under the configured external URL; of assets, under a hash of their bytes.

Links never come from the request's Host header, which a stranger chooses.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import current_app

from app.core.settings import settings

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def absolute(endpoint: str, **values: Any) -> str:
    """The whole URL of an endpoint; works in jobs too."""
    base = urlsplit(settings().external_url)
    adapter = current_app.url_map.bind(base.netloc, script_name="/", url_scheme=base.scheme)
    return adapter.build(endpoint, values, force_external=True)


def own_origin() -> str:
    """Scheme, host and port of this service, as browsers write an origin."""
    return settings().external_url


def asset(name: str) -> str:
    """The path of a file in app/assets. Its hash is part of it, so it may be cached for ever."""
    path = ASSETS / name
    return f"/assets/{_hash(path, path.stat().st_mtime_ns)}/{name}"


@lru_cache(maxsize=256)
def _hash(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
