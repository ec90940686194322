"""All reviews, and one with its proofs, its history and the supplier's answer."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.catalog import queries as catalog
from app.core.errors import NotFound
from app.core.ids import parse_id
from app.core.settings import settings
from app.moderation import queries, rules, service
from app.moderation.errors import NotPublished, ReplyInvalid
from app.moderation.models import Case, Decision
from app.moderation.rules import Outcome
from app.moderation.statement import statement_of_reasons
from app.moderation.words import FIELDS, STATES
from app.publication import listing
from app.publication import queries as publication
from app.publication.listing import State
from app.reviews import queries as reviews
from app.reviews.models import Review, Revision
from app.suppliers import queries as suppliers
from app.suppliers.access import actor, requires
from app.suppliers.permissions import Permission
from app.verification import queries as verification

blueprint = Blueprint("reviews", __name__, url_prefix="/dashboard/reviews", template_folder="templates")


@dataclass(frozen=True)
class Happening:
    """Something in a review's life, for its time line. `what` names a sentence in the template."""

    at: dt.datetime
    what: str
    revision: Revision | None = None
    case: Case | None = None
    decision: Decision | None = None
    by: str = ""
    reasons: Any = None


@blueprint.get("")
@requires(Permission.READ_REVIEWS)
def index() -> str:
    """All reviews, newest first; `state` and `subject` choose among them."""
    asked = request.args.get("state", "")
    state = State(asked) if asked in listing.FILTERS else None
    subject = catalog.subject_by_slug(request.args.get("subject", "")) if request.args.get("subject") else None
    return render_template(
        "dashboard/reviews/index.html",
        page=listing.reviews(state, subject, request.args.get("before")),
        first=not request.args.get("before"),
        state=state,
        filters=listing.FILTERS,
        words=listing.WORDS,
        subject=subject,
        subjects=catalog.subjects(),
        show_stars=queries.policy().show_stars,
    )


@blueprint.get("/<review_id>")
@requires(Permission.READ_REVIEWS)
def review(review_id: str) -> str:
    """One review."""
    return _page(_review(review_id))


@blueprint.post("/<review_id>/reply")
@requires(Permission.REPLY)
def reply(review_id: str) -> AnyResponse:
    """Answer in public, or change the answer."""
    found = _review(review_id)
    text = request.form.get("text", "")
    try:
        service.reply(actor(), found.id, text)
    except ReplyInvalid as error:
        return make_response(_page(found, typed=text, errors={"text": error.fields[0].detail}), error.status)
    except NotPublished as error:
        return make_response(_page(found, typed=text, errors={"": error.detail}), error.status)
    flash(_("Your answer is published beside the review."), "good")
    return redirect(url_for("reviews.review", review_id=found.id), 303)


@blueprint.post("/<review_id>/reply/remove")
@requires(Permission.REPLY)
def remove_reply(review_id: str) -> AnyResponse:
    """Take the answer back."""
    found = _review(review_id)
    service.remove_reply(actor(), found.id)
    flash(_("Your answer is taken back."), "good")
    return redirect(url_for("reviews.review", review_id=found.id), 303)


def _review(review_id: str) -> Review:
    parsed = parse_id(review_id)
    found = reviews.review(parsed) if parsed is not None else None
    if found is None:
        raise NotFound(_("No review has this address."), remedy=_("Go back to the list and open it there."))
    return found


def _page(found: Review, typed: str | None = None, errors: dict[str, str] | None = None) -> str:
    case = queries.case_of(found.id, found.current_revision)
    published = publication.review(found.id)
    revision = reviews.current_revision(found)
    answer = queries.reply(found.id)
    state = listing.state_of(found, case, published)
    return render_template(
        "dashboard/reviews/review.html",
        review=found,
        revision=revision,
        published=published,
        shown=reviews.revision(found.id, published.revision) if published else revision,
        case=case,
        state=state,
        words=listing.WORDS,
        case_states=STATES,
        fields=FIELDS,
        subject=catalog.subject(found.subject_id),
        buyer=catalog.buyer(found.buyer_id) if found.buyer_id else None,
        purchase=catalog.purchase(found.purchase_id) if found.purchase_id else None,
        proofs=verification.proofs_view(found.id),
        happenings=list(_happenings(found)),
        show_stars=state != State.WAITING or queries.policy().show_stars,
        stars_of_waiting=queries.policy().show_stars,
        answer=answer,
        typed=typed if typed is not None else (answer.text if answer else ""),
        errors=errors or {},
        limits=rules,
    )


def _happenings(found: Review) -> list[Happening]:
    """What happened to a review, newest first."""
    by_revision = {case.revision: case for case in queries.cases_of(found.id)}
    happened = [
        Happening(revision.created_at, "written", revision=revision, case=by_revision.get(revision.number))
        for revision in reviews.history(found.id)
    ]
    happened += _rulings(found.id, by_revision)
    if found.resolved_at:
        happened.append(Happening(found.resolved_at, "resolved"))
    if found.withdrawn_at:
        happened.append(Happening(found.withdrawn_at, "withdrawn"))
    answer = queries.reply(found.id)
    if answer is not None:
        names = suppliers.member_names([answer.author_id])
        happened.append(Happening(answer.updated_at, "answered", by=names.get(answer.author_id, "")))
    return sorted(happened, key=lambda one: one.at, reverse=True)


def _rulings(review_id: uuid.UUID, cases: dict[int, Case]) -> Iterator[Happening]:
    decisions = queries.decisions(review_id)
    names = suppliers.member_names([ruling.actor_id for ruling in decisions if ruling.actor_id])
    approved = queries.last_approved_revision(review_id)
    for ruling in decisions:
        reasons = None
        if ruling.outcome == Outcome.REFUSED:
            reasons = statement_of_reasons(
                ruling,
                signals=cases[ruling.revision].signals if ruling.revision in cases else [],
                still_shown=approved.revision if approved else None,
                contact=settings().contact_email,
            )
        yield Happening(
            ruling.decided_at,
            ruling.outcome,
            decision=ruling,
            by=names.get(ruling.actor_id, "") if ruling.actor_id else "",
            reasons=reasons,
        )
