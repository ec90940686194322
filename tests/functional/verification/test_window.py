"""The window against people who want somebody else's identity, and the ways in which a sign-in may not end."""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.core import tenancy
from app.core.db import db
from app.verification import browser, service
from app.verification.models import Identity, LoginAttempt, ProvingTicket, Reviewer
from app.verification.providers import all_providers
from tests.conftest import Clock, let_go
from tests.factories import World, csrf_token
from tests.functional.verification.conftest import ORIGIN, SAME_ORIGIN, Writer, at_once, words
from tests.providers import CLIENT_SECRET, Provider, Spoil
from tests.settings import EXTERNAL_URL


def change(callback: str, **changes: str | None) -> str:
    """The callback's address with parameters changed, or taken away by None."""
    parts = urlsplit(callback)
    query = {k: v for k, v in {**dict(parse_qsl(parts.query)), **changes}.items() if v is not None}
    return f"{parts.path}?{urlencode(query)}"


class TestDonation:
    """Eve wants Rita's identity under Eve's review."""

    @pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None, "Same-Origin", "same-origin, none"])
    def test_a_window_sent_to_rita_does_not_open(self, rita: Writer, eve: Writer, site: str | None) -> None:
        path = eve.ticket()
        page = rita.client.get(path, headers={"Sec-Fetch-Site": site} if site else {})
        assert page.status_code == 403
        assert "opens only from the review form" in words(page)
        assert "Sign in with" not in page.text
        assert not any("__Host-avouch-prove" in cookie for cookie in page.headers.getlist("Set-Cookie"))

    @pytest.mark.parametrize("page", ["/s/kestrel-pumps", "/r/some-review", "/dashboard/settings", "/vx"])
    def test_a_link_that_eve_put_on_one_of_our_own_pages_does_not_open_it(
        self, rita: Writer, eve: Writer, page: str
    ) -> None:
        # A supplier chooses its website's address, and a subject's; either may be a window of ours.
        answer = rita.client.get(
            eve.ticket(), headers={"Sec-Fetch-Site": "same-origin", "Referer": EXTERNAL_URL + page}
        )
        assert answer.status_code == 403
        assert not any("__Host-avouch-prove" in cookie for cookie in answer.headers.getlist("Set-Cookie"))

    def test_a_window_that_eve_has_opened_is_closed_to_rita(self, rita: Writer, eve: Writer) -> None:
        path = eve.ticket()
        page = eve.open(path)
        assert rita.open(path).status_code == 403
        rita.open(rita.ticket())  # Rita has a cookie of her own
        assert rita.open(path).status_code == 403
        assert rita.choose(page.text, path).status_code == 403

    def test_a_provider_page_that_eve_prepared_is_no_use_in_ritas_browser(
        self, rita: Writer, eve: Writer, provider: Provider
    ) -> None:
        callback = eve.begin()  # as if Rita had consented behind a link that Eve sent her
        page = rita.finish(callback)
        assert page.status_code == 403
        assert "another browser" in words(page)
        assert provider.redeemed == []
        assert eve.author() is None
        assert rita.author() is None

    def test_eves_code_put_into_ritas_sign_in_is_refused_by_pkce_and_nonce(
        self, rita: Writer, eve: Writer, provider: Provider
    ) -> None:
        hers, eves = rita.begin(), eve.begin()
        code = dict(parse_qsl(urlsplit(eves).query))["code"]
        assert rita.finish(change(hers, code=code)).status_code == 400
        assert provider.redeemed == []
        assert rita.author() is None

    def test_even_where_the_provider_forgets_pkce_the_nonce_holds(
        self, rita: Writer, eve: Writer, provider: Provider
    ) -> None:
        hers, eves = rita.begin(), eve.begin()
        codes = [dict(parse_qsl(urlsplit(one).query))["code"] for one in (hers, eves)]
        provider.grants[codes[1]].challenge = provider.grants[codes[0]].challenge
        assert rita.finish(change(hers, code=codes[1])).status_code == 400
        assert provider.redeemed == [codes[1]]
        assert rita.author() is None

    def test_the_reload_of_a_window_in_its_own_browser_is_fine(self, rita: Writer) -> None:
        path = rita.ticket()
        rita.open(path)
        assert rita.client.get(path, headers={"Sec-Fetch-Site": "none"}).status_code == 200
        assert rita.client.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403

    def test_another_sites_page_cannot_press_the_button(self, rita: Writer) -> None:
        path = rita.ticket()
        token = csrf_token(rita.open(path).text)
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            assert rita.client.post(f"{path}/first", data={"csrf_token": token}, headers=headers).status_code == 403
        assert rita.client.post(f"{path}/first", headers={**SAME_ORIGIN, **ORIGIN}).status_code == 403


