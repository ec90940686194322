"""Where a review stands, from three facts."""

from __future__ import annotations

import pytest

from app.moderation.models import Case, CaseState
from app.publication.listing import State, state_of
from app.publication.models import PublishedReview
from app.reviews.models import AuthorState, Review

SHOWN = PublishedReview()


@pytest.mark.parametrize(
    ("wish", "case", "published", "state"),
    [
        (AuthorState.ACTIVE, None, None, State.WAITING),
        (AuthorState.ACTIVE, CaseState.OPEN, None, State.WAITING),
        (AuthorState.ACTIVE, CaseState.REFUSED, None, State.REFUSED),
        (AuthorState.ACTIVE, CaseState.APPROVED, SHOWN, State.PUBLISHED),
        (AuthorState.ACTIVE, CaseState.OPEN, SHOWN, State.PUBLISHED),
        (AuthorState.ACTIVE, CaseState.REFUSED, SHOWN, State.PUBLISHED),
        (AuthorState.ACTIVE, CaseState.APPROVED, None, State.HIDDEN),
        (AuthorState.WITHDRAWN, CaseState.WITHDRAWN, None, State.WITHDRAWN),
        # Taken back a moment ago, and not yet taken down.
        (AuthorState.WITHDRAWN, CaseState.APPROVED, SHOWN, State.WITHDRAWN),
    ],
)
def test_a_review_stands_where_its_author_its_case_and_its_readers_put_it(
    wish: AuthorState, case: CaseState | None, published: PublishedReview | None, state: State
) -> None:
    ruled = Case(state=case) if case is not None else None
    assert state_of(Review(author_state=wish), ruled, published) == state
