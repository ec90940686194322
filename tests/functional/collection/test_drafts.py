"""The draft API over HTTP: nothing typed is lost, and nobody but its writer gets at it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from app.collection import jobs, service
from app.collection.models import Draft
from app.core import secrets, tenancy
from app.core.db import db
from app.core.outbox import promise
from app.reviews import queries as reviews
from app.reviews.models import Review, Revision
from app.reviews.rules import content_hash
from app.suppliers import queries as suppliers_queries
from app.suppliers import service as suppliers
from app.verification import tokens
from app.verification.models import Proof, PurchaseToken
from tests.conftest import Clock, Mailbox, let_go
from tests.factories import World, make_otter, make_purchase, make_site, make_subject
from tests.functional.collection.conftest import CONTENT, Rita
from tests.settings import EXTERNAL_URL


def count(model: type[Any], world: World) -> int:
    let_go()
    tenancy.enter(world.supplier.id)
    return db.session.scalar(select(func.count()).select_from(model)) or 0


# ---------------------------------------------------------------- writing


def test_rita_types_and_finds_her_text_again(rita: Rita) -> None:
    opened = rita.begins()
    assert opened.status_code == 201
    assert rita.draft["version"] == 1
    assert rita.draft["state"]["proofs"]["author"]["status"] == "not_proven"
    assert rita.draft["state"]["missing"] == ["author"]
    assert rita.types().status_code == 200

    found = rita.asks("GET").get_json()

    assert found["content"] == CONTENT
    assert found["version"] == 2
    assert found["sent"] is None
    assert found["state"]["subject"] == {"slug": rita.world.subject.slug, "name": rita.world.subject.name}


def test_a_draft_keeps_what_could_not_be_sent(rita: Rita) -> None:
    rita.begins()
    half = {"rating": None, "title": "x" * 500, "text": " \u0007 \u202e مرحبا 👩‍🔧\n", "display_name": ""}

    assert rita.types(**half).status_code == 200

    assert rita.asks("GET").get_json()["content"] == {**CONTENT, **half}


def test_what_postgresql_cannot_store_is_taken_out_in_place_of_failing(rita: Rita) -> None:
    rita.begins()
    assert rita.types(text="before\x00after").status_code == 200
    assert rita.asks("GET").get_json()["content"]["text"] == "beforeafter"


def test_script_in_every_field_comes_back_as_the_text_it_is(rita: Rita) -> None:
    script = "<script>alert(1)</script>"
    rita.begins()
    fields = dict.fromkeys(("title", "text", "pros", "cons", "role", "display_name"), script)
    rita.types(**fields)
    answer = rita.asks("GET")
    assert answer.mimetype == "application/json"
    assert {answer.get_json()["content"][name] for name in fields} == {script}


def test_a_save_from_an_older_window_is_refused_and_changes_nothing(rita: Rita) -> None:
    rita.begins()
    rita.types(title="The newest words")

    stale = rita.asks("PUT", json={"version": 1, "content": {"title": "Older words"}})

    assert (stale.status_code, stale.get_json()["code"]) == (409, "draft_stale")
    assert rita.asks("GET").get_json()["content"]["title"] == "The newest words"


def test_a_draft_left_alone_expires_and_each_save_starts_the_time_anew(rita: Rita, clock: Clock) -> None:
    rita.begins()
    clock.pass_by(days=29)
    assert rita.types().status_code == 200
    clock.pass_by(days=29)
    assert rita.asks("GET").status_code == 200
    clock.pass_by(days=1, seconds=1)

    for method, path in (("GET", ""), ("PUT", ""), ("POST", "/ticket")):
        answer = rita.asks(method, path, json={"version": 2, "content": CONTENT} if method == "PUT" else {})
        assert (answer.status_code, answer.get_json()["code"]) == (410, "draft_expired")


def test_expired_drafts_are_forgotten_with_the_proofs_collected_for_them(
    rita: Rita, clock: Clock, outbox: Callable[[], int]
) -> None:
    rita.begins()
    rita.types()
    rita.proves_by_mail()
    assert count(Proof, rita.world) == 1
    clock.pass_by(days=31)
    promise(jobs.purge_drafts)
    outbox()
    assert (count(Draft, rita.world), count(Proof, rita.world)) == (0, 0)


def test_rita_throws_her_draft_away(rita: Rita) -> None:
    rita.begins()
    rita.types()
    assert rita.asks("DELETE").status_code == 204
    assert rita.asks("GET").status_code == 404
    assert count(Draft, rita.world) == 0


# ---------------------------------------------------------------- who may


def test_the_secret_lies_nowhere_but_in_her_browser(rita: Rita) -> None:
    rita.begins()
    tenancy.enter(rita.world.supplier.id)
    draft = db.session.scalars(select(Draft)).one()
    assert draft.secret_hash == secrets.digest(rita.draft["secret"])
    assert "secret" not in rita.asks("GET").get_json()


@pytest.mark.parametrize(
    "header",
    [None, "", "Draft", "Bearer avd_x", "Draft avd_wrong", "Draft " + "x" * 10_000, "draft"],
)
def test_without_the_secret_there_is_no_draft(rita: Rita, header: str | None) -> None:
    rita.begins()
    headers = {} if header is None else {"Authorization": header}
    answer = rita.client.get(f"/v/drafts/{rita.draft['id']}", headers=headers)
    assert answer.status_code in {401, 404}
    assert answer.get_json()["code"] in {"draft_secret_missing", "draft_unknown"}


def test_the_secret_of_another_draft_opens_only_that_one(rita: Rita, app: Flask) -> None:
    rita.begins()
    mine = dict(rita.draft)
    rita.begins()
    other = rita.asks("GET", secret=mine["secret"])
    unknown = rita.client.get(f"/v/drafts/{uuid.uuid4()}", headers={"Authorization": f"Draft {mine['secret']}"})
    nonsense = rita.client.get("/v/drafts/nonsense", headers={"Authorization": f"Draft {mine['secret']}"})
    assert [answer.status_code for answer in (other, unknown, nonsense)] == [404, 404, 404]
    assert {answer.get_json()["code"] for answer in (other, unknown, nonsense)} == {"draft_unknown"}


def test_another_site_s_page_cannot_call_it(rita: Rita) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = rita.client.post("/v/drafts", json={"site": rita.world.site.public_key}, headers=headers)
        assert answer.status_code == 403
    body = {"site": rita.world.site.public_key}
    own = rita.client.post("/v/drafts", json=body, headers={"Origin": EXTERNAL_URL, "Sec-Fetch-Site": "same-origin"})
    assert own.status_code == 201


def test_no_cookie_is_set_or_needed(rita: Rita) -> None:
    answer = rita.begins()
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"site": "avs_unknown"}, 404, "unknown_site"),
        ({"subject": "nothing-like-it"}, 422, "subject_unknown"),
        ({"colour": "blue"}, 422, "invalid"),
        ({"site": 5}, 422, "invalid"),
        ({"site": None}, 422, "invalid"),
        ({"subject": ["a"]}, 422, "invalid"),
    ],
)
def test_a_draft_that_cannot_begin_says_why(rita: Rita, fields: dict[str, Any], status: int, code: str) -> None:
    answer = rita.begins(**fields)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert answer.mimetype == "application/problem+json"


def test_another_supplier_s_subject_is_unknown_here(rita: Rita) -> None:
    make_otter()
    answer = rita.begins(subject="ob-6204-deep-groove-bearing")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "subject_unknown")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b'{"site": NaN}', 400),
        (b'{"site": "a", "site": "b"}', 400),
        (b'{"site": "\\ud800"}', 400),
        (b"[]", 422),
        (b'"text"', 422),
        (b"x" * 600_000, 413),
        (b'{"site":"' + b"x" * 10_000_000 + b'"}', 413),
    ],
)
def test_bad_bodies_are_refused_in_words(rita: Rita, body: bytes, status: int) -> None:
    answer = rita.client.post("/v/drafts", data=body, content_type="application/json")
    assert answer.status_code == status
    assert answer.get_json()["code"]


@pytest.mark.parametrize(
    "content",
    [
        {"rating": 6},
        {"rating": 0},
        {"rating": "5"},
        {"rating": 4.0},
        {"rating": True},
        {"title": 5},
        {"title": None},
        {"text": "x" * 20_001},
        {"duration": "for_ever"},
        {"show_company": "yes"},
        {"author": "me"},
    ],
)
def test_a_draft_of_another_shape_is_refused_and_the_text_survives(rita: Rita, content: dict[str, Any]) -> None:
    rita.begins()
    rita.types(title="Kept")
    answer = rita.asks("PUT", json={"version": 2, "content": content})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"].startswith("/content/")
    assert rita.asks("GET").get_json()["content"]["title"] == "Kept"


def test_a_flood_from_one_network_is_slowed_with_a_time_to_wait(rita: Rita) -> None:
    answers = [rita.client.post("/v/drafts", json={}).status_code for _ in range(31)]
    assert answers[:30] == [422] * 30
    last = rita.client.post("/v/drafts", json={})
    assert last.status_code == 429
    assert int(last.headers["Retry-After"]) > 0


# ---------------------------------------------------------------- the purchase


def test_a_token_is_recognised_at_once_and_its_subject_counts(rita: Rita) -> None:
    other = make_subject("KP-60", "CR 60 booster")
    _purchase, token = make_purchase(other, reference="PO-2026-0042")

    opened = rita.begins(token=token).get_json()

    assert opened["token_problem"] is None
    assert opened["state"]["purchase"] == {
        "reference_hint": "…0042",
        "buyer": "Brightwater Utilities",
        "subject": "CR 60 booster",
        "date": opened["state"]["purchase"]["date"],
    }
    assert opened["state"]["proofs"]["purchase"]["status"] == "proven"
    assert opened["state"]["subject"]["name"] == "CR 60 booster"
    # The picker cannot turn the order into a review of something else.
    rita.asks("PUT", json={"version": 1, "content": CONTENT, "subject": rita.world.subject.slug})
    assert rita.asks("GET").get_json()["state"]["subject"]["name"] == "CR 60 booster"


def test_a_save_at_the_same_moment_cannot_turn_the_order_into_something_else(rita: Rita) -> None:
    other = make_subject("KP-60", "CR 60 booster")
    _purchase, token = make_purchase(other, reference="PO-2026-0042")
    rita.begins()
    read_before = service.find(uuid.UUID(rita.draft["id"]), rita.draft["secret"]).draft
    let_go()
    assert rita.asks("POST", "/token", json={"token": token}).status_code == 200

    tenancy.enter(rita.world.supplier.id)
    service.save(read_before, seen=1, content=CONTENT, subject_slug=rita.world.subject.slug)

    assert rita.asks("GET").get_json()["state"]["subject"]["name"] == "CR 60 booster"


def test_a_token_brings_its_subject_though_a_save_chose_another_at_the_same_moment(rita: Rita) -> None:
    other = make_subject("KP-60", "CR 60 booster")
    _purchase, token = make_purchase(rita.world.subject)
    rita.begins()
    read_before = service.find(uuid.UUID(rita.draft["id"]), rita.draft["secret"]).draft
    with db.engine.begin() as elsewhere:
        elsewhere.execute(text("SELECT set_config('app.supplier_id', :id, true)"), {"id": str(rita.world.supplier.id)})
        elsewhere.execute(
            text("UPDATE drafts SET subject_id = :subject WHERE id = :id"),
            {"subject": other.id, "id": read_before.id},
        )

    service.recognise_token(read_before, token)

    assert rita.asks("GET").get_json()["state"]["subject"]["name"] == rita.world.subject.name


def used_token(rita: Rita, clock: Clock) -> str:
    answer = rita.has_sent()
    tenancy.enter(rita.world.supplier.id)
    token = db.session.scalars(select(PurchaseToken)).one()
    assert token.used_by_review_id == uuid.UUID(answer["review"])
    return secrets.derive(secrets.Prefix.PURCHASE, token.id)


def expired_token(rita: Rita, clock: Clock) -> str:
    _purchase, token = make_purchase(rita.world.subject)
    clock.pass_by(days=800)
    return token


def revoked_token(rita: Rita, clock: Clock) -> str:
    purchase, token = make_purchase(rita.world.subject)
    tokens.revoke_for_purchase(purchase.id)
    db.session.commit()
    return token


def foreign_token(rita: Rita, clock: Clock) -> str:
    otter = make_otter()
    _purchase, token = make_purchase(otter.subject)
    tenancy.enter(rita.world.supplier.id)
    return token


def mistyped_token(rita: Rita, clock: Clock) -> str:
    return "avt_abcdef"


def unknown_token(rita: Rita, clock: Clock) -> str:
    return secrets.random_secret(secrets.Prefix.PURCHASE)


@pytest.mark.parametrize(
    ("make_token", "code"),
    [
        (used_token, "token_used"),
        (expired_token, "token_expired"),
        (revoked_token, "token_revoked"),
        (foreign_token, "token_foreign"),
        (mistyped_token, "token_mistyped"),
        (unknown_token, "token_unknown"),
    ],
)
def test_a_bad_token_is_told_and_the_draft_survives(
    rita: Rita, clock: Clock, make_token: Callable[[Rita, Clock], str], code: str
) -> None:
    token = make_token(rita, clock)

    opened = rita.begins(token=token)
    assert opened.status_code == 201
    assert opened.get_json()["token_problem"]["code"] == code
    rita.types(title="Still here")
    given = rita.asks("POST", "/token", json={"token": token})

    assert given.get_json()["code"] == code
    assert 400 <= given.status_code < 500
    found = rita.asks("GET").get_json()
    assert found["content"]["title"] == "Still here"
    assert found["state"]["purchase"] is None


def test_rita_can_go_on_without_a_code_that_was_used_meanwhile(rita: Rita, kestrel: World) -> None:
    _purchase, token = make_purchase(kestrel.subject)
    rita.begins(token=token)
    rita.types()
    rita.proves_by_mail()
    colleague = Rita(rita.client, kestrel, rita.mailbox, rita.outbox)
    colleague.begins(token=token)
    colleague.types()
    colleague.proves_by_mail("colleague@brightwater.example")
    assert colleague.sends().status_code == 201

    lost = rita.sends()
    assert (lost.status_code, lost.get_json()["code"]) == (409, "token_used")
    assert rita.asks("GET").get_json()["content"] == CONTENT

    assert rita.asks("POST", "/token", json={"token": None}).status_code == 200
    assert rita.sends().status_code == 201


# ---------------------------------------------------------------- sending


def test_rita_sends_her_review(rita: Rita) -> None:
    answer = rita.has_sent()

    let_go()
    tenancy.enter(rita.world.supplier.id)
    review = reviews.review(uuid.UUID(answer["review"]))
    assert review is not None
    revision = reviews.current_revision(review)
    assert (revision.title, revision.rating, revision.display_name) == (CONTENT["title"], 4, "Rita S.")
    assert revision.content_hash == content_hash(revision)
    assert review.author_email == "rita@brightwater.example"
    assert review.incentive == "10 % off the next spare part"
    assert {proof.kind for proof in db.session.scalars(select(Proof))} == {"author", "affiliation", "purchase"}
    draft = db.session.scalars(select(Draft)).one()
    assert draft.submitted_at is not None
    assert draft.content == {}


def test_the_receipt_is_mailed_with_a_link_to_the_review(rita: Rita, mailbox: Mailbox) -> None:
    answer = rita.has_sent()
    rita.outbox()
    assert mailbox.link("/me/open/", to="rita@brightwater.example") == answer["follow_url"]
    assert "CR 45" in str(mailbox.to("rita@brightwater.example")[-1]["Subject"])


def test_a_form_that_missed_the_answer_is_told_again(rita: Rita) -> None:
    answer = rita.has_sent()
    again = rita.sends()
    assert (again.status_code, again.get_json()) == (201, answer)
    found = rita.asks("GET").get_json()
    assert found["sent"] == {"receipt_url": answer["receipt_url"], "follow_url": answer["follow_url"]}
    assert rita.types().get_json()["code"] == "draft_sent"
    assert rita.asks("DELETE").get_json()["code"] == "draft_sent"
    assert count(Review, rita.world) == 1


def test_two_at_once_make_one_review(rita: Rita, app: Flask) -> None:
    _purchase, token = make_purchase(rita.world.subject)
    rita.begins(token=token)
    rita.types()
    rita.proves_by_mail()
    let_go()
    barrier = threading.Barrier(8)
    answers: list[tuple[int, Any]] = []

    def send() -> None:
        with app.app_context():
            twin = Rita(app.test_client(), rita.world, rita.mailbox, rita.outbox, rita.draft)
            barrier.wait()
            response = twin.sends()
            answers.append((response.status_code, response.get_json().get("review")))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {status for status, _ in answers} == {201}
    assert len({review for _, review in answers}) == 1
    assert (count(Review, rita.world), count(Revision, rita.world)) == (1, 1)


def test_what_the_site_asks_for_must_be_proven(rita: Rita, kestrel: World) -> None:
    strict = make_site(kestrel.actor, "Strict", required_proofs=("author", "affiliation", "purchase"))
    rita.begins(site=strict.public_key)
    rita.types()
    first = rita.sends()
    assert (first.status_code, first.get_json()["code"]) == (409, "proof_missing")
    rita.proves_by_mail()
    second = rita.sends()
    assert second.get_json()["code"] == "proof_missing"
    assert rita.asks("GET").get_json()["state"]["missing"] == ["affiliation", "purchase"]
    _purchase, token = make_purchase(kestrel.subject)
    rita.asks("POST", "/token", json={"token": token})
    assert rita.sends().status_code == 201


def test_a_review_is_of_something(rita: Rita) -> None:
    rita.begins(subject=None)
    rita.types()
    for method, path, body in (
        ("POST", "/ticket", {}),
        ("POST", "/mailed-link", {"email": "rita@brightwater.example"}),
    ):
        assert rita.asks(method, path, json=body).get_json()["code"] == "subject_missing"
    chosen = rita.asks("PUT", json={"version": 2, "content": CONTENT, "subject": rita.world.subject.slug})
    assert chosen.get_json()["state"]["subject"]["slug"] == rita.world.subject.slug


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"rating": None}, "rating"),
        ({"title": ""}, "title"),
        ({"title": "\u200b\u200b\u200b\u200b"}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"title": "Bell \u0007 inside"}, "title"),
        ({"text": "Too short"}, "text"),
        ({"text": "x" * 5001}, "text"),
        ({"pros": "x" * 1001}, "pros"),
        ({"role": "x" * 81}, "role"),
        ({"display_name": "R"}, "display_name"),
    ],
)
def test_each_fault_is_named_with_its_field_and_nothing_is_lost(
    rita: Rita, content: dict[str, Any], field: str
) -> None:
    rita.begins()
    rita.types(**content)
    rita.proves_by_mail()
    answer = rita.sends(**content)
    assert answer.status_code == 422
    problem = answer.get_json()
    assert [fault["pointer"] for fault in problem["errors"]] == [f"/content/{field}"]
    assert problem["errors"][0]["detail"]
    assert rita.asks("GET").get_json()["content"] == {**CONTENT, **content}
    assert count(Review, rita.world) == 0


def test_emoji_and_right_to_left_text_are_kept_as_they_are(rita: Rita) -> None:
    words = "مضخة ممتازة 👩🏽‍🔧 تعمل بهدوء منذ سنتين דבר טוב"
    answer = rita.has_sent(text=words)
    tenancy.enter(rita.world.supplier.id)
    revision = reviews.revision(uuid.UUID(answer["review"]), 1)
    assert revision is not None
    assert revision.text == words


def test_a_site_switched_off_takes_no_new_drafts(rita: Rita, kestrel: World) -> None:
    suppliers.switch_site(kestrel.actor, suppliers_queries.site(kestrel.site.id), on=False)
    db.session.commit()
    assert rita.begins().get_json()["code"] == "site_disabled"


def test_the_author_is_proven_by_the_draft_s_own_link_only(rita: Rita, another_client: FlaskClient) -> None:
    rita.begins()
    rita.types()
    eve = Rita(another_client, rita.world, rita.mailbox, rita.outbox)
    eve.begins()
    eve.types()
    rita.proves_by_mail()
    assert eve.asks("GET").get_json()["state"]["missing"] == ["author"]
    assert eve.sends().get_json()["code"] == "proof_missing"


@pytest.mark.parametrize(
    ("language", "detail"),
    [
        ("ru", "Это не весь код заказа"),
        ("pl", "To nie jest cały kod zamówienia"),
        ("bg", "Това не е целият код на поръчка"),
        ("en", "This is not a whole purchase token"),
    ],
)
def test_a_refusal_speaks_the_draft_s_language(rita: Rita, language: str, detail: str) -> None:
    """The form shows these sentences as they are; programs call other addresses."""
    opened = rita.begins(token="avt_short", language=language)
    assert opened.get_json()["token_problem"]["detail"] == detail
    assert rita.asks("POST", "/token", json={"token": "avt_short"}).get_json()["detail"] == detail
