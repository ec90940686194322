"""What has become of a review, as its author reads it: where it stands now, and every step so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from flask_babel import gettext as _

from app.core.settings import settings
from app.moderation import queries as moderation
from app.moderation.models import Decision
from app.moderation.rules import Outcome
from app.moderation.statement import StatementOfReasons, statement_of_reasons
from app.reviews import queries as reviews
from app.reviews.models import AuthorState, Review

Tone = Literal["", "good", "bad"]


@dataclass(frozen=True)
class Step:
    """One thing that happened. `reasons` only where a refusal has to be explained."""

    at: datetime
    what: str
    tone: Tone = ""
    reasons: StatementOfReasons | None = None


@dataclass(frozen=True)
class Standing:
    """Where a review is now: a sentence, and whether readers see some revision of it."""

    title: str
    text: str
    tone: Tone
    shown_revision: int | None
    reasons: StatementOfReasons | None = None


def standing(review: Review) -> Standing:
    """Where the review is now."""
    approved = moderation.last_approved_revision(review.id)
    shown = approved.revision if approved is not None and review.author_state == AuthorState.ACTIVE else None
    if review.author_state == AuthorState.WITHDRAWN:
        return Standing(_("Withdrawn"), _("You took this review back. Nobody is shown it any more."), "", None)
    newest = _newest(moderation.decisions(review.id), review.current_revision)
    if newest is None:
        return Standing(_("Being checked"), _waiting(shown), "", shown)
    if newest.outcome == Outcome.APPROVED:
        return Standing(_("Published"), _("Readers see your review."), "good", shown)
    text = (
        _("The newest text is not published. Readers go on seeing the one before it.")
        if shown is not None
        else _("It is not published. Below are the reasons, and what you can do.")
    )
    return Standing(_("Not published"), text, "bad", shown, _reasons(newest, shown))


def steps(review: Review) -> list[Step]:
    """Everything that happened, oldest first."""
    found = [
        Step(
            revision.created_at,
            _("You sent the review.")
            if revision.number == 1
            else _("You changed the text (version %(number)s).", number=revision.number),
        )
        for revision in reviews.history(review.id)
    ]
    found += [_decided(decision) for decision in moderation.decisions(review.id)]
    reply = moderation.reply(review.id)
    if reply is not None:
        found.append(Step(reply.updated_at, _("The supplier replied.")))
    if review.resolved_at is not None:
        found.append(Step(review.resolved_at, _("You marked the problem as solved."), "good"))
    if review.withdrawn_at is not None:
        found.append(Step(review.withdrawn_at, _("You withdrew the review.")))
    return sorted(found, key=lambda step: step.at)


def _newest(decisions: list[Decision], revision: int) -> Decision | None:
    return next((decision for decision in reversed(decisions) if decision.revision == revision), None)


def _waiting(shown: int | None) -> str:
    if shown is None:
        return str(_("It waits to be checked against the rules. You get a mail once it is decided."))
    return str(_("Your new text waits to be checked. Until then readers go on seeing the one before it."))


def _decided(decision: Decision) -> Step:
    if decision.outcome == Outcome.APPROVED:
        return Step(decision.decided_at, _("Version %(number)s was approved.", number=decision.revision), "good")
    return Step(
        decision.decided_at,
        _("Version %(number)s was refused.", number=decision.revision),
        "bad",
        _reasons(decision, None),
    )


def _reasons(decision: Decision, shown: int | None) -> StatementOfReasons:
    case = moderation.case_of(decision.review_id, decision.revision)
    return statement_of_reasons(
        decision, signals=list(case.signals) if case else [], still_shown=shown, contact=settings().contact_email
    )
