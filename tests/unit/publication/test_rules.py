"""What readers may see of a review: every combination of the three facts."""

from __future__ import annotations

import pytest

from app.publication.rules import Absence, Hidden, Shown, is_publishable


@pytest.mark.parametrize(
    ("author_state", "author_proven", "approved_revision", "answer"),
    [
        ("active", True, 1, Shown(1)),
        # An edit that still waits, or was refused, does not hide the revision that was approved before.
        ("active", True, 3, Shown(3)),
        ("active", True, None, Hidden(Absence.UNAPPROVED)),
        # Nobody stands behind it any more.
        ("active", False, 1, Hidden(Absence.UNPROVEN)),
        # Its author's word is the last one, whatever was decided.
        ("withdrawn", True, 1, Hidden(Absence.WITHDRAWN)),
        ("withdrawn", False, None, Hidden(Absence.WITHDRAWN)),
        # Erased: there is no review.
        (None, True, 1, Hidden(Absence.WITHDRAWN)),
    ],
)
def test_what_readers_may_see(
    author_state: str | None, author_proven: bool, approved_revision: int | None, answer: Shown | Hidden
) -> None:
    assert (
        is_publishable(author_state=author_state, author_proven=author_proven, approved_revision=approved_revision)
        == answer
    )


def test_stars_are_not_among_what_decides() -> None:
    assert set(is_publishable.__kwdefaults__ or ()) == set()
    assert set(is_publishable.__annotations__) == {"author_state", "author_proven", "approved_revision", "return"}
