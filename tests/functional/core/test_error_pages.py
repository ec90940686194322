"""What people read when something is refused: their language, and never somebody else's markup."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

PAGE = {"Accept": "text/html"}


@pytest.mark.parametrize(
    ("language", "title"),
    [("en", "Nothing is here"), ("ru", "Здесь ничего нет"), ("pl", "Tu niczego nie ma"), ("bg", "Тук няма нищо")],
)
def test_a_mistyped_address_is_answered_in_the_readers_language(client: FlaskClient, language: str, title: str) -> None:
    answered = client.get(f"/no-such-page?lang={language}", headers=PAGE)
    assert answered.status_code == 404
    assert f"<h1>{title}</h1>" in answered.text
    assert "The requested URL" not in answered.text


def test_a_program_reads_english_whatever_language_it_names(client: FlaskClient) -> None:
    answered = client.get("/no-such-page?lang=ru", headers={"Accept": "application/json"})
    assert answered.json is not None
    assert answered.json["title"] == "Not Found"


def test_a_refusal_of_our_own_is_translated_and_what_it_quotes_stays_text(client: FlaskClient) -> None:
    answered = client.get("/s/%3Cb%3Enobody%3C/no-such?lang=pl", headers=PAGE)
    assert answered.status_code == 404
    assert "<b>nobody" not in answered.text
    assert "Tu niczego nie ma" in answered.text
