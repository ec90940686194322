"""Pure rules of the catalogue: when two buyer names are one, which slug a subject gets, which domains count."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from app.suppliers.rules import slug_of

NAME_KEY_LENGTH = 160
SLUG_LENGTH = 80
# Years in which orders can lie that somebody still remembers well enough to review.
EARLIEST_YEAR = 1990

_NOT_WORD = re.compile(r"[\W_]+")


def buyer_key(name: str) -> str:
    """What two spellings of one company name share: "ACME  GmbH", "Acme, GmbH." and full-width "ＡＣＭＥ GmbH".

    The legal form stays: Acme GmbH and Acme Ltd are two companies. Never longer than its column.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    key = _NOT_WORD.sub(" ", folded).strip() or folded.strip()
    if len(key) <= NAME_KEY_LENGTH:
        return key
    # Folding can lengthen (one Arabic ligature becomes eighteen letters); cut short, two names might meet.
    return f"{key[: NAME_KEY_LENGTH - 33]}~{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def subject_slug(name: str, sku: str) -> str:
    """The slug a subject would like to have."""
    return slug_of(name, fallback=slug_of(sku, fallback="subject"))


def distinct_slug(slug: str, sku: str) -> str:
    """The slug it gets where another subject has that one: the same for the same SKU, however often asked."""
    return f"{slug[: SLUG_LENGTH - 9]}-{hashlib.sha256(sku.encode()).hexdigest()[:8]}"


def is_gtin(text: str) -> bool:
    """Whether `text` is a GTIN-8, -12, -13 or -14 with the right check digit (GS1 General Specifications 7.9)."""
    if re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", text) is None:
        return False
    digits = [int(char) for char in reversed(text)]
    return sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


def is_lei(text: str) -> bool:
    """Whether `text` is a Legal Entity Identifier with the right check digits (ISO 17442: ISO 7064 MOD 97-10)."""
    if re.fullmatch(r"[0-9A-Z]{18}[0-9]{2}", text) is None:
        return False
    return int("".join(str(int(char, 36)) for char in text)) % 97 == 1
