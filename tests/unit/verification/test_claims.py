"""ID tokens, spoiled one way at a time. Names in capitals are the OpenID relying-party cases they reproduce."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from app.verification import claims
from app.verification.claims import (
    TABLE,
    ClaimTable,
    Expected,
    NoKey,
    ProvenClaims,
    SignedClaims,
    Untrusted,
    check,
    signed_claims,
    usable_keys,
    with_userinfo,
)

NOW = 1_800_000_000
ISSUER = "https://login.example"
CLIENT = "avouch"
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1"}, auto_kid=False)
OTHER_RSA = RSAKey.generate_key(2048, {"kid": "rsa-2"}, auto_kid=False)
EC = ECKey.generate_key("P-256", {"kid": "ec-1"}, auto_kid=False)
ED = OKPKey.generate_key("Ed25519", {"kid": "ed-1"}, auto_kid=False)
EXPECTED = Expected(issuer=ISSUER, client_id=CLIENT, nonce="n-1", now=NOW, access_token="at-1", code="c-1")


def honest(**changes: Any) -> dict[str, Any]:
    """What an honest provider says of Rita; a change to None takes the claim away."""
    said = {
        "iss": ISSUER,
        "sub": "rita-1",
        "aud": CLIENT,
        "exp": NOW + 300,
        "iat": NOW,
        "nonce": "n-1",
        "email": "rita@brightwater.example",
        "email_verified": True,
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


def checked(**changes: Any) -> ProvenClaims:
    return check(SignedClaims(honest(**changes)), EXPECTED)


def token(
    said: Mapping[str, Any] | None = None, key: Key = RSA, alg: str = "RS256", header: Mapping[str, Any] | None = None
) -> str:
    """An ID token, signed by `key`."""
    protected = {"alg": alg, "kid": key.get("kid"), **(header or {})}
    protected = {name: value for name, value in protected.items() if value is not None}
    payload = json.dumps(honest() if said is None else said).encode()
    return jws.serialize_compact(protected, payload, key, registry=claims._REGISTRY)


def public(*keys: Key) -> list[Key]:
    """The keys as their provider's JWKS shows them."""
    return usable_keys({"keys": [key.as_dict(private=False) for key in keys]})


