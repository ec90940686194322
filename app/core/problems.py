"""Every "no" becomes an answer here: problem+json (RFC 9457) for programs, a page for people.

One shape, one place: refusals of our own, marshmallow's findings, Werkzeug's HTTP errors, a database that
is away, and, as the last resort, whatever nobody foresaw, of which the caller learns only the request id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, g, json, render_template, request
from flask_babel import gettext
from marshmallow import ValidationError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from app.core import metrics
from app.core.errors import N_, FieldError, Invalid, Refused, Unavailable
from app.core.headers import JSON_GROUPS, Trust
from app.core.links import own_origin
from app.core.logs import current_request_id, log
from app.core.text import CodedMessage

# Stable codes for what Werkzeug refuses by itself, and what to do about each.
HTTP_CODES: dict[int, tuple[str, str]] = {
    400: ("bad_request", "Check that the request is complete and its body well formed."),
    401: ("unauthenticated", "Sign in, or send a valid key."),
    403: ("forbidden", "Ask somebody who may do this."),
    404: ("not_found", "Check the address."),
    405: ("method_not_allowed", "Use one of the methods named in the Allow header."),
    406: ("not_acceptable", "Ask for a media type that this address offers."),
    408: ("request_timeout", "Send the request again."),
    409: ("conflict", "Fetch it again to see how it stands now, then decide anew."),
    410: ("gone", "It will not come back; remove the link."),
    411: ("length_required", "Send a Content-Length."),
    412: ("precondition_failed", "Fetch the newest version first."),
    413: ("too_large", "Send less at once."),
    414: ("uri_too_long", "Shorten the address."),
    415: ("unsupported_media_type", "Send the body as application/json."),
    422: ("invalid", "Correct the named fields."),
    429: ("too_many", "Wait, then try again."),
    431: ("headers_too_large", "Send smaller headers."),
    503: ("unavailable", "Try again in a moment."),
}

# What people read instead of Werkzeug's words: title, what happened, what to do.
PAGES: dict[int, tuple[str, str, str]] = {
    404: (
        N_("Nothing is here"),
        N_("The address may be mistyped, or what was here is gone."),
        N_("Check the address, or go back and choose another way."),
    ),
    413: (N_("This is too large"), N_("More was sent at once than this page takes."), N_("Send less at once.")),
    429: (
        N_("Too many tries"),
        N_("This was tried too often in a short time."),
        N_("Wait a few minutes, then try again."),
    ),
}
OTHER_PAGE = (
    N_("This cannot be done"),
    N_("The request did not fit this page. Nothing was changed."),
    N_("Go back, load the page again and try once more."),
)


@dataclass(frozen=True)
class Said:
    """A refusal in the reader's language. What the catalogue does not know, such as a sentence translated where it was
    raised, passes as it is; and it stays text, for it may quote what somebody typed."""

    title: str
    detail: str
    remedy: str
    fields: tuple[FieldError, ...]

    @classmethod
    def of(cls, refusal: Refused) -> Said:
        remedy = refusal.remedy
        if refusal.retry_after is not None and refusal.code == "too_many":
            remedy = N_("Wait a minute, then try again.") if refusal.retry_after <= 60 else PAGES[429][2]
        title, detail, remedy = (gettext(text) if text else "" for text in (refusal.title, refusal.detail, remedy))
        return cls(title, detail, remedy, refusal.fields)


def init_app(app: Flask) -> None:
    """Answer every exception."""
    app.register_error_handler(Refused, answer)
    app.register_error_handler(ValidationError, lambda error: answer(invalid(error)))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(PoolTimeout, _database_away)
    app.register_error_handler(Exception, _unforeseen)


def invalid(error: ValidationError) -> Invalid:
    """marshmallow's findings as a refusal with one entry a field."""
    return Invalid(
        "Some fields will not do; each is named with what is wrong.",
        remedy="Correct the named fields and send the request again.",
        fields=tuple(flatten(error.messages)),
    )


