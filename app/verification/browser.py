"""The secret in the cookie of the browser that opened a proving window. Pure.

It ties a sign-in to the browser that began it, and every per-attempt secret is derived from it, so the
server stores nothing with which a sign-in could be finished elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import uuid

COOKIE = "__Host-avouch-prove"
COOKIE_LIFE = 3600  # seconds; no window stays open longer
_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")


def new_secret() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def known(secret: str | None) -> str | None:
    """The cookie's value where it has the shape of one of ours, else None."""
    return secret if secret and _SHAPE.fullmatch(secret) else None


def hashed(secret: str) -> bytes:
    """What is stored in its place."""
    return hashlib.sha256(secret.encode()).digest()


def derived(secret: str, purpose: str, attempt_id: uuid.UUID) -> str:
    """A secret of one attempt: 43 URL-safe characters, fit for a nonce and a PKCE verifier (RFC 7636)."""
    mac = hmac.digest(secret.encode(), purpose.encode() + b":" + attempt_id.bytes, "sha256")
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")
