"""JSON that means one thing to every reader (I-JSON, RFC 7493), or a 400.

Python's own reader answers a hundred thousand `[` with RecursionError, takes NaN, Infinity and 1e999, and
of two equal keys keeps the last, while a proxy or a log in front of us may have believed the first.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import json
import math
import uuid
from typing import Any, NoReturn

from flask import Flask
from flask.json.provider import DefaultJSONProvider
from markupsafe import Markup

from app.core.errors import BadRequest

MAX_DEPTH = 32


class JsonMalformed(BadRequest):
    """The body is not JSON, or is JSON that two readers could understand differently."""

    code = "json_malformed"
    title = "The body is not valid JSON"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, remedy="Send one JSON value in UTF-8, with each key of an object once.")


def parse(data: str | bytes) -> Any:
    """The value written in `data` (UTF-8); raises JsonMalformed, and nothing else, whatever `data` is."""
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        value = json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_constant=_no_constant,
            parse_float=_finite_float,
        )
    except JsonMalformed:
        raise
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError:
        raise JsonMalformed("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise JsonMalformed(f"{error.msg} at line {error.lineno}, column {error.colno}.") from None
    except ValueError:
        # int() refuses more than 4,300 digits, because reading them takes quadratic time.
        raise JsonMalformed("A number has too many digits.") from None
    _check(value)
    return value


def _check(value: Any) -> None:
    """Refuse absurd depth and lone surrogates, level by level, without recursion."""
    level = [value]
    for _depth in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, dict):
                below.extend(item.keys())
                below.extend(item.values())
        if not below:
            return
        level = below
    raise _too_deep()


def _check_text(text: str) -> None:
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise JsonMalformed("A string holds half of a surrogate pair, which is no character.")


def _too_deep() -> JsonMalformed:
    return JsonMalformed(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # None, on purpose
        raise JsonMalformed(f"The key {json.dumps(twice[:80])} is given twice in one object.")
    return found


def _no_constant(name: str) -> NoReturn:
    raise JsonMalformed(f"{name} is not JSON.")


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise JsonMalformed("A number is too large.")
    return value


class StrictJSONProvider(DefaultJSONProvider):
    """Flask's JSON, reading strictly and writing times as ISO 8601 (Flask writes HTTP dates)."""

    sort_keys = False
    compact = True

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return parse(s)

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        kwargs.setdefault("allow_nan", False)
        return super().dumps(obj, **kwargs)

    @staticmethod
    def default(value: Any) -> Any:
        """How values that JSON lacks are written."""
        if isinstance(value, dt.datetime):
            return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        if isinstance(value, dt.date):
            return value.isoformat()
        if isinstance(value, uuid.UUID | decimal.Decimal):
            return str(value)
        if isinstance(value, Markup):
            return str(value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return dataclasses.asdict(value)
        # Lazily translated strings (flask_babel) have no common base that is public.
        if hasattr(value, "__html__") or type(value).__name__ == "LazyString":
            return str(value)
        raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def init_app(app: Flask) -> None:
    """Have `app` read and write JSON this way."""
    app.json = StrictJSONProvider(app)
