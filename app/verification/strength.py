"""How much each way of proving is worth, and for how long. Pure, published, versioned.

Strength is 0 to 100: what it would cost to fake. It is written into each proof when the proof is made,
so a later version of this table never re-judges what was shown under an earlier one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from app.verification.models import ProofKind

VERSION = 1


@dataclass(frozen=True)
class Worth:
    """What a proof of one kind by one method is worth: strength 0..100, and how long it holds (None: for good)."""

    strength: int
    life: dt.timedelta | None = None


# A person changes employers and a domain changes owners (PyPI found 1,800 "verified" addresses whose domain
# had lapsed), so affiliation ages; that an account or an order existed on a day stays true.
AFFILIATION_LIFE = dt.timedelta(days=180)

TABLE = MappingProxyType(
    {
        # An account at a provider: has a history and usually a second factor.
        (ProofKind.AUTHOR, "oidc"): Worth(80),
        # Whoever reads the mailbox. A mailbox is cheap, so this alone says least.
        (ProofKind.AUTHOR, "mailed_link"): Worth(50),
        # An address under the buyer's own domain, confirmed by the provider that runs it or by a link mailed to it.
        (ProofKind.AFFILIATION, "work_email"): Worth(80, AFFILIATION_LIFE),
        # A secret that the supplier gave to the buyer of one order. The supplier itself could misuse it, hence not 100.
        (ProofKind.PURCHASE, "purchase_token"): Worth(90),
    }
)

# How much of a review's evidence each fact carries; together 100.
SHARES = MappingProxyType({ProofKind.AUTHOR: 30, ProofKind.AFFILIATION: 30, ProofKind.PURCHASE: 40})


def worth(kind: ProofKind, method: str) -> Worth:
    """What a proof is worth.

    Raises:
        KeyError: the table does not know this way of proving this fact, so it proves nothing.
    """
    return TABLE[kind, method]


def evidence(held: Iterable[tuple[ProofKind, int, bool]]) -> int:
    """The evidence behind a review, 0 to 100, from (kind, strength, expired) of each proof that it has.

    An expired proof was true when the review was written but is no longer checked: it counts half.
    Whole numbers all through, so that anyone recomputes the same figure from the public feed.
    """
    doubled = sum(SHARES[kind] * strength * (1 if expired else 2) for kind, strength, expired in held)
    return doubled // 200
