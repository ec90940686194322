"""The window and the way back, with an honest provider: what a person sees, and what is kept."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest

from app.verification import service
from tests.functional.verification.conftest import Writer, words
from tests.providers import Provider


def test_rita_signs_in_and_is_the_author(rita: Writer, provider: Provider) -> None:
    done = rita.sign_in()
    assert done.status_code == 303
    assert done.headers["Location"].startswith("/v/done?outcome=proven")
    assert done.headers["Referrer-Policy"] == "no-referrer"
    author = rita.author()
    assert author is not None
    assert (author.issuer, author.subject, author.email) == (provider.issuer, "rita-1", "rita@brightwater.example")
    assert rita.outcome() == "proven"
    fact = service.standing(rita.review_id, None).as_dict()["author"]
    assert (fact["status"], fact["method"], fact["issuer"]) == ("proven", "oidc", provider.issuer)


@pytest.mark.parametrize(("sub", "email"), [("wp-1001", "rita@brightwater.example"), ("wp-1006", None)])
def test_a_provider_that_is_not_ours_signs_people_in(rita: Writer, sub: str, email: str | None) -> None:
    """The wheel oidc-provider-mock in a process of its own: somebody else's reading of the specification."""
    path = rita.ticket()
    away = rita.choose(rita.open(path).text, path, "workplace").headers["Location"]
    consent = httpx.post(away, data={"sub": sub, "action": "accept"})
    back = urlsplit(consent.headers["Location"])
    assert rita.finish(f"{back.path}?{back.query}").status_code == 303
    author = rita.author()
    assert author is not None
    # Newcomer's address is not verified by the provider, so it is not kept at all.
    assert (author.provider, author.subject, author.email) == ("workplace", sub, email)


def test_the_window_shows_whose_review_it_is(rita: Writer) -> None:
    page = rita.open(rita.ticket())
    assert page.status_code == 200
    seen = words(page)
    for told in ("Kestrel Pumps", "CR 45 end-suction pump", "Quiet, and it keeps its pressure", "Are you writing this"):
        assert told in seen
    [cookie] = [one for one in page.headers.getlist("Set-Cookie") if one.startswith("__Host-avouch-prove=")]
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert f"; {part}" in cookie
    assert "Domain" not in cookie
    assert page.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"