class TestOneUse:
    def test_a_state_works_once(self, rita: Writer, provider: Provider) -> None:
        callback = rita.begin()
        assert rita.finish(callback).status_code == 303
        again = rita.finish(callback)
        assert again.status_code == 410
        assert len(provider.redeemed) == 1

    def test_a_state_is_used_up_by_a_refused_answer_too(self, rita: Writer, provider: Provider) -> None:
        callback = rita.begin()
        assert rita.finish(change(callback, code="made-up")).status_code == 400
        assert rita.finish(callback).status_code == 410
        assert provider.redeemed == []

    def test_a_stranger_who_saw_the_address_cannot_use_the_state_up(self, rita: Writer, eve: Writer) -> None:
        callback = rita.begin()
        eve.open(eve.ticket())
        assert eve.finish(callback).status_code == 403
        assert rita.finish(callback).status_code == 303

    def test_of_ten_answers_at_once_one_is_taken(self, app: Flask, rita: Writer, provider: Provider) -> None:
        callback = rita.begin()
        cookie = rita.client.get_cookie(browser.COOKIE, domain="avouch.test")
        assert cookie is not None

        def answer() -> int:
            other = app.test_client()
            other.set_cookie(browser.COOKIE, cookie.value, domain="avouch.test", secure=True)
            return other.get(callback).status_code

        answers = sorted(at_once(app, [answer] * 10))
        assert answers == [303, *[410] * 9]
        assert len(provider.redeemed) == 1

    def test_a_ticket_proves_once(self, rita: Writer) -> None:
        path = rita.ticket()
        page = rita.open(path)
        callbacks = [rita.come_back(rita.choose(page.text, path).headers["Location"]) for _ in range(2)]
        assert rita.finish(callbacks[0]).status_code == 303
        assert rita.finish(callbacks[1]).status_code == 410
        assert rita.open(path).status_code == 410

    def test_a_ticket_must_be_opened_within_five_minutes(self, rita: Writer, clock: Clock) -> None:
        path = rita.ticket()
        clock.pass_by(minutes=5)
        assert rita.open(path).status_code == 410
        assert rita.outcome() == "expired"

    def test_an_open_window_may_take_its_time_but_not_for_ever(self, rita: Writer, clock: Clock) -> None:
        path = rita.ticket()
        page = rita.open(path)
        clock.pass_by(minutes=19)
        assert rita.choose(page.text, path).status_code == 303
        clock.pass_by(minutes=1)
        assert rita.choose(page.text, path).status_code == 410

    def test_a_sign_in_of_more_than_ten_minutes_is_over(self, rita: Writer, clock: Clock) -> None:
        callback = rita.begin()
        clock.pass_by(minutes=10)
        assert rita.finish(callback).status_code == 410
        assert rita.author() is None


