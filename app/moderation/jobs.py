"""Effects around rulings: opening and closing cases, and telling authors."""

from __future__ import annotations

import uuid

from flask_babel import force_locale
from flask_babel import lazy_gettext as _

from app.catalog import queries as catalog
from app.core.jobs import Queue, job
from app.core.links import absolute
from app.core.mail import Message, send
from app.core.settings import settings
from app.moderation import queries, service
from app.moderation.models import Case, Decision
from app.moderation.rules import Outcome
from app.moderation.statement import statement_of_reasons
from app.reviews import queries as reviews
from app.reviews.models import AuthorState, Review
from app.reviews.service import follow_secret
from app.suppliers import queries as suppliers


@job(Queue.DEFAULT)
def open_case(*, supplier_id: str, review_id: str, revision: int) -> None:  # noqa: ARG001  # the tenant was entered
    """Open the case of a revision that arrived; the policy may close it at once."""
    service.open_case(uuid.UUID(review_id), revision)


@job(Queue.DEFAULT)
def close_case(*, supplier_id: str, review_id: str) -> None:  # noqa: ARG001  # the tenant was entered
    """Close what waits of a review that its author withdrew."""
    service.close_withdrawn(uuid.UUID(review_id))


@job(Queue.MAIL)
def tell_author(*, supplier_id: str, decision_id: str, review_id: str, revision: int, outcome: str) -> None:
    """Mail the author what was decided; a refusal with its statement of reasons."""
    del revision, outcome  # part of the event; the decision's row says both
    decision = queries.decision(uuid.UUID(decision_id))
    review = reviews.review(uuid.UUID(review_id))
    # Whoever took a review back has said that they want to hear no more of it.
    if decision is None or review is None or review.author_state != AuthorState.ACTIVE:
        return
    send(_message(uuid.UUID(supplier_id), decision, review))


def _message(supplier_id: uuid.UUID, decision: Decision, review: Review) -> Message:
    subject = catalog.subject(review.subject_id)
    about = subject.name if subject else ""
    revision = reviews.revision(review.id, decision.revision)
    context = {
        "name": revision.display_name if revision else review.display_name,
        "title": revision.title if revision else "",
        "about": about,
        "supplier": suppliers.supplier(supplier_id).name,
        "follow_url": absolute("me.open_review", secret=follow_secret(review.id)),
    }
    if decision.outcome == Outcome.APPROVED:
        return Message(
            to=review.author_email,
            subject=_("Your review of %(about)s is published", about=about),
            template="review_approved",
            context=context,
            locale=review.language,
        )
    with force_locale(review.language):
        reasons = statement_of_reasons(
            decision,
            signals=_signals(decision),
            still_shown=_still_shown(decision),
            contact=settings().contact_email,
        )
    return Message(
        to=review.author_email,
        subject=_("Your review of %(about)s is not published", about=about),
        template="review_refused",
        context={**context, "reasons": reasons},
        locale=review.language,
    )


def _signals(decision: Decision) -> list[dict[str, str]]:
    case: Case | None = queries.case_of(decision.review_id, decision.revision)
    return list(case.signals) if case is not None else []


def _still_shown(decision: Decision) -> int | None:
    approved = queries.last_approved_revision(decision.review_id)
    return approved.revision if approved is not None else None
