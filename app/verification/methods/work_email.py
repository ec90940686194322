"""Affiliation: does a proven address lie under one of the buyer's own domains? Pure.

The comparison is of whole A-labels and nothing else. A suffix match would make `evilcorp.example` or
`corp.example.attacker.example` colleagues of `corp.example`; sub-domains are often rented out or given to
customers, so a buyer's sub-domain counts only where the supplier has named it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.catalog.mail_domains import is_disposable, is_free
from app.core.text import Unclean, normal_domain, normal_email

NAME = "work_email"


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
