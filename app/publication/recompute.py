"""Recompute a rating from the public feed alone:  python -m app.publication.recompute FEED_URL

Walks the feed by next_url, weighs each item by the constants that the feed states, and compares the outcome with
the score it states. Uses no database, no key and nothing that is not public; exit status 1 where they differ.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from app.publication import rating

TIMEOUT: Final = 20  # seconds for each page
PAGES_AT_MOST: Final = 20_000
Feed = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the feed states and what its items give."""

    stated: float | None
    recomputed: float | None
    stated_count: int
    items: int

    @property
    def agree(self) -> bool:
        """Whether score (to the four decimals that are published) and number of reviews are the same."""
        if self.stated is None or self.recomputed is None:
            return self.stated is self.recomputed and self.stated_count == self.items
        return abs(self.stated - self.recomputed) < 1e-4 and self.stated_count == self.items


class Moved(RuntimeError):
    """The feed changed while it was walked; what was read belongs to no one version."""


def compare(url: str, fetch: Callable[[str], Feed]) -> Comparison:
    """Walk the feed at `url` and compare.

    Raises:
        Moved: a review was published or removed meanwhile; try again.
    """
    pages = list(_walk(url, fetch))
    block = pages[0]["_avouch"]["rating"]
    # Not the version: that is the supplier's, and moves when another subject's review is published.
    if any(page["_avouch"]["rating"]["stars"] != block["stars"] for page in pages):
        raise Moved(f"{url} changed while it was read")
    items = [item for page in pages for item in page["items"]]
    as_of = dt.date.fromisoformat(block["as_of"])
    return Comparison(
        stated=block["score"],
        recomputed=rating.recompute(items, block["formula"], as_of),
        stated_count=block["count"],
        items=len(items),
    )


def _walk(url: str, fetch: Callable[[str], Feed]) -> Iterator[Feed]:
    following: str | None = url
    for _ in range(PAGES_AT_MOST):
        if following is None:
            return
        page = fetch(following)
        yield page
        following = page.get("next_url")
    raise Moved(f"{url} does not end")


def _fetch(url: str) -> Feed:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError("the feed's address must begin with https://")
    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310  # nosec B310  # scheme checked above
        feed: Feed = json.load(answer)
    return feed


def main(arguments: list[str]) -> int:
    """The command."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m app.publication.recompute FEED_URL\n")
        return 2
    try:
        found = compare(arguments[0], _fetch)
    except (Moved, OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    verdict = "agree" if found.agree else "DIFFER"
    sys.stdout.write(
        f"stated {found.stated} over {found.stated_count} reviews, "
        f"recomputed {found.recomputed} over {found.items}: they {verdict}\n"
    )
    return 0 if found.agree else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
