"""The one door through which cases open and close. Everything here happens in the caller's transaction.

Locks are taken in one order, review then case: the review's row is what the author's own edits and
withdrawals lock, so a ruling and an edit at the same moment follow one another, and whoever comes second
sees what the first one did.
"""

from __future__ import annotations

import uuid
from typing import Literal

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import audit
from app.core.actor import POLICY, SYSTEM, Actor
from app.core.clock import now
from app.core.db import db
from app.core.errors import FieldError
from app.core.events import publish
from app.core.tenancy import require
from app.core.text import Unclean, clean_text
from app.moderation import queries, rules, screening
from app.moderation.errors import CaseStale, CaseUnknown, NotPublished, RefusalIncomplete, ReplyInvalid
from app.moderation.events import CaseDecided, ReplyChanged
from app.moderation.models import Case, CaseState, Decision, ModerationPolicy, Reason, Reply
from app.moderation.rules import Outcome
from app.reviews.models import AuthorState, Review, Revision
from app.verification import queries as verification
from app.verification.standing import Status

_DECIDER: dict[str, Literal["member", "policy", "operator"]] = {
    "user": "member",
    "policy": "policy",
    "operator": "operator",
}


def open_case(review_id: uuid.UUID, revision_number: int) -> Case | None:
    """Open the case of a revision, and rule on it at once where the policy may.

    Cases of older revisions that still wait are superseded: nobody rules on words that their author has replaced.
    None where there is nothing to rule on any more: the review was withdrawn, or a newer revision came.
    Calling it again returns the same case.
    """
    review = _locked_review(review_id)
    if review is None or review.author_state != AuthorState.ACTIVE:
        return None
    existing = queries.case_of(review_id, revision_number)
    if existing is not None:
        return existing
    if review.current_revision != revision_number:
        return None
    for older in _open_cases(review_id):
        _close(older, CaseState.SUPERSEDED, by=SYSTEM)
    revision = _revision(review_id, revision_number)
    signals = screening.screen(queries.words_of(revision), review.language)
    because = rules.why_hold(
        all_proven=_all_proven(review_id), signals=signals, approve_proven=queries.policy().approve_proven
    )
    case = Case(
        supplier_id=require(),
        review_id=review_id,
        revision=revision_number,
        state=CaseState.OPEN,
        signals=[signal.as_dict() for signal in signals],
        held_because=because,
    )
    db.session.add(case)
    db.session.flush()
    if because is None:
        _decide(case, Outcome.APPROVED, by=POLICY)
    return case


def close_withdrawn(review_id: uuid.UUID) -> None:
    """Close what still waits of a review that its author took back."""
    review = _locked_review(review_id)
    if review is not None and review.author_state == AuthorState.ACTIVE:
        return
    for case in _open_cases(review_id):
        _close(case, CaseState.WITHDRAWN, by=SYSTEM)
    db.session.flush()


def approve(actor: Actor, case_id: uuid.UUID, seen_revision: int) -> Decision:
    """Rule that the revision may be shown.

    Pressing the button twice gives the first decision again.

    Raises:
        CaseUnknown: no such case here.
        CaseStale: the case moved on, or a newer revision exists, since `seen_revision` was read.
    """
    case = _locked_case(case_id)
    repeated = _repeated(case, actor, Outcome.APPROVED)
    if repeated is not None:
        return repeated
    _refuse_unless_current(case, seen_revision)
    return _decide(case, Outcome.APPROVED, by=actor)


def refuse(
    actor: Actor,
    case_id: uuid.UUID,
    seen_revision: int,
    reason: str,
    passage: str,
    statement: str,
) -> Decision:
    """Rule that the revision may not be shown: on one of the closed grounds, for words that stand in it.

    Raises:
        CaseUnknown, CaseStale: as `approve`.
        RefusalIncomplete: the ground is none of the list, the passage does not occur, or no words for the author.
    """
    case = _locked_case(case_id)
    repeated = _repeated(case, actor, Outcome.REFUSED)
    if repeated is not None:
        return repeated
    _refuse_unless_current(case, seen_revision)
    found, words = _reasoned(case, reason, passage, statement)
    return _decide(case, Outcome.REFUSED, by=actor, reason=Reason(reason), passage=found, statement=words)


