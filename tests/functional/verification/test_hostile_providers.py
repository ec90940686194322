"""Providers that lie, each in one way. Nobody is ever taken for the author on the word of a liar.

Names in capitals are the OpenID relying-party cases; the rest is the measured table of our threat notes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.functional.verification.conftest import Writer, words
from tests.providers import CLIENT_SECRET, Json, Provider, Spoil, half_hash

STRANGER = RSAKey.generate_key(2048, {"kid": "rsa-1"}, auto_kid=False)
STRANGER_EC = ECKey.generate_key("P-256", {"kid": "ec-1"}, auto_kid=False)
REFUSED, AWAY = 400, 503


def say(**changes: Any) -> Spoil:
    """Claims changed; None takes one away."""

    def change(said: Json) -> Json:
        return {name: value for name, value in {**said, **changes}.items() if value is not None}

    return Spoil(claims=change)


def unsign(alg: str) -> Spoil:
    return Spoil(
        sign_with=(STRANGER, "none"),
        header=lambda _: {"alg": alg, "kid": "rsa-1"},
        discovery=lambda honest: {**honest, "id_token_signing_alg_values_supported": ["none", alg, "HS256"]},
    )


def change_token(**changes: Any) -> Spoil:
    return Spoil(token=lambda answer: {k: v for k, v in {**answer, **changes}.items() if v is not None})


def carry(header: str, value: Any) -> Spoil:
    return Spoil(sign_with=(STRANGER, "RS256"), header=lambda honest: {**honest, header: value})


def lose(name: str) -> Callable[[Any], Any]:
    return lambda document: {key: value for key, value in document.items() if key != name}


def put(**changes: Any) -> Callable[[Any], Any]:
    return lambda document: {**document, **changes}


NOW = int(time.time())

LIES: dict[str, tuple[Spoil, int]] = {
    "InvalidIssuer": (say(iss="https://evil.example"), REFUSED),
    "MissingIss": (say(iss=None), REFUSED),
    "InvalidAud": (say(aud="somebody-else"), REFUSED),
    "a foreign audience while azp names us": (say(aud="somebody-else", azp="avouch"), REFUSED),
    "an audience beside us": (say(aud=["avouch", "somebody-else"]), REFUSED),
    "MissingAud": (say(aud=None), REFUSED),
    "azp names another": (say(azp="somebody-else"), REFUSED),
    "MissingSub": (say(sub=None), REFUSED),
    "empty sub": (say(sub=""), REFUSED),
    "MissingIat": (say(iat=None), REFUSED),
    "issued an hour ago": (say(iat=NOW - 3600), REFUSED),
    "issued in an hour": (say(iat=NOW + 3600), REFUSED),
    "MissingExp": (say(exp=None), REFUSED),
    "expired a minute ago": (say(exp=NOW - 60), REFUSED),
    "NonceInvalid": (say(nonce="another"), REFUSED),
    "NonceMissing": (say(nonce=None), REFUSED),
    "the nonce_supported trick": (say(nonce=None, nonce_supported=False), REFUSED),
    "InvalidAtHash": (say(at_hash=half_hash("another")), REFUSED),
    "InvalidCHash": (say(c_hash=half_hash("another")), REFUSED),
    "InvalidSignature RS256": (Spoil(sign_with=(STRANGER, "RS256")), REFUSED),
    "InvalidSignature ES256": (Spoil(sign_with=(STRANGER_EC, "ES256")), REFUSED),
    "InvalidSignature HS256 by the client secret": (
        Spoil(sign_with=(OctKey.import_key(CLIENT_SECRET * 3), "HS256"), header=put(kid="rsa-1")),
        REFUSED,
    ),
    "SigAlgNone, and discovery says that none is fine": (unsign("none"), REFUSED),
    "an unsigned token that says RS256": (unsign("RS256"), REFUSED),
    "a foreign algorithm": (Spoil(sign_with=(STRANGER, "RS512")), REFUSED),
    "a key brought along": (carry("jwk", STRANGER.as_dict(private=False)), REFUSED),
    "a key's address brought along": (carry("jku", "https://evil.example/jwks"), REFUSED),
    "a signature cut off": (Spoil(id_token=lambda token: token.rsplit(".", 1)[0] + "."), REFUSED),
    "an ID token of one letter": (Spoil(id_token=lambda _: "x"), REFUSED),
    "an encrypted token's five parts": (Spoil(id_token=lambda token: token + ".x.y"), REFUSED),
    "a token of a megabyte": (Spoil(id_token=lambda token: token + "A" * 900_000), REFUSED),
    "a plain OAuth answer without an ID token": (change_token(id_token=None), REFUSED),
    "an ID token that is an object": (change_token(id_token={"sub": "rita-1"}), REFUSED),
    "KidAbsentMultipleMatchingKeys": (
        Spoil(header=put(kid=None), jwks=lambda d: {"keys": [*d["keys"], STRANGER.as_dict(private=False)]}),
        REFUSED,
    ),
    "an empty JWKS": (Spoil(jwks=lambda _: {"keys": []}), REFUSED),
    "a JWKS that is a list": (Spoil(jwks=lambda _: []), AWAY),
    "a JWKS of shared secrets": (
        Spoil(
            sign_with=(OctKey.import_key("k" * 40), "HS256"),
            header=put(kid="oct-1"),
            jwks=lambda _: {"keys": [{**OctKey.import_key("k" * 40).as_dict(), "kid": "oct-1"}]},
        ),
        REFUSED,
    ),
    "InvalidSubInUserinfo": (
        Spoil(claims=lambda said: {k: v for k, v in said.items() if k != "email"}, userinfo=put(sub="eve-1")),
        REFUSED,
    ),
    "userinfo without sub": (
        Spoil(claims=lambda said: {k: v for k, v in said.items() if k != "email"}, userinfo=lose("sub")),
        REFUSED,
    ),
    "userinfo that is a list": (
        Spoil(claims=lambda said: {k: v for k, v in said.items() if k != "email"}, userinfo=lambda _: ["rita-1"]),
        AWAY,
    ),
    "the answer names another issuer (RFC 9207)": (Spoil(redirect=put(iss="https://evil.example")), REFUSED),
    "the answer names no issuer, though promised": (Spoil(redirect=lose("iss")), REFUSED),
    "the answer has no code": (Spoil(redirect=lose("code")), REFUSED),
    "a code that the provider never gave": (Spoil(redirect=put(code="made-up")), REFUSED),
    "the token endpoint says 500": (Spoil(status={"/token": 500}), AWAY),
    "the token endpoint redirects": (Spoil(status={"/token": 302}), AWAY),
    "the token endpoint answers HTML": (Spoil(body={"/token": b"<h1>Hello</h1>"}, type="text/html"), AWAY),
    "the token endpoint answers a list": (Spoil(token=lambda _: ["x"]), AWAY),
    "the token endpoint answers brackets without end": (Spoil(body={"/token": b"[" * 200_000}), AWAY),
    "the token endpoint answers two megabytes": (Spoil(body={"/token": b'{"a":"' + b"x" * 2_000_000 + b'"}'}), AWAY),
    "expires_in is a word": (change_token(expires_in="soon"), AWAY),
    "the JWKS is away": (Spoil(status={"/jwks": 503}), AWAY),
    "the JWKS is garbage": (Spoil(body={"/jwks": b"\xff\xfe{"}), AWAY),
}


@pytest.mark.parametrize(("spoil", "status"), list(LIES.values()), ids=list(LIES))
def test_a_lie_proves_nobody_and_the_window_offers_another_try(
    rita: Writer, provider: Provider, spoil: Spoil, status: int
) -> None:
    provider.spoil = spoil
    page = rita.sign_in()
    assert page.status_code == status
    assert rita.author() is None
    # The draft's window still stands, with both ways in it, and an honest answer is believed.
    assert "Sign in with The second provider" in words(page)
    assert rita.outcome() is None
    # Nothing of the provider's, nor of our secrets, is on the page.
    assert "eyJ" not in page.text
    assert "code=" not in page.text


UNFIT: dict[str, Spoil] = {
    "DiscoveryIssuerMismatch": Spoil(discovery=put(issuer="https://evil.example")),
    "discovery without issuer": Spoil(discovery=lose("issuer")),
    "an issuer with a slash too many": Spoil(discovery=lambda honest: {**honest, "issuer": honest["issuer"] + "/"}),
    "no token endpoint": Spoil(discovery=lose("token_endpoint")),
    "a token endpoint that is a number": Spoil(discovery=put(token_endpoint=7)),
    "an authorization endpoint that is script": Spoil(discovery=put(authorization_endpoint="javascript:alert(1)")),
    "an authorization endpoint with a line break": Spoil(
        discovery=put(authorization_endpoint="https://login.example/\r\nSet-Cookie: a=b")
    ),
    "an authorization endpoint by plain http elsewhere": Spoil(
        discovery=put(authorization_endpoint="http://login.example/authorize")
    ),
    "discovery is a list": Spoil(discovery=lambda _: []),
    "discovery is garbage": Spoil(body={"/.well-known/openid-configuration": b"%PDF-1.7"}),
    "discovery is brackets without end": Spoil(body={"/.well-known/openid-configuration": b"[" * 100_000}),
    "discovery has an issuer twice": Spoil(
        body={"/.well-known/openid-configuration": b'{"issuer":"https://a.example","issuer":"https://b.example"}'}
    ),
    "discovery is too large": Spoil(body={"/.well-known/openid-configuration": b" " * 2_000_000}),
    "discovery redirects": Spoil(status={"/.well-known/openid-configuration": 302}),
    "discovery is not found": Spoil(status={"/.well-known/openid-configuration": 404}),
    "discovery is away": Spoil(status={"/.well-known/openid-configuration": 503}),
}


@pytest.mark.parametrize("spoil", list(UNFIT.values()), ids=list(UNFIT))
def test_a_provider_that_describes_itself_wrongly_is_not_gone_to(
    rita: Writer, provider: Provider, spoil: Spoil
) -> None:
    provider.spoil = spoil
    path = rita.ticket()
    page = rita.open(path)
    answer = rita.choose(page.text, path)
    assert answer.status_code == AWAY
    assert "Location" not in answer.headers
    assert "does not answer" in words(answer)
    assert "Sign in with The second provider" in words(answer)
    assert rita.outcome() is None


def test_after_a_lie_rita_tries_again_in_the_same_window(rita: Writer, provider: Provider) -> None:
    provider.spoil = say(nonce="another")
    page = rita.sign_in()
    provider.spoil = Spoil()
    path = page.text.split('action="')[1].split('"')[0].rsplit("/", 1)[0]
    away = rita.choose(page.text, path)
    assert rita.finish(rita.come_back(away.headers["Location"])).status_code == 303
    assert rita.author() is not None


def test_after_the_first_provider_failed_the_second_serves(
    rita: Writer, provider: Provider, other_provider: Provider
) -> None:
    provider.spoil = Spoil(status={"/.well-known/openid-configuration": 503})
    path = rita.ticket()
    page = rita.choose(rita.open(path).text, path)
    assert page.status_code == AWAY
    away = rita.choose(page.text, path, "second")
    assert rita.finish(rita.come_back(away.headers["Location"])).status_code == 303
    author = rita.author()
    assert author is not None
    assert author.issuer == other_provider.issuer


def test_a_provider_that_failed_is_left_alone_for_a_moment(rita: Writer, provider: Provider) -> None:
    provider.spoil = Spoil(status={"/.well-known/openid-configuration": 503})
    path = rita.ticket()
    page = rita.open(path)
    for _ in range(5):
        rita.choose(page.text, path)
    assert provider.asked.count("/.well-known/openid-configuration") == 1


class TestWhatTheProviderIsTold:
    def test_the_way_there_carries_state_nonce_and_a_challenge_and_no_secret(
        self, rita: Writer, provider: Provider
    ) -> None:
        path = rita.ticket()
        away = rita.choose(rita.open(path).text, path).headers["Location"]
        asked = dict(parse_qs(urlsplit(away).query).items())
        assert away.startswith(f"{provider.issuer}/authorize?")
        assert asked["redirect_uri"] == ["https://avouch.test/v/callback/first"]
        assert asked["response_type"] == ["code"]
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["scope"] == ["openid email profile"]
        assert len(asked["nonce"][0]) == 43
        assert len(asked["code_challenge"][0]) == 43
        assert "client_secret" not in away
        assert "response_mode" not in asked

    def test_ClientSecretBasic(self, rita: Writer, provider: Provider) -> None:
        rita.sign_in()
        [(form, authorization)] = provider.token_requests
        assert authorization is not None
        assert authorization.startswith("Basic ")
        assert "client_secret" not in form
        assert len(form["code_verifier"]) == 43

    def test_ClientSecretPost(self, rita: Writer, other_provider: Provider) -> None:
        assert rita.sign_in("second").status_code == 303
        [(form, authorization)] = other_provider.token_requests
        assert authorization is None
        assert form["client_secret"] == CLIENT_SECRET

    def test_two_attempts_share_neither_state_nor_nonce_nor_challenge(self, rita: Writer) -> None:
        path = rita.ticket()
        page = rita.open(path)
        first, second = (
            dict(parse_qsl(urlsplit(rita.choose(page.text, path).headers["Location"]).query)) for _ in range(2)
        )
        for name in ("state", "nonce", "code_challenge"):
            assert first[name] != second[name]

    def test_userinfo_is_asked_only_where_the_token_has_no_address(self, rita: Writer, provider: Provider) -> None:
        rita.sign_in()
        assert "/userinfo" not in provider.asked

    def test_ScopeUserInfoClaims(self, rita: Writer, provider: Provider) -> None:
        provider.spoil = say(email=None, email_verified=None)
        assert rita.sign_in().status_code == 303
        author = rita.author()
        assert author is not None
        assert author.email == "rita@brightwater.example"
        assert author.email_proven


class TestKeyRotation:
    def test_SigningKeyRotation(self, rita: Writer, eve: Writer, provider: Provider) -> None:
        assert rita.sign_in().status_code == 303
        fresh = RSAKey.generate_key(2048, {"kid": "rsa-2"}, auto_kid=False)
        provider.published, provider.signing = [fresh], (fresh, "RS256")
        assert eve.sign_in().status_code == 303
        assert provider.asked.count("/jwks") == 2

    def test_SigningKeyRotationJustBeforeSigning(self, rita: Writer, eve: Writer, provider: Provider) -> None:
        assert rita.sign_in().status_code == 303
        callback = eve.begin()
        fresh = RSAKey.generate_key(2048, {"kid": "rsa-2"}, auto_kid=False)
        provider.published, provider.signing = [provider.rsa, fresh], (fresh, "RS256")
        assert eve.finish(callback).status_code == 303

    def test_a_flood_of_unknown_key_ids_makes_one_further_request(self, rita: Writer, provider: Provider) -> None:
        provider.spoil = Spoil(header=put(kid="made-up"))
        for _ in range(4):
            assert rita.sign_in().status_code == REFUSED
        assert provider.asked.count("/jwks") == 2

    def test_discovery_and_keys_are_kept_between_sign_ins(self, rita: Writer, eve: Writer, provider: Provider) -> None:
        rita.sign_in()
        eve.sign_in()
        assert provider.asked.count("/jwks") == 1
        assert provider.asked.count("/.well-known/openid-configuration") == 1

    def test_IgnoresUnparseableKeyInJwks(self, rita: Writer, provider: Provider) -> None:
        provider.spoil = Spoil(jwks=lambda d: {"keys": [{"kty": "AKP", "kid": "pq"}, {"kty": "RSA"}, *d["keys"]]})
        assert rita.sign_in().status_code == 303

    def test_KidAbsentSingleJwks(self, rita: Writer, provider: Provider) -> None:
        provider.published = [provider.rsa]
        provider.spoil = Spoil(header=put(kid=None))
        assert rita.sign_in().status_code == 303

    @pytest.mark.parametrize("name", ["ec", "ed"])
    def test_elliptic_keys_are_fine(self, rita: Writer, provider: Provider, name: str) -> None:
        signing = {"ec": (provider.ec, "ES256"), "ed": (provider.ed, "Ed25519")}[name]
        provider.signing = signing
        # at_hash of Ed25519 is made with SHA-512; the provider leaves it out, as it may.
        provider.spoil = say(at_hash=None)
        assert rita.sign_in().status_code == 303


class TestWhoseWordCounts:
    """`email_trust` of `first` is "verified"; what is not verified is hearsay."""

    @pytest.mark.parametrize("verdict", [None, False, "true", 1])
    def test_an_address_nobody_verified_is_not_kept(self, rita: Writer, provider: Provider, verdict: Any) -> None:
        provider.spoil = say(email_verified=verdict)
        assert rita.sign_in().status_code == 303
        author = rita.author()
        assert author is not None
        assert author.email is None
        assert not author.email_proven

    @pytest.mark.parametrize(
        "email",
        ["not an address", "rita@brightwater.example\u2028", '"r@b.example"@evil.example', "", 7, ["a@b.example"]],
    )
    def test_an_address_that_is_none_is_dropped_and_the_person_is_not(
        self, rita: Writer, provider: Provider, email: Any
    ) -> None:
        provider.spoil = Spoil(claims=put(email=email), userinfo=put(email=email))
        assert rita.sign_in().status_code == 303
        author = rita.author()
        assert author is not None
        assert author.subject == "rita-1"
        assert author.email is None

    def test_equal_subjects_at_two_issuers_are_two_people(
        self, rita: Writer, eve: Writer, provider: Provider, other_provider: Provider
    ) -> None:
        rita.sign_in("first")
        eve.sign_in("second")
        hers, other = rita.author(), eve.author()
        assert hers is not None
        assert other is not None
        assert hers.subject == other.subject
        assert hers.email == other.email
        assert hers.reviewer_id != other.reviewer_id

    def test_the_same_account_is_the_same_reviewer_again(self, rita: Writer, eve: Writer, provider: Provider) -> None:
        rita.sign_in()
        provider.people["rita-1"]["email"] = "rita@newname.example"
        eve.sign_in()
        hers, again = rita.author(), eve.author()
        assert hers is not None
        assert again is not None
        assert hers.reviewer_id == again.reviewer_id
        assert again.email == "rita@newname.example"


def test_enough_lies_were_told() -> None:
    assert len(LIES) + len(UNFIT) >= 60
