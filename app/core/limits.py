"""Rate limits: how often a caller may do a thing. Counted in Valkey, so that all processes count together.

When Valkey is away each process counts for itself. That is never more than the number of processes times
the limit, so guessing stays slow and honest people are not locked out by an outage.
"""

from __future__ import annotations

import ipaddress
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from flask import Flask, current_app, request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from app.core import metrics
from app.core.errors import N_, TooMany

_EXTENSION = "avouch.limits"


@dataclass(frozen=True)
class Policy:
    """A named limit, such as Policy("sign_in", "10 per 5 minutes")."""

    name: str
    rate: str

    @property
    def item(self) -> RateLimitItem:
        return _parsed(self.rate)


@lru_cache
def _parsed(rate: str) -> RateLimitItem:
    return parse(rate)


class Limits:
    """Two counters: the shared one, and this process's own for when the shared one is away."""

    def __init__(self, url: str) -> None:
        self.shared = MovingWindowRateLimiter(
            cast(Storage, RedisStorage(url, socket_connect_timeout=0.5, socket_timeout=0.5))
        )
        self.local = MovingWindowRateLimiter(MemoryStorage())
        self.local_until = 0.0

    def hit(self, policy: Policy, key: str) -> int | None:
        """Count one; None where it is within the limit, else the seconds to wait."""
        limiter = self.local if time.monotonic() < self.local_until else self.shared
        try:
            return self._count(limiter, policy, key)
        except RedisError:
            self.local_until = time.monotonic() + 2.0
            metrics.LIMITS_LOCAL.inc()
            return self._count(self.local, policy, key)

    @staticmethod
    def _count(limiter: MovingWindowRateLimiter, policy: Policy, key: str) -> int | None:
        item = policy.item
        if limiter.hit(item, policy.name, key):
            return None
        return max(1, int(limiter.get_window_stats(item, policy.name, key).reset_time - time.time()) + 1)


def init_app(app: Flask, url: str) -> None:
    """Make this app's limits."""
    app.extensions[_EXTENSION] = Limits(url)


def spend(policy: Policy, key: str) -> None:
    """Count one use of `policy` by `key`.

    Raises:
        TooMany: the limit is reached; it says how long to wait.
    """
    wait = cast(Limits, current_app.extensions[_EXTENSION]).hit(policy, key)
    if wait is not None:
        metrics.LIMITED.labels(policy.name).inc()
        raise TooMany(
            N_("This was tried too often in a short time."),
            remedy=f"Wait {wait} seconds, then try again.",
            retry_after=wait,
        )


def network() -> str:
    """The caller's network: the address, or its /64 where it is IPv6 (one subscriber holds a whole /64)."""
    return network_of(request.remote_addr or "")


def network_of(address: str) -> str:
    """`address` as limits count it; an unreadable one counts as itself."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 6:
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
