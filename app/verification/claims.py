"""What an ID token must say before anything in it is believed (OIDC Core 3.1.3.7). Pure.

Trust shows in the types: bytes from the provider become `SignedClaims` when a pinned algorithm and a key of
the issuer have verified them, and `ProvenClaims` when every claim has passed its check. Nothing else in the
package may read a claim.

Each claim is declared once, in one of four columns: *required*; *optional* (may be missing, but where it is
there it must hold); *told* (about the person, kept where well formed, dropped where not); *ignored* (known
and of no use here). A claim in none of them is let through unread, as OIDC demands, and reported, so that
somebody looks at it. Authlib's own ID-token checks are not used: measured, they accept an unsigned token,
a foreign audience and a foreign issuer under ordinary configurations.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, NewType

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey
from joserfc.jws import JWSAlgModel  # type: ignore[attr-defined]  # there, but not in its __all__

from app.core.json import JsonMalformed, parse

Json = Mapping[str, Any]
SignedClaims = NewType("SignedClaims", Mapping[str, Any])

# Ours, not the provider's: a discovery document that lists `none` or HS256 changes nothing. HS* is absent on
# purpose, for with it anybody who knows the client secret, or a public key taken for one, could sign.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
LEEWAY = 30  # seconds of clock difference that are forgiven
OLDEST = 600  # seconds: no sign-in lasts longer, so an older token was not made for it
LONGEST_TOKEN = 20_000  # characters; real ID tokens have one to four thousand

# Headers by which a token would bring or name its own key. A key comes from the issuer's pinned JWKS or not at all.
_KEY_CARRIERS = ("jwk", "jku", "x5u", "x5c")
_SMALLEST_RSA = 2048


class _Registry(jws.JWSRegistry):
    """joserfc's algorithms, without its warning that EdDSA leaves the curve open (RFC 9864): `_fits` does not."""

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


_REGISTRY = _Registry(algorithms=list(ALGORITHMS), strict_check_header=False)
_REGISTRY.max_header_length = 2048
_REGISTRY.max_payload_length = LONGEST_TOKEN


class Untrusted(Exception):
    """The token does not hold. The message is for the log, never for the person or the address bar."""


class NoKey(Untrusted):
    """No key of the issuer fits the token's header; perhaps the issuer has rotated its keys."""


@dataclass(frozen=True)
class Expected:
    """What this sign-in, and no other, expects of its token."""

    issuer: str
    client_id: str
    nonce: str
    now: float
    """Unix seconds."""
    algorithm: str = "RS256"
    """The algorithm that the signature was verified with; `at_hash` is made with its hash function."""
    access_token: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ProvenClaims:
    """What a token that has passed every check says. (issuer, subject) is the identity; e-mail never is."""

    issuer: str
    subject: str
    email: str | None = None
    email_verified: bool = False
    hosted_domain: str | None = None
    name: str | None = None
    unknown: tuple[str, ...] = ()
    """Names of claims that no column declares."""


# A check answers None where the value holds, else why it does not.
Check = Callable[[object, Expected], str | None]


@dataclass(frozen=True)
class ClaimTable:
    """The declared claims. A table that requires nothing proves nothing, and is refused."""

    required: Mapping[str, Check]
    optional: Mapping[str, Check] = field(default_factory=dict)
    told: Mapping[str, Check] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()


def _issuer(value: object, expected: Expected) -> str | None:
    return None if expected.issuer and value == expected.issuer else "names another issuer"


def _subject(value: object, _: Expected) -> str | None:
    # Core 2: at most 255 ASCII characters. Blank or with control characters it would be one identity for many.
    if isinstance(value, str) and 0 < len(value) <= 255 and value.isascii() and value.isprintable() and value.strip():
        return None
    return "is not a usable subject"


def _audience(value: object, expected: Expected) -> str | None:
    audiences = [value] if isinstance(value, str) else value
    if not isinstance(audiences, list) or not audiences or not expected.client_id:
        return "names nobody"
    if any(audience != expected.client_id for audience in audiences):
        return "names somebody else"
    return None


def _authorized_party(value: object, expected: Expected) -> str | None:
    return None if value == expected.client_id else "was issued to another client"


def _nonce(value: object, expected: Expected) -> str | None:
    same = (
        isinstance(value, str)
        and value.isascii()
        and expected.nonce != ""
        and hmac.compare_digest(value, expected.nonce)
    )
    return None if same else "belongs to another sign-in"


def _expiry(value: object, expected: Expected) -> str | None:
    moment = _seconds(value)
    if moment is None:
        return "is not a time"
    return None if moment > expected.now - LEEWAY else "has passed"


