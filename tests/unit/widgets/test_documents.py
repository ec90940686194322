"""How a score is drawn in stars."""

from __future__ import annotations

import pytest

from app.widgets.documents import star_shares


@pytest.mark.parametrize(
    ("score", "shares"),
    [
        (5.0, [1, 1, 1, 1, 1]),
        (4.6, [1, 1, 1, 1, 0.5]),
        (4.95, [1, 1, 1, 1, 1]),
        (3.3, [1, 1, 1, 0.25, 0]),
        (1.0, [1, 0, 0, 0, 0]),
        (1.1, [1, 0, 0, 0, 0]),
    ],
)
def test_stars_are_lit_in_quarters(score: float, shares: list[float]) -> None:
    assert star_shares(score) == shares
