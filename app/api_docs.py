"""The API's pages: the OpenAPI document laid out for reading, with examples that run as they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from app.core.errors import Refused
from app.core.problems import HTTP_CODES
from app.suppliers.permissions import Scope

INTRODUCTION = (
    "Send purchases, get review links, read the reviews that came of them, answer. "
    "JSON in UTF-8; times in UTC; unknown fields are refused."
)

PURCHASE: dict[str, Any] = {
    "reference": "PO-2041",
    "date": "2026-03-02",
    "buyer": {"name": "Brightwater Utilities", "domains": ["brightwater.example"], "industry": "Water supply"},
    "contact": {"email": "rita@brightwater.example", "name": "Rita Sandhu"},
    "subjects": [{"sku": "KP-45", "name": "CR 45 end-suction pump", "url": "https://kestrel.example/pumps/kp-45"}],
    "language": "en",
}

# Bodies of the examples, by operation. Every write has one, and a test sends each.
BODIES: dict[str, Any] = {
    "receive_purchases": PURCHASE,
    "put_subjects": {"subjects": [{"sku": "KP-60", "name": "CR 60 borehole pump", "kind": "product"}]},
    "put_reply": {"text": "Thank you, Rita. The new seal is in every pump since May."},
}

PYTHON = """import os
import uuid

import requests

avouch = requests.Session()
avouch.headers["Authorization"] = f"Bearer {{os.environ['AVOUCH_KEY']}}"

answer = avouch.post(
    "{base}/api/v1/purchases",
    json={{
        "purchases": {purchase}
    }},
    headers={{"Idempotency-Key": str(uuid.uuid4())}},
    timeout=30,
)
if not answer.ok:
    problem = answer.json()
    raise SystemExit(f"{{problem['code']}}: {{problem['detail']}} {{problem.get('errors', '')}}")
for purchase in answer.json()["purchases"]:
    for link in purchase["links"]:
        print(purchase["reference"], link["subject"], link["url"])
"""


# Of the examples: values up to this length stand on one line.
SHORT = 110


@dataclass(frozen=True)
class Row:
    """A field of a body or an answer, or a parameter. `name` holds dots and [] where it lies deeper."""

    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True)
class OperationPage:
    """One operation as its section of the page shows it."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    scopes: list[str]
    parameters: list[Row]
    body: list[Row]
    answer: list[Row]
    curl: str


@dataclass(frozen=True)
class GroupPage:
    """The operations of one tag."""

    name: str
    description: str
    operations: list[OperationPage] = field(default_factory=list)


@dataclass(frozen=True)
class ProblemRow:
    """A code that answers may carry."""

    code: str
    status: int
    title: str
    explanation: str


@dataclass(frozen=True)
class DocsPage:
    """Everything the template needs."""

    version: str
    introduction: str
    base: str
    groups: list[GroupPage]
    problems: list[ProblemRow]
    scopes: list[tuple[str, str]]
    python: str


def page(spec: dict[str, Any], base: str) -> DocsPage:
    """The page for the document `spec`, with examples that address `base`."""
    groups = {tag["name"]: GroupPage(tag["name"], tag.get("description", "")) for tag in spec["tags"]}
    for path, item in spec["paths"].items():
        for method, operation in item.items():
            if "operationId" in operation:
                section = _operation(spec, base, path, method, operation, item.get("parameters", []))
                groups[operation["tags"][0]].operations.append(section)
    return DocsPage(
        version=spec["info"]["version"],
        introduction=INTRODUCTION,
        base=base,
        groups=list(groups.values()),
        problems=problems(),
        scopes=[(str(scope), scope.sentence) for scope in Scope],
        python=PYTHON.format(base=base, purchase=_laid_out([PURCHASE], 8, 4)),
    )


def problems() -> list[ProblemRow]:
    """Every code that the service may answer with, by code: from the refusals themselves."""
    found = {code: ProblemRow(code, status, remedy, "") for status, (code, remedy) in HTTP_CODES.items()}
    for kind in _refusals(Refused):
        if kind.__module__.startswith("app."):
            found[kind.code] = ProblemRow(kind.code, kind.status, kind.title, _first_paragraph(kind.__doc__))
    found["internal"] = ProblemRow(
        "internal", 500, "Something went wrong here", "Our fault. Name the request id to us."
    )
    return [found[code] for code in sorted(found)]


def _refusals(kind: type[Refused]) -> Iterator[type[Refused]]:
    for below in kind.__subclasses__():
        yield below
        yield from _refusals(below)


