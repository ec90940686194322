"""Nonsense sent to every address there is: refused in words by the right status, never a crash, and nothing changed.

A 500 here would be an exception that nobody foresaw: in tests it is not caught and fails the test by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core.headers import COOKIE_GROUPS, UNSAFE, Trust
from app.core.secrets import Prefix, random_secret
from app.suppliers import queries
from app.suppliers import service as suppliers
from tests.factories import csrf_token, make_api_key, make_kestrel, make_operator, sign_in
from tests.functional.collection.conftest import CONTENT, Rita
from tests.functional.dashboard.browsing import HTML
from tests.invariants.conftest import RowsOf
from tests.invariants.surface import FILLED_IN, Door, doors, path_of, rows_of
from tests.invariants.test_headers import values_of
from tests.services import Servers

MEGABYTES = 10_000_000
UNSHOWN = "a\x00b\x1b[31m\ud800".encode("utf-8", "surrogatepass")


Calm = Callable[[], None]


@pytest.fixture
def calm(servers: Servers) -> Iterator[Calm]:
    """Lets the counters of the rate limits begin anew: these tests are about what comes behind them."""
    with redis.Redis.from_url(servers.valkey.url()) as valkey:
        yield lambda: bool(valkey.flushall()) and None


def person_for(group: Trust, client: FlaskClient) -> str:
    """Sign whoever belongs to the group in; a CSRF token of their browser."""
    world = make_kestrel()
    if group is Trust.OPERATOR:
        sign_in(client, make_operator())
        return csrf_token(client.get("/operator", headers=HTML).text)
    if group is Trust.DASHBOARD:
        sign_in(client, world.owner)
        return csrf_token(client.get("/dashboard/settings/account", headers=HTML).text)
    return csrf_token(client.get("/sign-in", headers=HTML).text)


def writes(app: Flask, group: Trust) -> list[Door]:
    """Every method of a group that changes something."""
    return [door for door in doors(app, group) if door.method in UNSAFE]


@pytest.mark.parametrize("group", sorted(COOKIE_GROUPS))
def test_ten_megabytes_in_a_form_are_a_413_in_words(app: Flask, client: FlaskClient, calm: Calm, group: Trust) -> None:
    token = person_for(group, client)
    found = writes(app, group)
    assert found
    for door in found:
        path = path_of(app, door, dict.fromkeys(door.arguments, "0191d7a0-0000-7000-8000-000000000000"))
        data = f"csrf_token={token}&text=".encode() + b"x" * MEGABYTES
        calm()
        answer = client.open(path, method=door.method, data=data, headers={**HTML, "Content-Type": FORM})
        assert answer.status_code == 413, f"{door}: {answer.status_code}"
        assert "This is too large" in answer.text, str(door)


FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
BODIES: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "control characters in every field": (
        FORM,
        lambda token: b"&".join(
            [*(name.encode() + b"=" + UNSHOWN for name in FILLED_IN), b"csrf_token=%s" % _b(token)]
        ),
    ),
    "what is not UTF-8": (FORM, lambda token: b"name=%ff%fe&text=%80&csrf_token=" + _b(token)),
    "a field a hundred times": (FORM, lambda token: b"name=a&role=b&" * 90 + b"csrf_token=" + _b(token)),
    "names that nobody asked for": (FORM, lambda token: b"__proto__=1&is_owner=1&id=1&csrf_token=" + _b(token)),
    "no form but JSON": ("application/json", lambda _: b'{"name": {"a": [1]}}'),
    "half a form": (MULTIPART, lambda _: b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nabc'),
    "a file where a field belongs": (
        MULTIPART,
        lambda token: (
            b'--x\r\nContent-Disposition: form-data; name="name"; filename="a"\r\n\r\nabc\r\n--x\r\n'
            b'Content-Disposition: form-data; name="csrf_token"\r\n\r\n%s\r\n--x--\r\n' % _b(token)
        ),
    ),
}


def _b(text: str) -> bytes:
    return text.encode()


@pytest.mark.parametrize("kind", list(BODIES))
@pytest.mark.parametrize("group", sorted(COOKIE_GROUPS))
def test_nonsense_in_a_form_is_refused(app: Flask, client: FlaskClient, calm: Calm, group: Trust, kind: str) -> None:
    token = person_for(group, client)
    content_type, body = BODIES[kind]
    for door in writes(app, group):
        path = path_of(app, door, dict.fromkeys(door.arguments, "0191d7a0-0000-7000-8000-000000000000"))
        headers = {**HTML, "Content-Type": content_type, "X-CSRFToken": token}
        calm()
        answer = client.open(path, method=door.method, data=body(token), headers=headers)
        assert answer.status_code in {303, 400, 401, 403, 404, 410, 422}, f"{door}: {answer.status_code}"


PATHS = ["%00", "%ff%fe", "a" * 3000, "%F0%9F%94%A7", "..%2f..%2fetc%2fpasswd", "'; DROP TABLE reviews; --", "-1"]


@pytest.mark.parametrize("garbage", PATHS, ids=lambda one: one[:12])
def test_nonsense_in_an_address_is_not_found(app: Flask, client: FlaskClient, calm: Calm, garbage: str) -> None:
    world = make_kestrel()
    sign_in(client, world.owner)
    bearer = {"Authorization": f"Bearer {make_api_key(world.actor)}"}
    for door in doors(app, *Trust):
        if not door.arguments or door.method in UNSAFE:
            continue
        for name in door.arguments:
            rule = door.rule
            for argument in door.arguments:
                value = garbage if argument == name else "0191d7a0-0000-7000-8000-000000000000"
                for form in (f"<{argument}>", f"<uuid:{argument}>", f"<path:{argument}>"):
                    rule = rule.replace(form, value)
            assert "<" not in rule, rule
            calm()
            answer = client.get(rule, headers={**HTML, **bearer, "Sec-Fetch-Site": "same-origin"})
            assert answer.status_code in {303, 400, 401, 403, 404, 410, 422}, f"{door}: {answer.status_code}"


EVIL = "'\"><script>"
LONG = "x" * 5000
QUERIES = [
    {"lang": "\x00", "theme": "\x00", "subject": "a\x00b", "state": "\x00", "cursor": "\x00", "before": "\x00"},
    {
        "lang": "xx",
        "theme": "'\"><script>",
        "subject": "'\"><script>",
        "state": "'\"><script>",
        "next": "//evil.example",
    },
    {"cursor": LONG, "before": LONG, "after": LONG, "reference": LONG, "outcome": LONG},
    {
        "reference": "a\x00b",
        "after": "\ufffe",
        "next": "\\\\evil",
        "code": "\x00",
        "state": "x" * 5000,
        "error": "\x00",
    },
]


@pytest.mark.parametrize("query", QUERIES, ids=["NUL", "script", "long", "odd"])
def test_nonsense_in_a_query_is_refused_or_not_looked_at(
    app: Flask, client: FlaskClient, outbox: Callable[[], int], calm: Calm, query: dict[str, str]
) -> None:
    world = make_kestrel()
    values = values_of(world, rows_of(world, outbox))
    sign_in(client, world.owner)
    bearer = {"Authorization": f"Bearer {make_api_key(world.actor)}"}
    for door in doors(app, *Trust):
        if door.method in UNSAFE:
            continue
        calm()
        answer = client.get(path_of(app, door, values), query_string=query, headers={**HTML, **bearer})
        assert answer.status_code in {200, 303, 400, 401, 404, 410, 422}, f"{door}: {answer.status_code}"
        assert EVIL not in answer.text, str(door)
        assert "evil" not in answer.headers.get("Location", "").partition("?")[0], str(door)


def refused(answer: TestResponse, status: int, door: Door) -> dict[str, Any]:
    """The problem, which says what to do."""
    assert answer.status_code == status, f"{door}: {answer.status_code} {answer.text}"
    assert answer.mimetype == "application/problem+json"
    problem: dict[str, Any] = answer.get_json()
    assert problem["code"]
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    return problem


BROKEN = [b"{", b"[" * 100_000, b'{"a": NaN}', b'{"a": 1, "a": 2}', b'{"a": "\\ud800"}', b"\xff\xfe\x00", b"\x00"]
ODD = [b"[]", b'"text"', b"5", b"true", b"null"]


def test_every_call_of_the_form_says_what_is_wrong_with_a_body_and_the_draft_survives(
    app: Flask, rita: Rita, calm: Calm, everything_of: RowsOf
) -> None:
    rita.begins()
    rita.types()
    before = everything_of(rita.world.supplier.id)
    secret = {"Authorization": f"Draft {rita.draft['secret']}"}
    # Throwing a draft away and opening a window take no body.
    bodied = [door for door in writes(app, Trust.EMBED) if door.method != "DELETE" and not door.rule.endswith("ticket")]
    assert len(bodied) == 5
    for door in bodied:
        path = path_of(app, door, {"draft_id": rita.draft["id"]})

        def send(data: bytes, kind: str = "application/json", door: Door = door, path: str = path) -> TestResponse:
            calm()
            return rita.client.open(path, method=door.method, data=data, headers={**secret, "Content-Type": kind})

        for body in BROKEN:
            assert refused(send(body), 400, door)["remedy"]
        for body in ODD:
            assert refused(send(body), 422, door)["errors"][0]["pointer"] == "/"
        problem = refused(send(b'{"surprise": 1}'), 422, door)
        assert ("/surprise", "unknown_field") in [(one["pointer"], one["code"]) for one in problem["errors"]]
        assert "required" in {one["code"] for one in problem["errors"]}
        assert problem["remedy"]
        assert refused(send(b'{"x": "' + b"x" * MEGABYTES + b'"}'), 413, door)["code"] == "too_large"
        assert refused(send(b"{}", "text/plain"), 415, door)["remedy"]
    assert everything_of(rita.world.supplier.id) == before
    assert rita.asks("GET").get_json()["content"] == CONTENT


def test_every_problem_of_the_api_says_what_to_do(app: Flask, client: FlaskClient, outbox: Callable[[], int]) -> None:
    world = make_kestrel()
    rows = rows_of(world, outbox)
    bearer = {"Authorization": f"Bearer {make_api_key(world.actor)}"}
    nothing = dict.fromkeys(rows, "0191d7a0-0000-7000-8000-000000000000")
    asked: list[tuple[dict[str, str], dict[str, str], bytes]] = [
        ({}, rows, b"{}"),
        ({"Authorization": "Bearer avk_wrong"}, rows, b"{}"),
        (bearer, nothing, b"{}"),
        (bearer, rows, b'{"surprise": 1}'),
        (bearer, rows, b"{"),
    ]
    seen = set()
    for door in doors(app, Trust.API):
        for headers, values, body in asked:
            data = body if door.method in UNSAFE else None
            sent = {**headers, "Content-Type": "application/json"}
            answer = client.open(path_of(app, door, values), method=door.method, data=data, headers=sent)
            if answer.status_code >= 400:
                assert refused(answer, answer.status_code, door).get("remedy"), f"{door}: {answer.text}"
                seen.add(answer.status_code)
    assert seen >= {400, 401, 404, 422}


@pytest.mark.parametrize("state", ["unknown", "switched off"])
def test_a_site_that_is_none_shows_nothing_anywhere(
    app: Flask, client: FlaskClient, outbox: Callable[[], int], state: str
) -> None:
    world = make_kestrel()
    values = values_of(world, rows_of(world, outbox))
    if state == "unknown":
        values["site"] = random_secret(Prefix.SITE)
    else:
        suppliers.switch_site(world.actor, queries.site(world.site.id), on=False)
    outbox()
    tried = 0
    for door in doors(app, Trust.PUBLIC, Trust.EMBED):
        if "site" not in door.arguments:
            continue
        answer = client.get(path_of(app, door, values))
        assert answer.status_code == (404 if state == "unknown" else 410), f"{door}: {answer.status_code}"
        assert world.subject.name not in answer.text
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"] or door.rule.endswith("/list")
        tried += 1
    assert tried >= 7


WRONG: list[tuple[str, str, dict[str, Any], str]] = [
    ("PUT", "", {"version": "2", "content": {}}, "/version"),
    ("PUT", "", {"version": 2, "content": {}, "subject": "a\u0000b"}, "/subject"),
    ("PUT", "", {"version": True, "content": {}}, "/version"),
    ("PUT", "", {"version": 2, "content": []}, "/content"),
    ("PUT", "", {"version": 2, "content": {}, "subject": 5}, "/subject"),
    ("POST", "/token", {"token": 5}, "/token"),
    ("POST", "/token", {"token": ""}, "/token"),
    ("POST", "/token", {"token": "x" * 101}, "/token"),
    ("POST", "/mailed-link", {"email": 5}, "/email"),
    ("POST", "/mailed-link", {"email": ["rita@brightwater.example"]}, "/email"),
    ("POST", "/mailed-link", {"email": "rita"}, "/email"),
    ("POST", "/mailed-link", {"email": "rita@b.example\r\nBcc: x@y.example"}, "/email"),
    ("POST", "/mailed-link", {"email": "a@b.example, c@d.example"}, "/email"),
    ("POST", "/submit", {"version": 2.5, "content": CONTENT}, "/version"),
    ("POST", "/submit", {"version": 2, "content": {**CONTENT, "rating": "5"}}, "/content/rating"),
    ("POST", "/submit", {"version": 2, "content": {**CONTENT, "rating": True}}, "/content/rating"),
    ("POST", "/submit", {"version": 2, "content": {**CONTENT, "title": ["a"]}}, "/content/title"),
    ("POST", "/submit", {"version": 2, "content": {**CONTENT, "text": "a\u0000" * 30}}, "/content/text"),
    ("POST", "/submit", {"version": 2, "content": {**CONTENT, "pros": "\u001b[31m red"}}, "/content/pros"),
    ("POST", "/submit", {"version": 2, "content": {**CONTENT, "cons": "bell \u0007"}}, "/content/cons"),
    ("POST", "/submit", {"version": 2, "content": {**CONTENT, "role": "\u009f"}}, "/content/role"),
    ("POST", "/submit", {"version": 2, "content": {**CONTENT, "display_name": "R\u0000ita"}}, "/content/display_name"),
    ("POST", "/submit", {"version": 2, "content": {**CONTENT, "status": "approved"}}, "/content/status"),
]


def test_a_draft_cannot_begin_with_what_cannot_be_looked_up(rita: Rita) -> None:
    for field, code in (("site", "unknown_site"), ("subject", "subject_unknown")):
        answer = rita.begins(**{field: "a\u0000b"})
        assert 400 <= answer.status_code < 500
        assert answer.get_json()["code"] == code
    opened = rita.begins(token="avt_\u0000", language="\u0000")
    assert opened.status_code == 201
    assert opened.get_json()["token_problem"]["code"] == "token_mistyped"


@pytest.mark.parametrize(("method", "path", "body", "pointer"), WRONG)
def test_a_wrong_value_is_named_and_the_draft_survives(
    rita: Rita, method: str, path: str, body: dict[str, Any], pointer: str
) -> None:
    rita.begins()
    rita.types()
    answer = rita.asks(method, path, json=body)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json"), answer.text
    assert [one["pointer"] for one in answer.get_json()["errors"]] == [pointer]
    assert answer.get_json()["remedy"]
    assert rita.asks("GET").get_json()["content"] == CONTENT
