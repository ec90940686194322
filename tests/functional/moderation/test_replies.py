"""The supplier's public answer, and the pages of all reviews."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.core import tenancy
from app.moderation import queries
from tests.factories import World, csrf_token, sign_in
from tests.functional.dashboard.browsing import audited, submit, words
from tests.functional.moderation.waiting import open_page, opened, send_refusal, waiting_case
from tests.functional.publication.publishing import content, publish_review, send_review, withdraw

Drain = Callable[[], int]


def test_mona_answers_changes_her_answer_and_takes_it_back(kestrel: World, client: FlaskClient, outbox: Drain) -> None:
    review_id = publish_review(kestrel, outbox)
    sign_in(client, kestrel.moderator)
    page = f"/dashboard/reviews/{review_id}"
    assert submit(client, f"{page}/reply", page=page, text="Thank you. ").status_code == 303
    assert "Answered by Mona Petrov" in words(open_page(client, page))
    submit(client, f"{page}/reply", page=page, text="Thank you, Rita.\r\nThe seals are new.")
    tenancy.enter(kestrel.supplier.id)
    answer = queries.reply(review_id)
    assert answer is not None
    assert answer.text == "Thank you, Rita.\nThe seals are new."
    assert len(audited("review.replied", kestrel.supplier.id)) == 2
    submit(client, f"{page}/reply/remove", page=page)
    tenancy.enter(kestrel.supplier.id)
    assert queries.reply(review_id) is None
    assert len(audited("review.reply_removed", kestrel.supplier.id)) == 1


def test_the_same_answer_twice_is_one(kestrel: World, client: FlaskClient, outbox: Drain) -> None:
    review_id = publish_review(kestrel, outbox)
    sign_in(client, kestrel.moderator)
    page = f"/dashboard/reviews/{review_id}"
    for _ in range(2):
        submit(client, f"{page}/reply", page=page, text="Thank you.")
    assert len(audited("review.replied", kestrel.supplier.id)) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Write your answer"),
        ("  \n ", "Write your answer"),
        ("x" * 2001, "Write your answer"),
        ("a\x00b", "control"),
    ],
)
def test_an_answer_that_will_not_do_is_kept_in_the_form(
    kestrel: World, client: FlaskClient, outbox: Drain, text: str, said: str
) -> None:
    review_id = publish_review(kestrel, outbox)
    sign_in(client, kestrel.moderator)
    page = f"/dashboard/reviews/{review_id}"
    answer = submit(client, f"{page}/reply", page=page, text=text)
    assert answer.status_code == 422
    assert said in words(answer)


def test_only_what_readers_see_can_be_answered(kestrel: World, client: FlaskClient) -> None:
    case = waiting_case(kestrel)
    sign_in(client, kestrel.moderator)
    page = f"/dashboard/reviews/{case.review_id}"
    token = csrf_token(open_page(client, page).text)
    answer = client.post(f"{page}/reply", data={"csrf_token": token, "text": "Thank you."})
    assert answer.status_code == 409
    assert "Only a published review can be answered." in words(answer)


def test_an_analyst_reads_answers_and_writes_none(kestrel: World, client: FlaskClient, outbox: Drain) -> None:
    review_id = publish_review(kestrel, outbox)
    sign_in(client, kestrel.analyst)
    page = f"/dashboard/reviews/{review_id}"
    shown = open_page(client, page)
    assert "Answering takes the role" in words(shown)
    answer = client.post(f"{page}/reply", data={"csrf_token": csrf_token(shown.text), "text": "Thank you."})
    assert answer.status_code == 403


def test_the_list_can_be_asked_for_each_state(kestrel: World, client: FlaskClient, outbox: Drain) -> None:
    publish_review(kestrel, outbox, written=content(title="Seen by readers"))
    waiting_case(kestrel, title="Still waiting")
    refused = waiting_case(kestrel, title="Sadly refused")
    gone = send_review(kestrel, written=content(title="Taken back"))
    opened(kestrel, gone)
    withdraw(kestrel, gone)
    sign_in(client, kestrel.moderator)
    send_refusal(client, refused)
    outbox()
    titles = ("Seen by readers", "Still waiting", "Sadly refused", "Taken back")
    for state, title in zip(("published", "waiting", "refused", "withdrawn"), titles, strict=True):
        said = words(open_page(client, f"/dashboard/reviews?state={state}"))
        assert [one for one in titles if one in said] == [title], state
    said = words(open_page(client, "/dashboard/reviews"))
    assert all(title in said for title in titles)
    assert open_page(client, "/dashboard/reviews?state=nonsense&subject=nothing").status_code == 200


def test_the_history_tells_what_the_author_was_told(kestrel: World, client: FlaskClient) -> None:
    case = waiting_case(kestrel)
    sign_in(client, kestrel.moderator)
    send_refusal(client, case, statement="Please leave the fitter's name out of it.")
    said = words(open_page(client, f"/dashboard/reviews/{case.review_id}"))
    assert "Version 1 refused by Mona Petrov" in said
    assert "Please leave the fitter's name out of it." in said


def test_the_overview_tells_a_new_supplier_what_to_do_first(kestrel: World, client: FlaskClient) -> None:
    sign_in(client, kestrel.owner)
    said = words(open_page(client, "/dashboard"))
    assert "No review is published yet" in said
    assert "nothing waits" in said


def test_the_overview_shows_what_waits_and_the_score(kestrel: World, client: FlaskClient, outbox: Drain) -> None:
    publish_review(kestrel, outbox, written=content(title="Seen by readers"))
    waiting_case(kestrel)
    sign_in(client, kestrel.analyst)
    said = words(open_page(client, "/dashboard"))
    assert "Look at 1 waiting review" in said
    assert "Seen by readers" in said
    assert "how it is reckoned" in said
