"""Author, by signing in at an OIDC provider: authorization code flow with PKCE S256, state and nonce.

Authlib speaks the protocol (address, client authentication, code exchange) over the guarded transport;
`claims` judges the ID token. The provider's tokens live only inside `redeem` and are never kept.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

import httpx
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client

from app.core.clock import now
from app.core.http_client import guarded_client
from app.core.json import JsonMalformed, parse
from app.core.logs import log
from app.core.text import Unclean, normal_email
from app.verification import claims
from app.verification.claims import Expected, ProvenClaims, Untrusted
from app.verification.errors import LoginRefused, ProviderUnavailable
from app.verification.methods.work_email import domain_of
from app.verification.providers import Provider

NAME = "oidc"


@dataclass(frozen=True)
class Secrets:
    """What ties one round trip together. Derived anew from the browser's cookie each time, stored nowhere."""

    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True)
class Account:
    """A provider's account that a person has shown to be theirs."""

    issuer: str
    subject: str
    email: str | None
    """Only an address that the provider says it has verified; anything less is hearsay and may be a stranger's."""
    email_proven: bool
    """The provider also speaks for the address's domain, so the address may count for affiliation."""
    name: str | None


class _ClientAuth(httpx.Auth, ClientAuth):  # type: ignore[misc]  # Authlib is untyped
    """Authlib's client authentication, in httpx's words.

    Authlib's own httpx client is built on a fork of httpx and warns when it finds httpx itself; its protocol
    half takes any session, so it gets the guarded one.
    """

    requires_request_body = True

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        url, headers, body = self.prepare(
            request.method, str(request.url), dict(request.headers), request.content.decode()
        )
        headers = {name: value for name, value in headers.items() if name.lower() != "content-length"}
        yield httpx.Request(request.method, url, headers=headers, content=body)


class _Client(OAuth2Client):  # type: ignore[misc]  # Authlib is untyped
    client_auth_class = _ClientAuth


def authorization_url(provider: Provider, redirect_uri: str, state: str, secrets: Secrets) -> str:
    """Where to send the browser.

    Raises:
        ProviderUnavailable
    """
    endpoint = provider.metadata().authorization_endpoint
    with guarded_client() as session:
        url, _state = _client(provider, redirect_uri, session).create_authorization_url(
            endpoint, state=state, code_verifier=secrets.verifier, nonce=secrets.nonce
        )
    return str(url)


def redeem(provider: Provider, redirect_uri: str, code: str, secrets: Secrets) -> Account:
    """The account behind an authorization code. Talks to the provider; call it outside any transaction.

    Raises:
        LoginRefused: the code or what it bought does not hold.
        ProviderUnavailable: the provider is away or talks nonsense.
    """
    grant = _exchange(provider, redirect_uri, code, secrets.verifier)
    signed, algorithm = provider.signed(grant.id_token)
    expected = Expected(
        issuer=provider.config.issuer,
        client_id=provider.config.client_id,
        nonce=secrets.nonce,
        now=now().timestamp(),
        algorithm=algorithm,
        access_token=grant.access_token,
        code=code,
    )
    try:
        proven = claims.check(signed, expected)
        proven = _complete(provider, proven, grant.access_token)
    except Untrusted as error:
        raise LoginRefused(str(error)) from error
    if proven.unknown:
        log.warning("unknown_claims", provider=provider.id, claims=list(proven.unknown)[:20])
    return account(provider, proven)


def account(provider: Provider, proven: ProvenClaims) -> Account:
    """What we take over from proven claims: who, and an address as far as the provider's word on it goes."""
    email = _normal(proven.email)
    verified = email is not None and proven.email_verified
    return Account(
        issuer=proven.issuer,
        subject=proven.subject,
        email=email if verified else None,
        email_proven=verified and _speaks_for(provider, email or "", proven.hosted_domain),
        name=proven.name[:120] if proven.name else None,
    )


def _speaks_for(provider: Provider, email: str, hosted_domain: str | None) -> bool:
    if provider.config.email_trust == "verified":
        return True
    # Google's rule: with `hd` equal to the address's domain the account is run by that organisation.
    return (
        provider.config.email_trust == "hosted_domain"
        and hosted_domain is not None
        and domain_of(email) is not None
        and domain_of(email) == domain_of(f"x@{hosted_domain}")
    )


@dataclass(frozen=True)
class _Grant:
    id_token: str = field(repr=False)
    access_token: str | None = field(repr=False)


def _exchange(provider: Provider, redirect_uri: str, code: str, verifier: str) -> _Grant:
    endpoint = provider.metadata().token_endpoint
    try:
        with guarded_client() as session:
            answer = _client(provider, redirect_uri, session).fetch_token(
                endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
            )
    except OAuth2Error as error:
        raise LoginRefused(f"the provider refused the code ({str(error.error)[:60]})") from error
    except (httpx.HTTPError, ValueError, TypeError, RecursionError) as error:
        raise _garbled(provider, error) from error
    id_token, access_token = answer.get("id_token"), answer.get("access_token")
    if not isinstance(id_token, str) or not id_token:
        # Fails closed: a plain OAuth grant says that somebody may use an API, not who they are.
        raise LoginRefused("the provider sent no ID token")
    return _Grant(id_token, access_token if isinstance(access_token, str) else None)


def _complete(provider: Provider, proven: ProvenClaims, access_token: str | None) -> ProvenClaims:
    """Ask userinfo for the address, but only where the ID token has none."""
    endpoint = provider.metadata().userinfo_endpoint
    if proven.email is not None or endpoint is None or not access_token or not access_token.isascii():
        return proven
    try:
        with guarded_client() as session:
            answer = session.get(endpoint, headers={"Authorization": f"Bearer {access_token}"})
        answer.raise_for_status()
        document = parse(answer.content)
    except (httpx.HTTPError, JsonMalformed) as error:
        raise _garbled(provider, error) from error
    if not isinstance(document, dict):
        raise _garbled(provider, TypeError("userinfo is not an object"))
    return claims.with_userinfo(proven, document)


def _client(provider: Provider, redirect_uri: str, session: httpx.Client) -> OAuth2Client:
    return _Client(
        session=session,
        client_id=provider.config.client_id,
        client_secret=provider.config.client_secret,
        token_endpoint_auth_method=provider.config.token_auth,
        scope=" ".join(provider.config.scopes),
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
    )


def _garbled(provider: Provider, error: Exception) -> ProviderUnavailable:
    log.warning("provider_unavailable", provider=provider.id, reason=f"{type(error).__name__}")
    return ProviderUnavailable(
        f"{provider.name} does not answer properly just now. Your draft is kept.",
        remedy="Try again in a moment, or choose another way.",
        retry_after=10,
    )


def _normal(email: str | None) -> str | None:
    try:
        return normal_email(email) if email else None
    except Unclean:
        return None
