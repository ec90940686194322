"""How long others may keep what we publish, and how a view tells the edge what its answer was made from."""

from __future__ import annotations

import uuid
from typing import Final

from flask import Response, request

MAX_AGE: Final = 60  # seconds; the delay that a well-behaved cache may add to a takedown, so it is published
STALE_WHILE_REVALIDATE: Final = 300  # RFC 5861: one more stale answer while the cache fetches the new one
STALE_IF_ERROR: Final = 86_400  # RFC 5861: only while we do not answer at all
CACHE_CONTROL: Final = ", ".join(
    (
        "public",
        f"max-age={MAX_AGE}",
        f"stale-while-revalidate={STALE_WHILE_REVALIDATE}",
        f"stale-if-error={STALE_IF_ERROR}",
    )
)
# The longest that one of our own processes serves what was taken down, should it hear of nothing: the edge's
# fallback check plus the time of a rendering. Normally it is milliseconds.
OWN_SECONDS: Final = 5

# Internal: `<supplier_id>:<version>` or `static`. The edge reads it and takes it off.
SCOPE_HEADER: Final = "Avouch-Scope"
STATIC: Final = "static"
# Where a view leaves the compressed twin of its answer, so that the edge need not compress it again.
GZIPPED: Final = "avouch.gzipped"


def publish(response: Response, supplier_id: uuid.UUID | None = None, version: int = 0) -> Response:
    """Mark a public answer as cacheable, by others and by the edge.

    `version` is the supplier's publication version read before (or with) what the answer was made from, never
    after: an answer may be newer than it says, not older. Without a supplier the answer never changes while
    the process lives.
    """
    response.headers["Cache-Control"] = CACHE_CONTROL
    response.headers[SCOPE_HEADER] = f"{supplier_id}:{version}" if supplier_id else STATIC
    return response


def open_to_all(response: Response) -> Response:
    """Let every origin read the answer: it holds nothing that a cookie would have changed."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = "ETag, Content-Digest"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def leave_gzipped(gzipped: bytes) -> None:
    """Hand the edge the compressed twin of the answer being made."""
    request.environ[GZIPPED] = gzipped


def takedown() -> dict[str, int]:
    """How long a removed review can still be seen, in seconds, by where it is seen."""
    return {
        "own_seconds": OWN_SECONDS,
        "cache_seconds": MAX_AGE,
        "stale_while_revalidate_seconds": STALE_WHILE_REVALIDATE,
        "stale_if_error_seconds": STALE_IF_ERROR,
    }