class TestTamperedAnswers:
    @pytest.mark.parametrize(
        "changes",
        [
            {"state": None},
            {"state": ""},
            {"state": "avo_"},
            {"state": "avo_" + "a" * 30},
            {"state": "x" * 5000},
            {"state": "avo_\u2028"},
            {"state": "\x00"},
            {"state": "'; DROP TABLE reviews; --"},
        ],
    )
    def test_a_tampered_state_is_gone(self, rita: Writer, changes: dict[str, str | None]) -> None:
        callback = rita.begin()
        assert rita.finish(change(callback, **changes)).status_code == 410
        assert rita.author() is None

    def test_a_parameter_given_twice_is_refused(self, rita: Writer) -> None:
        callback = rita.begin()
        for name in ("state", "code", "iss"):
            value = dict(parse_qsl(urlsplit(callback).query))[name]
            assert rita.finish(f"{callback}&{urlencode({name: value})}").status_code == 410
        assert rita.finish(callback).status_code == 303  # none of that used the state up

    def test_a_mix_up_of_providers_is_refused(self, rita: Writer, other_provider: Provider) -> None:
        callback = rita.begin("first")
        assert rita.finish(callback.replace("/callback/first", "/callback/second")).status_code == 400
        assert other_provider.asked == []
        assert rita.finish(callback).status_code == 410

    def test_a_mix_up_is_seen_by_the_issuer_too(
        self, rita: Writer, provider: Provider, other_provider: Provider
    ) -> None:
        callback = rita.begin("first")
        assert rita.finish(change(callback, iss=other_provider.issuer)).status_code == 400
        assert provider.redeemed == []

    def test_a_callback_of_no_provider_is_not_found(self, rita: Writer) -> None:
        assert rita.finish(rita.begin().replace("/callback/first", "/callback/third")).status_code == 400
        assert rita.client.get("/v/callback/first").status_code == 410

    def test_a_callback_without_the_cookie_is_somebody_elses(self, rita: Writer) -> None:
        callback = rita.begin()
        rita.client.delete_cookie(browser.COOKIE, domain="avouch.test")
        assert rita.finish(callback).status_code == 403

    @pytest.mark.parametrize("error", ["access_denied", "server_error", "<script>alert(1)</script>", "x" * 4000])
    def test_a_provider_that_says_no_leaves_the_other_ways_open(
        self, rita: Writer, provider: Provider, error: str
    ) -> None:
        provider.spoil = Spoil(redirect=lambda q: {"state": q["state"], "iss": q["iss"], "error": error})
        page = rita.sign_in()
        assert page.status_code == 400
        assert "You did not finish signing in" in words(page)
        assert "Sign in with The second provider" in words(page)
        assert "<script>alert" not in page.text
        assert rita.outcome() is None


class TestSayingNo:
    def test_not_mine_ends_the_window_and_the_form_hears_of_it(self, rita: Writer) -> None:
        path = rita.ticket()
        token = csrf_token(rita.open(path).text)
        done = rita.client.post(f"{path}/cancel", data={"csrf_token": token}, headers={**SAME_ORIGIN, **ORIGIN})
        assert done.status_code == 303
        assert "Nothing was confirmed" in words(rita.client.get(done.headers["Location"]))
        assert rita.outcome() == "cancelled"
        assert rita.open(path).status_code == 410

    def test_a_sign_in_that_ends_after_not_mine_proves_nothing(self, rita: Writer) -> None:
        path = rita.ticket()
        page = rita.open(path)
        callback = rita.come_back(rita.choose(page.text, path).headers["Location"])
        rita.client.post(
            f"{path}/cancel", data={"csrf_token": csrf_token(page.text)}, headers={**SAME_ORIGIN, **ORIGIN}
        )
        assert rita.finish(callback).status_code == 410
        assert rita.author() is None

    def test_the_button_of_an_unknown_provider_offers_the_known_ones(self, rita: Writer) -> None:
        path = rita.ticket()
        answer = rita.choose(rita.open(path).text, path, "third")
        assert answer.status_code == 404
        assert "Sign in with The first provider" in words(answer)


