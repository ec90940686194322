"""Rita, who writes a review of a pump: what her form does, and what she does by mail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Mailbox
from tests.factories import World, csrf_token, make_purchase
from tests.personas import RITA

CONTENT: dict[str, Any] = {
    "rating": 4,
    "title": "Quiet, and it keeps its pressure",
    "text": "Two years in our booster station, day and night, and one seal changed.",
    "pros": "Spare parts within a week",
    "cons": "The manual is hard to read",
    "role": "Maintenance engineer",
    "duration": "1_to_3_years",
    "display_name": "Rita S.",
    "show_company": True,
}


@dataclass
class Rita:
    """A reviewer with a form open, her mailbox, and a browser."""

    client: FlaskClient
    world: World
    mailbox: Mailbox
    outbox: Callable[[], int]
    draft: dict[str, Any] = field(default_factory=dict)

    def begins(self, **fields: Any) -> TestResponse:
        """Open a draft for the world's site and subject."""
        body = {"site": self.world.site.public_key, "subject": self.world.subject.slug, "language": "en", **fields}
        response = self.client.post("/v/drafts", json=body)
        if response.status_code == 201:
            self.draft = response.get_json()
        return response

    def asks(self, method: str, path: str = "", *, secret: str | None = None, **options: Any) -> TestResponse:
        """Call the draft API about her draft."""
        headers = {"Authorization": f"Draft {secret or self.draft['secret']}", **options.pop("headers", {})}
        return self.client.open(f"/v/drafts/{self.draft['id']}{path}", method=method, headers=headers, **options)

    def types(self, **content: Any) -> TestResponse:
        """Save the draft."""
        response = self.asks("PUT", json={"version": self.draft["version"], "content": {**CONTENT, **content}})
        if response.status_code == 200:
            self.draft["version"] = response.get_json()["version"]
        return response

    def proves_by_mail(self, email: str = RITA.email) -> None:
        """Ask for a link, open it, and choose the number that the form shows."""
        asked = self.asks("POST", "/mailed-link", json={"email": email})
        assert asked.status_code == 202, asked.text
        self.outbox()
        path = urlsplit(self.mailbox.link("/v/mail/", to=email)).path
        page = self.client.get(path)
        pressed = self.client.post(
            path, data={"csrf_token": csrf_token(page.text), "number": str(asked.get_json()["match_number"])}
        )
        assert pressed.status_code == 303, pressed.text

    def sends(self, **content: Any) -> TestResponse:
        """Send the review."""
        return self.asks("POST", "/submit", json={"version": self.draft["version"], "content": {**CONTENT, **content}})

    def has_sent(self, **content: Any) -> dict[str, Any]:
        """The whole way, with an order and a work address; the answer to sending."""
        _purchase, token = make_purchase(self.world.subject, incentive="10 % off the next spare part")
        self.begins(token=token)
        self.types(**content)
        self.proves_by_mail()
        response = self.sends(**content)
        assert response.status_code == 201, response.text
        answer: dict[str, Any] = response.get_json()
        return answer

    def opens_her_page(self, answer: dict[str, Any]) -> str:
        """Follow the link of the receipt; the path of the review's page."""
        opened = self.client.get(urlsplit(answer["follow_url"]).path)
        assert opened.status_code == 303, opened.text
        return urlsplit(opened.headers["Location"]).path

    def presses(self, page: str, action: str, **fields: str) -> TestResponse:
        """Send a form of a page with its CSRF token."""
        token = csrf_token(self.client.get(page).text)
        return self.client.post(action, data={"csrf_token": token, **fields})


@pytest.fixture
def rita(client: FlaskClient, kestrel: World, mailbox: Mailbox, outbox: Callable[[], int]) -> Rita:
    """Rita in front of Kestrel's form."""
    return Rita(client, kestrel, mailbox, outbox)
