"""Text cut into pieces for the eye: passages marked, changes shown. Pure; templates escape every piece."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

_TOKENS = re.compile(r"\s+|\w+|[^\w\s]")
# Comparing takes time that grows with the product of the lengths; longer texts are shown whole, old and new.
_COMPARED = 3000


@dataclass(frozen=True)
class Piece:
    """Some text, and how it is shown."""

    text: str
    kind: Literal["plain", "marked", "added", "removed"] = "plain"


def marked(text: str, passages: Iterable[str]) -> list[Piece]:
    """`text` with every occurrence of every passage marked; overlapping ones become one."""
    spans = sorted(span for passage in set(passages) if passage for span in _occurrences(text, passage))
    pieces: list[Piece] = []
    at = 0
    for start, end in _merged(spans):
        pieces += [Piece(text[at:start]), Piece(text[start:end], "marked")]
        at = end
    pieces.append(Piece(text[at:]))
    return [piece for piece in pieces if piece.text]


def changes(old: str, new: str) -> list[Piece]:
    """What became of `old`, word by word."""
    if old == new:
        return [Piece(new)] if new else []
    before, after = _TOKENS.findall(old), _TOKENS.findall(new)
    if len(before) > _COMPARED or len(after) > _COMPARED:
        return [piece for piece in (Piece(old, "removed"), Piece(new, "added")) if piece.text]
    pieces: list[Piece] = []
    removed = added = ""
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        same = "".join(before[i1:i2]) if tag == "equal" else ""
        # A blank that two changed words share is no island: the change reads better as one.
        if same and not (same.isspace() and (removed or added)):
            pieces += [Piece(removed, "removed"), Piece(added, "added"), Piece(same)]
            removed = added = ""
            continue
        removed += "".join(before[i1:i2])
        added += "".join(after[j1:j2])
    pieces += [Piece(removed, "removed"), Piece(added, "added")]
    return [piece for piece in pieces if piece.text]


def _occurrences(text: str, passage: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(re.escape(passage), text)]


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
