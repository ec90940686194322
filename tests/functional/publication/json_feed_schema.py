"""JSON Feed 1.1 as a JSON Schema, written from the specification (jsonfeed.org/version/1.1), and our extension."""

from __future__ import annotations

from typing import Any

URL = {"type": "string", "pattern": "^https?://[^ ]+$"}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
AUTHOR = {
    "type": "object",
    "minProperties": 1,
    "properties": {"name": {"type": "string"}, "url": URL, "avatar": URL},
    "patternProperties": {"^_": {"type": "object"}},
    "additionalProperties": False,
}
PROOF = {
    "type": "object",
    "required": ["status", "method", "date", "strength", "issuer"],
    "properties": {
        "status": {"enum": ["proven", "not_proven", "expired"]},
        "method": {"type": ["string", "null"]},
        "date": {"type": ["string", "null"], "pattern": r"^\d{4}-\d\d-\d\d"},
        "strength": {"type": "integer", "minimum": 0, "maximum": 100},
        "issuer": {"type": ["string", "null"]},
        "expires": {"type": ["string", "null"]},
    },
    "additionalProperties": False,
}
OUR_ITEM = {
    "type": "object",
    "required": [
        *("about", "rating", "subject", "proofs", "role", "industry", "duration", "pros", "cons", "company"),
        *("reply", "incentive", "resolved", "weight", "revision"),
    ],
    "properties": {
        "about": URL,
        "rating": {
            "type": "object",
            "properties": {
                "value": {"type": "integer", "minimum": 1, "maximum": 5},
                "best": {"const": 5},
                "worst": {"const": 1},
            },
            "required": ["value", "best", "worst"],
            "additionalProperties": False,
        },
        "subject": {"type": "object", "required": ["slug", "name"]},
        "proofs": {
            "type": "object",
            "properties": {"author": PROOF, "affiliation": PROOF, "purchase": PROOF},
            "required": ["author", "affiliation", "purchase"],
            "additionalProperties": False,
        },
        "role": {"type": ["string", "null"]},
        "industry": {"type": ["string", "null"]},
        "duration": {"type": ["string", "null"]},
        "pros": {"type": ["string", "null"]},
        "cons": {"type": ["string", "null"]},
        "company": {"type": ["string", "null"]},
        "reply": {"type": ["object", "null"], "required": ["text", "date"], "additionalProperties": True},
        "incentive": {"type": ["string", "null"]},
        "resolved": {"anyOf": [MOMENT, {"type": "null"}]},
        "submitted": MOMENT,
        "weight": {"type": "number", "minimum": 0, "maximum": 1},
        "revision": {"type": "integer", "minimum": 1},
    },
    "additionalProperties": False,
}
ITEM = {
    "type": "object",
    "required": ["id"],
    "anyOf": [{"required": ["content_text"]}, {"required": ["content_html"]}],
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "url": URL,
        "external_url": URL,
        "title": {"type": "string"},
        "content_html": {"type": "string"},
        "content_text": {"type": "string"},
        "summary": {"type": "string"},
        "image": URL,
        "banner_image": URL,
        "date_published": MOMENT,
        "date_modified": MOMENT,
        "authors": {"type": "array", "items": AUTHOR},
        "tags": {"type": "array", "items": {"type": "string"}},
        "language": {"type": "string", "pattern": "^[a-zA-Z]{2,3}(-[a-zA-Z0-9]+)*$"},
        "attachments": {"type": "array", "items": {"type": "object", "required": ["url", "mime_type"]}},
        "_avouch": OUR_ITEM,
    },
    # Extensions begin with an underscore and hold no dot; everything else must be known.
    "patternProperties": {"^_[^.]+$": {"type": "object"}},
    "additionalProperties": False,
}
FEED: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["version", "title", "items"],
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": {"type": "string", "minLength": 1},
        "home_page_url": URL,
        "feed_url": URL,
        "description": {"type": "string"},
        "user_comment": {"type": "string"},
        "next_url": URL,
        "icon": URL,
        "favicon": URL,
        "authors": {"type": "array", "items": AUTHOR},
        "language": {"type": "string"},
        "expired": {"type": "boolean"},
        "hubs": {"type": "array", "items": {"type": "object", "required": ["type", "url"]}},
        "items": {"type": "array", "items": ITEM},
    },
    "patternProperties": {"^_[^.]+$": {"type": "object", "required": ["about"]}},
    "additionalProperties": False,
}