def reply(actor: Actor, review_id: uuid.UUID, text: str) -> Reply:
    """Answer a published review in the supplier's name; the newest words stand.

    Raises:
        NotPublished: readers do not see this review.
        ReplyInvalid: the text is empty, too long, or holds what no text may.
    """
    words = _reply_text(text)
    review = _locked_review(review_id)
    if review is None or review.author_state != AuthorState.ACTIVE or not queries.last_approved_revision(review_id):
        raise NotPublished(_("Only a published review can be answered."), remedy=_("Approve it first, then answer it."))
    found = queries.reply(review_id)
    if found is None:
        found = Reply(supplier_id=require(), review_id=review_id, text=words, author_id=actor.id)
        db.session.add(found)
    elif found.text == words:
        return found
    else:
        found.text, found.author_id, found.updated_at = words, actor.id or found.author_id, now()
    db.session.flush()
    audit.record("review.replied", actor=actor, target_kind="review", target_id=review_id)
    publish(ReplyChanged(supplier_id=require(), review_id=review_id))
    return found


def remove_reply(actor: Actor, review_id: uuid.UUID) -> None:
    """Take the supplier's answer back. Where there is none, nothing changes."""
    _locked_review(review_id)
    found = queries.reply(review_id)
    if found is None:
        return
    db.session.delete(found)
    db.session.flush()
    audit.record("review.reply_removed", actor=actor, target_kind="review", target_id=review_id)
    publish(ReplyChanged(supplier_id=require(), review_id=review_id))


def set_policy(actor: Actor, *, approve_proven: bool, show_stars: bool) -> ModerationPolicy:
    """Choose which reviews need a person, and whether moderators see stars before they rule."""
    supplier_id = require()
    row = db.session.get(ModerationPolicy, supplier_id, with_for_update=True, populate_existing=True)
    if row is None:
        row = ModerationPolicy(supplier_id=supplier_id, approve_proven=True, show_stars=False)
        db.session.add(row)
    if (row.approve_proven, row.show_stars) != (approve_proven, show_stars):
        row.approve_proven, row.show_stars = approve_proven, show_stars
        audit.record(
            "policy.changed",
            actor=actor,
            target_kind="moderation_policy",
            target_id=supplier_id,
            approve_proven=approve_proven,
            show_stars=show_stars,
        )
    db.session.flush()
    return row


def _decide(
    case: Case,
    outcome: Outcome,
    *,
    by: Actor,
    reason: Reason | None = None,
    passage: str | None = None,
    statement: str | None = None,
) -> Decision:
    """Write the ruling down, close the case, tell whoever reacts."""
    decision = Decision(
        supplier_id=case.supplier_id,
        case_id=case.id,
        review_id=case.review_id,
        revision=case.revision,
        outcome=outcome,
        reason=reason,
        passage=passage,
        statement=statement,
        actor_kind=_DECIDER[by.kind],
        actor_id=by.id,
    )
    db.session.add(decision)
    _close(case, CaseState(outcome.value), by=by, reason=reason)
    db.session.flush()
    publish(
        CaseDecided(
            supplier_id=case.supplier_id,
            review_id=case.review_id,
            revision=case.revision,
            decision_id=decision.id,
            outcome=outcome.value,
        )
    )
    return decision


def _close(case: Case, state: CaseState, *, by: Actor, reason: Reason | None = None) -> None:
    """The one door for a case's state: from open to something else, once, written down."""
    if case.state != CaseState.OPEN:
        raise CaseStale(_("This case is closed already."))
    case.state = state
    case.closed_at = now()
    audit.record(
        f"case.{state.value}",
        actor=by,
        target_kind="case",
        target_id=case.id,
        review_id=str(case.review_id),
        revision=case.revision,
        reason=reason.value if reason else None,
    )


