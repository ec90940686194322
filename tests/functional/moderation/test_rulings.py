"""Ruling in the dashboard: approve, refuse, and everything that can go wrong."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core import tenancy
from app.core.db import db
from app.core.errors import Refused
from app.moderation import service
from app.moderation.errors import CaseStale, RefusalIncomplete
from app.moderation.models import CaseState, Reason
from app.reviews import queries as reviews
from app.suppliers.models import Role
from tests.conftest import Mailbox
from tests.factories import World, as_member, csrf_token, join, sign_in
from tests.functional.dashboard.browsing import audited, words
from tests.functional.moderation.waiting import (
    QUEUE,
    decisions_on,
    open_page,
    opened,
    page_of,
    press_approve,
    revise,
    send_refusal,
    state_of,
    waiting_case,
)
from tests.functional.publication.publishing import send_review, withdraw
from tests.personas import EVE

Drain = Callable[[], int]


def test_mona_approves_and_comes_to_the_next_case(kestrel: World, client: FlaskClient) -> None:
    first, second = waiting_case(kestrel), waiting_case(kestrel)
    sign_in(client, kestrel.moderator)
    answer = press_approve(client, first)
    assert (answer.status_code, answer.location) == (303, page_of(second))
    assert "Approved." in words(open_page(client, page_of(second)))
    assert state_of(kestrel, first) == CaseState.APPROVED
    (decision,) = decisions_on(kestrel, first)
    assert (decision.actor_kind, decision.actor_id) == ("member", kestrel.moderator.id)
    (entry,) = audited("case.approved", kestrel.supplier.id)
    assert (entry.actor_kind, entry.actor_id, entry.target_id) == ("user", kestrel.moderator.id, first.id)


def test_after_the_last_case_comes_the_empty_list(kestrel: World, client: FlaskClient) -> None:
    sign_in(client, kestrel.moderator)
    assert press_approve(client, waiting_case(kestrel)).location == QUEUE
    assert "Nothing waits" in words(open_page(client, QUEUE))


@pytest.mark.parametrize("reason", list(Reason))
def test_mona_refuses_on_each_of_the_grounds(kestrel: World, client: FlaskClient, reason: Reason) -> None:
    case = waiting_case(kestrel)
    sign_in(client, kestrel.moderator)
    assert send_refusal(client, case, reason=reason.value).status_code == 303
    (decision,) = decisions_on(kestrel, case)
    assert (decision.outcome, decision.reason, decision.passage) == ("refused", reason, "around the clock")
    (entry,) = audited("case.refused", kestrel.supplier.id)
    assert entry.detail["reason"] == reason.value


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"reason": ""}, "Choose one of the reasons."),
        # The one ground that everybody looks for is none.
        ({"reason": "negative"}, "Choose one of the reasons."),
        ({"reason": "ABUSIVE"}, "Choose one of the reasons."),
        ({"passage": ""}, "Give the words you object to"),
        ({"passage": "words that she never wrote"}, "Give the words you object to"),
        ({"statement": ""}, "Tell the author why"),
        ({"statement": "no"}, "Tell the author why"),
        ({"statement": "x" * 2001}, "Tell the author why"),
        ({"statement": "because of\x00 this"}, "control characters"),
    ],
)
def test_a_refusal_that_lacks_something_is_asked_for_it_and_keeps_what_was_typed(
    kestrel: World, client: FlaskClient, typed: dict[str, str], said: str
) -> None:
    case = waiting_case(kestrel)
    sign_in(client, kestrel.moderator)
    answer = send_refusal(client, case, **typed)
    assert answer.status_code == 422
    assert said in words(answer)
    assert "autofocus" in answer.text
    if "statement" not in typed:
        assert "Please say what happened" in answer.text
    assert state_of(kestrel, case) == CaseState.OPEN
    assert audited("case.refused", kestrel.supplier.id) == []


def test_everything_missing_is_said_at_once(kestrel: World) -> None:
    case = waiting_case(kestrel)
    with pytest.raises(RefusalIncomplete) as caught:
        service.refuse(as_member(kestrel.moderator), case.id, 1, "", "", "")
    assert [fault.pointer for fault in caught.value.fields] == ["/reason", "/passage", "/statement"]


def test_the_passage_is_kept_as_it_stands_in_the_review(kestrel: World, client: FlaskClient) -> None:
    case = waiting_case(kestrel, text="The fitter was rude.\n\nHe left the seal on the floor.")
    sign_in(client, kestrel.moderator)
    send_refusal(client, case, passage="was rude. He left")
    assert decisions_on(kestrel, case)[0].passage == "was rude.\n\nHe left"


def test_the_author_is_told_why_and_what_she_can_do(
    kestrel: World, client: FlaskClient, outbox: Drain, mailbox: Mailbox
) -> None:
    case = waiting_case(kestrel)
    sign_in(client, kestrel.moderator)
    send_refusal(client, case, reason="private_data", statement="You name the fitter's street; take it out, please.")
    outbox()
    tenancy.enter(kestrel.supplier.id)
    review = reviews.review(case.review_id)
    assert review is not None
    (mail,) = [mail for mail in mailbox.to(review.author_email) if "is not published" in str(mail["Subject"])]
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        text = " ".join(body.get_content().replace("&#39;", "'").split())
        # Article 17 of the Digital Services Act: measure and scope, facts, automation, ground, redress.
        assert "is not shown to readers. It is shown nowhere" in text
        assert "around the clock" in text
        assert "You name the fitter's street; take it out, please." in text
        assert "A person made the decision. No program took part in it." in text
        assert "Private data. It holds another person's name" in text
        assert "seven grounds" in text
        assert "You can change the text and send it again" in text
        assert "platform" in text
        assert "court" in text
    assert mailbox.link(r"/me/open/avf_", to=review.author_email)


def test_the_mail_speaks_of_the_program_that_marked_and_of_what_stays(
    kestrel: World, outbox: Drain, mailbox: Mailbox
) -> None:
    case = opened(kestrel, send_review(kestrel))
    revise(kestrel, case.review_id, text="Ask me for more at www.rita.example, I know these pumps.")
    second = opened(kestrel, case.review_id, 2)
    reason = "Links are not shown; say it in your own words."
    service.refuse(as_member(kestrel.moderator), second.id, 2, "unrelated", "www.rita.example", reason)
    db.session.commit()
    outbox()
    (mail,) = [mail for mail in mailbox if "is not published" in str(mail["Subject"])]
    body = mail.get_body(("plain",))
    assert body is not None
    text = " ".join(body.get_content().split())
    assert "A program had marked passages for a closer look. A person made the decision." in text
    assert "The text that was published before (version 1) stays as it is." in text


def test_script_in_a_review_and_in_a_refusal_stays_text(kestrel: World, client: FlaskClient) -> None:
    evil = "<script>alert(1)</script> and <img src=x onerror=alert(1)> were typed here"
    case = waiting_case(kestrel, title="<b>bold</b>", text=evil, display_name="<i>Rita</i>")
    sign_in(client, kestrel.moderator)
    for path in (QUEUE, page_of(case), f"{page_of(case)}/refuse"):
        page = open_page(client, path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b>bold" not in page
    send_refusal(client, case, passage="<script>alert(1)</script>", statement="<script>alert(2)</script> is no review")
    page = open_page(client, f"/dashboard/reviews/{case.review_id}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(2)" in page


# ------------------------------------------------------------------------------------------- overtaken


def test_mona_cannot_rule_on_words_that_rita_has_replaced(kestrel: World, client: FlaskClient) -> None:
    case = waiting_case(kestrel)
    sign_in(client, kestrel.moderator)
    page = open_page(client, page_of(case))
    assert page.status_code == 200
    revise(kestrel, case.review_id, title="Quiet, mostly")
    newer = opened(kestrel, case.review_id, 2)
    answer = press_approve(client, case)
    assert answer.status_code == 409
    said = words(answer)
    assert "Nothing was decided." in said
    assert "Its author has changed this review." in said
    assert "<del> and steady</del>" in answer.text
    assert "<ins>, mostly</ins>" in answer.text
    assert page_of(newer) in answer.text
    assert decisions_on(kestrel, case) == []


def test_the_same_holds_before_the_newer_case_is_open(kestrel: World, client: FlaskClient) -> None:
    case = waiting_case(kestrel)
    revise(kestrel, case.review_id, title="Quiet, mostly")
    sign_in(client, kestrel.moderator)
    answer = send_refusal(client, case)
    assert answer.status_code == 409
    # What Mona wrote is not lost to her.
    assert "without calling anybody names" in words(answer)
    assert state_of(kestrel, case) == CaseState.OPEN


@pytest.mark.parametrize("seen", ["2", "0", "", "x", "99999999999999999999", "-1", "１"])
def test_a_ruling_names_the_version_that_was_read(kestrel: World, client: FlaskClient, seen: str) -> None:
    case = waiting_case(kestrel)
    sign_in(client, kestrel.moderator)
    assert send_refusal(client, case, seen_revision=seen).status_code == 409
    assert state_of(kestrel, case) == CaseState.OPEN


def test_a_withdrawn_review_cannot_be_ruled_on(kestrel: World, client: FlaskClient, outbox: Drain) -> None:
    case = waiting_case(kestrel)
    page = page_of(case)
    withdraw(kestrel, case.review_id)
    sign_in(client, kestrel.moderator)
    mona = as_member(kestrel.moderator)
    with pytest.raises(CaseStale, match="withdrawn"):
        service.approve(mona, case.id, 1)
    db.session.rollback()
    outbox()
    shown = open_page(client, page)
    assert "Withdrawn by its author" in words(shown)
    assert "decision-bar" not in shown.text


def test_a_double_click_is_one_ruling(kestrel: World, client: FlaskClient) -> None:
    case = waiting_case(kestrel)
    sign_in(client, kestrel.moderator)
    page = open_page(client, page_of(case)).text
    form = {"csrf_token": csrf_token(page), "seen_revision": "1"}
    answers = [client.post(f"{page_of(case)}/approve", data=form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(decisions_on(kestrel, case)) == 1
    assert len(audited("case.approved", kestrel.supplier.id)) == 1


def test_whoever_comes_second_is_told_what_the_first_decided(
    kestrel: World, client: FlaskClient, another_client: FlaskClient
) -> None:
    case = waiting_case(kestrel)
    sign_in(client, kestrel.moderator)
    sign_in(another_client, kestrel.owner)
    form = {"csrf_token": csrf_token(open_page(another_client, page_of(case)).text), "seen_revision": "1"}
    send_refusal(client, case)
    answer = another_client.post(f"{page_of(case)}/approve", data=form, headers={"Accept": "text/html"})
    assert answer.status_code == 409
    assert "Refused: Abusive" in words(answer)
    assert "Mona Petrov" in words(answer)
    assert len(decisions_on(kestrel, case)) == 1


def test_two_moderators_at_the_same_moment_make_one_decision(app: Flask, kestrel: World) -> None:
    case = waiting_case(kestrel)
    case_id, supplier_id = case.id, kestrel.supplier.id
    people = [as_member(kestrel.moderator), as_member(kestrel.owner)]
    db.session.commit()
    start = threading.Barrier(2)
    results: list[str] = []

    def rule(approving: bool) -> None:
        with app.app_context():
            tenancy.enter(supplier_id)
            start.wait()
            try:
                if approving:
                    service.approve(people[0], case_id, 1)
                else:
                    service.refuse(people[1], case_id, 1, "fake", "around the clock", "There was no such order.")
                db.session.commit()
                results.append("won")
            except Refused as error:
                db.session.rollback()
                results.append(error.code)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=rule, args=(approving,)) for approving in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["case_stale", "won"]
    assert len(decisions_on(kestrel, case)) == 1


def test_an_edit_and_a_ruling_at_the_same_moment_do_not_pass_each_other(app: Flask, kestrel: World) -> None:
    """Either the ruling came first and stands, or the edit did and the ruling is refused; never a ruling on old words
    after the edit was saved."""
    case = waiting_case(kestrel)
    case_id, review_id, supplier_id = case.id, case.review_id, kestrel.supplier.id
    mona = as_member(kestrel.moderator)
    db.session.commit()
    start = threading.Barrier(2)
    order: list[str] = []

    def run(name: str, deed: Callable[[], object]) -> None:
        with app.app_context():
            tenancy.enter(supplier_id)
            start.wait()
            try:
                deed()
                db.session.commit()
                order.append(name)
            except CaseStale:
                db.session.rollback()
                order.append("stale")
            finally:
                db.session.remove()

    threads = [
        threading.Thread(target=run, args=("ruled", lambda: service.approve(mona, case_id, 1))),
        threading.Thread(target=run, args=("edited", lambda: revise(kestrel, review_id, title="Quiet, mostly"))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "edited" in order
    assert len(decisions_on(kestrel, case)) == (1 if "ruled" in order else 0)


# ---------------------------------------------------------------------------------------- who may, who not


def test_an_analyst_reads_and_does_not_rule(kestrel: World, client: FlaskClient) -> None:
    case = waiting_case(kestrel)
    sign_in(client, kestrel.analyst)
    assert open_page(client, QUEUE).status_code == 200
    page = open_page(client, page_of(case))
    assert page.status_code == 200
    assert "decision-bar" not in page.text
    assert "Deciding takes the role" in words(page)
    assert open_page(client, f"{page_of(case)}/refuse").status_code == 403
    form = {"csrf_token": csrf_token(page.text), "seen_revision": "1"}
    for deed in ("approve", "refuse"):
        assert client.post(f"{page_of(case)}/{deed}", data=form).status_code == 403
    assert state_of(kestrel, case) == CaseState.OPEN


def test_another_suppliers_case_is_not_there(otter: World, kestrel: World, client: FlaskClient) -> None:
    case = waiting_case(kestrel)
    sign_in(client, otter.owner)
    assert open_page(client, page_of(case)).status_code == 404
    assert open_page(client, f"/dashboard/reviews/{case.review_id}").status_code == 404
    own = waiting_case(otter)
    form = {"csrf_token": csrf_token(open_page(client, page_of(own)).text), "seen_revision": "1"}
    for deed in ("approve", "refuse"):
        assert client.post(f"{page_of(case)}/{deed}", data=form).status_code == 404
    assert client.post(f"/dashboard/reviews/{case.review_id}/reply", data={**form, "text": "Hello"}).status_code == 404
    assert state_of(kestrel, case) == CaseState.OPEN


@pytest.mark.parametrize("case_id", ["1", "x" * 300, str(uuid.UUID(int=0)), "%00", "..%2f"])
def test_an_id_that_is_none_is_not_found(kestrel: World, client: FlaskClient, case_id: str) -> None:
    sign_in(client, kestrel.owner)
    assert open_page(client, f"{QUEUE}/{case_id}").status_code == 404


def test_strangers_are_asked_to_sign_in(kestrel: World, client: FlaskClient) -> None:
    case = waiting_case(kestrel)
    assert "/sign-in" in str(open_page(client, page_of(case)).location)


def test_a_post_without_its_token_changes_nothing(kestrel: World, client: FlaskClient) -> None:
    case = waiting_case(kestrel)
    sign_in(client, kestrel.moderator)
    assert client.post(f"{page_of(case)}/approve", data={"seen_revision": "1"}).status_code == 403
    assert state_of(kestrel, case) == CaseState.OPEN


def test_a_member_of_two_suppliers_rules_for_the_one_looked_at(
    otter: World, kestrel: World, client: FlaskClient
) -> None:
    eve = join(otter.supplier, EVE, Role.MODERATOR)
    join(kestrel.supplier, EVE, Role.ANALYST)
    case = waiting_case(kestrel)
    sign_in(client, eve)
    assert open_page(client, page_of(case)).status_code == 404
