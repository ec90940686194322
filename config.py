"""Configuration: read once from the environment, checked whole, refused with a sentence.

Every variable is named AVOUCH_…; any may be given as AVOUCH_…_FILE, the path of a file that holds the
value (container secrets). docs/operating.md lists them all; a test keeps that list complete.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import urlsplit

Environment = Literal["production", "demo", "test"]
EmailTrust = Literal["never", "hosted_domain", "verified"]
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class ConfigError(Exception):
    """The configuration makes no sense; the message says which variable, and what it should be."""


@dataclass(frozen=True)
class OidcProvider:
    """An OIDC provider that reviewers may sign in with."""

    id: str
    """Short name used in URLs and kept with identities: lower-case letters, digits, dashes."""
    name: str
    """What the button says."""
    issuer: str
    """The exact issuer; discovery is read below it and must name it again."""
    client_id: str
    client_secret: str = field(repr=False)
    email_trust: EmailTrust = "never"
    """When its e-mail claim proves an address: never; for its hosted domain (`hd`) only; whenever email_verified."""
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    token_auth: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic"  # noqa: S105  # a method's name


@dataclass(frozen=True)
class Settings:
    """Everything the deployment decides. Secrets are kept out of `repr`."""

    environment: Environment
    external_url: str
    """Scheme and host under which people reach this service; links are made from it, never from the request."""
    secret_key: str = field(repr=False)
    """Signs cookies and derives purchase tokens and mailed links."""
    secret_key_fallbacks: tuple[str, ...] = field(repr=False, default=())
    """Earlier secret keys: still read, never used for new secrets."""
    database_url: str = field(repr=False, default="")
    """PostgreSQL as the application role (not owner, not superuser, not BYPASSRLS)."""
    redis_url: str = field(repr=False, default="")
    """Valkey or Redis for jobs."""
    limits_redis_url: str = field(repr=False, default="")
    """Valkey or Redis for rate limits; another instance or database than the jobs'."""
    smtp_url: str = field(repr=False, default="")
    """smtp://, smtp+starttls:// or smtps://, with user and password where the server wants them."""
    mail_from: str = ""
    """The From of every mail: `Name <address>`."""
    oidc_providers: tuple[OidcProvider, ...] = ()
    outbound_allow: tuple[str, ...] = ()
    """host:port pairs that the guarded client may reach though private. Refused in production."""
    trusted_hosts: tuple[str, ...] = ()
    """Further Host names to answer to, beside the external URL's."""
    proxy_hops: int = 0
    """How many reverse proxies stand before us and set X-Forwarded-For/-Proto."""
    metrics_token: str = field(repr=False, default="")
    """Bearer token for /metrics; without it /metrics answers only to this machine itself."""
    log_level: str = "INFO"
    contact_email: str = ""
    """Where people write to the platform; stands in statements of reasons and on hosted pages."""

    @property
    def is_production(self) -> bool:
        return self.environment == "production"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment.

    Raises:
        ConfigError: with every fault found, one sentence each.
    """
    return _Reader(dict(os.environ if environ is None else environ)).settings()


class _Reader:
    """Reads variables, gathers faults, and speaks of them all at once."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = environ
        self.faults: list[str] = []

    def settings(self) -> Settings:
        environment = self.one_of("AVOUCH_ENVIRONMENT", ("production", "demo", "test"), "production")
        production = environment == "production"
        result = Settings(
            environment=cast(Environment, environment),
            external_url=self.origin("AVOUCH_EXTERNAL_URL", production),
            secret_key=self.secret("AVOUCH_SECRET_KEY", required=True),
            secret_key_fallbacks=self.secrets("AVOUCH_SECRET_KEY_FALLBACKS"),
            database_url=self.url("AVOUCH_DATABASE_URL", ("postgresql", "postgresql+psycopg"), required=True),
            redis_url=self.url("AVOUCH_REDIS_URL", ("redis", "rediss", "unix"), required=True),
            limits_redis_url=self.url("AVOUCH_LIMITS_REDIS_URL", ("redis", "rediss", "unix"), required=True),
            smtp_url=self.url("AVOUCH_SMTP_URL", ("smtp", "smtps", "smtp+starttls"), required=True),
            mail_from=self.mailbox("AVOUCH_MAIL_FROM"),
            oidc_providers=self.providers("AVOUCH_OIDC_PROVIDERS", production),
            outbound_allow=self.outbound("AVOUCH_OUTBOUND_ALLOW", production),
            trusted_hosts=self.words("AVOUCH_TRUSTED_HOSTS"),
            proxy_hops=self.whole("AVOUCH_PROXY_HOPS", 0, 5, 0),
            metrics_token=self.secret("AVOUCH_METRICS_TOKEN", required=False),
            log_level=self.one_of("AVOUCH_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"),
            contact_email=self.mailbox("AVOUCH_CONTACT_EMAIL"),
        )
        if result.redis_url and result.redis_url == result.limits_redis_url:
            self.fault("AVOUCH_LIMITS_REDIS_URL", "must differ from AVOUCH_REDIS_URL (another database will do)")
        if self.faults:
            raise ConfigError("\n".join(self.faults))
        return result

    def fault(self, name: str, sentence: str) -> None:
        self.faults.append(f"{name} {sentence}.")

    def text(self, name: str) -> str:
        path = self.environ.get(f"{name}_FILE")
        if not path:
            return self.environ.get(name, "").strip()
        if name in self.environ:
            self.fault(name, f"is given twice, also as {name}_FILE; keep one")
        try:
            with open(path, encoding="utf-8") as file:
                return file.read().strip()
        except (OSError, UnicodeDecodeError):
            self.fault(f"{name}_FILE", "names a file that cannot be read as text")
            return ""

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(word for word in re.split(r"[,\s]+", self.text(name)) if word)

    def one_of(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name) or default
        if value not in choices:
            self.fault(name, f"is {value!r}; it must be one of {', '.join(choices)}")
        return value

    def whole(self, name: str, least: int, most: int, default: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
            self.fault(name, f"is {value!r}; it must be a whole number from {least} to {most}")
            return default
        return int(value)

    def secret(self, name: str, *, required: bool) -> str:
        value = self.text(name)
        if required and not value:
            self.fault(name, "is missing; make one with `openssl rand -base64 48`")
        elif value and (len(value) < 32 or len(set(value)) < 10):
            self.fault(name, "is too weak; it needs at least 32 unguessable characters")
        return value

    def secrets(self, name: str) -> tuple[str, ...]:
        values = self.words(name)
        if any(len(value) < 32 for value in values):
            self.fault(name, "holds a key of fewer than 32 characters")
        return values

    def url(self, name: str, schemes: tuple[str, ...], *, required: bool) -> str:
        value = self.text(name)
        if not value:
            if required:
                self.fault(name, f"is missing; it must be a URL such as {schemes[0]}://…")
            return ""
        parts = urlsplit(value)
        if parts.scheme not in schemes:
            # The value is not repeated: it may hold a password.
            self.fault(name, f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return value

    def origin(self, name: str, production: bool) -> str:
        value = self.text(name).rstrip("/")
        parts = urlsplit(value)
        if not value or parts.path or parts.query or parts.fragment or parts.username or not parts.hostname:
            self.fault(name, "must be scheme and host only, such as https://reviews.example")
        elif parts.scheme != "https" and (production or parts.hostname not in LOOPBACK):
            self.fault(name, "must begin with https:// (http is for this machine's own demo and tests)")
        return value

    def mailbox(self, name: str) -> str:
        value = self.text(name)
        if not re.fullmatch(r"(?:[^<>\r\n]{1,80} <)?[^<>@\s]+@[^<>@\s]+>?", value) or value.endswith(">") != (
            "<" in value
        ):
            self.fault(name, "must be an address such as Avouch <no-reply@avouch.example>")
        return value

    def outbound(self, name: str, production: bool) -> tuple[str, ...]:
        values = self.words(name)
        if production and values:
            self.fault(name, "is for demo and tests only; production reaches public addresses alone")
        for value in values:
            if not re.fullmatch(r"[a-z0-9.\-\[\]:]+:[0-9]{1,5}", value):
                self.fault(name, f"holds {value!r}; each entry must be host:port")
        return values

    def providers(self, name: str, production: bool) -> tuple[OidcProvider, ...]:
        raw = self.text(name)
        if not raw:
            return ()
        try:
            entries = json.loads(raw)
            providers = tuple(
                OidcProvider(**{**entry, **({"scopes": tuple(entry["scopes"])} if "scopes" in entry else {})})
                for entry in entries
            )
        except (ValueError, TypeError):
            self.fault(name, "must be a JSON list of objects with id, name, issuer, client_id, client_secret")
            return ()
        for provider in providers:
            self.provider(name, provider, production)
        if len({provider.id for provider in providers}) != len(providers):
            self.fault(name, "names one provider id twice")
        if len({provider.issuer for provider in providers}) != len(providers):
            # Identity is (issuer, subject): two entries for one issuer would blur whose trust rule holds.
            self.fault(name, "names one issuer twice")
        return providers

    def provider(self, name: str, provider: OidcProvider, production: bool) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", str(provider.id)):
            self.fault(name, f"has id {provider.id!r}; use lower-case letters, digits and dashes")
        parts = urlsplit(str(provider.issuer))
        if parts.scheme != "https" and (production or parts.hostname not in LOOPBACK):
            self.fault(name, f"has issuer {provider.issuer!r}; it must begin with https://")
        if not provider.client_id or not provider.client_secret or not provider.name:
            self.fault(name, f"lacks name, client_id or client_secret for {provider.id!r}")
        if provider.email_trust not in ("never", "hosted_domain", "verified"):
            self.fault(name, f"has email_trust {provider.email_trust!r}; use never, hosted_domain or verified")
        if provider.token_auth not in ("client_secret_basic", "client_secret_post"):
            self.fault(name, f"has token_auth {provider.token_auth!r}; use client_secret_basic or client_secret_post")