def _repeated(case: Case, actor: Actor, outcome: Outcome) -> Decision | None:
    """The same actor's same ruling on this case, if it was made already (a double click, a reloaded page)."""
    if case.state != outcome.value or actor.id is None:
        return None
    decision = queries.decision_on(case.id)
    return decision if decision is not None and decision.actor_id == actor.id else None


def _refuse_unless_current(case: Case, seen_revision: int) -> None:
    """A moderator rules on what they saw, and on nothing else."""
    review = queries.review_of(case)
    if case.state == CaseState.WITHDRAWN or review.author_state != AuthorState.ACTIVE:
        raise CaseStale(_("Its author has withdrawn this review."), remedy=_("There is nothing left to rule on."))
    if case.state == CaseState.SUPERSEDED or review.current_revision != case.revision:
        raise CaseStale(
            _("Its author has changed this review."), remedy=_("Read the new text; it waits in a case of its own.")
        )
    if case.state != CaseState.OPEN:
        raise CaseStale(
            _("Somebody has ruled on this case already."), remedy=_("Look at the decision; nothing of yours was lost.")
        )
    if seen_revision != case.revision:
        raise CaseStale(_("You have read another version of this review."), remedy=_("Read this one, then decide."))


def _reasoned(case: Case, reason: str, passage: str, statement: str) -> tuple[str, str]:
    """The passage as it stands in the revision, and the words for the author; raises RefusalIncomplete."""
    faults: list[FieldError] = []
    if reason not in set(Reason):
        faults.append(FieldError("/reason", "required", _("Choose one of the reasons.")))
    revision = _revision(case.review_id, case.revision)
    found = rules.find_passage(queries.words_of(revision), passage)
    if found is None:
        text = _("Give the words you object to, exactly as they stand in the review.")
        faults.append(FieldError("/passage", "not_found" if passage.strip() else "required", text))
    words = ""
    try:
        words = clean_text(statement, multiline=True)
        if not rules.STATEMENT_MIN <= len(words) <= rules.STATEMENT_MAX:
            text = _(
                "Tell the author why, in %(least)s to %(most)s characters.",
                least=rules.STATEMENT_MIN,
                most=rules.STATEMENT_MAX,
            )
            faults.append(FieldError("/statement", "length", text))
    except Unclean as error:
        faults.append(FieldError("/statement", error.code, _("The text holds control characters; type it anew.")))
    if faults or found is None:
        raise RefusalIncomplete(fields=faults, remedy=_("Fill in what is missing; nothing was decided."))
    return found, words


def _reply_text(text: str) -> str:
    try:
        words = clean_text(text, multiline=True)
    except Unclean as error:
        problem = FieldError("/text", error.code, _("The text holds control characters; type it anew."))
        raise ReplyInvalid(fields=[problem]) from error
    if not 1 <= len(words) <= rules.REPLY_MAX:
        text = _("Write your answer, in at most %(most)s characters.", most=rules.REPLY_MAX)
        raise ReplyInvalid(text, fields=[FieldError("/text", "length", text)])
    return words


def _all_proven(review_id: uuid.UUID) -> bool:
    proofs = verification.proofs_view(review_id)
    return all(proof["status"] == Status.PROVEN.value for proof in proofs.values())


def _revision(review_id: uuid.UUID, number: int) -> Revision:
    return db.session.scalars(select(Revision).where(Revision.review_id == review_id, Revision.number == number)).one()


def _open_cases(review_id: uuid.UUID) -> list[Case]:
    query = select(Case).where(Case.review_id == review_id, Case.state == CaseState.OPEN).order_by(Case.revision)
    return list(db.session.scalars(query.with_for_update().execution_options(populate_existing=True)))


def _locked_review(review_id: uuid.UUID) -> Review | None:
    query = select(Review).where(Review.id == review_id).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))


def _locked_case(case_id: uuid.UUID) -> Case:
    review_id = db.session.scalar(select(Case.review_id).where(Case.id == case_id))
    if review_id is None:
        raise CaseUnknown
    _locked_review(review_id)
    query = select(Case).where(Case.id == case_id).with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(query).one()