def flatten(messages: Any, pointer: str = "") -> Iterable[FieldError]:
    """marshmallow's nested messages as (JSON Pointer, code, detail)."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            if key == "_schema":
                yield from flatten(inner, pointer)
            else:
                # RFC 6901: "~" and "/" inside a name are written ~0 and ~1.
                name = str(key).replace("~", "~0").replace("/", "~1")
                yield from flatten(inner, f"{pointer}/{name}")
        return
    for message in messages if isinstance(messages, list | tuple) else [messages]:
        yield FieldError(pointer or "/", _field_code(message), str(message))


def _field_code(message: object) -> str:
    if isinstance(message, CodedMessage):
        return message.code
    message = str(message)
    if message.startswith("Missing data"):
        return "required"
    if message.startswith("Unknown field"):
        return "unknown_field"
    return "invalid"


def answer(refusal: Refused) -> Response:
    """A refusal as the caller can read it."""
    metrics.REFUSALS.labels(refusal.code).inc()
    response = _page(refusal) if wants_page() else _problem(refusal)
    response.status_code = refusal.status
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    if refusal.status == 401 and g.get("trust") is Trust.API:
        response.headers["WWW-Authenticate"] = 'Bearer realm="avouch"'
    # An error is never kept by a cache: it would outlive its cause.
    response.headers["Cache-Control"] = "no-store"
    return response


def wants_page() -> bool:
    """Whether the caller is a person with a browser (then a page), or a program (then problem+json)."""
    group: Trust | None = g.get("trust")
    if group in JSON_GROUPS or request.path.startswith(("/api/", "/v/drafts", "/feeds/")):
        return False
    best = request.accept_mimetypes.best_match(["application/problem+json", "application/json", "text/html"])
    return best == "text/html" and "text/html" in request.headers.get("Accept", "")


def body(refusal: Refused) -> dict[str, Any]:
    """The members of the problem document: in English for programs; the form shows its own to a person."""
    said = Said.of(refusal) if g.get("trust") is Trust.EMBED else refusal
    result: dict[str, Any] = {
        "type": f"{own_origin()}/api/docs#problem-{refusal.code}",
        "title": said.title,
        "status": refusal.status,
        "code": refusal.code,
        "detail": said.detail,
        "request_id": current_request_id(),
    }
    if remedy := said.remedy or _usual_remedy(refusal.status):
        result["remedy"] = remedy
    if refusal.fields:
        result["errors"] = [
            {"pointer": field.pointer, "code": field.code, "detail": field.detail} for field in refusal.fields
        ]
    return result


def _usual_remedy(status: int) -> str:
    """What to do about a status, for programs. The form shows remedies to people, in their language, or none."""
    return "" if g.get("trust") is Trust.EMBED else HTTP_CODES.get(status, ("", ""))[1]


def _problem(refusal: Refused) -> Response:
    return Response(json.dumps(body(refusal)), content_type="application/problem+json")


def _page(refusal: Refused) -> Response:
    return Response(render_template("error.html", problem=Said.of(refusal), request_id=current_request_id()))


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if 300 <= status < 400:
        return Response(status=status, headers=dict(error.get_headers()))
    messages = getattr(error, "data", {}).get("messages") if isinstance(getattr(error, "data", None), dict) else None
    if status == 422 and messages is not None:
        # webargs groups its findings by where they were found ("json", "query"); callers know where they wrote.
        found = [entry for part in messages.values() for entry in flatten(part)] if isinstance(messages, dict) else []
        return answer(Invalid("Some fields will not do; each is named with what is wrong.", fields=found))
    code, remedy = HTTP_CODES.get(status, ("error", ""))
    response = answer(_from_http(status, code, error, remedy))
    if status == 405 and (allow := dict(error.get_headers()).get("Allow")):
        response.headers["Allow"] = allow
    return response


def _from_http(status: int, code: str, error: HTTPException, remedy: str) -> Refused:
    title, detail = error.name, error.description or error.name
    if wants_page():
        title, detail, remedy = PAGES.get(status, OTHER_PAGE)
    kind = type("HttpRefused", (Refused,), {"status": status, "code": code, "title": title})
    refusal = kind(detail, remedy=remedy)
    if not isinstance(refusal, Refused):  # pragma: no cover  # type() returns what it was given
        raise TypeError
    return refusal


def _database_away(error: DBAPIError | PoolTimeout) -> Response:
    log.error("database is away", exc_info=error)
    return answer(
        Unavailable(
            N_("The service cannot reach its database just now. Nothing was changed."),
            remedy=N_("Try again in a few seconds."),
            retry_after=5,
        )
    )


def _unforeseen(error: Exception) -> Response:
    log.error("unforeseen", exc_info=error)
    kind = type("Unforeseen", (Refused,), {"status": 500, "code": "internal", "title": N_("Something went wrong here")})
    refusal = kind(
        N_("This is our fault, not yours. Nothing was changed."),
        remedy=N_("Try again; if it stays, write to us and name the request id."),
    )
    if not isinstance(refusal, Refused):  # pragma: no cover  # type() returns what it was given
        raise TypeError
    return answer(refusal)
