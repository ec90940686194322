"""What a program can get wrong: each gets the right status, and a problem that names code, field and remedy."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories import World
from tests.functional.api.bodies import purchase
from tests.functional.api.caller import Caller

URL = "/api/v1/purchases"
PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"reference": "A", "reference": "B"}',
        b'{"reference": NaN}',
        b'{"limit": 1e999}',
        b'{"reference": "\\ud800"}',
        b"\xff\xfe\x00",
        b'{"reference": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_not_json_is_a_400(office: Caller, body: bytes) -> None:
    answer = office.post(URL, body)
    assert answer.status_code == 400
    assert answer.mimetype == PROBLEM
    assert answer.json["code"] == "json_malformed"
    assert answer.json["detail"]
    assert answer.json["request_id"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/reference", "required"),
        ([], "/", "invalid"),
        ("text", "/", "invalid"),
        (5, "/", "invalid"),
        (b"null", "/", "invalid"),
        (True, "/", "invalid"),
        (purchase(reference=5), "/reference", "invalid"),
        (purchase(reference=""), "/reference", "blank"),
        (purchase(reference="\u200b"), "/reference", "blank"),
        (purchase(reference="x" * 81), "/reference", "too_long"),
        (purchase(reference="x" * 500_000), "/reference", "too_long"),
        (purchase(reference="a\u0000b"), "/reference", "control_character"),
        (purchase(reference="a\u001bb"), "/reference", "control_character"),
        (purchase(date="02.03.2026"), "/date", "invalid"),
        (purchase(date="2026-02-30"), "/date", "invalid"),
        (purchase(date="2026-03-02T00:00:00Z"), "/date", "invalid"),
        (purchase(date=20260302), "/date", "invalid"),
        (purchase(date="1867-01-01"), "/date", "out_of_range"),
        (purchase(date="2027-01-01"), "/date", "out_of_range"),
        (purchase(date="9999-12-31"), "/date", "out_of_range"),
        (purchase(buyer="Brightwater"), "/buyer", "invalid"),
        (purchase(buyer=None), "/buyer", "required"),
        (purchase(buyer={}), "/buyer/name", "required"),
        (purchase(buyer={"name": "B", "id": "x"}), "/buyer/id", "unknown_field"),
        (purchase(buyer={"name": "B", "domains": "b.example"}), "/buyer/domains", "invalid"),
        (purchase(buyer={"name": "B", "domains": ["127.0.0.1"]}), "/buyer/domains/0", "invalid_domain"),
        (purchase(buyer={"name": "B", "domains": ["b.example", "mail.ru"]}), "/buyer/domains/1", "free_mail_domain"),
        (purchase(buyer={"name": "B", "domains": ["mailinator.com"]}), "/buyer/domains/0", "free_mail_domain"),
        (purchase(buyer={"name": "B", "domains": [f"d{n}.example" for n in range(21)]}), "/buyer/domains", "too_many"),
        (purchase(buyer={"name": "B", "lei": "5493001KJTIIGC8Y1R13"}), "/buyer/lei", "invalid_lei"),
        (purchase(subjects=[]), "/subjects", "too_few"),
        (purchase(subjects="KP-45"), "/subjects", "invalid"),
        (purchase(subjects=[5]), "/subjects/0", "invalid"),
        (purchase(subjects=[None]), "/subjects/0", "invalid"),
        (purchase(subjects=["KP-45"] * 21), "/subjects", "too_many"),
        (purchase(subjects=[{"name": "Pump"}]), "/subjects/0/sku", "required"),
        (purchase(subjects=[{"sku": "A", "name": "A", "kind": "gadget"}]), "/subjects/0/kind", "invalid"),
        (
            purchase(subjects=[{"sku": "A", "name": "A", "url": "javascript:alert(1)"}]),
            "/subjects/0/url",
            "invalid_url",
        ),
        (purchase(subjects=[{"sku": "A", "name": "A", "gtin": "4006381333930"}]), "/subjects/0/gtin", "invalid_gtin"),
        (purchase(subjects=[{"sku": "A", "name": "A", "slug": "a"}]), "/subjects/0/slug", "unknown_field"),
        (purchase(contact="rita@brightwater.example"), "/contact", "invalid"),
        (purchase(contact={"email": "rita"}), "/contact/email", "invalid_email"),
        (purchase(contact={"email": "rita@b.example\r\nBcc: x@y.example"}), "/contact/email", "invalid_email"),
        (purchase(contact={"email": "rita@b.example\u2028"}), "/contact/email", "invalid_email"),
        (purchase(contact={"email": "a@corp.example <b@evil.example>"}), "/contact/email", "invalid_email"),
        (purchase(contact={"name": "Rita"}), "/contact/email", "required"),
        (purchase(language="de"), "/language", "invalid"),
        (purchase(invite="yes"), "/invite", "invalid"),
        (purchase(invite=1), "/invite", "invalid"),
        (purchase(incentive="x" * 161), "/incentive", "too_long"),
        (purchase(supplier_id="other"), "/supplier_id", "unknown_field"),
        (purchase(id="x", status="created"), "/id", "unknown_field"),
        (purchase(**{"a/b~c": 1}), "/a~1b~0c", "unknown_field"),
        ({"purchases": []}, "/purchases", "too_few"),
        ({"purchases": {}}, "/purchases", "invalid"),
        ({"purchases": None}, "/purchases", "required"),
        ({"purchases": [5]}, "/purchases/0", "invalid"),
        ({"purchases": [purchase()], "reference": "x"}, "/reference", "unknown_field"),
        ({"purchases": [purchase("A"), purchase("B", date="x")]}, "/purchases/1/date", "invalid"),
    ],
)
def test_a_wrong_field_is_named(office: Caller, body: Any, pointer: str, code: str) -> None:
    answer = office.post(URL, body)
    assert answer.status_code == 422, answer.text
    assert answer.mimetype == PROBLEM
    assert answer.json["code"] == "invalid"
    assert answer.json["remedy"]
    assert (pointer, code) in [(fault["pointer"], fault["code"]) for fault in answer.json["errors"]]
    assert all(fault["detail"] for fault in answer.json["errors"])
    assert office.get(URL).json["purchases"] == []


def test_too_many_at_once_are_refused_before_they_are_looked_at(office: Caller) -> None:
    answer = office.post(URL, {"purchases": [{}] * 501})
    assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [("/purchases", "too_many")]
    lines = office.post(URL, {"purchases": [purchase(str(n), subjects=["KP-45"] * 20) for n in range(101)]})
    assert [(one["pointer"], one["code"]) for one in lines.json["errors"]] == [("/purchases", "too_many")]


def test_ten_megabytes_are_a_413(office: Caller) -> None:
    answer = office.post(URL, b'{"reference": "' + b"x" * 10_000_000 + b'"}')
    assert answer.status_code == 413
    assert answer.mimetype == PROBLEM
    assert answer.json["code"] == "too_large"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", ""]
)
def test_a_body_that_is_not_marked_as_json_is_a_415(office: Caller, kind: str) -> None:
    answer = office.post(URL, purchase(), Content_Type=kind)
    assert answer.status_code == 415
    assert answer.mimetype == PROBLEM
    assert answer.json["code"] == "unsupported_media_type"


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "PUT"])
def test_a_method_that_is_not_offered_is_a_405(office: Caller, method: str) -> None:
    answer = office.send(method, URL, purchase())
    assert answer.status_code == 405
    assert answer.mimetype == PROBLEM
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/nothing",
        "/api/v1/purchases/nothing",
        "/api/v1/purchases/00000000-0000-0000-0000-000000000000",
        "/api/v1/purchases/%00",
        "/api/v1/purchases/%ff%fe",
        "/api/v1/purchases/" + "a" * 3000,
        "/api/v2/purchases",
    ],
)
def test_what_is_not_there_is_a_404(office: Caller, path: str) -> None:
    answer = office.get(path)
    assert answer.status_code == 404
    assert answer.mimetype == PROBLEM


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({"limit": "0"}, "/limit", "out_of_range"),
        ({"limit": "101"}, "/limit", "out_of_range"),
        ({"limit": "٥"}, "/limit", "invalid"),
        ({"limit": "9" * 100}, "/limit", "invalid"),
        ({"sort": "name"}, "/sort", "unknown_field"),
        ({"reference": "a\x00"}, "/reference", "control_character"),
    ],
)
def test_a_wrong_filter_is_named(office: Caller, query: dict[str, str], pointer: str, code: str) -> None:
    answer = office.get(URL, **query)
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [(pointer, code)]


@pytest.mark.parametrize("cursor", ["x", "WyJ4Il0.xxx", "'; DROP TABLE purchases; --"])
def test_a_made_up_cursor_is_a_400(office: Caller, cursor: str) -> None:
    answer = office.get(URL, cursor=cursor)
    assert answer.status_code == 400
    assert answer.json["code"] == "cursor_invalid"


def test_every_field_that_is_shown_is_refused_when_sent(kestrel: World, office: Caller) -> None:
    shown = office.post(URL, purchase()).json
    for name in set(shown) - set(purchase()) - {"incentive"}:
        answer = office.post(URL, purchase(**{name: shown[name]}))
        assert (f"/{name}", "unknown_field") in [(one["pointer"], one["code"]) for one in answer.json["errors"]]


def test_the_answer_never_depends_on_the_accept_header(client: FlaskClient, kestrel: World) -> None:
    answer = client.get(URL, headers={"Accept": "text/html"})
    assert answer.mimetype == PROBLEM
