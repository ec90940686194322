"""Secrets: made here, told apart by prefix, checked for typing errors, kept only as SHA-256.

Shape: prefix, 26 base32 characters (130 bits), 4 characters of checksum. At 130 bits a plain SHA-256 is
enough at rest (ASVS V6.5.2 asks for a password hash below 112 bits). The checksum tells a mistyped
secret from an unknown one without asking the database, and lets secret scanners find leaks.

A *derived* secret is an HMAC of a row's id under a key that only the application holds. The same row
always yields the same secret, so a mail can be composed again after a crash and an API answer repeated,
and yet nothing but the hash ever lies in the database, the outbox or Valkey.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import hmac
import secrets as random
import uuid

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.core.settings import settings

BODY = 26
CHECK = 4


class Prefix(enum.StrEnum):
    """What a secret is for. Also separates the keys that derive secrets, so no two kinds can be confused."""

    SITE = "avs_"  # public, not secret: it names a site
    API_KEY = "avk_"
    PURCHASE = "avt_"
    DRAFT = "avd_"
    TICKET = "avw_"
    STATE = "avo_"
    MAILED = "avm_"
    FOLLOW = "avf_"
    MEMBER = "avi_"
    ACCOUNT = "ava_"
    SESSION = "avx_"


def random_secret(prefix: Prefix) -> str:
    """A fresh secret that nobody can make again."""
    return _format(prefix, random.token_bytes(17))


def derive(prefix: Prefix, row_id: uuid.UUID) -> str:
    """The secret that belongs to a row: the same each time, unknown to whoever holds only the database."""
    return _derive(settings().secret_key, prefix, row_id)


def derive_again(prefix: Prefix, row_id: uuid.UUID, kept: bytes) -> str | None:
    """The secret of a row whose hash is `kept`, under the key it was made with; None where that key is gone for good.

    After a change of the key, `derive` would name another secret than the one that was once sent.
    """
    keys = (settings().secret_key, *settings().secret_key_fallbacks)
    secrets = (_derive(key, prefix, row_id) for key in keys)
    return next((secret for secret in secrets if hmac.compare_digest(digest(secret), kept)), None)


def digest(secret: str) -> bytes:
    """What is stored and looked up in a secret's place."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def well_formed(secret: str, prefix: Prefix) -> bool:
    """Whether `secret` has the right prefix, length and checksum: whether it could be one of ours."""
    body = secret[len(prefix) :]
    return (
        secret.isascii()
        and secret.startswith(prefix)
        and len(body) == BODY + CHECK
        and hmac.compare_digest(_checksum(prefix, body[:BODY]), body[BODY:])
    )


def seal(data: bytes) -> bytes:
    """Encrypt for storage, authenticated, under the application's own key."""
    return _fernets().encrypt(data)


def unseal(sealed: bytes) -> bytes | None:
    """Undo `seal`; None where the key has since been retired or the bytes were changed."""
    try:
        return _fernets().decrypt(sealed)
    except InvalidToken:
        return None


def keyed_hash(purpose: str, value: str) -> bytes:
    """A hash of something guessable (an address, an IP) that only this application can make."""
    return hmac.digest(_key(settings().secret_key, f"hash {purpose}"), value.encode(), "sha256")


def _derive(secret_key: str, prefix: Prefix, row_id: uuid.UUID) -> str:
    return _format(prefix, hmac.digest(_key(secret_key, f"derive {prefix}"), row_id.bytes, "sha256"))


def _format(prefix: Prefix, entropy: bytes) -> str:
    body = base64.b32encode(entropy).decode("ascii").lower()[:BODY]
    return f"{prefix}{body}{_checksum(prefix, body)}"


def _checksum(prefix: Prefix, body: str) -> str:
    return base64.b32encode(hashlib.sha256(f"{prefix}{body}".encode()).digest()).decode("ascii").lower()[:CHECK]


def _key(secret_key: str, purpose: str) -> bytes:
    # One-step key derivation: HMAC under a high-entropy key, with the purpose as its label.
    return hmac.digest(secret_key.encode(), f"avouch/v1/{purpose}".encode(), "sha256")


def _fernets() -> MultiFernet:
    keys = (settings().secret_key, *settings().secret_key_fallbacks)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_key(key, "seal"))) for key in keys])