def _first_paragraph(text: str | None) -> str:
    return " ".join((text or "").strip().split("\n\n")[0].split())


def _operation(
    spec: dict[str, Any], base: str, path: str, method: str, operation: dict[str, Any], shared: list[Any]
) -> OperationPage:
    parameters = [_resolved(spec, one) for one in [*shared, *operation.get("parameters", [])]]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    answer = answers[0]["content"]["application/json"]["schema"] if answers and "content" in answers[0] else {}
    return OperationPage(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", "").strip(),
        scopes=operation["x-scopes"],
        parameters=[
            Row(one["name"], _type(spec, one["schema"]), one.get("required", False), one.get("description", ""))
            for one in parameters
        ],
        body=list(_rows(spec, _first(spec, content.get("schema", {})))),
        answer=list(_rows(spec, _first(spec, answer))),
        curl=_curl(base, path, method, BODIES.get(operation["operationId"])),
    )


def _resolved(spec: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """What a $ref leads to; anything else is itself."""
    while "$ref" in node:
        found: Any = spec
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def _first(spec: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The shape to show where there are several: the first, or the one that is an object."""
    node = _resolved(spec, node)
    for key in ("oneOf", "anyOf", "allOf"):
        if key in node:
            choices = [_resolved(spec, one) for one in node[key]]
            return next((one for one in choices if one.get("type") == "object" or "properties" in one), choices[0])
    return node


def _rows(spec: dict[str, Any], schema: dict[str, Any], prefix: str = "") -> Iterator[Row]:
    schema = _first(spec, schema)
    for name, node in schema.get("properties", {}).items():
        required = name in schema.get("required", [])
        found = _first(spec, node)
        description = node.get("description") or found.get("description", "")
        yield Row(f"{prefix}{name}", _type(spec, node), required, description)
        if found.get("type") == "array":
            yield from _rows(spec, found["items"], f"{prefix}{name}[].")
        elif "properties" in found:
            yield from _rows(spec, found, f"{prefix}{name}.")


def _type(spec: dict[str, Any], node: dict[str, Any]) -> str:
    """A type in words: "text, at most 80 characters, or null"."""
    node = _resolved(spec, node)
    for key in ("oneOf", "anyOf"):
        if key in node:
            return " or ".join(dict.fromkeys(_type(spec, one) for one in node[key]))
    if "allOf" in node:
        return _type(spec, node["allOf"][0])
    kinds = node.get("type", "object")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return " or ".join(_word(spec, kind, node) for kind in kinds)


def _word(spec: dict[str, Any], kind: str, node: dict[str, Any]) -> str:
    if kind == "array":
        most = f", at most {node['maxItems']}" if "maxItems" in node else ""
        return f"list of {_type(spec, node['items'])}{most}"
    if "enum" in node and kind == "string":
        return "one of " + ", ".join(str(one) for one in node["enum"] if one is not None)
    formats = {"date": "date", "date-time": "time", "uuid": "UUID", "email": "e-mail address", "uri": "web address"}
    if kind == "string":
        word = formats.get(node.get("format", ""), "text")
        return f"{word}, at most {node['maxLength']} characters" if "maxLength" in node and word == "text" else word
    if kind == "integer" and "minimum" in node:
        return f"whole number, {node['minimum']} to {node['maximum']}"
    return {"integer": "whole number", "boolean": "true or false", "object": "object"}.get(kind, kind)


def _curl(base: str, path: str, method: str, body: Any) -> str:
    """The call as a person types it. The key comes from the environment, so that it is in no shell history."""
    address = base + re.sub(r"\{(\w+)\}", lambda name: f"${name[1].upper()}", path)
    lines = [f'curl "{address}"']
    if method != "get":
        lines.append(f"-X {method.upper()}")
    lines.append('-H "Authorization: Bearer $AVOUCH_KEY"')
    if body is not None:
        lines.append('-H "Content-Type: application/json"')
        lines.append(f"-d '{_laid_out(body)}'")
    return " \\\n  ".join(lines)


def _laid_out(value: Any, indent: int = 0, step: int = 2) -> str:
    """JSON as people write it: what is short stays on one line. `indent` is that of the line it begins on."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or (indent and len(flat) <= SHORT):
        return flat
    pad = " " * (indent + step)
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {_laid_out(one, indent + step, step)}" for key, one in value.items()]
    else:
        parts = [_laid_out(one, indent + step, step) for one in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{pad}" + f",\n{pad}".join(parts) + f"\n{' ' * indent}{closing}"
