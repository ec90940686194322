"""What people read about a review they are sending or changing: faults in its fields, and where it stands."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from marshmallow import Schema, ValidationError

from app.core.errors import FieldError, Invalid
from app.core.problems import flatten
from app.reviews import rules

_MAX = {
    "title": rules.TITLE_MAX,
    "text": rules.TEXT_MAX,
    "pros": rules.SIDE_MAX,
    "cons": rules.SIDE_MAX,
    "role": rules.ROLE_MAX,
    "display_name": rules.NAME_MAX,
}


def load(schema: Schema, values: Any) -> dict[str, Any]:
    """What `schema` makes of `values`; its findings come out in the page's language, as an Invalid."""
    try:
        loaded: dict[str, Any] = schema.load(values)
    except ValidationError as error:
        found = tuple(_said(fault) for fault in flatten(error.messages))
        raise Invalid(
            _("Some of it is not right yet."), remedy=_("Put right what is named, then send again."), fields=found
        ) from error
    return loaded


def _said(fault: FieldError) -> FieldError:
    name = fault.pointer.rpartition("/")[2]
    return FieldError(fault.pointer, fault.code, sentence(name, fault.code) or fault.detail)


def sentence(name: str, code: str) -> str:
    """What is wrong with the field `name` of a review, and what to do; empty where only the schema knows."""
    if code == "control_character":
        return str(_("This holds characters that cannot be shown. Type it again in place of pasting it."))
    if code == "too_long" and name in _MAX:
        return str(_("Shorten this to at most %(max)s characters.", max=_MAX[name]))
    missing = {
        "rating": _("Choose from one to five stars."),
        "title": _("Write a title of at least %(min)s characters.", min=rules.TITLE_MIN),
        "text": _("Write at least %(min)s characters: what did you use it for, and how did it go?", min=rules.TEXT_MIN),
        "display_name": _("Write the name that readers will see, at least %(min)s characters.", min=rules.NAME_MIN),
    }
    return str(missing.get(name, "")) if code in {"required", "blank", "too_short", "invalid", "out_of_range"} else ""