def _issued(value: object, expected: Expected) -> str | None:
    moment = _seconds(value)
    if moment is None:
        return "is not a time"
    if moment > expected.now + LEEWAY:
        return "lies in the future"
    return None if moment >= expected.now - OLDEST - LEEWAY else "lies too far back"


def _not_before(value: object, expected: Expected) -> str | None:
    moment = _seconds(value)
    return None if moment is not None and moment <= expected.now + LEEWAY else "has not come"


def _time(value: object, _: Expected) -> str | None:
    return None if _seconds(value) is not None else "is not a time"


def _access_token_hash(value: object, expected: Expected) -> str | None:
    return _half_hash(value, expected.access_token, expected.algorithm)


def _code_hash(value: object, expected: Expected) -> str | None:
    return _half_hash(value, expected.code, expected.algorithm)


def _text(value: object, _: Expected) -> str | None:
    good = isinstance(value, str) and 0 < len(value) <= 254 and value.isprintable() and value.strip() != ""
    return None if good else "is not a plain short text"


def _truth(value: object, _: Expected) -> str | None:
    # Exactly true or false: the string "false" is true to Python, and "true" is not a claim of OIDC.
    return None if isinstance(value, bool) else "is neither true nor false"


TABLE = ClaimTable(
    required=MappingProxyType(
        {
            "iss": _issuer,
            "sub": _subject,
            "aud": _audience,
            "exp": _expiry,
            "iat": _issued,
            "nonce": _nonce,
        }
    ),
    optional=MappingProxyType(
        {
            "azp": _authorized_party,
            "at_hash": _access_token_hash,
            "c_hash": _code_hash,
            "nbf": _not_before,
            "auth_time": _time,
        }
    ),
    told=MappingProxyType({"email": _text, "email_verified": _truth, "hd": _text, "name": _text}),
    ignored=frozenset(
        {
            *("acr", "amr", "jti", "sid", "typ", "ver", "s_hash"),
            *(
                "given_name",
                "family_name",
                "middle_name",
                "nickname",
                "preferred_username",
                "picture",
                "profile",
            ),
            *(
                "website",
                "gender",
                "birthdate",
                "zoneinfo",
                "locale",
                "updated_at",
                "address",
            ),
            *("phone_number", "phone_number_verified"),
            *("aio", "rh", "oid", "tid", "uti", "idp", "xms_edov"),  # Microsoft
        }
    ),
)


def signed_claims(token: str, keys: Sequence[Key]) -> tuple[SignedClaims, str]:
    """The claims of an ID token that one of the issuer's `keys` has signed, and the algorithm.

    Raises:
        NoKey: the header names a key that is not among `keys` (worth one look at the issuer's JWKS).
        Untrusted: anything else.
    """
    if not token.isascii() or len(token) > LONGEST_TOKEN:
        raise Untrusted("the token is not of a token's shape")
    try:
        parsed = jws.extract_compact(token.encode("ascii"), registry=_REGISTRY)
        header = parsed.headers()
        algorithm = _algorithm(header)
        key = _choose(keys, header.get("kid"), algorithm)
        if not jws.validate_compact(parsed, key, registry=_REGISTRY):
            raise Untrusted("the signature is wrong")
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise Untrusted(f"the signature cannot be verified ({type(error).__name__})") from error
    return SignedClaims(_object(parsed.payload)), algorithm


def check(claims: SignedClaims, expected: Expected, table: ClaimTable = TABLE) -> ProvenClaims:
    """Believe the claims, or say which one does not hold.

    Raises:
        Untrusted: a claim is missing or fails, or the table declares nothing to check.
    """
    if not table.required:
        raise Untrusted("no claim is declared as required, so nothing would be proven")
    for name, holds in table.required.items():
        if claims.get(name) is None:
            raise Untrusted(f"{name} is missing")
        _demand(name, holds(claims[name], expected))
    for name, holds in table.optional.items():
        if name in claims:
            _demand(name, holds(claims[name], expected))
    return _proven(claims, expected, table)


def with_userinfo(proven: ProvenClaims, answer: Json, table: ClaimTable = TABLE) -> ProvenClaims:
    """Add what userinfo tells to what the ID token proved.

    Raises:
        Untrusted: the answer is about somebody else (Core 5.3.2: its `sub` must equal the token's).
    """
    if answer.get("sub") != proven.subject:
        raise Untrusted("userinfo speaks of another subject")
    expected = Expected(issuer=proven.issuer, client_id="", nonce="", now=0)
    told = _told(answer, expected, table)
    if proven.email is not None:
        # A verdict on an address belongs to the address beside it, never to one from another document.
        return replace(proven, name=proven.name or told.get("name"))
    return replace(
        proven,
        email=told.get("email"),
        email_verified=told.get("email_verified") is True,
        hosted_domain=told.get("hd"),
        name=proven.name or told.get("name"),
    )


