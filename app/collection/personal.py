"""The reviewer's own pages know her by the links she has opened in this browser, and by nothing else.

The cookie holds the follow secrets themselves: no account, no session row, and taking a secret away (by
forgetting the review) ends it at once. HttpOnly, this host only, gone when the browser is closed.
"""

from __future__ import annotations

import uuid

from flask import Response, request

from app.collection.errors import ReviewNotOpen
from app.core import secrets, tenancy
from app.core.ids import parse_id
from app.reviews import queries as reviews
from app.reviews.models import Review

COOKIE = "__Host-avouch-reviews"
# A reviewer of more than this opens the mail again; the cookie must stay small enough for every proxy.
KEPT = 12


def find(secret: str) -> Review:
    """The review whose follow link holds `secret`; enters its supplier.

    Raises:
        ReviewNotOpen: mistyped or unknown; the answer is the same.
    """
    digest = secrets.digest(secret)
    if secrets.well_formed(secret, secrets.Prefix.FOLLOW):
        supplier_id = tenancy.find(tenancy.Lookup.FOLLOW, digest)
        if supplier_id is not None:
            tenancy.enter(supplier_id)
            review = reviews.review_by_follow_hash(digest)
            if review is not None:
                return review
    raise ReviewNotOpen("This link leads to no review.", remedy="Open the link from your newest mail once more.")


def opened() -> dict[uuid.UUID, str]:
    """The reviews opened in this browser, newest first, each with its secret. Not yet checked against the database."""
    found: dict[uuid.UUID, str] = {}
    for entry in request.cookies.get(COOKIE, "").split("."):
        name, _space, secret = entry.partition("-")
        review_id = parse_id(name)
        if review_id is not None and secrets.well_formed(secret, secrets.Prefix.FOLLOW):
            found[review_id] = secret
    return dict(list(found.items())[:KEPT])


def open_review(review_id: uuid.UUID) -> Review:
    """The review, if its link was opened in this browser; enters its supplier.

    Raises:
        ReviewNotOpen: it was not, or the review is somebody else's: the answer is the same.
    """
    secret = opened().get(review_id)
    if secret is not None:
        review = find(secret)
        if review.id == review_id:
            return review
    raise ReviewNotOpen(
        "This page opens only for the author, by the link in our mail.",
        remedy="Open the link from the mail that we sent when we received the review.",
    )


def remember(response: Response, review: Review, secret: str) -> None:
    """Let this browser open the review's page from now on."""
    known = {review.id: secret, **{one: kept for one, kept in opened().items() if one != review.id}}
    value = ".".join(f"{one.hex}-{kept}" for one, kept in list(known.items())[:KEPT])
    response.set_cookie(COOKIE, value, secure=True, httponly=True, samesite="Lax", path="/")


def forget_all(response: Response) -> None:
    """Close every review in this browser."""
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="Lax", path="/")
