"""The reviewer's own pages: follow a review, change it, withdraw it, take everything along."""

from __future__ import annotations

import uuid
from typing import Any, cast

from flask import Blueprint, Response, flash, g, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.collection import export, history, limits, personal, words
from app.collection.errors import ReviewNotOpen
from app.collection.schemas import ReviewContent
from app.core import tenancy
from app.core.errors import Invalid
from app.core.links import absolute
from app.core.locale import LANGUAGES
from app.moderation import queries as moderation
from app.reviews import queries as reviews
from app.reviews import service as review_service
from app.reviews.errors import NothingChanged, RevisionStale
from app.reviews.models import AuthorState, Review, Revision
from app.reviews.rules import Content
from app.reviews.words import durations
from app.suppliers import queries as suppliers
from app.verification import queries as verification

blueprint = Blueprint("me", __name__, url_prefix="/me", template_folder="templates")


@blueprint.get("")
def reviews_here() -> str:
    """The reviews whose links were opened in this browser."""
    found: list[dict[str, Any]] = []
    for review_id in personal.opened():
        try:
            review = personal.open_review(review_id)
        except ReviewNotOpen:
            continue
        # Plain values: entering the next supplier lets go of this one's rows.
        found.append({**_about(review), "id": review.id, "standing": history.standing(review)})
        tenancy.leave()
    return render_template("collection/reviews.html", reviews=found)


@blueprint.get("/open/<secret>")
def open_review(secret: str) -> ResponseReturnValue:
    """The link in the mail. Remembers it in a cookie and takes it out of the address."""
    review = personal.find(secret)
    response = cast(Response, redirect(url_for("me.review", review_id=review.id), 303))
    personal.remember(response, review, secret)
    return response


@blueprint.get("/receipt/<secret>")
def receipt(secret: str) -> str:
    """That the review was received: when, what exactly, with which proofs."""
    review = personal.find(secret)
    _speak(review)
    return render_template(
        "collection/receipt.html",
        **_about(review),
        review=review,
        revision=_first(review),
        proofs=verification.proofs_view(review.id),
        follow_url=absolute("me.open_review", secret=secret),
    )


@blueprint.get("/reviews/<uuid:review_id>")
def review(review_id: uuid.UUID) -> str:
    """Where the review stands, its proofs, every step so far."""
    found = _open(review_id)
    standing = history.standing(found)
    return render_template(
        "collection/review.html",
        **_about(found),
        review=found,
        revision=reviews.current_revision(found),
        standing=standing,
        steps=history.steps(found),
        proofs=verification.proofs_view(found.id),
        reply=moderation.reply(found.id),
        public_url=absolute("hosted.review", review_id=found.id) if standing.shown_revision else None,
        durations=durations(),
    )


@blueprint.get("/reviews/<uuid:review_id>/edit")
def edit(review_id: uuid.UUID) -> ResponseReturnValue:
    """The review's words, to be changed."""
    found = _open(review_id)
    if found.author_state == AuthorState.WITHDRAWN:
        return redirect(url_for("me.review", review_id=review_id), 303)
    revision = reviews.current_revision(found)
    return _edit_page(found, _values(found, revision), {}, seen=revision.number)


@blueprint.post("/reviews/<uuid:review_id>/edit")
def save_edit(review_id: uuid.UUID) -> ResponseReturnValue:
    """Write the next revision. What was typed comes back with any refusal."""
    limits.spend_by_network(limits.PERSONAL)
    found = _open(review_id)
    values = _typed()
    seen = request.form.get("seen", type=int) or 0
    try:
        content = cast(Content, words.load(ReviewContent(), values))
        review_service.revise(found, content, seen=seen)
    except Invalid as refusal:
        faults = {fault.pointer.rpartition("/")[2]: fault.detail for fault in refusal.fields}
        return _edit_page(found, values, faults, seen=seen), 422
    except NothingChanged as refusal:
        return _edit_page(found, values, {"": f"{refusal.detail} {refusal.remedy}"}, seen=seen), refusal.status
    except RevisionStale as refusal:
        # The text stays in the form, now resting on the newest revision; sending again is then a choice.
        return _edit_page(found, values, {"": f"{refusal.detail} {refusal.remedy}"}, seen=_newest(found)), 409
    flash(_("Your change was received. It is checked like the first text."), "good")
    return redirect(url_for("me.review", review_id=review_id), 303)


