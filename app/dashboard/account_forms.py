"""The shapes of the forms for signing up, in and so on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import fields

from app.accounts.rules import MAX_LENGTH, MIN_LENGTH, Weakness
from app.core.locale import LANGUAGES
from app.core.text import Choice, Email, StrictSchema, Text

WEAK: Mapping[Weakness, Any] = {
    Weakness.SHORT: _l(
        "Use at least %(count)s characters. Three or four words you can remember do well.", count=MIN_LENGTH
    ),
    Weakness.LONG: _l("Use at most %(count)s characters.", count=MAX_LENGTH),
    Weakness.COMMON: _l("This is among the first passwords that a guesser tries. Choose another one."),
    Weakness.PERSONAL: _l("This is little more than your name, address or company. Choose another one."),
}


class Password(fields.String):
    """A password: taken exactly as typed. Its strength is judged by accounts.rules, not here."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        typed = super()._deserialize(value, attr, data, **kwargs) or ""
        if not typed:
            raise self.make_error("required")
        # One more than can be set is enough to say "too long"; the rest is not worth a stranger's while.
        return typed[: MAX_LENGTH + 1]


class SignUp(StrictSchema):
    """Asking for an account."""

    email = Email(required=True)


class SignIn(StrictSchema):
    """Signing in. The address is not judged: one that cannot be an address is one that does not fit."""

    email = Text(max=254, min=1, required=True)
    password = Password(required=True)
    next = Text(max=500)


class Confirm(StrictSchema):
    """Finishing a sign-up behind the mailed link."""

    name = Text(max=120, min=1, required=True)
    supplier = Text(max=120, min=1, required=True)
    password = Password(required=True)


class NewSupplier(StrictSchema):
    """A further supplier for somebody who has an account."""

    supplier = Text(max=120, min=1, required=True)


class NewPassword(StrictSchema):
    """A new password behind the mailed link."""

    password = Password(required=True)


class Join(StrictSchema):
    """An account made while accepting an invitation."""

    name = Text(max=120, min=1, required=True)
    password = Password(required=True)


class Profile(StrictSchema):
    """What a member may change about themselves."""

    name = Text(max=120, min=1, required=True)
    locale = Choice(LANGUAGES, required=True)


class ChangePassword(StrictSchema):
    """A new password for somebody who knows the old one."""

    old_password = Password(required=True)
    password = Password(required=True)
