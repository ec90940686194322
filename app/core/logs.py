"""Structured logs: one JSON object a line, each with the request's or effect's id, none with a secret.

A request is logged by its route's pattern, not its path, because paths carry capability links.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog
from flask import Flask, Response, g, request

from app.core.ids import new_id

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
# Whatever slips into a message all the same: our own secrets by their shape, and bearer headers.
_SECRET = re.compile(r"(av[a-z]_)[a-z2-7]{26,30}|((?:Bearer|Basic|Draft) )\S+")
# PostgreSQL quotes the row it complains of: `DETAIL:  Key (email)=(…) already exists.`, `Failing row contains (…)`.
_ROW = re.compile(r"(DETAIL|CONTEXT):.*?(?=\n\[SQL:|\Z)", re.DOTALL)

log = structlog.get_logger("avouch")


def configure(level: str) -> None:
    """Send structlog and the standard library's loggers to standard error as JSON lines."""
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Without the frames' variables: those hold what people wrote, and their addresses.
        structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
        _redact,
    ]
    structlog.configure(
        processors=[*processors, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *processors,
                structlog.processors.JSONRenderer(),
            ]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # These tell what our own lines tell better, and with whole paths.
    for noisy in ("httpx", "httpcore", "_granian", "granian.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def without_secrets(text: str) -> str:
    """`text` as it may be kept: without our own secrets, bearer headers, and what rows hold."""
    return _ROW.sub(r"\1: …", _SECRET.sub(lambda match: f"{match[1] or match[2]}…", text))


def current_request_id() -> str | None:
    """The id of the request or effect being worked on."""
    return _request_id.get()


def bind_request_id(value: str) -> None:
    """Name the piece of work that the following log lines and audit entries belong to."""
    _request_id.set(value)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=value)


def init_app(app: Flask) -> None:
    """Give each request an id, answer with it, and log the request once."""

    @app.before_request
    def begin() -> None:
        # An id from outside is not taken over: it could forge or break somebody else's trail.
        bind_request_id(str(new_id()))
        g.began = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Request-Id"] = current_request_id() or ""
        if request.endpoint not in {"operations.health", "operations.ready", "operations.figures", "assets.asset_file"}:
            log.info(
                "request",
                method=request.method,
                route=request.url_rule.rule if request.url_rule else None,
                status=response.status_code,
                ms=round((time.perf_counter() - g.get("began", time.perf_counter())) * 1000, 1),
                supplier=str(g.supplier_id) if g.get("supplier_id") else None,
            )
        return response


def _redact(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in fields.items():
        fields[key] = _clean(value)
    return fields


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {key: _clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(inner) for inner in value]
    return value