@blueprint.get("/reviews/<uuid:review_id>/withdraw")
def ask_withdraw(review_id: uuid.UUID) -> ResponseReturnValue:
    """What withdrawing means, before it is done."""
    found = _open(review_id)
    if found.author_state == AuthorState.WITHDRAWN:
        return redirect(url_for("me.review", review_id=review_id), 303)
    return render_template(
        "collection/withdraw.html", **_about(found), review=found, revision=reviews.current_revision(found)
    )


@blueprint.post("/reviews/<uuid:review_id>/withdraw")
def withdraw(review_id: uuid.UUID) -> ResponseReturnValue:
    """Take the review back for good."""
    limits.spend_by_network(limits.PERSONAL)
    review_service.withdraw(_open(review_id))
    flash(_("Your review is withdrawn."), "good")
    return redirect(url_for("me.review", review_id=review_id), 303)


@blueprint.post("/reviews/<uuid:review_id>/solved")
def solved(review_id: uuid.UUID) -> ResponseReturnValue:
    """Mark the problem told in the review as solved, or take that back."""
    limits.spend_by_network(limits.PERSONAL)
    is_solved = request.form.get("solved") == "yes"
    review_service.mark_resolved(_open(review_id), is_solved)
    flash(_("Readers now see that the problem was solved.") if is_solved else _("The note was taken back."), "good")
    return redirect(url_for("me.review", review_id=review_id), 303)


@blueprint.get("/reviews/<uuid:review_id>/export.json")
def take_along(review_id: uuid.UUID) -> Response:
    """Everything we hold about the author through this review."""
    response = jsonify(export.of(_open(review_id)))
    response.headers["Content-Disposition"] = f'attachment; filename="avouch-review-{review_id}.json"'
    return response


@blueprint.post("/close")
def close() -> Response:
    """Close every review in this browser: for shared computers."""
    response = make_response(redirect(url_for("me.reviews_here"), 303))
    personal.forget_all(response)
    return response


def _open(review_id: uuid.UUID) -> Review:
    review = personal.open_review(review_id)
    _speak(review)
    return review


def _speak(review: Review) -> None:
    """The page speaks the language in which the review was written, unless another is asked for."""
    if request.args.get("lang") not in LANGUAGES:
        g.language = review.language


def _about(review: Review) -> dict[str, Any]:
    subject = catalog.subject(review.subject_id)
    return {
        "supplier": suppliers.supplier(review.supplier_id).name,
        "subject": subject.name if subject else "",
    }


def _first(review: Review) -> Revision:
    return reviews.history(review.id)[0]


def _newest(review: Review) -> int:
    fresh = reviews.review(review.id)
    return fresh.current_revision if fresh else review.current_revision


def _values(review: Review, revision: Revision) -> dict[str, Any]:
    fields = ("rating", "title", "text", "pros", "cons", "role", "display_name")
    return {
        **{name: getattr(revision, name) for name in fields},
        "duration": revision.duration or "",
        "show_company": review.show_company,
    }


def _typed() -> dict[str, Any]:
    """The form as the schema reads it: strings as typed, the rating as a number where it is one."""
    fields = ("title", "text", "pros", "cons", "role", "duration", "display_name")
    rating = request.form.get("rating", "")
    return {
        **{name: request.form.get(name, "") for name in fields},
        "rating": int(rating) if rating in {"1", "2", "3", "4", "5"} else None,
        "show_company": request.form.get("show_company") == "yes",
    }


def _edit_page(review: Review, values: dict[str, Any], errors: dict[str, str], *, seen: int) -> str:
    return render_template(
        "collection/edit.html",
        **_about(review),
        review=review,
        values=values,
        errors=errors,
        seen=seen,
        durations=[("", _("Rather not say")), *durations().items()],
    )
