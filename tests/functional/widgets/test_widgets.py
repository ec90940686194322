"""What suppliers' pages load from us: the form's frame, the loader, the list and the badge."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from app.core.db import db
from app.suppliers import queries, service
from app.widgets.routes import loader_bytes
from tests.conftest import Mailbox
from tests.factories import World, make_otter, make_site, make_subject
from tests.functional.collection.conftest import Rita


@pytest.fixture
def rita(client: FlaskClient, kestrel: World, mailbox: Mailbox, outbox: Callable[[], int]) -> Rita:
    """Rita, who has sent a review that all three proofs stand behind."""
    someone = Rita(client, kestrel, mailbox, outbox)
    someone.has_sent()
    outbox()
    return someone


def form_path(world: World) -> str:
    return f"/widgets/v1/{world.site.public_key}/form"


def test_the_form_may_be_framed_by_the_site_s_origins_only(client: FlaskClient, kestrel: World) -> None:
    two = make_site(kestrel.actor, "Two", ("https://a.kestrel.example", "https://b.kestrel.example:8443"))
    answer = client.get(f"/widgets/v1/{two.public_key}/form", headers={"Origin": "https://evil.example"})
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors https://a.kestrel.example https://b.kestrel.example:8443;" in policy + ";"
    assert "evil.example" not in policy
    assert "X-Frame-Options" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_form_has_no_script_or_style_of_its_own(client: FlaskClient, kestrel: World) -> None:
    page = client.get(form_path(kestrel)).text
    assert not re.search(r"<script(?![^>]* src=)", page)
    assert "<style" not in page
    assert not re.search(r'\son\w+="|\sstyle="', page)


def test_the_subject_is_named_chosen_or_picked(client: FlaskClient, kestrel: World) -> None:
    alone = client.get(form_path(kestrel)).text
    assert f"Review {kestrel.subject.name}" in alone
    make_subject("KP-60", "CR 60 booster")
    both = client.get(form_path(kestrel)).text
    assert 'id="f-subject"' in both
    assert "CR 60 booster" in both
    named = client.get(f"{form_path(kestrel)}?subject={kestrel.subject.slug}").text
    assert 'id="f-subject"' not in named


def test_another_supplier_s_subjects_are_not_offered(client: FlaskClient, kestrel: World) -> None:
    make_otter()
    page = client.get(f"{form_path(kestrel)}?subject=ob-6204-deep-groove-bearing").text
    assert "OB 6204" not in page


@pytest.mark.parametrize("key", ["avs_unknown", "x" * 300, "%00", "avs_" + "a" * 30])
@pytest.mark.parametrize("what", ["form", "list", "badge.svg"])
def test_an_unknown_site_is_told_in_words_and_framed_by_nobody(client: FlaskClient, key: str, what: str) -> None:
    answer = client.get(f"/widgets/v1/{key}/{what}")
    assert answer.status_code == 404
    if what == "form":
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "<h1>" in answer.text


def test_a_site_switched_off_says_so(client: FlaskClient, kestrel: World) -> None:
    service.switch_site(kestrel.actor, queries.site(kestrel.site.id), on=False)
    db.session.commit()
    assert client.get(form_path(kestrel)).status_code == 410


@pytest.mark.parametrize(
    ("asked", "browser", "spoken"),
    [("pl", "ru", "pl"), ("", "ru, en;q=0.5", "ru"), ("", "de", "en"), ("xx", "bg", "bg"), ("", "", "en")],
)
def test_the_form_speaks_as_asked_else_as_the_browser(
    client: FlaskClient, kestrel: World, asked: str, browser: str, spoken: str
) -> None:
    page = client.get(f"{form_path(kestrel)}?lang={asked}", headers={"Accept-Language": browser}).text
    assert f'<html lang="{spoken}"' in page


def test_script_in_names_is_text_in_the_form(client: FlaskClient, kestrel: World) -> None:
    make_subject("X-1", "<script>alert(1)</script>\"'")
    page = client.get(form_path(kestrel)).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_the_loader_is_for_everyone_and_kept_by_caches(client: FlaskClient) -> None:
    answer = client.get("/widgets/v1/avouch.js")
    assert answer.data == loader_bytes()
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Cache-Control"].startswith("public, max-age=60")
    assert "Set-Cookie" not in answer.headers


def test_the_list_without_script_shows_the_review_and_its_proofs(client: FlaskClient, rita: Rita) -> None:
    answer = client.get(f"/widgets/v1/{rita.world.site.public_key}/list?lang=en")
    assert "Quiet, and it keeps its pressure" in answer.text
    assert "4 of 5 stars" in answer.text
    assert "Brightwater Utilities" in answer.text
    assert "Incentivised: 10 % off the next spare part" in answer.text
    assert answer.text.count('class="proof proof-proven"') == 3
    assert "/r/" in answer.text
    assert "<script" not in answer.text
    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
    assert "rita@" not in answer.text


def test_the_list_of_a_subject_that_nobody_reviewed_says_so(client: FlaskClient, rita: Rita) -> None:
    make_subject("KP-60", "CR 60 booster")
    answer = client.get(f"/widgets/v1/{rita.world.site.public_key}/list?subject=cr-60-booster&lang=en")
    assert "No reviews yet" in answer.text


@pytest.mark.parametrize(("theme", "mark"), [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"')])
def test_the_list_takes_a_theme(client: FlaskClient, rita: Rita, theme: str, mark: str) -> None:
    path = f"/widgets/v1/{rita.world.site.public_key}/list"
    assert mark in client.get(f"{path}?theme={theme}").text
    assert mark not in client.get(path).text
    assert mark not in client.get(f"{path}?theme=%22%3E%3Cscript%3E").text


def test_the_badge_is_a_picture_with_words(client: FlaskClient, rita: Rita) -> None:
    answer = client.get(f"/widgets/v1/{rita.world.site.public_key}/badge.svg?lang=en")
    assert answer.mimetype == "image/svg+xml"
    picture = ElementTree.fromstring(answer.data)  # noqa: S314  # our own answer
    label = picture.attrib["aria-label"]
    assert re.fullmatch(r"Kestrel Pumps: \d\.\d of 5, 1 review", label)
    dark = client.get(f"/widgets/v1/{rita.world.site.public_key}/badge.svg?theme=dark")
    assert b"#1a1e21" in dark.data
    assert b"#1a1e21" not in answer.data


def test_the_list_s_style_does_not_hang_on_a_release(client: FlaskClient, rita: Rita) -> None:
    page = client.get(f"/widgets/v1/{rita.world.site.public_key}/list").text
    assert "/assets/" not in page
    style = client.get("/widgets/v1/list.css")
    assert style.status_code == 200
    assert style.mimetype == "text/css"
