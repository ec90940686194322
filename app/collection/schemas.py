"""Shapes of the draft API. Arguments only: answers are put together in `collection.views`.

Two shapes of one thing: a draft takes whatever has been typed so far, however wrong, because losing it
would be worse; sending checks all of it strictly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, post_load, validate

from app.core.text import Choice, Flag, Integer, StrictSchema, Text
from app.reviews import rules
from app.reviews.models import Duration
from app.reviews.rules import Content

# A draft may run over, so that the author can shorten it in peace; this only bounds what is stored.
TYPED_MAX = 20_000
# The empty choice is "rather not say", as the form's first option sends it.
DURATIONS = ("", *Duration)


class Typed(fields.String):
    """Text exactly as typed, but for what PostgreSQL cannot store: NUL goes, half a character becomes U+FFFD."""

    def __init__(self) -> None:
        super().__init__(validate=validate.Length(max=TYPED_MAX))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        text: str = super()._deserialize(value, attr, data, **kwargs)
        whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return whole.replace("\x00", "")


class DraftContent(StrictSchema):
    """What has been typed so far. Every field may be missing, empty or too long."""

    rating = Integer(1, 5, allow_none=True)
    title = Typed()
    text = Typed()
    pros = Typed()
    cons = Typed()
    role = Typed()
    duration = Choice(DURATIONS, allow_none=True)
    display_name = Typed()
    show_company = Flag()


class ReviewContent(StrictSchema):
    """A whole review, as it is sent or edited. Loads to reviews.rules.Content."""

    rating = Integer(1, 5, required=True)
    title = Text(max=rules.TITLE_MAX, min=rules.TITLE_MIN, required=True)
    text = Text(max=rules.TEXT_MAX, min=rules.TEXT_MIN, multiline=True, required=True)
    pros = Text(max=rules.SIDE_MAX, multiline=True, load_default="")
    cons = Text(max=rules.SIDE_MAX, multiline=True, load_default="")
    role = Text(max=rules.ROLE_MAX, load_default="")
    duration = Choice(DURATIONS, load_default=None, allow_none=True)
    display_name = Text(max=rules.NAME_MAX, min=rules.NAME_MIN, required=True)
    show_company = Flag(load_default=True)

    @post_load
    def to_content(self, data: dict[str, Any], **_: Any) -> Content:
        """The checked values as one frozen thing."""
        duration = data.pop("duration")
        return Content(**data, duration=Duration(duration) if duration else None)


class OpenDraft(StrictSchema):
    """Begin a draft for a site; the subject and the purchase token may come later."""

    site = fields.String(required=True, validate=validate.Length(max=60))
    subject = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=80))
    language = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=5))
    token = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))


class SaveDraft(StrictSchema):
    """Keep what is typed. `version` is the one that the page last heard of."""

    version = Integer(1, 2**31 - 1, required=True)
    content = fields.Nested(DraftContent, required=True)
    subject = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=80))


class GiveToken(StrictSchema):
    """A purchase token, from the page's address or typed from a letter; null lets go of the one before."""

    token = fields.String(required=True, allow_none=True, validate=validate.Length(min=1, max=100))


class AskMailedLink(StrictSchema):
    """An address to send the proving link to."""

    email = fields.String(required=True, validate=validate.Length(min=3, max=254))


class SubmitDraft(StrictSchema):
    """Send the review."""

    version = Integer(1, 2**31 - 1, required=True)
    content = fields.Nested(ReviewContent, required=True)


# Making a schema costs more than loading with it, and these two are asked with every save and every review.
SAVE_DRAFT = SaveDraft()
SUBMIT_DRAFT = SubmitDraft()
