"""Who counts as a colleague: exact domains, and nothing that merely looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.verification.methods.work_email import Affiliated, NotAffiliated, Why, affiliation, domain_of

CORP = ("corp.example",)


@pytest.mark.parametrize(
    ("address", "domains"),
    [
        ("rita@corp.example", CORP),
        ("RITA@CORP.EXAMPLE", CORP),
        ("rita+reviews@corp.example", CORP),
        ("rita@corp.example", ("Corp.Example",)),
        ("rita@corp.example", ("other.example", "corp.example")),
        ("rita@eu.corp.example", ("eu.corp.example",)),
        ("rita@bücher.example", ("xn--bcher-kva.example",)),
        ("rita@xn--bcher-kva.example", ("bücher.example",)),
        # Full-width letters are the same name to DNS (UTS 46), so the mail goes to the same company.
        ("rita@ｃorp.example", CORP),
    ],
)
def test_a_colleague_is_known_by_the_whole_domain(address: str, domains: tuple[str, ...]) -> None:
    assert isinstance(affiliation(address, domains), Affiliated)


@pytest.mark.parametrize(
    "address",
    [
        "eve@evilcorp.example",
        "eve@evil-corp.example",
        "eve@corp.example.evil.example",
        "eve@corp-example.evil.example",
        "eve@corp.examples",
        "eve@corp.exampl",
        "eve@corpexample",
        "eve@example",
        "eve@eu.corp.example",
        "eve@www.corp.example",
        "eve@сorp.example",  # Cyrillic es
        "eve@cоrp.example",  # Cyrillic o
        "eve@xn--orp-3ed.example",
        "eve@corp。evil.example",  # an ideographic full stop is a dot
        "eve@corp.example\u2028",
        "eve@corp.example\u2028.evil.example",
        "eve@corp.example\n",
        "eve@corp.example\r\nBcc: x@y.example",
        "eve@corp.example\x00.evil.example",
        "eve@corp.example.",
        "eve@.corp.example",
        "eve@corp..example",
        "eve@corp.example@evil.example",
        "eve@evil.example@corp.example",
        '"eve@corp.example"@evil.example',
        '"eve"@corp.example',
        '"rita@evil.example"@corp.example',
        "eve@corp.example <eve@evil.example>",
        "Rita <rita@corp.example>",
        "rita(comment)@corp.example",
        "(comment)rita@corp.example",
        "rita@(comment)corp.example",
        "rita@[192.0.2.1]",
        "rita@192.0.2.1",
        "rita@corp.example:25",
        "rita@corp.example/evil.example",
        "rita@corp.example,eve@evil.example",
        "rita@corp.example;eve@evil.example",
        "rita%corp.example@evil.example",
        "evil.example!rita@corp.example@evil.example",
        "rita @corp.example",
        "rita@ corp.example",
        "rita@corp\u200b.example.evil",
        "rita@corp\u00ad.example.evil",
        "@corp.example",
        "corp.example",
        "",
        "   ",
    ],
)
def test_a_look_alike_is_no_colleague(address: str) -> None:
    found = affiliation(address, CORP)
    # What stripping leaves of a trailing line break is the plain address, and that one is a colleague's.
    if address.strip(" \t\r\n") == "eve@corp.example":
        assert isinstance(found, Affiliated)
    else:
        assert isinstance(found, NotAffiliated)


def test_nobody_without_an_address_is_a_colleague() -> None:
    assert affiliation(None, CORP) == NotAffiliated(Why.NO_ADDRESS)


@pytest.mark.parametrize(
    "domain", ["gmail.com", "mail.ru", "wp.pl", "abv.bg", "hey.com", "privaterelay.appleid.com", "mozmail.com"]
)
def test_free_mail_counts_for_nobody_even_where_the_supplier_wrote_it_down(domain: str) -> None:
    assert affiliation(f"eve@{domain}", (domain,)) == NotAffiliated(Why.FREE_MAIL)


@pytest.mark.parametrize("domain", ["mailinator.com", "eu.mailinator.com", "10minutemail.com"])
def test_addresses_for_an_hour_count_for_nobody(domain: str) -> None:
    assert affiliation(f"eve@{domain}", (domain,)) == NotAffiliated(Why.DISPOSABLE)


def test_an_unreadable_domain_in_the_catalogue_matches_nobody_and_hides_no_other() -> None:
    assert affiliation("rita@corp.example", ("", "not a domain", "*", "corp.example")) == Affiliated("corp.example")
    assert isinstance(affiliation("rita@corp.example", ("*", "*.example", ".example", "example")), NotAffiliated)


@given(st.text(max_size=40), st.text(max_size=40))
def test_only_an_address_whose_domain_reads_exactly_so_is_a_colleague(local: str, domain: str) -> None:
    found = affiliation(f"{local}@{domain}", CORP)
    assert isinstance(found, NotAffiliated) or domain_of(f"{local}@{domain}") == "corp.example"


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-.", min_size=1, max_size=30))
def test_nothing_put_before_or_behind_a_domain_keeps_it(more: str) -> None:
    assert isinstance(affiliation(f"eve@{more}corp.example", CORP), NotAffiliated)
    assert isinstance(affiliation(f"eve@corp.example{more}", CORP), NotAffiliated)