class TestWhatIsKept:
    def test_no_secret_lies_in_the_database(self, rita: Writer, provider: Provider) -> None:
        callback = rita.begin()
        rita.finish(callback)
        sent = dict(parse_qsl(urlsplit(callback).query))
        cookie = rita.client.get_cookie(browser.COOKIE, domain="avouch.test")
        assert cookie is not None
        [(form, _)] = provider.token_requests
        secrets = [sent["state"], sent["code"], cookie.value, form["code_verifier"], CLIENT_SECRET]
        secrets += list(provider.access_tokens)
        tenancy.enter(rita.world.supplier.id)
        kept = ""
        for model in (ProvingTicket, LoginAttempt, Identity):
            for row in db.session.scalars(select(model)):
                kept += repr({column.key: getattr(row, column.key) for column in model.__table__.columns})
        assert "rita-1" in kept
        assert not [secret for secret in secrets if secret in kept]

    def test_two_windows_of_one_browser_do_not_strand_each_other(self, rita: Writer) -> None:
        first = rita.begin()
        second = Writer(rita.client, rita.world)
        assert second.sign_in().status_code == 303
        assert rita.finish(first).status_code == 303
        hers, other = rita.author(), second.author()
        assert hers is not None
        assert other is not None
        assert hers.reviewer_id == other.reviewer_id

    def test_first_sign_ins_of_one_person_at_once_make_one_reviewer(
        self, app: Flask, world: World, provider: Provider
    ) -> None:
        writers = [Writer(app.test_client(), world) for _ in range(8)]
        callbacks = [writer.begin() for writer in writers]

        def finish(writer: Writer, callback: str) -> int:
            return writer.finish(callback).status_code

        statuses = at_once(
            app,
            [partial(finish, writer, callback) for writer, callback in zip(writers, callbacks, strict=True)],
        )
        assert statuses == [303] * 8
        assert db.session.scalar(select(func.count()).select_from(Reviewer)) == 1
        assert db.session.scalar(select(func.count()).select_from(Identity)) == 1

    def test_a_ticket_of_kestrel_shows_nothing_of_another_supplier(self, rita: Writer, client: FlaskClient) -> None:
        path = rita.ticket()
        tenancy.leave()
        assert client.get(path[:-1] + ("a" if path[-1] != "a" else "b"), headers=SAME_ORIGIN).status_code == 410

    def test_forgetting_a_draft_forgets_what_was_collected_for_it(self, rita: Writer) -> None:
        rita.sign_in()
        tenancy.enter(rita.world.supplier.id)
        service.forget(rita.review_id)
        let_go()
        tenancy.enter(rita.world.supplier.id)
        assert rita.author() is None
        assert rita.outcome() is None
        assert db.session.scalar(select(func.count()).select_from(LoginAttempt)) == 0


class TestPages:
    @pytest.mark.parametrize("outcome", ["proven", "confirmed", "cancelled", "", "<script>"])
    def test_the_last_page_says_what_happened_and_runs_one_small_script(
        self, client: FlaskClient, outcome: str
    ) -> None:
        page = client.get("/v/done", query_string={"outcome": outcome})
        assert page.status_code == 200
        assert "proving-done.js" in page.text
        assert "<script>" not in page.text

    def test_forms_may_lead_to_https_and_in_plain_text_only_to_the_providers(
        self, rita: Writer, provider: Provider, other_provider: Provider
    ) -> None:
        policy = rita.open(rita.ticket()).headers["Content-Security-Policy"]
        [forms] = [part.split()[1:] for part in policy.split(";") if part.strip().startswith("form-action")]
        plain = {one.config.issuer for one in all_providers()}
        assert {provider.issuer, other_provider.issuer} < plain
        assert set(forms) == {"'self'", "https:", *plain}

    def test_pages_that_lead_nowhere_say_so(self, client: FlaskClient) -> None:
        assert "form-action 'self';" in client.get("/v/done").headers["Content-Security-Policy"]

    def test_pages_follow_the_language_of_the_draft(self, rita: Writer) -> None:
        done = rita.sign_in()
        assert done.headers["Location"].endswith("lang=en")
