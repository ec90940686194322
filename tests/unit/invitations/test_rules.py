"""Where a review link leads."""

from __future__ import annotations

import pytest

from app.invitations.rules import review_url

BASE = "https://avouch.test"


@pytest.mark.parametrize(
    ("page", "url"),
    [
        (None, "https://avouch.test/widgets/v1/avs_x/form?subject=cr-45#token=avt_y"),
        ("https://kestrel.example/review", "https://kestrel.example/review#avouch=avt_y"),
        ("https://kestrel.example/review?lang=pl", "https://kestrel.example/review?lang=pl#avouch=avt_y"),
        ("https://kestrel.example/#old", "https://kestrel.example/#avouch=avt_y"),
    ],
)
def test_the_token_stands_in_the_fragment_where_no_server_sees_it(page: str | None, url: str) -> None:
    assert review_url(BASE, "avs_x", page, "cr-45", "avt_y") == url
