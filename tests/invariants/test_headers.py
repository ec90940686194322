"""What every answer of a trust group says to browsers and caches: one table, tried on every address there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core.headers import Trust
from tests.factories import World, make_api_key, make_kestrel, make_operator, sign_in
from tests.invariants.surface import doors, path_of, rows_of

NOTHING = "0191d7a0-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Promise:
    """What a group's answers hold."""

    scripts: str | None = "'self'"
    framed_by: str = "'none'"
    trusted_types: bool = True
    referrer: str = "same-origin"
    resource: str = "same-origin"
    opener: str = "same-origin-allow-popups"
    kept: bool = False
    cookies: bool = True


PROMISES: dict[Trust, Promise] = {
    Trust.PUBLIC: Promise(
        referrer="strict-origin-when-cross-origin", resource="cross-origin", kept=True, cookies=False
    ),
    Trust.EMBED: Promise(referrer="no-referrer", resource="cross-origin", opener="unsafe-none", cookies=False),
    Trust.PROVING: Promise(opener="unsafe-none"),
    Trust.PERSONAL: Promise(),
    Trust.ACCOUNT: Promise(),
    # htmx needs sinks that Trusted Types forbid; it is loaded on work screens only.
    Trust.DASHBOARD: Promise(trusted_types=False),
    Trust.OPERATOR: Promise(trusted_types=False),
    Trust.API: Promise(scripts=None, referrer="no-referrer", cookies=False),
    Trust.OPERATIONS: Promise(scripts=None, referrer="no-referrer", cookies=False),
}


def directives(answer: TestResponse) -> dict[str, str]:
    """The content security policy, by directive."""
    (policy,) = answer.headers.getlist("Content-Security-Policy")
    return {name: values for name, _, values in (part.strip().partition(" ") for part in policy.split(";"))}


def values_of(world: World, rows: dict[str, str]) -> dict[str, str]:
    """Something real for each argument of any address; a well-formed nothing for secrets."""
    return {
        **rows,
        "site": world.site.public_key,
        "subject": world.subject.slug,
        "slug": world.supplier.slug,
        "version": "0" * 16,
        "name": "css/avouch.css",
        **dict.fromkeys(("draft_id", "effect_id"), NOTHING),
        **dict.fromkeys(("secret", "ticket", "token"), "avf_" + "a" * 30),
        "provider_id": "workplace",
    }


def keep_promise(answer: TestResponse, group: Trust, where: str) -> None:
    """Hold an answer against its group's row."""
    promised, headers = PROMISES[group], answer.headers
    policy = directives(answer)
    assert policy["default-src"] == "'none'", where
    assert policy.get("script-src") == promised.scripts, where
    assert "unsafe" not in str(policy), where
    assert ("require-trusted-types-for" in policy) == (promised.trusted_types and promised.scripts is not None), where
    if promised.scripts is None:
        assert "sandbox" in policy, where
    else:
        assert (policy["style-src"], policy["base-uri"]) == ("'self'", "'none'"), where
        assert policy["form-action"].startswith("'self'"), where
    if not where.endswith(("/form", "/list")):
        assert policy["frame-ancestors"] == promised.framed_by, where
    assert headers["X-Content-Type-Options"] == "nosniff", where
    if group is not Trust.PROVING:  # the way back from a provider is stricter still
        assert headers["Referrer-Policy"] == promised.referrer, where
    assert headers["Cross-Origin-Resource-Policy"] == promised.resource, where
    assert headers["Cross-Origin-Opener-Policy"] == promised.opener, where
    assert "camera=()" in headers["Permissions-Policy"], where
    assert headers["Strict-Transport-Security"].startswith("max-age=63072000"), where
    assert headers["X-Request-Id"], where
    if not promised.kept or answer.status_code >= 400:
        assert headers["Cache-Control"] == "no-store", where
    if not promised.cookies:
        assert "Set-Cookie" not in headers, where
    for cookie in headers.getlist("Set-Cookie"):
        assert cookie.startswith("__Host-"), where
        for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert f"; {part}" in cookie, where
        assert "Domain" not in cookie, where
    cors = headers.get("Access-Control-Allow-Origin")
    assert cors in ({None, "*"} if group is Trust.PUBLIC else {None}), where
    assert "Access-Control-Allow-Credentials" not in headers, where


@pytest.mark.parametrize("group", sorted(Trust))
@pytest.mark.parametrize("language", ["text/html", "application/json"])
def test_every_answer_keeps_the_promise_of_its_group(
    app: Flask, client: FlaskClient, outbox: Callable[[], int], group: Trust, language: str
) -> None:
    world = make_kestrel()
    rows = rows_of(world, outbox)
    headers = {"Accept": language}
    if group is Trust.DASHBOARD:
        sign_in(client, world.owner)
    if group is Trust.OPERATOR:
        sign_in(client, make_operator())
    if group is Trust.API:
        headers["Authorization"] = f"Bearer {make_api_key(world.actor)}"
    statuses = set()
    for door in doors(app, group):
        path = path_of(app, door, values_of(world, rows))
        for sent in (headers, {**headers, "Cookie": "__Host-avouch=nonsense; other=1"}):
            # Without a token or a body: writes are refused, and a refusal keeps the promise too.
            answer = client.open(path, method=door.method, headers=sent)
            assert answer.status_code < 500, str(door)
            keep_promise(answer, group, str(door))
            statuses.add(answer.status_code)
    assert statuses & {200, 204}


def test_what_no_route_answers_is_closed_too(client: FlaskClient) -> None:
    for path in ("/nothing", "/api/v1/nothing", "/v/nothing", "/dashboard/nothing", "/.env", "/static/x"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert directives(answer)["default-src"] == "'none'"
        assert directives(answer)["frame-ancestors"] == "'none'"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers


def test_only_the_form_and_the_list_may_be_framed(app: Flask, client: FlaskClient, outbox: Callable[[], int]) -> None:
    world = make_kestrel()
    values = values_of(world, rows_of(world, outbox))
    framed = {}
    for door in doors(app, *Trust):
        if door.method == "GET":
            answer = client.get(path_of(app, door, values))
            if (ancestors := directives(answer)["frame-ancestors"]) != "'none'":
                framed[door.rule] = ancestors
    assert framed == {"/widgets/v1/<site>/form": "https://kestrel.example", "/widgets/v1/<site>/list": "*"}
