"""JSON that two readers could understand differently is refused; nothing else ever comes out of the parser."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from contextlib import suppress
from decimal import Decimal

import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.json import MAX_DEPTH, JsonMalformed, init_app, parse


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{'a': 1}",
        b"{a: 1}",
        b'{"a": 1,}',
        b"[1,]",
        b'{"a": 1} {"b": 2}',
        b"NaN",
        b'{"a": NaN}',
        b"Infinity",
        b"-Infinity",
        b"1e999",
        b"-1e999",
        b"[1e400]",
        b'{"a": 1, "a": 2}',
        b'{"x": {"a": 1, "\\u0061": 2}}',
        b'"\\ud800"',
        b'{"\\udc00": 1}',
        b"\xff\xfe",
        b'"\xed\xa0\x80"',
        '"ü"'.encode("latin-1"),
        '{"a": 1}'.encode("utf-16"),
        b'"\x00"',
        b'"line\nbreak"',
        b"01",
        b"+1",
        b".5",
        b"0x10",
        b"1" * 5000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * 500 + b"]" * 500,
        b"// comment\n1",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_not_plain_json_is_refused(body: bytes) -> None:
    with pytest.raises(JsonMalformed) as refusal:
        parse(body)
    assert refusal.value.status == 400
    assert refusal.value.code == "json_malformed"


def test_plain_json_is_read() -> None:
    assert parse('\ufeff{"name": "Насос 🚰", "list": [1, 2.5, true, null]}'.encode()) == {
        "name": "Насос 🚰",
        "list": [1, 2.5, True, None],
    }
    assert parse(b'"\\ud83d\\ude00"') == "😀"
    assert parse("[" * MAX_DEPTH + "]" * MAX_DEPTH)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b'{"a":{"b":[1e9999999999]}}')
def test_no_body_brings_anything_but_a_value_or_a_refusal(body: bytes) -> None:
    with suppress(JsonMalformed):
        parse(body)


@pytest.mark.parametrize("unit", [b"[1],", b'"a",', b"1,", b'{"a":[]},', b"[[[[[[]]]]]],"])
def test_a_megabyte_takes_little_time(unit: bytes) -> None:
    body = b"[" + unit * (1_000_000 // len(unit)) + b"0]"
    began = time.process_time()
    parse(body)
    assert time.process_time() - began < 3


def test_times_ids_and_amounts_are_written_as_iso_and_text() -> None:
    app = Flask(__name__)
    init_app(app)
    moment = dt.datetime(2026, 4, 1, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    written = app.json.dumps({"at": moment, "on": dt.date(2026, 4, 1), "id": uuid.UUID(int=1), "score": Decimal("4.5")})
    assert app.json.loads(written) == {
        "at": "2026-04-01T10:30:00Z",
        "on": "2026-04-01",
        "id": "00000000-0000-0000-0000-000000000001",
        "score": "4.5",
    }


def test_a_number_that_json_lacks_is_never_written() -> None:
    app = Flask(__name__)
    init_app(app)
    with pytest.raises(ValueError):
        app.json.dumps({"score": float("nan")})


def test_flask_itself_reads_strictly() -> None:
    app = Flask(__name__)
    init_app(app)
    with app.test_request_context(data=b"[" * 100_000, content_type="application/json"):
        from flask import request

        with pytest.raises(JsonMalformed):
            request.get_json()
