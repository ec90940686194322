"""The OIDC providers that reviewers may sign in with: configured by us, described by themselves.

What decides trust is pinned in our configuration: the issuer, our client id, the algorithms, whose word on
e-mail counts. From discovery come only addresses, and only from a document that names the pinned issuer.
Documents are kept for an hour; an unknown key id is worth one more look, at most once a minute, so that
key rotation works and a flood of forged tokens makes no flood of requests.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
from flask import current_app
from joserfc.jwk import Key

from app.core.http_client import guarded_get
from app.core.json import JsonMalformed, parse
from app.core.logs import log
from app.core.settings import settings
from app.verification.claims import NoKey, SignedClaims, Untrusted, signed_claims, usable_keys
from app.verification.errors import LoginRefused, ProviderUnavailable, ProviderUnknown
from config import OidcProvider

FRESH = 3600.0  # seconds that discovery and keys are believed without asking again
REFETCH_PAUSE = 60.0  # seconds between two looks at the keys because of an unknown key id
FAILURE_PAUSE = 5.0  # seconds that a provider which failed is left alone

_EXTENSION = "avouch.providers"


@dataclass(frozen=True)
class Metadata:
    """What we take from a discovery document."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    names_itself: bool
    """The provider promises `iss` in every answer (RFC 9207), so an answer without it is not its own."""


class Provider:
    """One provider. Shared by the threads of a process; nothing in it belongs to one person."""

    def __init__(self, config: OidcProvider, clock: Callable[[], float] = time.monotonic) -> None:
        self.config = config
        self._clock = clock
        self._lock = threading.Lock()
        self._metadata: Metadata | None = None
        self._metadata_at = 0.0
        self._keys: list[Key] = []
        self._keys_at: float | None = None
        self._looked_again_at: float | None = None
        self._failed_at: float | None = None

    @property
    def id(self) -> str:
        return self.config.id

    @property
    def name(self) -> str:
        return self.config.name

    def metadata(self) -> Metadata:
        """The provider's addresses.

        Raises:
            ProviderUnavailable: it is away, or its document is not one, or names another issuer.
        """
        with self._lock:
            if self._metadata is None or self._clock() - self._metadata_at > FRESH:
                url = self.config.issuer.rstrip("/") + "/.well-known/openid-configuration"
                self._metadata = _read_metadata(self._fetch(url), self.config.issuer)
                self._metadata_at = self._clock()
            return self._metadata

    def signed(self, token: str) -> tuple[SignedClaims, str]:
        """The claims that this provider has signed, and the algorithm.

        Raises:
            LoginRefused: it has not.
            ProviderUnavailable: its keys cannot be had.
        """
        try:
            try:
                return signed_claims(token, self._current_keys())
            except NoKey:
                return signed_claims(token, self._keys_looked_at_again())
        except Untrusted as error:
            raise LoginRefused(str(error)) from error

    def _current_keys(self) -> list[Key]:
        jwks_uri = self.metadata().jwks_uri
        with self._lock:
            if self._keys_at is None or self._clock() - self._keys_at > FRESH:
                self._load_keys(jwks_uri)
            return self._keys

    def _keys_looked_at_again(self) -> list[Key]:
        jwks_uri = self.metadata().jwks_uri
        with self._lock:
            last = self._looked_again_at
            if last is None or self._clock() - last > REFETCH_PAUSE:
                # Noted before the attempt: a failing JWKS must not be asked for by every forged token either.
                self._looked_again_at = self._clock()
                self._load_keys(jwks_uri)
            return self._keys

    def _load_keys(self, jwks_uri: str) -> None:
        try:
            self._keys = usable_keys(self._fetch(jwks_uri))
        except Untrusted as error:
            raise self._failure(str(error)) from error
        self._keys_at = self._clock()

    def _fetch(self, url: str) -> Any:
        """The JSON behind a URL of the provider. Under the lock: a slow provider is asked by one thread, not by all."""
        if self._failed_at is not None and self._clock() - self._failed_at < FAILURE_PAUSE:
            raise _unavailable(self.name)
        try:
            answer = guarded_get(url)
            if answer.status_code != 200:
                raise self._failure(f"status {answer.status_code}")
            document = parse(answer.content)
        except (httpx.HTTPError, JsonMalformed) as error:
            raise self._failure(type(error).__name__) from error
        self._failed_at = None
        return document

    def _failure(self, reason: str) -> ProviderUnavailable:
        self._failed_at = self._clock()
        log.warning("provider_unavailable", provider=self.id, reason=reason)
        return _unavailable(self.name)


def all_providers() -> list[Provider]:
    """Every configured provider, in the order of the configuration."""
    return list(_registry().values())


def provider(provider_id: str) -> Provider:
    """The provider of that id.

    Raises:
        ProviderUnknown
    """
    found = _registry().get(provider_id)
    if found is None:
        raise ProviderUnknown(remedy="Choose one of the ways shown in the review form.")
    return found


def _registry() -> dict[str, Provider]:
    # setdefault is atomic, so two first requests agree on one registry (and on its locks).
    registry = current_app.extensions.get(_EXTENSION)
    if registry is None:
        made = {config.id: Provider(config) for config in settings().oidc_providers}
        registry = current_app.extensions.setdefault(_EXTENSION, made)
    return cast(dict[str, Provider], registry)


def _read_metadata(document: object, issuer: str) -> Metadata:
    found = document if isinstance(document, dict) else {}
    if found.get("issuer") != issuer:
        # Discovery 4.3. A document for another issuer would let that issuer sign for this one's people.
        log.error("provider_issuer_mismatch", configured=issuer, found=str(found.get("issuer"))[:300])
        raise ProviderUnavailable(remedy="Choose another way; whoever runs this service has been told.")
    needed = [_endpoint(found, name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    if any(endpoint is None for endpoint in needed):
        log.error("provider_metadata_incomplete", issuer=issuer)
        raise ProviderUnavailable(remedy="Choose another way; whoever runs this service has been told.")
    return Metadata(
        authorization_endpoint=needed[0] or "",
        token_endpoint=needed[1] or "",
        jwks_uri=needed[2] or "",
        userinfo_endpoint=_endpoint(found, "userinfo_endpoint"),
        names_itself=found.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(document: dict[str, Any], name: str) -> str | None:
    """An address from the document, fit to send a browser or a secret to; None where it is not."""
    url = document.get(name)
    if not isinstance(url, str) or len(url) > 500 or not url.isascii() or not url.isprintable():
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname or parts.username is not None or parts.fragment:
        return None
    plainly_allowed = f"{parts.hostname}:{port or 80}" in settings().outbound_allow
    return url if parts.scheme == "https" or (parts.scheme == "http" and plainly_allowed) else None


def _unavailable(name: str) -> ProviderUnavailable:
    return ProviderUnavailable(
        f"{name} does not answer properly just now. Your draft is kept.",
        remedy="Try again in a moment, or choose another way.",
        retry_after=10,
    )
