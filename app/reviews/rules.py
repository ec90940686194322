"""What a review is made of, how long its parts may be, and the fingerprint that ties a revision to its words."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields

from app.reviews.models import Duration

# Lengths in characters after cleaning. A title is a line; a text says something and is still read whole.
TITLE_MIN, TITLE_MAX = 3, 120
TEXT_MIN, TEXT_MAX = 20, 5000
SIDE_MAX = 1000  # pros and cons, each
ROLE_MAX = 80
NAME_MIN, NAME_MAX = 2, 80

# Each edit costs a moderator's time, and numbers must fit the column; nobody has needed this many.
MAX_REVISIONS = 50

# Stated in the hashed bytes, so that another shape of content can never give the same fingerprint.
_HASH_DOMAIN = b"avouch/revision/v1\n"


@dataclass(frozen=True)
class Content:
    """What an author says, checked: the shape of one revision, and whether her company is named beside it."""

    rating: int  # 1 (poor) to 5 (excellent)
    title: str
    text: str
    display_name: str
    pros: str = ""
    cons: str = ""
    role: str = ""
    duration: Duration | None = None
    show_company: bool = True


# What the fingerprint covers: everything a reader sees and a moderator ruled on. `show_company` is a wish about
# proven facts, not words of the review, and may change without a new revision.
WORDS = tuple(field.name for field in fields(Content) if field.name != "show_company")


def words_of(content: object) -> dict[str, str | int | None]:
    """The hashed part of a Content or of a Revision row, by name."""
    return {name: getattr(content, name) for name in WORDS}


def content_hash(content: object) -> bytes:
    """SHA-256 of the words of a Content or a Revision.

    The bytes are RFC 8785 canonical JSON: with ASCII keys, strings and small integers only, sorted keys and
    compact separators are all that it asks for. Anyone can recompute it from the public page.
    """
    canonical = json.dumps(words_of(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(_HASH_DOMAIN + canonical.encode()).digest()


def first_words(text: str, limit: int = 200) -> str:
    """The beginning of `text` on one line, cut between words where there are any, with an ellipsis if cut."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    cut = head.rsplit(" ", 1)[0] if " " in head else head
    return cut.rstrip() + "…"
