"""The reviewer's own pages: hers alone, and enough to change or take back what she said."""

from __future__ import annotations

import re
import uuid
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core import secrets, tenancy
from app.core.db import db
from app.core.models import OutboxRow
from app.reviews import queries as reviews
from app.reviews.models import AuthorState, Review
from tests.conftest import let_go
from tests.functional.collection.conftest import CONTENT, Rita


def stored(rita: Rita, answer: dict[str, Any]) -> Review:
    let_go()
    tenancy.enter(rita.world.supplier.id)
    review = reviews.review(uuid.UUID(answer["review"]))
    assert review is not None
    return review


def form_of(**changes: str) -> dict[str, str]:
    return {
        "seen": "1",
        **{name: str(value) for name, value in CONTENT.items() if name != "show_company"},
        "show_company": "yes",
        **changes,
    }


def test_the_link_opens_her_review_and_leaves_the_address(rita: Rita) -> None:
    answer = rita.has_sent()
    opened = rita.client.get(urlsplit(answer["follow_url"]).path)
    assert opened.status_code == 303
    assert "avf_" not in opened.headers["Location"]
    cookie = opened.headers["Set-Cookie"]
    assert all(word in cookie for word in ("__Host-", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"))
    page = rita.client.get(opened.headers["Location"])
    assert page.status_code == 200
    assert CONTENT["title"] in page.text
    assert "Being checked" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "same-origin"


def test_looking_at_the_link_changes_nothing(rita: Rita) -> None:
    """Mail scanners open every link, and often."""
    answer = rita.has_sent()
    path = urlsplit(answer["follow_url"]).path
    for method in ("HEAD", "GET") * 5:
        assert rita.client.open(path, method=method).status_code == 303
    assert stored(rita, answer).author_state == AuthorState.ACTIVE


@pytest.mark.parametrize("page", ["", "/edit", "/withdraw", "/export.json"])
def test_nobody_else_sees_it(rita: Rita, another_client: FlaskClient, page: str) -> None:
    answer = rita.has_sent()
    path = f"{rita.opens_her_page(answer)}{page}"
    assert rita.client.get(path).status_code == 200
    foreign = another_client.get(path, headers={"Accept": "application/json"})
    assert (foreign.status_code, foreign.get_json()["code"]) == (404, "review_not_open")
    assert CONTENT["title"] not in foreign.text


def test_one_author_s_link_does_not_open_another_s_review(rita: Rita, another_client: FlaskClient) -> None:
    hers = rita.opens_her_page(rita.has_sent())
    eve = Rita(another_client, rita.world, rita.mailbox, rita.outbox)
    eve.begins()
    eve.types()
    eve.proves_by_mail("eve@evil.example")
    eve.opens_her_page(eve.sends().get_json())
    for action in ("", "/edit", "/withdraw", "/export.json"):
        assert another_client.get(f"{hers}{action}").status_code == 404
    her_id, eve_cookie = (
        uuid.UUID(hers.rpartition("/")[2]),
        another_client.get_cookie("__Host-avouch-reviews", domain="avouch.test"),
    )
    assert eve_cookie is not None
    # Her id with Eve's secret, as Eve could write it into her own cookie.
    forged = f"{her_id.hex}-{eve_cookie.value.partition('-')[2]}"
    another_client.set_cookie("__Host-avouch-reviews", forged, domain="avouch.test")
    assert another_client.get(hers).status_code == 404


@pytest.mark.parametrize(
    "secret", ["avf_short", "x", secrets.Prefix.FOLLOW + "a" * 30, "avt_" + "a" * 30, "%00", "a" * 3000]
)
def test_links_that_lead_nowhere(rita: Rita, secret: str) -> None:
    for place in ("open", "receipt"):
        assert rita.client.get(f"/me/{place}/{secret}").status_code == 404


@pytest.mark.parametrize("action", ["/edit", "/withdraw", "/solved"])
def test_without_the_page_s_own_token_nothing_is_done(rita: Rita, action: str) -> None:
    answer = rita.has_sent()
    page = rita.opens_her_page(answer)
    refused = rita.client.post(f"{page}{action}", data=form_of(title="Written by somebody else", solved="yes"))
    assert refused.status_code == 403
    from_elsewhere = rita.client.post(
        f"{page}{action}", data=form_of(), headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    )
    assert from_elsewhere.status_code == 403
    review = stored(rita, answer)
    assert (review.current_revision, review.author_state, review.resolved_at) == (1, AuthorState.ACTIVE, None)


def test_she_changes_the_text_and_it_is_checked_again(rita: Rita) -> None:
    answer = rita.has_sent()
    page = rita.opens_her_page(answer)

    sent = rita.presses(f"{page}/edit", f"{page}/edit", **form_of(title="Quiet no more", rating="2"))

    assert sent.status_code == 303
    review = stored(rita, answer)
    assert review.current_revision == 2
    assert [(one.number, one.title, one.rating) for one in reviews.history(review.id)] == [
        (1, CONTENT["title"], 4),
        (2, "Quiet no more", 2),
    ]
    functions = set(db.session.scalars(select(OutboxRow.function)))
    assert "app.moderation.jobs.open_case" in functions


def test_a_change_that_will_not_do_comes_back_with_everything_typed(rita: Rita) -> None:
    page = rita.opens_her_page(rita.has_sent())
    answer = rita.presses(f"{page}/edit", f"{page}/edit", **form_of(title="", text="Kept though wrong", rating=""))
    assert answer.status_code == 422
    assert "Kept though wrong" in answer.text
    assert "Choose from one to five stars." in answer.text
    assert 'href="#title"' in answer.text


def test_the_same_words_are_no_change(rita: Rita) -> None:
    answer = rita.has_sent()
    page = rita.opens_her_page(answer)
    assert rita.presses(f"{page}/edit", f"{page}/edit", **form_of()).status_code == 409
    assert stored(rita, answer).current_revision == 1


def test_her_company_can_be_taken_out_without_a_new_ruling(rita: Rita) -> None:
    answer = rita.has_sent()
    page = rita.opens_her_page(answer)
    assert rita.presses(f"{page}/edit", f"{page}/edit", **form_of(show_company="")).status_code == 303
    review = stored(rita, answer)
    assert (review.show_company, review.current_revision) == (False, 1)


def test_a_change_begun_in_an_older_window_is_not_written_blindly(rita: Rita) -> None:
    answer = rita.has_sent()
    page = rita.opens_her_page(answer)
    rita.presses(f"{page}/edit", f"{page}/edit", **form_of(title="From the first window"))
    stale = rita.presses(f"{page}/edit", f"{page}/edit", **form_of(title="From the second window"))
    assert stale.status_code == 409
    assert "From the second window" in stale.text
    assert re.search(r'name="seen" value="2"', stale.text)
    assert stored(rita, answer).current_revision == 2


def test_she_takes_the_review_back_for_good(rita: Rita) -> None:
    answer = rita.has_sent()
    page = rita.opens_her_page(answer)
    assert "This is final" in rita.client.get(f"{page}/withdraw").text

    assert rita.presses(f"{page}/withdraw", f"{page}/withdraw").status_code == 303

    review = stored(rita, answer)
    assert review.author_state == AuthorState.WITHDRAWN
    shown = rita.client.get(page).text
    assert "Withdrawn" in shown
    assert "/withdraw" not in shown
    again = rita.client.get(f"{page}/edit")
    assert again.status_code == 303


def test_a_withdrawn_review_cannot_be_changed(rita: Rita) -> None:
    answer = rita.has_sent()
    page = rita.opens_her_page(answer)
    token_page = rita.client.get(f"{page}/edit").text
    rita.presses(f"{page}/withdraw", f"{page}/withdraw")
    token = re.search(r'name="csrf_token" value="([^"]+)"', token_page)
    assert token
    late = rita.client.post(f"{page}/edit", data={**form_of(title="Too late for this"), "csrf_token": token.group(1)})
    assert late.status_code == 409
    assert stored(rita, answer).current_revision == 1


def test_she_marks_the_problem_as_solved_and_takes_it_back(rita: Rita) -> None:
    answer = rita.has_sent()
    page = rita.opens_her_page(answer)
    rita.presses(page, f"{page}/solved", solved="yes")
    assert stored(rita, answer).resolved_at is not None
    rita.presses(page, f"{page}/solved", solved="no")
    assert stored(rita, answer).resolved_at is None


def test_she_takes_everything_along(rita: Rita) -> None:
    page = rita.opens_her_page(rita.has_sent())
    answer = rita.client.get(f"{page}/export.json")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    data = answer.get_json()
    assert data["author_email"] == "rita@brightwater.example"
    assert data["revisions"][0]["text"] == CONTENT["text"]
    assert data["proofs"]["purchase"]["status"] == "proven"
    assert "avf_" not in answer.text
    assert "avt_" not in answer.text


def test_the_receipt_says_what_was_received_and_what_is_proven(rita: Rita) -> None:
    answer = rita.has_sent()
    page = rita.client.get(urlsplit(answer["receipt_url"]).path).text
    assert answer["review"] in page
    assert stored(rita, answer) is not None
    assert reviews.history(uuid.UUID(answer["review"]))[0].content_hash.hex() in page
    assert CONTENT["title"] in page


def test_reviews_of_two_suppliers_stand_side_by_side_and_close_together(rita: Rita) -> None:
    rita.opens_her_page(rita.has_sent())
    page = rita.client.get("/me")
    assert page.text.count("CR 45 end-suction pump") == 1
    closed = rita.presses("/me", "/me/close")
    assert closed.status_code == 303
    assert "No review is open in this browser" in rita.client.get("/me").text


def test_script_in_a_review_is_shown_as_text(rita: Rita) -> None:
    script = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    fields = dict.fromkeys(("title", "text", "pros", "cons", "role"), script)
    answer = rita.has_sent(**fields, display_name="<b>Rita</b>")
    page = rita.opens_her_page(answer)
    for path in (page, f"{page}/edit", f"{page}/withdraw", urlsplit(answer["receipt_url"]).path):
        shown = rita.client.get(path)
        assert "<script>alert" not in shown.text
        assert "<img src=x" not in shown.text
        assert "<b>Rita" not in shown.text
        assert "&lt;script&gt;" in shown.text
        assert "script-src 'self'" in shown.headers["Content-Security-Policy"]


@pytest.mark.parametrize("language", ["ru", "pl", "bg"])
def test_her_page_speaks_the_language_she_wrote_in(rita: Rita, language: str) -> None:
    rita.begins(language=language)
    rita.types()
    rita.proves_by_mail()
    page = rita.client.get(rita.opens_her_page(rita.sends().get_json()))
    assert f'<html lang="{language}"' in page.text
    assert '<html lang="en"' in rita.client.get(f"{page.request.path}?lang=en").text
