"""The moderation queue, and one case: read, then approve, or refuse with a reason."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.catalog import queries as catalog
from app.catalog.models import Purchase
from app.core.ids import parse_id
from app.dashboard.marking import Piece, changes, marked
from app.moderation import queries, rules, service
from app.moderation.errors import CaseStale, CaseUnknown, RefusalIncomplete
from app.moderation.models import CaseState, Decision
from app.moderation.queries import Item
from app.moderation.words import FIELDS, GROUNDS, HELD, SIGNALS, STATES
from app.reviews import queries as reviews
from app.reviews.models import Revision
from app.suppliers import queries as suppliers
from app.suppliers.access import actor, requires
from app.suppliers.permissions import Permission

blueprint = Blueprint("moderation", __name__, url_prefix="/dashboard/moderation", template_folder="templates")


@dataclass(frozen=True)
class Words:
    """One field of a revision as it is shown: its name and its pieces."""

    name: str
    label: str
    pieces: list[Piece]


@dataclass
class Refusal:
    """What was typed into the refusal form, and what is wrong with it."""

    reason: str = ""
    passage: str = ""
    statement: str = ""
    errors: dict[str, str] = field(default_factory=dict)


@blueprint.get("")
@requires(Permission.READ_REVIEWS)
def queue() -> str:
    """What waits, oldest first."""
    return render_template(
        "dashboard/moderation/queue.html",
        page=queries.queue(request.args.get("after")),
        first=not request.args.get("after"),
        show_stars=queries.policy().show_stars,
        signals=SIGNALS,
    )


@blueprint.get("/<case_id>")
@requires(Permission.READ_REVIEWS)
def case(case_id: str) -> str:
    """One case."""
    return _case_page("case", _item(case_id))


@blueprint.post("/<case_id>/approve")
@requires(Permission.MODERATE)
def approve(case_id: str) -> AnyResponse:
    """Rule that the revision may be shown."""
    item = _item(case_id)
    try:
        service.approve(actor(), item.case.id, _seen())
    except CaseStale as error:
        return _stale(item, error)
    flash(_("Approved. Readers will see “%(title)s” in a moment.", title=item.revision.title), "good")
    return _onwards(item)


@blueprint.get("/<case_id>/refuse")
@requires(Permission.MODERATE)
def refusal(case_id: str) -> AnyResponse:
    """The form to refuse."""
    item = _item(case_id)
    if item.case.state != CaseState.OPEN:
        return redirect(url_for("moderation.case", case_id=item.case.id), 303)
    return make_response(_case_page("refuse", item, refusal=Refusal(passage=_first_signal(item))))


@blueprint.post("/<case_id>/refuse")
@requires(Permission.MODERATE)
def refuse(case_id: str) -> AnyResponse:
    """Rule that the revision may not be shown."""
    item = _item(case_id)
    typed = Refusal(
        reason=request.form.get("reason", ""),
        passage=request.form.get("passage", ""),
        statement=request.form.get("statement", ""),
    )
    try:
        service.refuse(actor(), item.case.id, _seen(), typed.reason, typed.passage, typed.statement)
    except CaseStale as error:
        return _stale(item, error)
    except RefusalIncomplete as error:
        typed.errors = {fault.pointer.strip("/"): fault.detail for fault in error.fields}
        return make_response(_case_page("refuse", item, refusal=typed), error.status)
    flash(_("Refused. The author is told why, and what can be done about it."), "good")
    return _onwards(item)


def _item(case_id: str) -> Item:
    """The case, if it is this supplier's.

    Raises:
        CaseUnknown
    """
    parsed = parse_id(case_id)
    found = queries.item(parsed) if parsed is not None else None
    if found is None:
        raise CaseUnknown(_("Nothing waits under this address."), remedy=_("Go back to the list and open it there."))
    return found


def _seen() -> int:
    """The revision that the page was made from; 0, which none has, where the form does not say."""
    typed = request.form.get("seen_revision", "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 6 else 0


def _onwards(item: Item) -> AnyResponse:
    following = queries.next_waiting(item.case.id)
    if following is None:
        return redirect(url_for("moderation.queue"), 303)
    return redirect(url_for("moderation.case", case_id=following), 303)


def _stale(item: Item, error: CaseStale) -> Response:
    """Why nothing was decided, what changed, and where to go on."""
    seen = reviews.revision(item.review.id, _seen()) or item.revision
    newest = reviews.current_revision(item.review)
    page = render_template(
        "dashboard/moderation/stale.html",
        item=item,
        problem=error,
        newest=newest,
        words=_changed_words(seen, newest),
        newest_case=queries.case_of(item.review.id, newest.number),
        decision=_decision(item),
        decider=_decider(_decision(item)),
        states=STATES,
        grounds=GROUNDS,
        typed={name: request.form.get(name, "") for name in ("passage", "statement")},
    )
    return make_response(page, error.status)


def _case_page(template: str, item: Item, refusal: Refusal | None = None) -> str:
    decision = _decision(item)
    before = reviews.revision(item.review.id, item.revision.number - 1) if item.revision.number > 1 else None
    return render_template(
        f"dashboard/moderation/{template}.html",
        item=item,
        words=_words(item, decision),
        changed=_changed_words(before, item.revision) if before else [],
        purchase=_purchase(item),
        decision=decision,
        decider=_decider(decision),
        approved=queries.last_approved_revision(item.review.id),
        newest_case=queries.case_of(item.review.id, item.review.current_revision),
        show_stars=item.case.state != CaseState.OPEN or queries.policy().show_stars,
        refusal=refusal,
        signals=SIGNALS,
        fields=FIELDS,
        held=HELD,
        states=STATES,
        grounds=GROUNDS,
        limits=rules,
    )


def _words(item: Item, decision: Decision | None) -> list[Words]:
    """What was written, with what screening noticed marked; after a refusal, what was objected to."""
    found: dict[str, list[str]] = {}
    for signal in item.case.signals:
        found.setdefault(signal["field"], []).append(signal["passage"])
    objected = [decision.passage] if decision is not None and decision.passage else []
    return [
        Words(name, str(FIELDS[name]), marked(text, objected or found.get(name, ())))
        for name, text in queries.words_of(item.revision).items()
        if text
    ]


def _changed_words(old: Revision, new: Revision) -> list[Words]:
    before, after = queries.words_of(old), queries.words_of(new)
    pieces = {name: changes(before[name], after[name]) for name in rules.WORD_FIELDS}
    return [Words(name, str(FIELDS[name]), found) for name, found in pieces.items() if found]


def _first_signal(item: Item) -> str:
    """What screening noticed first is the likeliest thing to object to; the moderator can choose other words."""
    return str(item.case.signals[0]["passage"]) if item.case.signals else ""


def _purchase(item: Item) -> Purchase | None:
    return catalog.purchase(item.review.purchase_id) if item.review.purchase_id else None


def _decision(item: Item) -> Decision | None:
    return queries.decision_on(item.case.id) if item.case.state in {CaseState.APPROVED, CaseState.REFUSED} else None


def _decider(decision: Decision | None) -> str:
    """Who ruled, by name; empty where the policy did."""
    actor_id: uuid.UUID | None = decision.actor_id if decision is not None else None
    return suppliers.member_names([actor_id]).get(actor_id, "") if actor_id is not None else ""
