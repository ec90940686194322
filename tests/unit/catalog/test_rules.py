"""When two buyers are one, which slug a subject gets, which numbers have their check digits."""

from __future__ import annotations

import pytest

from app.catalog import rules
from app.catalog.mail_domains import is_anybodys


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ACME  GmbH", "Acme GmbH"),
        ("Acme, Inc.", "ACME INC"),
        ("ＡＣＭＥ GmbH", "Acme GmbH"),
        ("Straße & Söhne", "STRASSE & SÖHNE"),
        ("Brightwater\u00a0Utilities", "brightwater utilities"),
        ("ТОВ «Насос»", "тов насос"),
    ],
)
def test_spellings_of_one_company_are_one_buyer(one: str, other: str) -> None:
    assert rules.buyer_key(one) == rules.buyer_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Acme GmbH", "Acme Ltd"), ("Acme", "Acme 2"), ("Насос", "Hacoc"), ("!!!", "???"), ("A" * 160, "A" * 159)],
)
def test_different_companies_stay_apart(one: str, other: str) -> None:
    assert rules.buyer_key(one) != rules.buyer_key(other)


def test_names_that_grow_when_folded_fit_and_stay_apart() -> None:
    long = "ﷺ" * 150
    assert len(rules.buyer_key(long)) <= rules.NAME_KEY_LENGTH
    assert rules.buyer_key(long) != rules.buyer_key(long + "x")


@pytest.mark.parametrize(
    ("name", "sku", "slug"),
    [
        ("CR 45 end-suction pump", "KP-45", "cr-45-end-suction-pump"),
        ("Łożysko kulkowe", "L1", "lozysko-kulkowe"),
        ("Насос", "N1", "nasos"),
        ("泵", "KP 9", "kp-9"),
        ("🚰", "🚰", "subject"),
    ],
)
def test_a_slug_reads_like_the_name(name: str, sku: str, slug: str) -> None:
    assert rules.subject_slug(name, sku) == slug


def test_a_slug_that_is_taken_gets_the_same_ending_each_time() -> None:
    slug = rules.distinct_slug("x" * 80, "KP-45")
    assert slug == rules.distinct_slug("x" * 80, "KP-45") != rules.distinct_slug("x" * 80, "KP-46")
    assert len(slug) <= rules.SLUG_LENGTH


@pytest.mark.parametrize("gtin", ["96385074", "036000291452", "4006381333931", "10614141000415"])
def test_a_gtin_with_its_check_digit_is_one(gtin: str) -> None:
    assert rules.is_gtin(gtin)


@pytest.mark.parametrize(
    "gtin", ["96385075", "4006381333930", "400638133393", "40063813339311", "", "４００６３８１３３３９３１"]
)
def test_a_gtin_with_another_is_none(gtin: str) -> None:
    assert not rules.is_gtin(gtin)


def test_an_lei_needs_its_check_digits() -> None:
    assert rules.is_lei("5493001KJTIIGC8Y1R12")
    assert not rules.is_lei("5493001KJTIIGC8Y1R13")
    assert not rules.is_lei("5493001kjtiigc8y1r12")
    assert not rules.is_lei("")


@pytest.mark.parametrize(
    "domain", ["gmail.com", "mail.ru", "wp.pl", "abv.bg", "mailinator.com", "privaterelay.appleid.com"]
)
def test_free_and_disposable_mail_names_no_company(domain: str) -> None:
    assert is_anybodys(domain)


@pytest.mark.parametrize("domain", ["brightwater.example", "notgmail.com.example", "siemens.com"])
def test_a_company_s_own_domain_does(domain: str) -> None:
    assert not is_anybodys(domain)
