"""HTML forms: read by a marshmallow shape, answered in the reader's words with everything still typed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import ValidationError

from app.core.errors import Refused
from app.core.problems import flatten
from app.core.text import StrictSchema, Text

_BESIDE = {"csrf_token"}  # fields that are the page's, not the form's

SENTENCES: Mapping[str, Any] = {
    "required": _l("Fill this in."),
    "blank": _l("Fill this in."),
    "too_short": _l("This is too short."),
    "invalid_email": _l("Write an e-mail address, such as name@company.example."),
    "invalid_url": _l("Write a web address that begins with https://."),
    "control_character": _l("This holds characters that cannot be shown. Type it anew."),
    "too_few": _l("Choose at least one."),
}


@dataclass
class Form:
    """What was sent: as typed (`values`, to be shown again), as read (`clean`), and what is wrong (`errors`)."""

    values: dict[str, Any]
    clean: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.errors

    def refuse(self, refusal: Refused, sentences: Mapping[str, Any], default: str) -> None:
        """Put a use case's refusal beside the fields it names, in the words given for its codes."""
        for fault in refusal.fields:
            name = fault.pointer.strip("/").partition("/")[0]
            self.errors.setdefault(name, str(sentences.get(fault.code) or SENTENCES.get(fault.code) or default))
        if not refusal.fields:
            self.errors[""] = default


def read(schema: StrictSchema, lists: Sequence[str] = (), sentences: Mapping[str, Any] | None = None) -> Form:
    """Read the request's form. Names in `lists` may stand several times (checkboxes); others count once.

    `sentences` are the page's own words for codes; they come before the general ones.
    """
    values: dict[str, Any] = {
        name: request.form.getlist(name) if name in lists else value
        for name, value in request.form.items()
        if name not in _BESIDE
    }
    for name in lists:
        values.setdefault(name, [])
    form = Form(values)
    try:
        form.clean = schema.load(values)
    except ValidationError as error:
        for fault in flatten(error.messages):
            name = fault.pointer.strip("/").partition("/")[0]
            form.errors.setdefault(name, str((sentences or {}).get(fault.code) or _sentence(schema, name, fault.code)))
    return form


def _sentence(schema: StrictSchema, name: str, code: str) -> str:
    described = schema.fields.get(name)
    if code == "too_long" and isinstance(described, Text):
        return str(_("Use at most %(count)s characters.", count=described.max))
    return str(SENTENCES.get(code) or _("Choose one of the answers offered."))
