"""Where to go after signing in: only to pages of our own, whatever the link says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

# A path of plain segments, nothing that a browser, proxy or framework might read in another way.
_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+")
_MAX = 500


def inside(target: str | None, roots: Sequence[str]) -> str | None:
    """`target` taken apart and put together anew, or None where it is not below one of `roots`.

    Nothing of the text itself is passed on: the answer is built from the segments and query pairs that
    were understood. So what a browser might read otherwise (`//host`, `/\\host`, `https:host`, a tab
    inside a scheme) has no way through, known trick or not.
    """
    if not target or len(target) > _MAX or not target.isascii() or not target.isprintable():
        return None
    if not target.startswith("/") or "\\" in target:
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    if parts.scheme or parts.netloc:
        return None
    segments = parts.path.split("/")[1:]
    if segments and segments[-1] == "":
        segments.pop()
    if not segments or not all(_plain(segment) for segment in segments):
        return None
    path = "/" + "/".join(quote(unquote(segment), safe="~") for segment in segments)
    if not any(path == root or path.startswith(f"{root}/") for root in roots):
        return None
    query = urlencode(parse_qsl(parts.query, max_num_fields=20)) if parts.query else ""
    return f"{path}?{query}" if query else path


def _plain(segment: str) -> bool:
    return segment not in {".", ".."} and _SEGMENT.fullmatch(segment) is not None