def usable_keys(document: object) -> list[Key]:
    """The signature keys of a JWKS. Entries that cannot be read, or are not for this, are passed over one by one:
    an issuer that adds a key of a kind we do not know yet must not lock everybody out.

    Raises:
        Untrusted: it is no JWKS at all.
    """
    entries = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(entries, list) or len(entries) > 100:
        raise Untrusted("the key document is no JWKS")
    return [key for entry in entries if (key := _usable(entry)) is not None]


def _usable(entry: object) -> Key | None:
    # "oct" is passed over: a shared secret has no business in a public document, and would open HS256.
    if not isinstance(entry, dict) or entry.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    try:
        if entry.get("use", "sig") != "sig" or "verify" not in entry.get("key_ops", ["verify"]):
            return None
        key = JWKRegistry.import_key(entry)
        named = isinstance(entry.get("kid", ""), str)
        return key if named and any(_fits(key, algorithm) for algorithm in ALGORITHMS) else None
    except Exception:  # a stranger's bytes pass two libraries; whatever they raise, the key is useless
        return None


def _fits(key: Key, algorithm: str) -> bool:
    """Whether a key may verify an algorithm: the right family, curve and size, and not reserved for another."""
    if key.get("alg") not in (None, algorithm):
        return False
    if algorithm in ("RS256", "PS256"):
        return isinstance(key, RSAKey) and key.public_key.key_size >= _SMALLEST_RSA
    if algorithm == "ES256":
        return isinstance(key, ECKey) and key.curve_name == "P-256"
    return algorithm in ("EdDSA", "Ed25519") and isinstance(key, OKPKey) and key.get("crv") == "Ed25519"


def _algorithm(header: Json) -> str:
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise Untrusted("the algorithm is not one of ours")
    if any(carrier in header for carrier in _KEY_CARRIERS):
        raise Untrusted("the token brings its own key")
    if "crit" in header or "b64" in header:
        raise Untrusted("the token asks for extensions that we do not speak")
    return str(algorithm)


def _choose(keys: Iterable[Key], kid: object, algorithm: str) -> Key:
    fitting = [key for key in keys if _fits(key, algorithm)]
    if kid is not None:
        fitting = [key for key in fitting if key.get("kid") == kid]
    if not fitting:
        raise NoKey("no key of the issuer fits")
    if len(fitting) > 1:
        # Core 10.1: with several keys the header must say which one. Guessing would accept a retired one.
        raise Untrusted("several keys fit and the token does not say which")
    return fitting[0]


def _object(payload: bytes | None) -> Json:
    try:
        # Strictly: of two `aud` in one object, one reader believes the first and another the last.
        claims = parse(payload or b"")
    except JsonMalformed as error:
        raise Untrusted("the claims are not plain JSON") from error
    if not isinstance(claims, dict):
        raise Untrusted("the claims are not an object")
    return claims


def _demand(name: str, fault: str | None) -> None:
    if fault is not None:
        raise Untrusted(f"{name} {fault}")


def _told(claims: Json, expected: Expected, table: ClaimTable) -> dict[str, Any]:
    return {
        name: claims[name] for name, holds in table.told.items() if name in claims and not holds(claims[name], expected)
    }


def _proven(claims: SignedClaims, expected: Expected, table: ClaimTable) -> ProvenClaims:
    declared = {*table.required, *table.optional, *table.told, *table.ignored}
    told = _told(claims, expected, table)
    return ProvenClaims(
        issuer=str(claims["iss"]),
        subject=str(claims["sub"]),
        email=told.get("email"),
        email_verified=told.get("email_verified") is True,
        hosted_domain=told.get("hd"),
        name=told.get("name"),
        unknown=tuple(sorted(set(claims) - declared)),
    )


def _seconds(value: object) -> float | None:
    # bool is an int to Python; NaN compares false with everything, so it would never expire.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None


_HASHES: Mapping[str, Literal["sha256", "sha512"]] = MappingProxyType(
    {"RS256": "sha256", "PS256": "sha256", "ES256": "sha256", "EdDSA": "sha512", "Ed25519": "sha512"}
)


def _half_hash(value: object, secret: str | None, algorithm: str) -> str | None:
    if secret is None or not isinstance(value, str) or not value.isascii():
        return "cannot be compared"
    whole = hashlib.new(_HASHES[algorithm], secret.encode()).digest()
    half = base64.urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=").decode("ascii")
    return None if hmac.compare_digest(value, half) else "belongs to another grant"
