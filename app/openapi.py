"""The public API as a whole: its blueprints, its OpenAPI 3.1 document, its pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import flask_smorest
from flask import Blueprint, Flask, Response, current_app, g, jsonify, render_template
from marshmallow import Schema, fields

from app import api_docs
from app.catalog import routes as catalog
from app.core.api import ApiBlueprint
from app.core.idempotency import HEADER
from app.core.settings import settings
from app.invitations import routes as invitations
from app.invitations.schemas import PurchaseBatchIn, PurchaseIn, ReceivedBatchOut
from app.publication import api as reviews
from app.suppliers import access
from app.suppliers.permissions import SCOPES, Permission

VERSION = "1.0.0"
WRITES = {"post", "put", "patch"}
_SPEC = "avouch.openapi"
# What a cache may keep: the document changes only with a release.
_CACHED = "public, max-age=300"

BLUEPRINTS: tuple[ApiBlueprint, ...] = (invitations.blueprint, catalog.blueprint, reviews.blueprint)

docs = Blueprint("docs", __name__)


class FieldProblem(Schema):
    """What is wrong with one field."""

    pointer = fields.String(metadata={"description": "JSON Pointer (RFC 6901) into the body."})
    code = fields.String()
    detail = fields.String()


class Problem(Schema):
    """Why a request was refused (RFC 9457). `code` is stable; texts may change."""

    type = fields.String(metadata={"format": "uri"})
    title = fields.String()
    status = fields.Integer()
    code = fields.String()
    detail = fields.String()
    remedy = fields.String(metadata={"description": "What to do about it."})
    errors = fields.List(fields.Nested(FieldProblem))
    request_id = fields.String(allow_none=True)


class _Api(flask_smorest.Api):  # type: ignore[misc]  # flask-smorest publishes no types
    """flask-smorest for the document only: refusals are core.problems' business."""

    ERROR_SCHEMA = Problem

    def _register_error_handlers(self) -> None:
        """Leave the application's own handlers in place."""


def init_api(app: Flask) -> list[str]:
    """Register the API's blueprints; their names."""
    app.config.update(API_TITLE="Avouch API", API_VERSION=VERSION, OPENAPI_VERSION="3.1.0")
    api = _Api(app)
    for schema in (PurchaseIn, PurchaseBatchIn, ReceivedBatchOut):
        api.spec.components.schema(schema.__name__, schema=schema)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.extensions[_SPEC] = _completed(api.spec.to_dict(), app)
    return [blueprint.name for blueprint in BLUEPRINTS]


def specification() -> dict[str, Any]:
    """The OpenAPI document of the running app."""
    return cast("dict[str, Any]", current_app.extensions[_SPEC])


@docs.get("/api/v1/openapi.json")
def openapi_json() -> Response:
    """The document, for programs."""
    response = jsonify(specification())
    response.headers["Cache-Control"] = _CACHED
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@docs.get("/api/docs")
def api_pages() -> Response:
    """The document, for people."""
    g.language = "en"  # like the API's own messages
    page = api_docs.page(specification(), settings().external_url)
    response = Response(render_template("api/docs.html", page=page))
    response.headers["Cache-Control"] = _CACHED
    return response


def _completed(spec: dict[str, Any], app: Flask) -> dict[str, Any]:
    """The document with what flask-smorest cannot know: keys, problems, idempotency, names of operations."""
    spec["info"]["description"] = api_docs.INTRODUCTION
    spec["servers"] = [{"url": _external_url(app)}]
    spec["security"] = [{"key": []}]
    components = spec["components"]
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key, `avk_…`, made in the dashboard."}
    }
    components["responses"] = {
        "Problem": {
            "description": "Refused, with the reason and the remedy",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    }
    components["parameters"] = {"IdempotencyKey": _idempotency_parameter()}
    # A subject may be sent as its SKU alone (catalog.schemas.SubjectRef).
    subjects = components["schemas"]["PurchaseIn"]["properties"]["subjects"]
    subjects["items"] = {"oneOf": [{"type": "string", "minLength": 1, "maxLength": 80}, subjects["items"]]}
    endpoints = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower()): rule.endpoint
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    for path, method, operation in operations(spec):
        endpoint = endpoints[path, method]
        operation["operationId"] = endpoint.rpartition(".")[2]
        operation["x-scopes"] = _scopes(access.required_by(app.view_functions[endpoint]))
        operation["responses"] = {
            status: answer for status, answer in operation["responses"].items() if status.startswith("2")
        } | {"default": {"$ref": "#/components/responses/Problem"}}
        if method in WRITES:
            operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/IdempotencyKey"})
    _either_shape(spec["paths"]["/api/v1/purchases"]["post"])
    return spec


def operations(spec: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation of each operation in a document."""
    for path, item in spec["paths"].items():
        for method, operation in item.items():
            if method in {"get", "put", "post", "patch", "delete"}:
                yield path, method, operation


def _either_shape(operation: dict[str, Any]) -> None:
    """The answer has the shape of what was sent: one purchase, or a batch."""
    for status in ("200", "201"):
        operation["responses"][status]["content"]["application/json"]["schema"] = {
            "anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("ReceivedOut", "ReceivedBatchOut")]
        }


def _scopes(needed: frozenset[Permission]) -> list[str]:
    """The scopes that a key must have for these permissions: for each, the narrowest that gives it."""
    found = {}
    for permission in sorted(needed):
        giving = [scope for scope, given in SCOPES.items() if permission in given]
        if not any(scope in found for scope in giving):
            narrowest = min(giving, key=lambda scope: len(SCOPES[scope]))
            found[narrowest] = str(narrowest)
    return list(found.values())


def _idempotency_parameter() -> dict[str, Any]:
    return {
        "name": HEADER,
        "in": "header",
        "required": False,
        "description": "Any fresh text, such as a UUID: the same write sent again with it within 7 days is not "
        "done again, and gets the same answer.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21\x23-\x7e]+$"},
    }


def _external_url(app: Flask) -> str:
    with app.app_context():
        return settings().external_url
