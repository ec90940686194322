"""The rating: a published, versioned, replayable formula. Pure arithmetic, no clock and no database.

    score = (m·c + Σ w·r) / (m + Σ w)        w = evidence · 0.5 ^ (age in days / half-life)

`r` is 1 to 5 stars, `evidence` 0 to 1 from the strength of the three proofs, `age` counts whole UTC days from first
publication. `m` and `c` are the prior: so many reviews' worth of an average supplier, which one glowing review
cannot outvote.

Because the decay is exponential, every weight shrinks by the same factor each day. So a scope's sums are kept as
they stood on a fixed EPOCH: adding or removing one review is two additions whatever its age, and the score of any
day follows from them by one multiplication. Nothing is ever summed again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# Whoever changes a constant or the formula raises FORMULA: readers recompute with what the feed says.
FORMULA = 1
PRIOR_WEIGHT = 5.0  # m
PRIOR_MEAN = 3.5  # c
HALF_LIFE_DAYS = 730
EPOCH = dt.date(2026, 1, 1)

STARS = (1, 2, 3, 4, 5)
PROOFS = ("author", "affiliation", "purchase")


@dataclass(frozen=True, slots=True)
class Mark:
    """One published review, as far as the rating looks at it. `evidence` is 0 to 100."""

    stars: int
    evidence: int
    published: dt.date
    proven: tuple[bool, bool, bool]


@dataclass(frozen=True, slots=True)
class Sums:
    """What a scope holds: counts, and the two sums as they stood on EPOCH."""

    stars: tuple[int, ...] = (0, 0, 0, 0, 0)
    proven: tuple[int, ...] = (0, 0, 0)
    weight: float = 0.0
    weighted: float = 0.0

    @property
    def count(self) -> int:
        """How many reviews the scope shows."""
        return sum(self.stars)


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A scope's rating on a day. `score` and `mean` are None where there is nothing to rate."""

    as_of: dt.date
    score: float | None
    mean: float | None
    count: int
    stars: tuple[int, ...]
    proven: tuple[int, ...]
    weight: float
    weighted: float


def add(sums: Sums, mark: Mark) -> Sums:
    """`sums` with one more review."""
    return _changed(sums, mark, +1)


def remove(sums: Sums, mark: Mark) -> Sums:
    """`sums` without a review that was added before, with the same mark."""
    return _changed(sums, mark, -1)


def reckon(sums: Sums, as_of: dt.date) -> Reckoned:
    """The rating on the day `as_of`."""
    decay = 0.5 ** ((as_of - EPOCH).days / HALF_LIFE_DAYS)
    weight, weighted = sums.weight * decay, sums.weighted * decay
    count = sums.count
    return Reckoned(
        as_of=as_of,
        score=_score(PRIOR_WEIGHT, PRIOR_MEAN, weight, weighted) if count else None,
        mean=round(sum(s * n for s, n in zip(STARS, sums.stars, strict=True)) / count, 4) if count else None,
        count=count,
        stars=sums.stars,
        proven=sums.proven,
        weight=round(weight, 6),
        weighted=round(weighted, 6),
    )


def constants() -> dict[str, float | int]:
    """What a reader needs beside the feed's items to get the same score."""
    return {
        "formula_version": FORMULA,
        "prior_weight": PRIOR_WEIGHT,
        "prior_mean": PRIOR_MEAN,
        "half_life_days": HALF_LIFE_DAYS,
    }


def recompute(items: Iterable[Mapping[str, Any]], stated: Mapping[str, float | int], as_of: dt.date) -> float | None:
    """The score from a feed's items alone, by the constants that the feed states; None without items.

    Deliberately shares nothing with the running sums above: it is the check on them, and the listing that
    anyone may copy.
    """
    weight = weighted = 0.0
    count = 0
    for item in items:
        ours = item["_avouch"]
        published = dt.datetime.fromisoformat(item["date_published"]).astimezone(dt.UTC).date()
        w = ours["weight"] * 0.5 ** ((as_of - published).days / stated["half_life_days"])
        weight += w
        weighted += w * ours["rating"]["value"]
        count += 1
    return _score(stated["prior_weight"], stated["prior_mean"], weight, weighted) if count else None


def _score(prior_weight: float, prior_mean: float, weight: float, weighted: float) -> float:
    # Four decimals: far below what a reader sees, far above what adding floats in another order changes.
    return round((prior_weight * prior_mean + weighted) / (prior_weight + weight), 4)


def _changed(sums: Sums, mark: Mark, sign: int) -> Sums:
    stars = tuple(n + sign * (s == mark.stars) for s, n in zip(STARS, sums.stars, strict=True))
    proven = tuple(n + sign * held for n, held in zip(sums.proven, mark.proven, strict=True))
    if not any(stars):
        # The last one left: start from true zeros, not from what rounding left behind.
        return Sums()
    w = sign * mark.evidence / 100 * 2.0 ** ((mark.published - EPOCH).days / HALF_LIFE_DAYS)
    return Sums(stars=stars, proven=proven, weight=sums.weight + w, weighted=sums.weighted + w * mark.stars)
