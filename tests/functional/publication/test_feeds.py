"""Feeds as programs read them, through the edge."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
from flask import Flask

from app.core import tenancy
from app.core.db import db
from app.moderation import service as moderation
from app.publication import jobs, queries, recompute
from app.publication.recompute import compare
from app.reviews import queries as review_queries
from app.reviews import service as reviews
from app.suppliers import queries as supplier_queries
from app.suppliers import service as suppliers
from app.suppliers.models import Role
from tests.conftest import Clock
from tests.factories import World, as_member, make_site
from tests.functional.publication.conftest import Reader
from tests.functional.publication.json_feed_schema import FEED
from tests.functional.publication.publishing import approve, content, publish_review, send_review, withdraw
from tests.settings import EXTERNAL_URL
from tests.waiting import until

Drain = Callable[[], int]


def feed_path(world: World, subject: str | None = None, name: str = "reviews.json") -> str:
    return f"/feeds/{world.site.public_key}/{subject}/{name}" if subject else f"/feeds/{world.site.public_key}/{name}"


def read(reader: Reader, path: str) -> dict[str, Any]:
    answer = reader.get(path)
    assert answer.status_code == 200, answer.data
    feed: dict[str, Any] = json.loads(answer.data)
    if path.partition("?")[0].endswith("reviews.json"):
        jsonschema.Draft202012Validator(FEED).validate(feed)
    return feed


def local(url: str) -> str:
    """The path and query of one of our own addresses."""
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}" == EXTERNAL_URL
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def test_a_fresh_site_has_a_valid_and_empty_feed(reader: Reader, kestrel: World, outbox: Drain) -> None:
    outbox()
    feed = read(reader, feed_path(kestrel))
    assert feed["items"] == []
    assert feed["_avouch"]["rating"]["score"] is None
    assert feed["title"] == "Reviews of Kestrel Pumps"


def test_a_subject_that_nobody_has_reviewed_has_an_empty_feed_at_once(
    reader: Reader, kestrel: World, outbox: Drain
) -> None:
    outbox()
    feed = read(reader, feed_path(kestrel, kestrel.subject.slug))
    assert feed["items"] == []
    assert feed["_avouch"]["subject"] == {"slug": kestrel.subject.slug, "name": kestrel.subject.name}


def test_a_published_review_says_everything_that_was_proven(reader: Reader, kestrel: World, outbox: Drain) -> None:
    written = content(4, pros="Quiet", cons="Heavy", duration="1_to_3_years")
    review_id = publish_review(kestrel, outbox, written=written, language="pl")
    for path in (feed_path(kestrel), feed_path(kestrel, kestrel.subject.slug)):
        (item,) = read(reader, path)["items"]
        assert item["id"] == item["url"] == f"{EXTERNAL_URL}/r/{review_id}"
        assert item["content_text"] == written.text
        assert item["language"] == "pl"
        assert item["authors"] == [{"name": "Rita S."}]
        ours = item["_avouch"]
        assert ours["rating"] == {"value": 4, "best": 5, "worst": 1}
        assert {kind: proof["status"] for kind, proof in ours["proofs"].items()} == {
            "author": "proven",
            "affiliation": "proven",
            "purchase": "proven",
        }
        assert ours["company"] == "Brightwater Utilities"
        assert (ours["pros"], ours["cons"], ours["duration"]) == ("Quiet", "Heavy", "1_to_3_years")
        assert ours["revision"] == 1
        assert 0 < ours["weight"] <= 1


def test_nothing_personal_is_in_the_feed(reader: Reader, kestrel: World, outbox: Drain) -> None:
    publish_review(kestrel, outbox)
    page = reader.get(feed_path(kestrel)).text
    assert "@" not in page
    assert "PO-" not in page
    assert "avt_" not in page


def test_a_review_that_waits_is_not_in_the_feed(reader: Reader, kestrel: World, outbox: Drain) -> None:
    send_review(kestrel, proven=False)
    outbox()
    assert read(reader, feed_path(kestrel))["items"] == []


def test_a_company_that_its_author_does_not_show_is_not_shown(reader: Reader, kestrel: World, outbox: Drain) -> None:
    publish_review(kestrel, outbox, written=content(show_company=False))
    (item,) = read(reader, feed_path(kestrel))["items"]
    assert item["_avouch"]["company"] is None


def test_a_company_nobody_has_proven_is_not_shown(reader: Reader, kestrel: World, outbox: Drain) -> None:
    publish_review(kestrel, outbox, proven=False)
    (item,) = read(reader, feed_path(kestrel))["items"]
    assert item["_avouch"]["company"] is None
    assert item["_avouch"]["proofs"]["purchase"]["status"] == "not_proven"


def test_the_suppliers_answer_and_a_solved_problem_reach_the_feed(
    reader: Reader, kestrel: World, outbox: Drain
) -> None:
    review_id = publish_review(kestrel, outbox, written=content(2))
    moderation.reply(as_member(kestrel.moderator, Role.MODERATOR), review_id, "The new seal is on its way to you.")
    review = review_queries.review(review_id)
    assert review is not None
    reviews.mark_resolved(review)
    db.session.commit()
    outbox()
    (item,) = read(reader, feed_path(kestrel))["items"]
    assert item["_avouch"]["reply"]["text"] == "The new seal is on its way to you."
    assert item["_avouch"]["resolved"] is not None
    assert item["_avouch"]["rating"]["value"] == 2


def test_an_edit_leaves_the_approved_words_up_until_it_is_approved(
    reader: Reader, kestrel: World, outbox: Drain
) -> None:
    review_id = publish_review(kestrel, outbox, proven=False)
    review = review_queries.review(review_id)
    assert review is not None
    reviews.revise(review, content(1, text="After a year two of three leak, and nobody answers.", display_name="R. S."))
    db.session.commit()
    outbox()
    # Something else happens to the review meanwhile: neither new words nor the new name may slip through.
    moderation.reply(as_member(kestrel.moderator, Role.MODERATOR), review_id, "Thank you for telling us about it.")
    db.session.commit()
    outbox()
    (item,) = read(reader, feed_path(kestrel))["items"]
    assert (item["_avouch"]["revision"], item["_avouch"]["rating"]["value"]) == (1, 5)
    assert item["authors"] == [{"name": "Rita S."}]
    reader.edge.refresh(str(kestrel.supplier.id), 10**6)
    approve(kestrel, review_id)
    outbox()
    reader.edge.store.drop(feed_path(kestrel))
    (item,) = read(reader, feed_path(kestrel))["items"]
    assert (item["_avouch"]["revision"], item["_avouch"]["rating"]["value"]) == (2, 1)
    assert item["authors"] == [{"name": "R. S."}]
    assert item["date_modified"] >= item["date_published"]


def test_a_withdrawn_review_leaves_the_feed_and_a_tombstone_for_90_days(
    reader: Reader, kestrel: World, outbox: Drain, clock: Clock
) -> None:
    review_id = publish_review(kestrel, outbox)
    assert len(read(reader, feed_path(kestrel))["items"]) == 1
    withdraw(kestrel, review_id)
    outbox()
    for path in (feed_path(kestrel), feed_path(kestrel, kestrel.subject.slug)):
        reader.edge.store.drop(path)
        feed = read(reader, path)
        assert feed["items"] == []
        (removed,) = feed["_avouch"]["removed"]
        assert (removed["id"], removed["cause"]) == (f"{EXTERNAL_URL}/r/{review_id}", "withdrawn")
        assert feed["_avouch"]["rating"]["count"] == 0
    clock.pass_by(days=91)
    tenancy.enter(kestrel.supplier.id)
    jobs.refresh_rating()
    db.session.commit()
    reader.edge.store.drop(feed_path(kestrel))
    assert read(reader, feed_path(kestrel))["_avouch"]["removed"] == []


def test_summary_holds_everything_to_recompute_the_score(reader: Reader, kestrel: World, outbox: Drain) -> None:
    for stars in (5, 4, 1):
        publish_review(kestrel, outbox, written=content(stars), proven=stars != 4)
    summary = read(reader, feed_path(kestrel, name="summary.json"))["rating"]
    assert summary["stars"] == {"1": 1, "2": 0, "3": 0, "4": 1, "5": 1}
    assert summary["proven"] == {"author": 3, "affiliation": 2, "purchase": 2}
    assert summary["mean"] == pytest.approx(10 / 3, abs=1e-4)
    formula = summary["formula"]
    expected = (formula["prior_weight"] * formula["prior_mean"] + summary["weighted"]) / (
        formula["prior_weight"] + summary["weight"]
    )
    assert summary["score"] == pytest.approx(expected, abs=1e-3)


def test_anyone_recomputes_the_score_from_the_feed_alone_over_many_pages(
    reader: Reader, kestrel: World, outbox: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries.page, "__defaults__", (None, 4))
    for number in range(10):
        publish_review(kestrel, outbox, written=content(1 + number % 5), proven=number % 3 != 0)
    found = compare(feed_path(kestrel), lambda url: read(reader, local(url) if "://" in url else url))
    assert found.items == found.stated_count == 10
    assert found.agree
    assert recompute.main([]) == 2


def test_pages_hold_every_review_once_newest_first(
    reader: Reader, kestrel: World, outbox: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries.page, "__defaults__", (None, 3))
    published = [str(publish_review(kestrel, outbox)) for _ in range(8)]
    seen: list[str] = []
    path, urls = feed_path(kestrel), set()
    while path:
        feed = read(reader, path)
        seen += [item["id"].rpartition("/")[2] for item in feed["items"]]
        path = local(feed["next_url"]) if "next_url" in feed else ""
        assert path not in urls
        urls.add(path)
    assert seen == published[::-1]


def test_a_review_published_meanwhile_makes_nobody_read_one_twice(
    reader: Reader, kestrel: World, outbox: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries.page, "__defaults__", (None, 2))
    for _ in range(4):
        publish_review(kestrel, outbox)
    first = read(reader, feed_path(kestrel))
    publish_review(kestrel, outbox)
    second = read(reader, local(first["next_url"]))
    assert not {item["id"] for item in first["items"]} & {item["id"] for item in second["items"]}
    assert len(second["items"]) == 2


@pytest.mark.parametrize("spoil", [lambda c: c[:-2], lambda c: "A" + c, lambda _: "", lambda _: "[]"])
def test_a_tampered_cursor_is_refused(
    reader: Reader,
    kestrel: World,
    outbox: Drain,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[str], str],
) -> None:
    monkeypatch.setattr(queries.page, "__defaults__", (None, 1))
    for _ in range(2):
        publish_review(kestrel, outbox)
    cursor = read(reader, feed_path(kestrel))["next_url"].rpartition("cursor=")[2]
    answer = reader.get(feed_path(kestrel), query_string={"cursor": spoil(cursor)})
    assert answer.status_code == 400
    assert json.loads(answer.data)["code"] == "cursor_invalid"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_another_suppliers_cursor_opens_nothing(
    reader: Reader, otter: World, kestrel: World, outbox: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries.page, "__defaults__", (None, 1))
    for _ in range(2):
        publish_review(otter, outbox)
    cursor = read(reader, feed_path(otter))["next_url"].rpartition("cursor=")[2]
    assert reader.get(feed_path(kestrel), query_string={"cursor": cursor}).status_code == 400
    # Nor does the supplier's cursor fit one subject's list.
    assert reader.get(feed_path(otter, otter.subject.slug), query_string={"cursor": cursor}).status_code == 400


def test_one_suppliers_feed_holds_nothing_of_the_others(
    reader: Reader, otter: World, kestrel: World, outbox: Drain
) -> None:
    publish_review(otter, outbox)
    assert read(reader, feed_path(kestrel))["items"] == []
    assert reader.get(feed_path(kestrel, otter.subject.slug)).status_code == 404


@pytest.mark.parametrize(
    "site", ["avs_unknown", "x", "avs_" + "a" * 30, "..", "%00", "avs_%D0%B0", "'; DROP TABLE sites; --"]
)
def test_an_unknown_site_is_not_found(reader: Reader, kestrel: World, site: str) -> None:
    answer = reader.get(f"/feeds/{site}/reviews.json")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert len(reader.edge.store.entries) == 0


def test_a_site_that_was_switched_off_shows_nothing(listening_reader: Reader, kestrel: World, outbox: Drain) -> None:
    publish_review(kestrel, outbox)
    assert listening_reader.get(feed_path(kestrel)).status_code == 200
    tenancy.enter(kestrel.supplier.id)
    suppliers.switch_site(kestrel.actor, supplier_queries.site(kestrel.site.id), on=False)
    db.session.commit()
    outbox()
    until(lambda: listening_reader.get(feed_path(kestrel)).status_code != 200, 5)
    answer = listening_reader.get(feed_path(kestrel))
    assert answer.status_code in {404, 410}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_second_site_shows_the_same_reviews_at_once(reader: Reader, kestrel: World, outbox: Drain) -> None:
    review_id = publish_review(kestrel, outbox)
    site = make_site(kestrel.actor, "Dealer portal", ("https://dealer.example",), ("bg",))
    outbox()
    (item,) = read(reader, f"/feeds/{site.public_key}/reviews.json")["items"]
    assert item["id"].endswith(str(review_id))
    (item,) = read(reader, f"/feeds/{site.public_key}/{kestrel.subject.slug}/reviews.json")["items"]
    assert item["id"].endswith(str(review_id))


def test_the_edge_and_the_application_give_the_same_bytes(
    app: Flask, client: Any, reader: Reader, kestrel: World, outbox: Drain
) -> None:
    publish_review(kestrel, outbox)
    direct = client.get(feed_path(kestrel))
    edge = reader.get(feed_path(kestrel), headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(edge.data) == direct.data
    assert edge.headers["Content-Type"] == direct.headers["Content-Type"] == "application/feed+json; charset=utf-8"
    for name in ("X-Content-Type-Options", "Content-Security-Policy", "Access-Control-Allow-Origin", "Cache-Control"):
        assert edge.headers[name] == direct.headers[name]


def test_caching_is_what_the_methodology_promises(reader: Reader, kestrel: World, outbox: Drain) -> None:
    outbox()
    for path in (feed_path(kestrel), feed_path(kestrel, name="summary.json")):
        first = reader.get(path, headers={"Accept-Encoding": "gzip"})
        assert first.headers["Cache-Control"] == "public, max-age=60, stale-while-revalidate=300, stale-if-error=86400"
        assert first.headers["Vary"] == "Accept-Encoding"
        assert "Set-Cookie" not in first.headers
        assert "Cookie" not in first.headers["Vary"]
        again = reader.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        head = reader.head(path, headers={"Accept-Encoding": "gzip"})
        assert (head.data, head.headers["Content-Length"]) == (b"", first.headers["Content-Length"])
    takedown = read(reader, feed_path(kestrel))["_avouch"]["takedown"]
    assert takedown["cache_seconds"] == 60


def test_every_address_in_the_feed_leads_somewhere(reader: Reader, kestrel: World, outbox: Drain) -> None:
    publish_review(kestrel, outbox)
    feed = read(reader, feed_path(kestrel))
    (item,) = feed["items"]
    addresses = [
        feed["home_page_url"],
        feed["feed_url"],
        feed["_avouch"]["about"],
        feed["_avouch"]["summary_url"],
        item["url"],
        item["_avouch"]["about"],
    ]
    for address in addresses:
        assert reader.get(local(address.partition("#")[0])).status_code == 200, address


def test_the_rating_fades_by_the_day_though_nobody_writes(
    reader: Reader, kestrel: World, outbox: Drain, clock: Clock
) -> None:
    publish_review(kestrel, outbox)
    before = read(reader, feed_path(kestrel, kestrel.subject.slug))["_avouch"]["rating"]
    clock.pass_by(days=730)
    tenancy.enter(kestrel.supplier.id)
    jobs.refresh_rating()
    jobs.refresh_rating()
    db.session.commit()
    outbox()
    for path in (feed_path(kestrel), feed_path(kestrel, kestrel.subject.slug)):
        reader.edge.store.drop(path)
        after = read(reader, path)["_avouch"]["rating"]
        assert dt.date.fromisoformat(after["as_of"]) - dt.date.fromisoformat(before["as_of"]) == dt.timedelta(days=730)
        assert after["count"] == 1
        assert 3.5 < after["score"] < before["score"]
        # The affiliation proof has lapsed meanwhile and counts half; the rest of the weight has halved by age.
        (item,) = read(reader, path)["items"]
        assert item["_avouch"]["proofs"]["affiliation"]["status"] == "expired"
        assert item["_avouch"]["company"] == "Brightwater Utilities"
        assert after["weight"] == pytest.approx(item["_avouch"]["weight"] / 2, abs=1e-4)


def test_a_supplier_that_is_renamed_is_renamed_in_its_feeds(reader: Reader, kestrel: World, outbox: Drain) -> None:
    publish_review(kestrel, outbox)
    before = read(reader, feed_path(kestrel))["title"]
    tenancy.enter(kestrel.supplier.id)
    suppliers.change_supplier(as_member(kestrel.owner), "Falcon Pumps", None)
    outbox()
    reader.edge.store.entries.clear()
    assert "Kestrel Pumps" in before
    assert "Falcon Pumps" in read(reader, feed_path(kestrel))["title"]
