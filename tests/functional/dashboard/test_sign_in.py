"""/sign-in and /sign-out: fresh sessions, no way to tell who has an account, no way to guess fast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import sessions
from app.accounts.models import Principal, Session, User
from app.core.clock import now
from app.core.db import db
from tests.conftest import AppWith, Clock
from tests.factories import csrf_token, make_operator, make_supplier, make_user
from tests.functional.dashboard.browsing import HTML, submit
from tests.personas import ALICE, EVE, OLGA, PASSWORD
from tests.settings import EXTERNAL_URL

SITES = "/dashboard/settings/sites"


def cookie(client: FlaskClient) -> dict[str, Any]:
    with client.session_transaction(base_url=EXTERNAL_URL) as held:
        return dict(held)


def test_alice_signs_in_and_out(client: FlaskClient, platform_trail: Callable[[], list[str]]) -> None:
    make_supplier()
    signed_in = submit(client, "/sign-in", email="ALICE@kestrel.example", password=PASSWORD)
    assert (signed_in.status_code, signed_in.location) == (303, "/dashboard")
    page = client.get(SITES, headers=HTML)
    assert page.status_code == 200
    out = client.post("/sign-out", data={"csrf_token": csrf_token(page.text)}, headers=HTML)
    assert out.status_code == 303
    assert client.get(SITES, headers=HTML).location.startswith("/sign-in")
    assert [one for one in platform_trail() if one.startswith("session.")] == [
        "session.begun",
        "session.ended",
    ]


def test_the_cookie_is_bound_to_this_host_and_out_of_scripts_reach(client: FlaskClient) -> None:
    make_supplier()
    answer = submit(client, "/sign-in", email=ALICE.email, password=PASSWORD)
    (set_cookie,) = answer.headers.getlist("Set-Cookie")
    assert set_cookie.startswith("__Host-avouch=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(set_cookie.split("; "))
    assert "Domain" not in set_cookie
    assert "remember" not in set_cookie


def test_a_session_planted_before_is_not_the_one_used_after(client: FlaskClient) -> None:
    """Fixation: what was in the cookie before signing in is neither kept nor upgraded."""
    eve = make_user(EVE)
    make_supplier()
    planted = sessions.begin(Principal.USER, eve.id)
    with client.session_transaction(base_url=EXTERNAL_URL) as held:
        held["_user_id"], held["left by eve"], held["supplier"] = planted, "yes", "whatever"
    page = client.get("/reset", headers=HTML)
    before = cookie(client)
    client.post(
        "/sign-in",
        data={"csrf_token": csrf_token(page.text), "email": ALICE.email, "password": PASSWORD},
        headers=HTML,
    )
    after = cookie(client)
    assert after["_user_id"] != planted
    assert "left by eve" not in after
    assert after.get("csrf_token") != before["csrf_token"]
    assert sessions.load(planted) is None


def test_only_the_hash_of_a_session_is_kept(client: FlaskClient) -> None:
    make_supplier()
    submit(client, "/sign-in", email=ALICE.email, password=PASSWORD)
    secret = cookie(client)["_user_id"]
    (row,) = db.session.scalars(select(Session)).all()
    assert secret.startswith("avx_")
    assert secret.encode() not in row.id_hash


def test_a_copy_of_the_cookie_opens_nothing_after_signing_out(client: FlaskClient, another_client: FlaskClient) -> None:
    make_supplier()
    submit(client, "/sign-in", email=ALICE.email, password=PASSWORD)
    with another_client.session_transaction(base_url=EXTERNAL_URL) as held:
        held.update(cookie(client))
    assert another_client.get(SITES, headers=HTML).status_code == 200
    page = client.get(SITES, headers=HTML)
    client.post("/sign-out", data={"csrf_token": csrf_token(page.text)}, headers=HTML)
    assert another_client.get(SITES, headers=HTML).status_code == 303


def test_a_session_ends_after_two_idle_hours_and_after_twelve_in_any_case(client: FlaskClient, clock: Clock) -> None:
    make_supplier()
    clock.set(now())
    submit(client, "/sign-in", email=ALICE.email, password=PASSWORD)
    for _ in range(7):
        clock.pass_by(hours=1, minutes=40)  # 11 h 40 min in all, never two hours without a click
        assert client.get(SITES, headers=HTML).status_code == 200
    clock.pass_by(minutes=21)
    assert client.get(SITES, headers=HTML).status_code == 303

    submit(client, "/sign-in", email=ALICE.email, password=PASSWORD)
    clock.pass_by(hours=2)
    assert client.get(SITES, headers=HTML).status_code == 303


@pytest.mark.parametrize(
    "email",
    [ALICE.email, "nobody@kestrel.example", "unconfirmed@kestrel.example", "disabled@kestrel.example", "no address"],
)
def test_a_wrong_sign_in_reads_the_same_whoever_it_was(client: FlaskClient, email: str) -> None:
    make_supplier()
    db.session.add_all(
        [
            User(email="unconfirmed@kestrel.example", name="U", password_hash=make_user().password_hash),
            User(
                email="disabled@kestrel.example",
                name="D",
                password_hash=make_user().password_hash,
                email_verified_at=now(),
                disabled_at=now(),
            ),
        ]
    )
    # The right password of the accounts that may not sign in, a wrong one for the account that may.
    password = "a wrong one entirely" if email == ALICE.email else PASSWORD
    answer = submit(client, "/sign-in", email=email, password=password)
    assert answer.status_code == 401
    shown = answer.text.replace(email, "…").replace(cookie(client)["csrf_token"], "")
    assert "do not fit, or the address has not been confirmed yet" in shown
    reference = submit(client, "/sign-in", email="x@y.example", password="something else entirely")
    assert _without_tokens(shown) == _without_tokens(reference.text.replace("x@y.example", "…"))


def _without_tokens(page: str) -> str:
    return page.replace(csrf_token(page), "")


def test_guessing_at_one_account_is_stopped_after_ten(client: FlaskClient, another_client: FlaskClient) -> None:
    make_supplier()
    statuses = [submit(client, "/sign-in", email=ALICE.email, password=f"guess {n}").status_code for n in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    # Another spelling is the same account, another browser the same network, and even the right password waits.
    blocked = submit(another_client, "/sign-in", email=" ALICE@KESTREL.EXAMPLE ", password=PASSWORD)
    assert blocked.status_code == 429
    assert 0 < int(blocked.headers["Retry-After"]) <= 601
    assert "Wait" in blocked.text
    # Nobody else is kept out.
    make_user(EVE)
    assert submit(client, "/sign-in", email=EVE.email, password=PASSWORD).status_code == 303


def test_guessing_stays_slow_while_valkey_is_away(app_with: AppWith) -> None:
    away = app_with(AVOUCH_LIMITS_REDIS_URL="redis://127.0.0.1:9/1")
    with away.app_context():
        make_supplier()
        client = away.test_client()
        statuses = [submit(client, "/sign-in", email=ALICE.email, password=f"guess {n}").status_code for n in range(12)]
    assert statuses == [401] * 10 + [429] * 2


@pytest.mark.parametrize(
    ("target", "there"),
    [
        ("/dashboard/settings/members", "/dashboard/settings/members"),
        ("//evil.example", "/dashboard"),
        ("https://evil.example/dashboard", "/dashboard"),
        ("/\\evil.example", "/dashboard"),
        ("/operator", "/dashboard"),
        ("javascript:alert(1)", "/dashboard"),
    ],
)
def test_signing_in_leads_only_to_pages_of_the_dashboard(client: FlaskClient, target: str, there: str) -> None:
    make_supplier()
    answer = submit(client, "/sign-in", email=ALICE.email, password=PASSWORD, next=target)
    assert answer.location == there


def test_a_stranger_is_sent_to_sign_in_and_back_to_where_she_was_going(client: FlaskClient) -> None:
    answer = client.get("/dashboard/settings/members?sort=name", headers=HTML)
    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=/dashboard/settings/members?sort%3Dname"
    assert 'value="/dashboard/settings/members?sort=name"' in client.get(answer.location, headers=HTML).text


def test_htmx_is_told_to_leave_the_page(client: FlaskClient) -> None:
    answer = client.get(SITES, headers={**HTML, "HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_an_operators_password_opens_nothing_here(client: FlaskClient) -> None:
    make_operator()
    assert submit(client, "/sign-in", email=OLGA.email, password=OLGA.password).status_code == 401


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/reset", "/sign-up"])
@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}])
def test_another_sites_form_changes_nothing(client: FlaskClient, path: str, headers: dict[str, str]) -> None:
    make_supplier()
    submit(client, "/sign-in", email=ALICE.email, password=PASSWORD)
    answer = client.post(path, data={"email": EVE.email, "password": PASSWORD}, headers={**HTML, **headers})
    assert answer.status_code == 403
    assert client.get(SITES, headers=HTML).status_code == 200


def test_our_own_form_is_taken_although_no_referrer_makes_its_origin_null(client: FlaskClient) -> None:
    make_supplier()
    page = client.get("/sign-in", headers=HTML)
    answer = client.post(
        "/sign-in",
        data={"csrf_token": csrf_token(page.text), "email": ALICE.email, "password": PASSWORD},
        headers={**HTML, "Origin": "null", "Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 303


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_signing_out_takes_a_post(client: FlaskClient, method: str) -> None:
    assert getattr(client, method)("/sign-out", headers=HTML).status_code == 405


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "\U0001f600@kestrel.example"},
        {"email": "a\0b@kestrel.example"},
        {"email": "x" * 100_000},
        {"password": "\0"},
        {"password": "p" * 300_000},
        {"next": "x" * 100_000},
        {"surprise": "field"},
        {"email": "' OR 1=1 --"},
        {"email": "{{ 7*7 }}<script>alert(1)</script>"},
    ],
)
def test_odd_input_is_refused_and_never_breaks(client: FlaskClient, fields: dict[str, str]) -> None:
    answer = submit(client, "/sign-in", **{"email": ALICE.email, "password": PASSWORD, **fields})
    assert answer.status_code in {401, 422}
    assert "<script>alert" not in answer.text