def handmade(header: Mapping[str, Any], payload: bytes, signature: bytes = b"") -> str:
    """A token that no honest library would write."""
    parts = (json.dumps(header).encode(), payload, signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def half_hash(secret: str, name: str = "sha256") -> str:
    whole = hashlib.new(name, secret.encode()).digest()
    return base64.urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=").decode()


class TestHonestTokens:
    @pytest.mark.parametrize(
        ("key", "alg"), [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256"), (ED, "EdDSA"), (ED, "Ed25519")]
    )
    def test_each_pinned_algorithm_is_read(self, key: Key, alg: str) -> None:
        said, algorithm = signed_claims(token(key=key, alg=alg), public(RSA, EC, ED))
        assert algorithm == alg
        assert check(said, EXPECTED).subject == "rita-1"

    def test_the_audience_may_be_a_list_of_only_us(self) -> None:
        assert checked(aud=[CLIENT]).subject == "rita-1"

    def test_azp_at_hash_and_c_hash_that_fit_are_fine(self) -> None:
        assert checked(azp=CLIENT, at_hash=half_hash("at-1"), c_hash=half_hash("c-1")).issuer == ISSUER

    def test_eddsa_makes_at_hash_with_sha_512(self) -> None:
        expected = replace(EXPECTED, algorithm="EdDSA")
        assert check(SignedClaims(honest(at_hash=half_hash("at-1", "sha512"))), expected).subject == "rita-1"

    def test_thirty_seconds_of_clock_difference_are_forgiven(self) -> None:
        assert checked(exp=NOW - 29).subject == "rita-1"
        assert checked(iat=NOW + 30).subject == "rita-1"

    def test_a_claim_nobody_declared_is_let_through_unread_and_reported(self) -> None:
        assert checked(favourite_pump="CR 45").unknown == ("favourite_pump",)


class TestSignature:
    @pytest.mark.parametrize(("key", "alg"), [(RSA, "RS256"), (EC, "ES256"), (ED, "EdDSA"), (RSA, "PS256")])
    def test_InvalidSignature(self, key: Key, alg: str) -> None:
        head, body, signature = token(key=key, alg=alg).split(".")
        spoiled = ("A" if signature[0] != "A" else "B") + signature[1:]
        with pytest.raises(Untrusted, match="signature is wrong"):
            signed_claims(f"{head}.{body}.{spoiled}", public(RSA, EC, ED))

    def test_claims_changed_after_signing_are_refused(self) -> None:
        head, _body, signature = token().split(".")
        other = token(honest(sub="eve-1")).split(".")[1]
        with pytest.raises(Untrusted, match="signature is wrong"):
            signed_claims(f"{head}.{other}.{signature}", public(RSA))

    def test_InvalidSignature_by_a_stranger_who_borrows_the_key_id(self) -> None:
        stranger = RSAKey.generate_key(2048, {"kid": "rsa-1"}, auto_kid=False)
        with pytest.raises(Untrusted, match="signature is wrong"):
            signed_claims(token(key=stranger), public(RSA))

    @pytest.mark.parametrize("secret", [b"client-secret-of-32-characters!!", RSA.as_pem(private=False)])
    def test_InvalidSignature_HS256_with_the_client_secret_or_a_public_key(self, secret: bytes) -> None:
        head = {"alg": "HS256", "kid": "rsa-1"}
        unsigned = handmade(head, json.dumps(honest()).encode()).rstrip(".")
        mac = base64.urlsafe_b64encode(hmac.digest(secret, unsigned.encode(), "sha256")).rstrip(b"=").decode()
        with pytest.raises(Untrusted, match="algorithm is not one of ours"):
            signed_claims(f"{unsigned}.{mac}", public(RSA))

    @pytest.mark.parametrize("alg", ["none", "None", "NONE", "", "HS512", "RS384", "RS1", "dir", 5, None, ["RS256"]])
    def test_SigAlgNone_and_every_other_foreign_algorithm(self, alg: object) -> None:
        unsigned = handmade({"alg": alg, "kid": "rsa-1"}, json.dumps(honest()).encode())
        for one in (unsigned, unsigned.rstrip(".") + ".AAAA"):
            with pytest.raises(Untrusted):
                signed_claims(one, public(RSA))

    @pytest.mark.parametrize("carrier", ["jwk", "jku", "x5u", "x5c"])
    def test_a_token_that_brings_its_own_key_is_refused(self, carrier: str) -> None:
        brought: Any = {
            "jwk": OTHER_RSA.as_dict(private=False),
            "jku": "https://evil.example/jwks",
            "x5u": "https://evil.example/cert",
            "x5c": ["MIIB"],
        }[carrier]
        with pytest.raises(Untrusted):
            signed_claims(token(key=RSA, header={carrier: brought}), public(RSA))
        with pytest.raises(Untrusted):
            signed_claims(token(key=OTHER_RSA, header={carrier: brought, "kid": "rsa-1"}), public(RSA))

    @pytest.mark.parametrize("header", [{"crit": ["exp"], "exp": 1}, {"crit": ["b64"], "b64": False}, {"crit": []}])
    def test_critical_extensions_are_refused(self, header: Mapping[str, Any]) -> None:
        unsigned = handmade({"alg": "RS256", "kid": "rsa-1", **header}, json.dumps(honest()).encode(), b"x" * 256)
        with pytest.raises(Untrusted):
            signed_claims(unsigned, public(RSA))

    def test_an_ordinary_unknown_header_is_no_reason_to_refuse(self) -> None:
        said, _ = signed_claims(token(header={"x-trace": "1"}), public(RSA))
        assert said["sub"] == "rita-1"

    @pytest.mark.parametrize(
        "payload", [b"[]", b"null", b'"x"', b"{", b"\xff\xfe", b'{"aud":"avouch","aud":"other"}', b'{"exp":NaN}']
    )
    def test_claims_that_are_no_plain_object_are_refused(self, payload: bytes) -> None:
        signed = jws.serialize_compact({"alg": "RS256", "kid": "rsa-1"}, payload, RSA)
        with pytest.raises(Untrusted):
            signed_claims(signed, public(RSA))

    def test_a_deeply_nested_payload_is_refused_not_a_crash(self) -> None:
        signed = jws.serialize_compact({"alg": "RS256", "kid": "rsa-1"}, b'{"a":' * 3000 + b"1" + b"}" * 3000, RSA)
        with pytest.raises(Untrusted):
            signed_claims(signed, public(RSA))

    def test_a_huge_token_is_refused_before_anything_is_decoded(self) -> None:
        with pytest.raises(Untrusted, match="shape"):
            signed_claims("A" * 30_000, public(RSA))

    @given(st.text(max_size=300))
    def test_no_text_is_anything_but_refused(self, text: str) -> None:
        with pytest.raises(Untrusted):
            signed_claims(text, public(RSA))

    @given(st.lists(st.binary(max_size=60), min_size=1, max_size=5))
    def test_no_dotted_bytes_are_anything_but_refused(self, parts: list[bytes]) -> None:
        text = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
        with pytest.raises(Untrusted):
            signed_claims(text, public(RSA))


class TestKeys:
    def test_KidAbsentSingleJwks_is_read(self) -> None:
        said, _ = signed_claims(token(header={"kid": None}), public(RSA))
        assert said["sub"] == "rita-1"

    def test_KidAbsentMultipleMatchingKeys_is_refused(self) -> None:
        with pytest.raises(Untrusted, match="does not say which"):
            signed_claims(token(header={"kid": None}), public(RSA, OTHER_RSA))

    def test_without_kid_a_key_of_another_kind_does_not_count(self) -> None:
        said, _ = signed_claims(token(header={"kid": None}), public(RSA, EC, ED))
        assert said["sub"] == "rita-1"

    def test_an_unknown_kid_is_told_apart_so_that_rotation_can_be_looked_up(self) -> None:
        with pytest.raises(NoKey):
            signed_claims(token(key=OTHER_RSA), public(RSA))

    def test_two_keys_with_one_kid_are_refused(self) -> None:
        twin = RSAKey.generate_key(2048, {"kid": "rsa-1"}, auto_kid=False)
        with pytest.raises(Untrusted, match="does not say which"):
            signed_claims(token(), public(RSA, twin))

    def test_IgnoresUnparseableKeyInJwks(self) -> None:
        broken: list[Any] = [
            {"kty": "RSA", "kid": "rsa-1", "n": "!!", "e": "AQAB"},
            {"kty": "RSA"},
            {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"},
            {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
            {"kty": 7},
            {},
            None,
            "key",
            ["key"],
            {**EC.as_dict(private=False), "kid": 7},
            {**EC.as_dict(private=False), "key_ops": 7},
        ]
        keys = usable_keys({"keys": [*broken, RSA.as_dict(private=False)]})
        assert [key.get("kid") for key in keys] == ["rsa-1"]

    def test_shared_secrets_encryption_keys_and_small_keys_are_passed_over(self) -> None:
        with pytest.warns(SecurityWarning):
            small = RSAKey.generate_key(1024, auto_kid=False).as_dict(private=False)
        unfit = [
            OctKey.generate_key(256).as_dict(),
            {**OTHER_RSA.as_dict(private=False), "use": "enc"},
            {**OTHER_RSA.as_dict(private=False), "key_ops": ["encrypt"]},
            {**OTHER_RSA.as_dict(private=False), "alg": "RS512"},
            small,
            ECKey.generate_key("P-384").as_dict(private=False),
            OKPKey.generate_key("X25519").as_dict(private=False),
        ]
        assert usable_keys({"keys": unfit}) == []

    def test_a_key_reserved_for_one_algorithm_verifies_no_other(self) -> None:
        reserved = usable_keys({"keys": [{**RSA.as_dict(private=False), "alg": "PS256"}]})
        with pytest.raises(NoKey):
            signed_claims(token(alg="RS256"), reserved)

    @pytest.mark.parametrize("document", [None, [], {}, {"keys": {}}, {"keys": "x"}, {"keys": [{}] * 101}, 5])
    def test_what_is_no_jwks_is_refused(self, document: object) -> None:
        with pytest.raises(Untrusted):
            usable_keys(document)


SPOILED: list[tuple[str, dict[str, Any], str]] = [
    ("InvalidIssuer", {"iss": "https://evil.example"}, "iss"),
    ("InvalidIssuer with a slash too many", {"iss": ISSUER + "/"}, "iss"),
    ("InvalidIssuer in capitals", {"iss": ISSUER.upper()}, "iss"),
    ("MissingIss", {"iss": None}, "iss"),
    ("InvalidAud", {"aud": "somebody-else"}, "aud"),
    ("InvalidAud in a list", {"aud": ["somebody-else"]}, "aud"),
    ("an audience we do not know beside us", {"aud": [CLIENT, "somebody-else"]}, "aud"),
    ("a foreign audience with azp naming us", {"aud": "somebody-else", "azp": CLIENT}, "aud"),
    ("an empty audience", {"aud": []}, "aud"),
    ("an audience that is no text", {"aud": [CLIENT, 5]}, "aud"),
    ("an audience that is an object", {"aud": {CLIENT: True}}, "aud"),
    ("MissingAud", {"aud": None}, "aud"),
    ("azp naming somebody else", {"azp": "somebody-else"}, "azp"),
    ("MissingSub", {"sub": None}, "sub"),
    ("an empty sub", {"sub": ""}, "sub"),
    ("a blank sub", {"sub": "   "}, "sub"),
    ("a sub that is a number", {"sub": 7}, "sub"),
    ("a sub too long", {"sub": "x" * 256}, "sub"),
    ("a sub with a line break", {"sub": "rita\n1"}, "sub"),
    ("a sub with a NUL", {"sub": "rita\x001"}, "sub"),
    ("a sub beyond ASCII", {"sub": "ríta"}, "sub"),
    ("MissingIat", {"iat": None}, "iat"),
    ("an iat in the future", {"iat": NOW + 31}, "iat"),
    ("an iat long ago", {"iat": NOW - 631}, "iat"),
    ("an iat that is true", {"iat": True}, "iat"),
    ("an iat as text", {"iat": str(NOW)}, "iat"),
    ("MissingExp", {"exp": None}, "exp"),
    ("an exp thirty seconds ago", {"exp": NOW - 30}, "exp"),
    ("an exp sixty seconds ago", {"exp": NOW - 60}, "exp"),
    ("an exp that never comes", {"exp": math.inf}, "exp"),
    ("an exp that is no number", {"exp": math.nan}, "exp"),
    ("an exp beyond all numbers", {"exp": 10**400}, "exp"),
    ("NonceInvalid", {"nonce": "n-2"}, "nonce"),
    ("NonceMissing", {"nonce": None}, "nonce"),
    ("a nonce beyond ASCII", {"nonce": "ñ-1"}, "nonce"),
    ("a nonce in a list", {"nonce": ["n-1"]}, "nonce"),
    ("the nonce_supported trick", {"nonce": None, "nonce_supported": False}, "nonce"),
    ("InvalidAtHash", {"at_hash": half_hash("another")}, "at_hash"),
    ("an at_hash that is no text", {"at_hash": 5}, "at_hash"),
    ("InvalidCHash", {"c_hash": half_hash("another")}, "c_hash"),
    ("nbf in the future", {"nbf": NOW + 31}, "nbf"),
    ("an nbf that is true", {"nbf": True}, "nbf"),
    ("an auth_time that is true", {"auth_time": True}, "auth_time"),
    ("an auth_time that is no time", {"auth_time": "yesterday"}, "auth_time"),
]


@pytest.mark.parametrize(("changes", "claim"), [case[1:] for case in SPOILED], ids=[case[0] for case in SPOILED])
def test_a_spoiled_claim_is_refused_by_name(changes: dict[str, Any], claim: str) -> None:
    with pytest.raises(Untrusted, match=f"^{claim} "):
        checked(**changes)


def test_at_hash_without_an_access_token_cannot_be_compared_and_is_refused() -> None:
    with pytest.raises(Untrusted, match="at_hash"):
        check(SignedClaims(honest(at_hash=half_hash("at-1"))), replace(EXPECTED, access_token=None))


class TestTheTableItself:
    def test_a_table_that_requires_nothing_proves_nothing(self) -> None:
        for table in (ClaimTable(required={}), replace(TABLE, required={})):
            with pytest.raises(Untrusted, match="nothing would be proven"):
                check(SignedClaims(honest()), EXPECTED, table)

    def test_each_claim_stands_in_one_column(self) -> None:
        columns = [set(TABLE.required), set(TABLE.optional), set(TABLE.told), set(TABLE.ignored)]
        assert sum(map(len, columns)) == len(set().union(*columns))

    def test_what_core_demands_is_required(self) -> None:
        assert set(TABLE.required) == {"iss", "sub", "aud", "exp", "iat", "nonce"}

    @pytest.mark.parametrize("blank", [{"issuer": ""}, {"client_id": ""}, {"nonce": ""}])
    def test_an_expectation_left_empty_refuses_even_an_equally_empty_claim(self, blank: dict[str, str]) -> None:
        said = honest(
            iss=blank.get("issuer", ISSUER), aud=blank.get("client_id", CLIENT), nonce=blank.get("nonce", "n-1")
        )
        with pytest.raises(Untrusted):
            check(SignedClaims(said), replace(EXPECTED, **blank))

    @given(
        name=st.sampled_from(sorted(TABLE.required)),
        value=st.recursive(
            st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
            max_leaves=4,
        ),
    )
    def test_a_required_claim_of_any_other_value_is_refused(self, name: str, value: Any) -> None:
        right: dict[str, Callable[[], bool]] = {
            "sub": lambda: isinstance(value, str) and value.isascii() and value.isprintable() and value.strip() != "",
            "aud": lambda: value == CLIENT,
        }
        if right.get(name, lambda: False)():
            return
        said = {**honest(), name: value}
        with pytest.raises(Untrusted):
            check(SignedClaims(said), EXPECTED)

    @given(
        st.dictionaries(
            st.sampled_from(sorted({*TABLE.told, *TABLE.ignored, "zzz"})),
            st.integers() | st.text() | st.lists(st.integers()),
        )
    )
    def test_nothing_told_of_a_person_can_break_or_forge_the_identity(self, told: dict[str, Any]) -> None:
        proven = check(SignedClaims({**honest(email=None, email_verified=None), **told}), EXPECTED)
        assert (proven.issuer, proven.subject) == (ISSUER, "rita-1")
        assert proven.email_verified is (told.get("email_verified") is True)


class TestUserinfo:
    BARE = ProvenClaims(issuer=ISSUER, subject="rita-1")

    def test_it_adds_the_address_where_the_token_has_none(self) -> None:
        answer = {"sub": "rita-1", "email": "rita@brightwater.example", "email_verified": True, "name": "Rita"}
        full = with_userinfo(self.BARE, answer)
        assert (full.email, full.email_verified, full.name) == ("rita@brightwater.example", True, "Rita")

    @pytest.mark.parametrize("sub", ["eve-1", "", None, 7, "RITA-1", "rita-1 "])
    def test_InvalidSubInUserinfo(self, sub: object) -> None:
        with pytest.raises(Untrusted, match="another subject"):
            with_userinfo(self.BARE, {"sub": sub, "email": "rita@brightwater.example", "email_verified": True})

    def test_a_verdict_of_userinfo_does_not_bless_the_address_of_the_token(self) -> None:
        told = replace(self.BARE, email="boss@brightwater.example", email_verified=False)
        answer = {
            "sub": "rita-1",
            "email": "rita@brightwater.example",
            "email_verified": True,
            "hd": "brightwater.example",
        }
        full = with_userinfo(told, answer)
        assert (full.email, full.email_verified, full.hosted_domain) == ("boss@brightwater.example", False, None)

    @pytest.mark.parametrize("verdict", ["true", "false", 1, None, [True]])
    def test_only_true_is_true(self, verdict: object) -> None:
        answer = {"sub": "rita-1", "email": "rita@brightwater.example", "email_verified": verdict}
        assert with_userinfo(self.BARE, answer).email_verified is False


def test_our_algorithms_are_public_key_signatures_only() -> None:
    assert not [name for name in claims.ALGORITHMS if name == "none" or name.startswith("HS")]
