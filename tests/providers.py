"""An OIDC provider of our own that can be made to lie, one way at a time.

Honest until told otherwise: code flow, PKCE S256, client authentication, one-use codes, RFC 9207 `iss`,
its own keys. A `Spoil` replaces single pieces of what it says; everything else stays honest, so a test
that still refuses has refused for that one piece.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

Json = dict[str, Any]
CLIENT_ID = "avouch"
CLIENT_SECRET = "between-us-only"


def same(value: Any) -> Any:
    """Nothing spoiled."""
    return value


@dataclass
class Spoil:
    """What to say in place of the truth. Functions take the honest value."""

    discovery: Callable[[Json], Any] = same
    jwks: Callable[[Json], Any] = same
    header: Callable[[Json], Json] = same
    claims: Callable[[Json], Json] = same
    id_token: Callable[[str], str] = same
    token: Callable[[Json], Any] = same
    userinfo: Callable[[Json], Any] = same
    redirect: Callable[[dict[str, str]], dict[str, str]] = same
    sign_with: tuple[Key, str] | None = None
    """Another key and algorithm than the published ones."""
    status: Mapping[str, int] = field(default_factory=dict)
    """Path -> HTTP status."""
    body: Mapping[str, bytes] = field(default_factory=dict)
    """Path -> these bytes as the whole body."""
    type: str = "application/json"


@dataclass
class Grant:
    """What a code stands for."""

    nonce: str
    challenge: str
    redirect_uri: str
    sub: str


class Provider:
    """The provider as a WSGI application, and the notes that tests read."""

    def __init__(self) -> None:
        self.issuer = ""
        self.rsa = RSAKey.generate_key(2048, {"kid": "rsa-1"}, auto_kid=False)
        self.ec = ECKey.generate_key("P-256", {"kid": "ec-1"}, auto_kid=False)
        self.ed = OKPKey.generate_key("Ed25519", {"kid": "ed-1"}, auto_kid=False)
        self.people: dict[str, Json] = {}
        self.reset()

    def reset(self) -> None:
        """Honest again, with nothing remembered."""
        self.spoil = Spoil()
        self.asked: list[str] = []
        self.grants: dict[str, Grant] = {}
        self.redeemed: list[str] = []
        self.token_requests: list[tuple[dict[str, str], str | None]] = []
        self.access_tokens: dict[str, str] = {}
        self.published: list[Key] = [self.rsa, self.ec, self.ed]
        self.signing: tuple[Key, str] = (self.rsa, "RS256")
        self.people = {
            "rita-1": {
                "email": "rita@brightwater.example",
                "email_verified": True,
                "hd": "brightwater.example",
                "name": "Rita Sandhu",
            }
        }

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer a request."""
        request = Request(environ)
        self.asked.append(request.path)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        path = request.path
        if path in self.spoil.body:
            return Response(self.spoil.body[path], self.spoil.status.get(path, 200), content_type=self.spoil.type)
        if path in self.spoil.status:
            return Response("", self.spoil.status[path], {"Location": "https://avouch.example/"})
        views: dict[str, Callable[[Request], Response]] = {
            "/.well-known/openid-configuration": lambda _: _json(self.spoil.discovery(self._discovery())),
            "/jwks": lambda _: _json(self.spoil.jwks({"keys": [key.as_dict(private=False) for key in self.published]})),
            "/authorize": self._authorize,
            "/token": self._token,
            "/userinfo": self._userinfo,
        }
        view = views.get(path)
        return view(request) if view else Response("", 404)

    def _discovery(self) -> Json:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def _authorize(self, request: Request) -> Response:
        """Nobody is asked anything here: the person consents at once, as `rita-1`."""
        asked = request.args
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.grants[code] = Grant(asked["nonce"], asked["code_challenge"], asked["redirect_uri"], "rita-1")
        answer = self.spoil.redirect({"code": code, "state": asked["state"], "iss": self.issuer})
        return Response("", 303, {"Location": f"{asked['redirect_uri']}?{urlencode(answer)}"})

    def _token(self, request: Request) -> Response:
        form = request.form.to_dict()
        self.token_requests.append((form, request.headers.get("Authorization")))
        grant = self.grants.pop(form.get("code", ""), None)
        if grant is None or not self._is_client(request) or not _fits(grant, form):
            return _json({"error": "invalid_grant"}, 400)
        self.redeemed.append(form["code"])
        access_token = secrets.token_urlsafe(16)
        self.access_tokens[access_token] = grant.sub
        id_token = self.spoil.id_token(self._id_token(grant, access_token))
        answer = {"access_token": access_token, "token_type": "Bearer", "expires_in": 300, "id_token": id_token}
        return _json(self.spoil.token(answer))

    def _userinfo(self, request: Request) -> Response:
        sub = self.access_tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if sub is None:
            return _json({"error": "invalid_token"}, 401)
        return _json(self.spoil.userinfo({"sub": sub, **self.people[sub]}))

    def _id_token(self, grant: Grant, access_token: str) -> str:
        key, algorithm = self.spoil.sign_with or self.signing
        moment = int(time.time())
        said = {
            "iss": self.issuer,
            "sub": grant.sub,
            "aud": CLIENT_ID,
            "iat": moment,
            "exp": moment + 300,
            "nonce": grant.nonce,
            "at_hash": half_hash(access_token),
            **self.people[grant.sub],
        }
        return sign(
            self.spoil.claims(said), key, algorithm, self.spoil.header({"alg": algorithm, "kid": key.get("kid")})
        )

    @staticmethod
    def _is_client(request: Request) -> bool:
        given = request.authorization
        if given is not None:
            return given.type == "basic" and (given.username, given.password) == (CLIENT_ID, CLIENT_SECRET)
        return (request.form.get("client_id"), request.form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)


def sign(said: Json, key: Key, algorithm: str, header: Json) -> str:
    """A token with these claims, whatever they are."""
    if algorithm == "none":
        parts = [json.dumps(part).encode() for part in (header, said)]
        return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    protected = {name: value for name, value in header.items() if value is not None}
    return jws.serialize_compact(protected, json.dumps(said).encode(), key, registry=registry)


def half_hash(secret: str) -> str:
    """`at_hash` of an access token, for the SHA-256 family."""
    whole = hashlib.sha256(secret.encode()).digest()
    return base64.urlsafe_b64encode(whole[:16]).rstrip(b"=").decode()


def configuration(issuer: str, provider_id: str = "honest", **changes: Any) -> Json:
    """The entry for AVOUCH_OIDC_PROVIDERS."""
    return {
        "id": provider_id,
        "name": f"The {provider_id} provider",
        "issuer": issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "email_trust": "verified",
        **changes,
    }


@contextmanager
def running() -> Iterator[Provider]:
    """The provider on a port of its own, for as long as the block lasts."""
    provider = Provider()
    server = make_server("127.0.0.1", 0, provider, threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _fits(grant: Grant, form: Mapping[str, str]) -> bool:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
    return grant.redirect_uri == form.get("redirect_uri") and grant.challenge == challenge.rstrip(b"=").decode()


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")
