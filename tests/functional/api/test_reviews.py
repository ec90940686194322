"""A supplier's system reads reviews and answers them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select

from app.core import tenancy
from app.core.db import db
from app.moderation import service as moderation
from app.moderation.models import Reply
from app.publication import listing
from app.suppliers.permissions import Scope
from tests import factories
from tests.factories import World
from tests.functional.api.caller import Caller
from tests.functional.dashboard.browsing import audited
from tests.functional.moderation.waiting import opened, refuse, revise, waiting_case
from tests.functional.publication.publishing import WORDS, approve, content, publish_review, send_review, withdraw

URL = "/api/v1/reviews"
PROBLEM = "application/problem+json"
NOBODY = "00000000-0000-0000-0000-000000000000"

Drain = Callable[[], int]


def titles(caller: Caller, **query: str) -> list[str]:
    """The titles in a list, in its order."""
    answer = caller.get(URL, **query)
    assert answer.status_code == 200, answer.text
    return [one["title"] for one in answer.json["reviews"]]


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    noted: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        noted.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield noted
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


# --------------------------------------------------------------------------------------------- reading


def test_a_published_review_is_told_in_full(kestrel: World, office: Caller, outbox: Drain) -> None:
    review_id = publish_review(
        kestrel, outbox, written=content(4, title="Ran all winter", pros="Quiet", duration="1_to_3_years")
    )
    answer = office.get(f"{URL}/{review_id}")
    assert answer.status_code == 200
    found = answer.json
    assert (found["id"], found["state"], found["revision"], found["rating"]) == (str(review_id), "published", 1, 4)
    assert (found["title"], found["text"], found["pros"], found["cons"]) == ("Ran all winter", WORDS, "Quiet", "")
    assert (found["author_name"], found["duration"]) == ("Rita S.", "1_to_3_years")
    assert found["subject"]["sku"] == "KP-45"
    assert {kind: proof["status"] for kind, proof in found["proofs"].items()} == dict.fromkeys(
        ("author", "affiliation", "purchase"), "proven"
    )
    assert found["purchase"]["reference"].startswith("PO-")
    assert found["purchase"]["buyer"] == "Brightwater Utilities"
    assert (found["decision"]["outcome"], found["decision"]["by"]) == ("approved", "policy")
    assert found["published"]["url"] == f"https://avouch.test/r/{review_id}"
    assert (found["published"]["revision"], found["published"]["rating"]) == (1, 4)
    assert found["reply"] is None
    assert office.get(URL).json == {"reviews": [found], "next": None}


def test_its_proofs_are_those_of_the_feed(kestrel: World, office: Caller, client: FlaskClient, outbox: Drain) -> None:
    review_id = publish_review(kestrel, outbox)
    feed = client.get(f"/feeds/{kestrel.site.public_key}/reviews.json").get_json(force=True)
    assert office.get(f"{URL}/{review_id}").json["proofs"] == feed["items"][0]["_avouch"]["proofs"]


def test_its_author_s_address_is_never_told(kestrel: World, office: Caller, outbox: Drain) -> None:
    review_id = publish_review(kestrel, outbox)
    assert "@" not in office.get(f"{URL}/{review_id}").text


def test_an_unproven_purchase_is_none(kestrel: World, office: Caller) -> None:
    case = waiting_case(kestrel)
    found = office.get(f"{URL}/{case.review_id}").json
    assert found["purchase"] is None
    assert found["proofs"]["purchase"]["status"] == "not_proven"


def test_stars_are_hidden_while_a_review_waits(kestrel: World, office: Caller, outbox: Drain) -> None:
    case = waiting_case(kestrel, rating=2)
    path = f"{URL}/{case.review_id}"
    found = office.get(path).json
    assert (found["state"], found["rating"], found["decision"], found["published"]) == ("waiting", None, None, None)
    assert office.get(URL).json["reviews"][0]["rating"] is None
    approve(kestrel, case.review_id)
    outbox()
    found = office.get(path).json
    assert (found["state"], found["rating"], found["decision"]["by"]) == ("published", 2, "member")


def test_stars_are_shown_at_once_where_the_policy_says_so(kestrel: World, office: Caller) -> None:
    case = waiting_case(kestrel, rating=2)
    tenancy.enter(kestrel.supplier.id)
    moderation.set_policy(kestrel.actor, approve_proven=True, show_stars=True)
    db.session.commit()
    assert office.get(f"{URL}/{case.review_id}").json["rating"] == 2


def test_a_review_whose_case_is_not_open_yet_waits_with_hidden_stars(kestrel: World, office: Caller) -> None:
    review_id = send_review(kestrel)
    found = office.get(f"{URL}/{review_id}").json
    assert (found["state"], found["rating"]) == ("waiting", None)


def test_a_newer_revision_waits_behind_the_one_that_readers_see(kestrel: World, office: Caller, outbox: Drain) -> None:
    review_id = publish_review(kestrel, outbox, proven=False, written=content(5, title="Splendid"))
    revise(kestrel, review_id, rating=1, title="It broke")
    outbox()
    found = office.get(f"{URL}/{review_id}").json
    assert (found["state"], found["revision"], found["title"]) == ("published", 2, "It broke")
    assert (found["rating"], found["decision"]) == (None, None)
    assert (found["published"]["revision"], found["published"]["rating"]) == (1, 5)
    assert titles(office, state="published") == ["It broke"]
    assert titles(office, state="waiting") == []


def test_a_refusal_comes_with_its_reason_its_passage_and_its_words(kestrel: World, office: Caller) -> None:
    case = waiting_case(kestrel, rating=1)
    refuse(kestrel, case)
    found = office.get(f"{URL}/{case.review_id}").json
    assert (found["state"], found["rating"]) == ("refused", 1)
    decided = found["decision"].pop("decided_at")
    assert decided.startswith("2026-11-20T12:00:00")
    assert found["decision"] == {
        "outcome": "refused",
        "by": "member",
        "reason": "abusive",
        "passage": "around the clock",
        "statement": "Please say it without calling anybody names.",
    }


def test_the_list_can_be_asked_for_each_state_and_each_subject(kestrel: World, office: Caller, outbox: Drain) -> None:
    publish_review(kestrel, outbox, written=content(title="Seen by readers"))
    refused = waiting_case(kestrel, title="Sadly refused")
    refuse(kestrel, refused)
    gone = send_review(kestrel, written=content(title="Taken back"))
    opened(kestrel, gone)
    withdraw(kestrel, gone)
    waiting_case(kestrel, title="Still waiting")
    outbox()
    named = {"published": "Seen by readers", "refused": "Sadly refused", "withdrawn": "Taken back"}
    for state, title in {**named, "waiting": "Still waiting"}.items():
        answer = office.get(URL, state=state)
        assert [(one["state"], one["title"]) for one in answer.json["reviews"]] == [(state, title)]
    assert titles(office) == ["Still waiting", "Taken back", "Sadly refused", "Seen by readers"]
    assert len(titles(office, subject="KP-45")) == 4
    office.put("/api/v1/subjects", {"subjects": [{"sku": "KP-60", "name": "CR 60 borehole pump"}]})
    assert titles(office, subject="KP-60") == []
    assert titles(office, subject="KP-45", state="refused") == ["Sadly refused"]


def test_reviews_come_a_page_at_a_time(kestrel: World, office: Caller) -> None:
    for n in range(5):
        send_review(kestrel, written=content(title=f"Review {n}"))
    first = office.get(URL, limit="2").json
    second = office.get(URL, limit="2", cursor=first["next"]).json
    third = office.get(URL, limit="2", cursor=second["next"]).json
    pages = [[one["title"][-1] for one in page["reviews"]] for page in (first, second, third)]
    assert pages == [["4", "3"], ["2", "1"], ["0"]]
    assert third["next"] is None


def test_a_page_of_fifty_asks_no_more_of_the_database_than_a_page_of_five(kestrel: World, office: Caller) -> None:
    for _ in range(50):
        review_id = opened(kestrel, send_review(kestrel)).review_id
        assert office.put(f"{URL}/{review_id}/reply", {"text": "Thank you."}).status_code == 200
    asked = []
    for size in (5, 50):
        with statements() as noted:
            page = office.get(URL, limit=str(size)).json["reviews"]
        assert len(page) == size
        assert all(one["reply"] and one["purchase"] and one["decision"] for one in page)
        asked.append(noted)
    few, many = asked
    assert len(many) == len(few) <= 20, "\n".join(one[:100] for one in many)


# -------------------------------------------------------------------------------------------- answering


def test_an_answer_is_published_beside_the_review(
    kestrel: World, office: Caller, client: FlaskClient, outbox: Drain
) -> None:
    review_id = publish_review(kestrel, outbox)
    answer = office.put(f"{URL}/{review_id}/reply", {"text": "Thank you, Rita. \r\nThe seals are new."})
    assert answer.status_code == 200
    assert answer.json["text"] == "Thank you, Rita.\nThe seals are new."
    outbox()
    assert office.get(f"{URL}/{review_id}").json["reply"] == answer.json
    feed = client.get(f"/feeds/{kestrel.site.public_key}/reviews.json").get_json(force=True)
    assert feed["items"][0]["_avouch"]["reply"]["text"] == answer.json["text"]
    (row,) = audited("review.replied", kestrel.supplier.id)
    assert row.actor_kind == "api_key"


def test_the_same_answer_twice_is_one_and_another_replaces_it(kestrel: World, office: Caller, outbox: Drain) -> None:
    review_id = publish_review(kestrel, outbox)
    path = f"{URL}/{review_id}/reply"
    first = office.put(path, {"text": "Thank you."})
    assert office.put(path, {"text": "Thank you. "}).json == first.json
    assert len(audited("review.replied", kestrel.supplier.id)) == 1
    changed = office.put(path, {"text": "Thank you, Rita."})
    assert changed.json["created_at"] == first.json["created_at"]
    tenancy.enter(kestrel.supplier.id)
    assert [one.text for one in db.session.scalars(select(Reply))] == ["Thank you, Rita."]


def test_the_second_with_one_key_is_a_replay(kestrel: World, office: Caller, outbox: Drain) -> None:
    path = f"{URL}/{publish_review(kestrel, outbox)}/reply"
    office.put(path, {"text": "Thank you."}, Idempotency_Key="k1")
    again = office.put(path, {"text": "Thank you."}, Idempotency_Key="k1")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert office.put(path, {"text": "No thanks."}, Idempotency_Key="k1").json["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("state", ["waiting", "refused", "withdrawn"])
def test_what_readers_do_not_see_cannot_be_answered(kestrel: World, office: Caller, outbox: Drain, state: str) -> None:
    case = waiting_case(kestrel)
    if state == "refused":
        refuse(kestrel, case)
    if state == "withdrawn":
        withdraw(kestrel, case.review_id)
        outbox()
    path = f"{URL}/{case.review_id}"
    assert office.get(path).json["state"] == state
    # Programs get one language, whatever their HTTP library prefers.
    answer = office.send("PUT", f"{path}/reply", {"text": "Thank you."}, Accept_Language="pl")
    assert answer.status_code == 409
    assert answer.mimetype == PROBLEM
    assert answer.json["code"] == "not_published"
    assert answer.json["detail"] == "Only a published review can be answered."
    assert answer.json["remedy"]
    assert office.get(path).json["reply"] is None


def test_markup_in_an_answer_is_shown_as_it_is_written(
    kestrel: World, office: Caller, client: FlaskClient, outbox: Drain
) -> None:
    review_id = publish_review(kestrel, outbox)
    text = "<script>alert(1)</script> & дякуємо 🚰"
    assert office.put(f"{URL}/{review_id}/reply", {"text": text}).json["text"] == text
    outbox()
    page = client.get(f"/r/{review_id}").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/text", "required"),
        ([], "/", "invalid"),
        ({"text": None}, "/text", "required"),
        ({"text": 5}, "/text", "invalid"),
        ({"text": ["Thank you."]}, "/text", "invalid"),
        ({"text": ""}, "/text", "blank"),
        ({"text": " \n\u200b"}, "/text", "blank"),
        ({"text": "x" * 2001}, "/text", "too_long"),
        ({"text": "a\u0000b"}, "/text", "control_character"),
        ({"text": "a\u001b[31mb"}, "/text", "control_character"),
        ({"text": "Thank you.", "author_id": NOBODY}, "/author_id", "unknown_field"),
        ({"text": "Thank you.", "stars": 5}, "/stars", "unknown_field"),
    ],
)
def test_an_answer_that_will_not_do_is_named(
    kestrel: World, office: Caller, outbox: Drain, body: Any, pointer: str, code: str
) -> None:
    review_id = publish_review(kestrel, outbox)
    answer = office.put(f"{URL}/{review_id}/reply", body)
    assert answer.status_code == 422
    assert answer.mimetype == PROBLEM
    assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [(pointer, code)]
    assert office.get(f"{URL}/{review_id}").json["reply"] is None


def test_nothing_takes_a_review_or_an_answer_away(kestrel: World, office: Caller, outbox: Drain) -> None:
    path = f"{URL}/{publish_review(kestrel, outbox)}"
    for method, address in (("DELETE", path), ("PATCH", path), ("DELETE", f"{path}/reply"), ("POST", f"{path}/reply")):
        assert office.send(method, address, {"text": "x"}).status_code == 405


# ---------------------------------------------------------------------------------------- wrong queries


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({"limit": "0"}, "/limit", "out_of_range"),
        ({"limit": "101"}, "/limit", "out_of_range"),
        ({"state": "hidden"}, "/state", "invalid"),
        ({"state": "Waiting"}, "/state", "invalid"),
        ({"rating": "5"}, "/rating", "unknown_field"),
        ({"subject": "NOTHING"}, "/subject", "subject_unknown"),
        ({"subject": "OB-6204"}, "/subject", "subject_unknown"),
        ({"subject": "a\x00"}, "/subject", "control_character"),
    ],
)
def test_a_wrong_filter_is_named(otter: World, office: Caller, query: dict[str, str], pointer: str, code: str) -> None:
    answer = office.get(URL, **query)
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [(pointer, code)]


@pytest.mark.parametrize("cursor", ["x", "WyJ4Il0.xxx", "'; DROP TABLE reviews; --"])
def test_a_made_up_cursor_is_a_400(office: Caller, cursor: str) -> None:
    answer = office.get(URL, cursor=cursor)
    assert answer.status_code == 400
    assert answer.json["code"] == "cursor_invalid"


def test_a_cursor_of_another_list_is_a_400(kestrel: World, office: Caller, otters_office: Caller) -> None:
    for _ in range(2):
        waiting_case(kestrel)
    cursor = office.get(URL, limit="1").json["next"]
    waiting = office.get(URL, limit="1", state="waiting").json["next"]
    for answer in (
        office.get(URL, cursor=cursor, state="waiting"),
        office.get(URL, cursor=cursor, subject="KP-45"),
        office.get(URL, cursor=waiting),
        office.get("/api/v1/purchases", cursor=cursor),
        otters_office.get(URL, cursor=cursor),
    ):
        assert answer.status_code == 400
        assert answer.json["code"] == "cursor_invalid"
    assert office.get(URL, cursor=waiting, state="waiting").status_code == 200


# ---------------------------------------------------------------------------------------------- who may


def test_charlie_s_system_sees_nothing_of_kestrel_s(
    kestrel: World, office: Caller, otters_office: Caller, outbox: Drain
) -> None:
    review_id = publish_review(kestrel, outbox)
    for answer in (
        otters_office.get(f"{URL}/{review_id}"),
        otters_office.put(f"{URL}/{review_id}/reply", {"text": "We are Otter."}),
        office.get(f"{URL}/{uuid.uuid4()}"),
        office.get(f"{URL}/{NOBODY}"),
        office.get(f"{URL}/nothing"),
        office.get(f"{URL}/%00"),
        office.put(f"{URL}/nothing/reply", {"text": "Hello?"}),
    ):
        assert answer.status_code == 404
        assert answer.mimetype == PROBLEM
        assert answer.json["code"] == "review_unknown"
    assert otters_office.get(URL).json["reviews"] == []
    assert office.get(f"{URL}/{review_id}").json["reply"] is None


def test_a_key_does_only_what_it_was_made_for(kestrel: World, client: FlaskClient, outbox: Drain) -> None:
    review_id = publish_review(kestrel, outbox)
    reader = Caller(client, factories.make_api_key(kestrel.actor, [Scope.REVIEWS_READ]))
    assert reader.get(URL).status_code == 200
    assert reader.get(f"{URL}/{review_id}").status_code == 200
    assert reader.put(f"{URL}/{review_id}/reply", {"text": "Thank you."}).status_code == 403
    writer = Caller(client, factories.make_api_key(kestrel.actor, [Scope.REPLIES_WRITE]))
    assert writer.put(f"{URL}/{review_id}/reply", {"text": "Thank you."}).status_code == 200
    every_other = [scope for scope in Scope if scope not in (Scope.REVIEWS_READ, Scope.REPLIES_WRITE)]
    stranger = Caller(client, factories.make_api_key(kestrel.actor, every_other))
    for answer in (
        writer.get(URL),
        writer.get(f"{URL}/{review_id}"),
        stranger.get(URL),
        stranger.get(f"{URL}/{review_id}"),
        stranger.put(f"{URL}/{review_id}/reply", {"text": "Thank you."}),
    ):
        assert answer.status_code == 403
        assert answer.json["code"] == "forbidden"
    assert Caller(client, None).get(URL).status_code == 401


def test_the_filters_are_the_states_that_reviews_are_told_in() -> None:
    assert {*listing.FILTERS, listing.State.HIDDEN} == set(listing.State)
