"""When a revision gets a case, what the policy decides by itself, and how cases end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from app.core import tenancy
from app.core.actor import Actor
from app.core.db import db
from app.moderation import queries, service
from app.moderation.models import CaseState
from app.reviews import queries as reviews
from app.reviews import service as review_service
from tests.conftest import Mailbox
from tests.factories import World, as_member
from tests.functional.dashboard.browsing import audited
from tests.functional.moderation.waiting import decisions_on, opened, revise, state_of, waiting_case
from tests.functional.publication.publishing import content, send_review, withdraw

Drain = Callable[[], int]


def test_a_proven_clean_review_is_approved_by_policy(kestrel: World) -> None:
    case = opened(kestrel, send_review(kestrel))
    assert case.state == CaseState.APPROVED
    assert case.held_because is None
    (decision,) = decisions_on(kestrel, case)
    assert (decision.outcome, decision.actor_kind, decision.actor_id) == ("approved", "policy", None)
    (entry,) = audited("case.approved", kestrel.supplier.id)
    assert (entry.actor_kind, entry.target_id, entry.detail["revision"]) == ("policy", case.id, 1)


@pytest.mark.parametrize("rating", [1, 2, 3, 4, 5])
def test_the_policy_treats_every_rating_alike(kestrel: World, rating: int) -> None:
    assert opened(kestrel, send_review(kestrel, written=content(rating=rating))).state == CaseState.APPROVED
    assert opened(kestrel, send_review(kestrel, proven=False, written=content(rating=rating))).state == CaseState.OPEN


def test_an_unproven_review_waits_for_a_person(kestrel: World) -> None:
    case = waiting_case(kestrel)
    assert (case.state, case.held_because, case.signals) == (CaseState.OPEN, "unproven", [])


def test_what_screening_notices_holds_a_proven_review_and_is_kept_with_the_case(kestrel: World) -> None:
    case = waiting_case(kestrel, proven=True, text="It works well. Call me on +48 22 123 45 67 for more about it.")
    assert (case.state, case.held_because) == (CaseState.OPEN, "signals")
    assert case.signals == [{"code": "phone", "field": "text", "passage": "+48 22 123 45 67"}]


def test_a_supplier_may_ask_to_see_every_review(kestrel: World) -> None:
    service.set_policy(kestrel.actor, approve_proven=False, show_stars=False)
    assert opened(kestrel, send_review(kestrel)).held_because == "policy"
    (entry,) = audited("policy.changed", kestrel.supplier.id)
    assert entry.detail == {"approve_proven": False, "show_stars": False}


def test_setting_the_same_policy_again_leaves_no_trace(kestrel: World) -> None:
    service.set_policy(kestrel.actor, approve_proven=True, show_stars=False)
    assert audited("policy.changed", kestrel.supplier.id) == []


def test_the_job_opens_one_case_however_often_it_runs(kestrel: World) -> None:
    review_id = send_review(kestrel, proven=False)
    assert opened(kestrel, review_id).id == opened(kestrel, review_id).id


def test_an_edit_supersedes_the_case_that_waited(kestrel: World) -> None:
    first = waiting_case(kestrel)
    revise(kestrel, first.review_id, title="Quiet, mostly")
    second = opened(kestrel, first.review_id, 2)
    assert state_of(kestrel, first) == CaseState.SUPERSEDED
    assert second.state == CaseState.OPEN
    (entry,) = audited("case.superseded", kestrel.supplier.id)
    assert (entry.actor_kind, entry.target_id) == ("system", first.id)


def test_a_late_job_opens_no_case_for_words_that_were_replaced(kestrel: World) -> None:
    review_id = send_review(kestrel, proven=False)
    revise(kestrel, review_id, title="Quiet, mostly")
    tenancy.enter(kestrel.supplier.id)
    assert service.open_case(review_id, 1) is None
    assert service.open_case(review_id, 2) is not None


def test_withdrawing_closes_the_case(kestrel: World, outbox: Drain) -> None:
    case = waiting_case(kestrel)
    withdraw(kestrel, case.review_id)
    outbox()
    assert state_of(kestrel, case) == CaseState.WITHDRAWN
    assert len(audited("case.withdrawn", kestrel.supplier.id)) == 1


def test_a_review_withdrawn_before_its_case_was_opened_gets_none(kestrel: World) -> None:
    review_id = send_review(kestrel, proven=False)
    withdraw(kestrel, review_id)
    tenancy.enter(kestrel.supplier.id)
    assert service.open_case(review_id, 1) is None


def test_an_edit_neither_hides_nor_delays_what_is_published(kestrel: World) -> None:
    """The approved words stay; the newer ones wait beside them."""
    case = opened(kestrel, send_review(kestrel))
    revise(kestrel, case.review_id, text="Ask me for more at www.rita.example, I know these pumps.")
    assert opened(kestrel, case.review_id, 2).state == CaseState.OPEN
    approved = queries.last_approved_revision(case.review_id)
    assert approved is not None
    assert approved.revision == 1


def test_the_name_is_screened_like_every_other_word(kestrel: World) -> None:
    case = waiting_case(kestrel, proven=True, display_name="www.rival.example")
    assert case.signals[0]["field"] == "display_name"


def test_the_author_hears_that_her_review_is_published(
    app: Flask, kestrel: World, outbox: Drain, mailbox: Mailbox
) -> None:
    review_id = send_review(kestrel)
    outbox()
    tenancy.enter(kestrel.supplier.id)
    review = reviews.review(review_id)
    assert review is not None
    mails = [mail for mail in mailbox.to(review.author_email) if "is published" in str(mail["Subject"])]
    assert len(mails) == 1
    assert mailbox.link(r"/me/open/avf_", to=review.author_email)


def test_nobody_is_mailed_about_a_review_taken_back(kestrel: World, outbox: Drain, mailbox: Mailbox) -> None:
    case = waiting_case(kestrel)
    outbox()
    service.approve(as_member(kestrel.moderator), case.id, 1)
    review = reviews.review(case.review_id)
    assert review is not None
    review_service.withdraw(review)
    db.session.commit()
    mailbox.clear()
    outbox()
    assert [str(mail["Subject"]) for mail in mailbox if "published" in str(mail["Subject"])] == []


def test_a_program_cannot_rule(kestrel: World) -> None:
    case = waiting_case(kestrel)
    with pytest.raises(KeyError):
        service.approve(Actor("api_key", kestrel.owner.id, kestrel.supplier.id), case.id, 1)
