"""The one predicate that decides what readers see. Pure: three facts in, an answer with its reason out.

Three packages own the three facts: what the author wants (`reviews`), whether authorship holds
(`verification`), what was decided (`moderation`). Stars are not among the arguments, and never will be.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from app.reviews.models import AuthorState


class Absence(enum.StrEnum):
    """Why a review is not shown. Tombstones carry these words, so copies of a feed can say why, too."""

    WITHDRAWN = "withdrawn"  # its author took it back
    UNPROVEN = "unproven"  # nobody stands behind it any more: the author proof was revoked
    UNAPPROVED = "unapproved"  # no revision of it has an approval (any more)


@dataclass(frozen=True, slots=True)
class Shown:
    """Show this revision."""

    revision: int


@dataclass(frozen=True, slots=True)
class Hidden:
    """Show nothing, for this reason."""

    because: Absence


def is_publishable(*, author_state: str | None, author_proven: bool, approved_revision: int | None) -> Shown | Hidden:
    """What readers may see of a review.

    `author_state` is None where the review does not exist (erased): nothing is wanted then. `approved_revision`
    is the newest revision with an approval; a newer one that still waits, or was refused, does not hide it, or
    editing would be a way to be silenced.
    """
    if author_state != AuthorState.ACTIVE:
        return Hidden(Absence.WITHDRAWN)
    if not author_proven:
        return Hidden(Absence.UNPROVEN)
    if approved_revision is None:
        return Hidden(Absence.UNAPPROVED)
    return Shown(approved_revision)
