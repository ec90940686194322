"""The window and the way back, with an honest provider: what a person sees, and what is kept."""

from __future__ import annotations

from app.core import tenancy
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


def test_the_window_shows_whose_review_it_is(rita: Writer) -> None:
    page = rita.open(rita.ticket())
    assert page.status_code == 200
    seen = words(page)
    for told in ("Kestrel Pumps", "CR 45 end-suction pump", "Quiet, and it keeps its pressure", "Are you writing this"):
        assert told in seen
    cookie = page.headers["Set-Cookie"]
    for part in ("__Host-avouch-prove=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in " ".join(page.headers.getlist("Set-Cookie")), cookie
    assert page.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"
    tenancy.leave()
