"""The shape of the public API's blueprints: strict JSON in, problem+json out, documented as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast

import flask
import flask_smorest
import marshmallow as ma
from webargs.flaskparser import FlaskParser

from app.core.errors import Refused
from app.core.json import parse
from app.core.problems import invalid

View = TypeVar("View", bound=Callable[..., Any])


class UnsupportedMediaType(Refused):
    """The body is not sent as JSON."""

    status = 415
    code = "unsupported_media_type"
    title = "The body must be JSON"


def json_body() -> Any:
    """The request's body, parsed strictly.

    Raises:
        UnsupportedMediaType, JsonMalformed; TooLarge by way of Werkzeug's 413
    """
    if not flask.request.is_json:
        raise UnsupportedMediaType(
            "The body is not marked as JSON.", remedy="Send the header `Content-Type: application/json`."
        )
    return parse(flask.request.get_data(cache=True))


class StrictParser(FlaskParser):
    """webargs with our own JSON: its own answers deep nesting with a RecursionError, and takes NaN."""

    # A misspelt filter would otherwise quietly list everything.
    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": ma.RAISE}

    def _raw_load_json(self, req: flask.Request) -> Any:  # noqa: ARG002  # webargs' signature
        return json_body()

    def handle_error(self, error: ma.ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Say what is wrong the way everything else does, with pointers into the body or the query."""
        messages = error.messages
        if isinstance(messages, dict) and set(messages) <= {"json", "query", "path"}:
            messages = next(iter(messages.values()), messages)
        raise invalid(ma.ValidationError(messages)) from error


class ApiBlueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest publishes no types
    """A blueprint of the public API, below /api/v1. Its decorators keep the view's type."""

    ARGUMENTS_PARSER = StrictParser()

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        return cast("Callable[[View], View]", super().route(rule, **options))

    def arguments(self, schema: type[ma.Schema], **options: Any) -> Callable[[View], View]:
        return cast("Callable[[View], View]", super().arguments(schema, **options))

    def response(
        self, status_code: int, schema: type[ma.Schema] | None = None, **options: Any
    ) -> Callable[[View], View]:
        return cast("Callable[[View], View]", super().response(status_code, schema, **options))

    def alt_response(self, status_code: int, **options: Any) -> Callable[[View], View]:
        return cast("Callable[[View], View]", super().alt_response(status_code, **options))

    def doc(self, **options: Any) -> Callable[[View], View]:
        return cast("Callable[[View], View]", super().doc(**options))
