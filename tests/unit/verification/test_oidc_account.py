"""How far a provider's word on an address goes."""

from __future__ import annotations

from typing import Literal

import pytest

from app.verification.claims import ProvenClaims
from app.verification.methods.oidc import account
from app.verification.providers import Provider
from config import OidcProvider

Trust = Literal["never", "hosted_domain", "verified"]


def provider(trust: Trust) -> Provider:
    return Provider(
        OidcProvider(
            id="login",
            name="Login",
            issuer="https://login.example",
            client_id="avouch",
            client_secret="between us",
            email_trust=trust,
        )
    )


def said(email: str | None, verified: bool = True, hosted: str | None = None) -> ProvenClaims:
    return ProvenClaims("https://login.example", "rita-1", email, verified, hosted, "Rita")


@pytest.mark.parametrize(
    ("trust", "claims", "kept", "proven"),
    [
        ("never", said("rita@corp.example"), "rita@corp.example", False),
        ("never", said("rita@corp.example", hosted="corp.example"), "rita@corp.example", False),
        ("verified", said("rita@corp.example"), "rita@corp.example", True),
        ("verified", said("rita@corp.example", verified=False), None, False),
        ("verified", said(None), None, False),
        ("hosted_domain", said("rita@corp.example"), "rita@corp.example", False),
        ("hosted_domain", said("rita@corp.example", hosted="corp.example"), "rita@corp.example", True),
        ("hosted_domain", said("rita@corp.example", hosted="Corp.Example"), "rita@corp.example", True),
        ("hosted_domain", said("rita@corp.example", hosted="evilcorp.example"), "rita@corp.example", False),
        ("hosted_domain", said("rita@eu.corp.example", hosted="corp.example"), "rita@eu.corp.example", False),
        ("hosted_domain", said("rita@corp.example", hosted="eu.corp.example"), "rita@corp.example", False),
        ("hosted_domain", said("rita@corp.example", False, "corp.example"), None, False),
        ("hosted_domain", said("rita@corp.example", hosted="not a domain"), "rita@corp.example", False),
        ("hosted_domain", said("rita@corp.example", hosted="y@corp.example"), "rita@corp.example", False),
        ("verified", said("RITA@Corp.Example"), "rita@corp.example", True),
        ("verified", said("rita@corp.example\u2028"), None, False),
        ("verified", said('"rita@corp.example"@evil.example'), None, False),
    ],
)
def test_an_address_counts_as_far_as_the_provider_speaks_for_it(
    trust: Trust, claims: ProvenClaims, kept: str | None, proven: bool
) -> None:
    found = account(provider(trust), claims)
    assert (found.email, found.email_proven) == (kept, proven)
    assert (found.issuer, found.subject) == ("https://login.example", "rita-1")


def test_a_long_name_is_cut_to_what_the_table_holds() -> None:
    claims = ProvenClaims("https://login.example", "rita-1", name="R" * 200)
    assert account(provider("verified"), claims).name == "R" * 120
