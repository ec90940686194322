"""The policy of moderation. Pure; and blind to stars: no function here is ever given a rating."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence

from app.moderation.screening import Signal

PASSAGE_MIN, PASSAGE_MAX = 2, 6000
STATEMENT_MIN, STATEMENT_MAX = 10, 2000
REPLY_MAX = 2000

# Those parts of a revision that are words, in the order in which pages show them.
WORD_FIELDS = ("title", "text", "pros", "cons", "role", "display_name")


class Outcome(enum.StrEnum):
    """What a ruling says."""

    APPROVED = "approved"
    REFUSED = "refused"


class HeldBecause(enum.StrEnum):
    """Why a person must look at a case."""

    SIGNALS = "signals"
    UNPROVEN = "unproven"
    POLICY = "policy"


def why_hold(*, all_proven: bool, signals: Sequence[Signal], approve_proven: bool) -> HeldBecause | None:
    """Why a new case waits for a person, or None where the policy approves it at once.

    `all_proven` says that author, affiliation and purchase are all proven now; `approve_proven` is the
    supplier's choice. The reason that says most comes first.
    """
    if signals:
        return HeldBecause.SIGNALS
    if not all_proven:
        return HeldBecause.UNPROVEN
    return None if approve_proven else HeldBecause.POLICY


def find_passage(words: Mapping[str, str], passage: str) -> str | None:
    """The passage exactly as it stands in one of the `words`, or None where it does not occur.

    Browsers give selected text with other blanks and line breaks than were stored, so any run of white
    space matches any other; everything else must be equal, letter by letter.
    """
    pieces = passage.split()
    if len("".join(pieces)) < PASSAGE_MIN or len(passage) > PASSAGE_MAX:
        return None
    pattern = re.compile(r"\s+".join(re.escape(piece) for piece in pieces))
    for name in WORD_FIELDS:
        found = pattern.search(words.get(name, ""))
        if found is not None:
            return found.group()
    return None
