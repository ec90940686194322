"""Hosted pages as readers see them, through the edge."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from app.core.db import db
from app.core.ids import new_id
from app.moderation import service as moderation
from app.publication import rating
from app.suppliers.models import Role
from app.verification import strength
from tests.factories import World, as_member
from tests.functional.publication.conftest import Reader
from tests.functional.publication.publishing import content, publish_review, send_review, withdraw

Drain = Callable[[], int]
PAGE = {"Accept": "text/html"}
SCRIPT = "<script>alert('x')</script>"


def test_a_suppliers_page_shows_rating_counts_and_every_review(reader: Reader, kestrel: World, outbox: Drain) -> None:
    for stars in (5, 2):
        publish_review(kestrel, outbox, written=content(stars, title=f"With {stars} stars"))
    page = reader.get(f"/s/{kestrel.supplier.slug}", headers=PAGE)
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    for words in ("Kestrel Pumps", "With 5 stars", "With 2 stars", "2 published reviews", "plain mean 3.50"):
        assert words in page.text
    assert "Check this yourself" in page.text
    subject = reader.get(f"/s/{kestrel.supplier.slug}/{kestrel.subject.slug}", headers=PAGE)
    assert "With 2 stars" in subject.text
    assert kestrel.subject.name in subject.text


def test_a_supplier_without_reviews_says_so_and_shows_no_rating(reader: Reader, kestrel: World) -> None:
    page = reader.get(f"/s/{kestrel.supplier.slug}", headers=PAGE).text
    assert "No review has been published here yet" in page
    assert "published-score" not in page


def test_a_review_page_shows_its_three_proofs_its_history_and_how_it_was_checked(
    reader: Reader, kestrel: World, outbox: Drain
) -> None:
    review_id = publish_review(kestrel, outbox)
    moderation.reply(as_member(kestrel.moderator, Role.MODERATOR), review_id, "Thank you, we are glad to hear it.")
    db.session.commit()
    outbox()
    page = reader.get(f"/r/{review_id}", headers=PAGE).text
    for words in (
        "Quiet and steady",
        "What was proven",
        "opened a link mailed to them",
        "order token",
        "confirmed work e-mail address",
        "History",
        "The author sent the review",
        "was approved",
        "Published",
        "Thank you, we are glad to hear it.",
        "How this was checked",
    ):
        assert words in page, words


def test_an_unproven_fact_is_said_not_hidden(reader: Reader, kestrel: World, outbox: Drain) -> None:
    review_id = publish_review(kestrel, outbox, proven=False)
    page = reader.get(f"/r/{review_id}", headers=PAGE).text
    assert page.count("not proven") >= 2
    assert "approved by a moderator of Kestrel Pumps" in page


def test_a_withdrawn_review_is_gone_and_the_page_says_so(reader: Reader, kestrel: World, outbox: Drain) -> None:
    review_id = publish_review(kestrel, outbox)
    withdraw(kestrel, review_id)
    outbox()
    answer = reader.get(f"/r/{review_id}", headers=PAGE)
    assert answer.status_code == 410
    assert "Its author withdrew it" in answer.text
    assert "Quiet and steady" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/r/{unknown}", "/r/not-an-id", "/s/nobody", "/s/{slug}/nothing", "/s/%00", "/s/А"])
def test_what_never_was_is_not_found(reader: Reader, kestrel: World, path: str) -> None:
    answer = reader.get(path.format(unknown=new_id(), slug=kestrel.supplier.slug), headers=PAGE)
    assert answer.status_code == 404
    assert len(reader.edge.store.entries) == 0


def test_a_review_that_waits_has_no_page(reader: Reader, kestrel: World, outbox: Drain) -> None:
    review_id = send_review(kestrel, proven=False)
    outbox()
    assert reader.get(f"/r/{review_id}", headers=PAGE).status_code == 404


def test_another_suppliers_subject_is_not_found_under_this_one(reader: Reader, otter: World, kestrel: World) -> None:
    assert reader.get(f"/s/{kestrel.supplier.slug}/{otter.subject.slug}", headers=PAGE).status_code == 404


def test_script_in_every_field_stays_text(reader: Reader, kestrel: World, outbox: Drain) -> None:
    words = SCRIPT + " and then it ran for a whole year without a fault."
    written = content(4, title=SCRIPT, text=words, pros=SCRIPT, cons=SCRIPT, role=SCRIPT, display_name=SCRIPT)
    review_id = publish_review(kestrel, outbox, written=written)
    moderation.reply(as_member(kestrel.moderator, Role.MODERATOR), review_id, words)
    db.session.commit()
    outbox()
    for path in (f"/r/{review_id}", f"/s/{kestrel.supplier.slug}", f"/widgets/v1/{kestrel.site.public_key}/list"):
        page = reader.get(path, headers=PAGE)
        assert page.status_code == 200
        assert SCRIPT not in page.text
        assert "&lt;script&gt;" in page.text
        policy = page.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe-inline" not in policy


def test_the_methodology_is_made_from_the_constants_that_are_used(reader: Reader) -> None:
    page = reader.get("/methodology", headers=PAGE).text
    for value in (rating.PRIOR_WEIGHT, rating.PRIOR_MEAN, rating.HALF_LIFE_DAYS):
        assert str(value) in page
    for worth in strength.TABLE.values():
        assert f">{worth.strength}<" in page
    assert 'id="feed"' in page
    assert 'id="rating"' in page
    assert "negative" not in page.casefold()


@pytest.mark.parametrize("language", ["en", "ru", "pl", "bg"])
def test_a_page_says_in_which_language_it_is(reader: Reader, kestrel: World, language: str) -> None:
    for page in (
        reader.get(f"/s/{kestrel.supplier.slug}?lang={language}"),
        reader.get(f"/s/{kestrel.supplier.slug}", headers={"Accept-Language": language}),
    ):
        assert f'<html lang="{language}"' in page.text
        assert page.headers["Content-Language"] == language


def test_hosted_pages_set_no_cookie_and_hold_no_inline_script_or_style(
    reader: Reader, kestrel: World, outbox: Drain
) -> None:
    review_id = publish_review(kestrel, outbox)
    for path in (f"/s/{kestrel.supplier.slug}", f"/r/{review_id}", "/methodology"):
        page = reader.get(path, headers=PAGE)
        assert "Set-Cookie" not in page.headers
        assert page.headers["Vary"] == "Accept-Encoding, Accept-Language"
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page.text)


def test_older_reviews_are_one_link_away(
    reader: Reader, kestrel: World, outbox: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.publication import queries

    monkeypatch.setattr(queries.page, "__defaults__", (None, 2))
    for number in range(3):
        publish_review(kestrel, outbox, written=content(5, title=f"Review number {number}"))
    first = reader.get(f"/s/{kestrel.supplier.slug}?lang=pl", headers=PAGE).text
    assert "Review number 0" not in first
    link = re.search(r'rel="next" href="([^"]+)"', first)
    assert link
    second = reader.get(link.group(1).replace("&amp;", "&"), headers=PAGE)
    assert second.status_code == 200
    assert "Review number 0" in second.text
    assert '<html lang="pl"' in second.text


def test_a_review_has_one_address_whatever_its_capitals(reader: Reader, kestrel: World, outbox: Drain) -> None:
    review_id = publish_review(kestrel, outbox)
    address = f"/r/{review_id}"
    shouted = reader.get(f"/r/{str(review_id).upper()}", headers=PAGE)
    assert shouted.status_code == 301
    assert shouted.headers["Location"].endswith(address)
    assert reader.get(address, headers=PAGE).status_code == 200
    # Each spelling kept would be a way to push everybody else's pages out of the edge's memory.
    assert [key.partition("?")[0] for key in reader.edge.store.entries] == [address]
