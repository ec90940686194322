"""Text from outside: cleaned once, at the door, by the same rules everywhere.

What Python and marshmallow let through by default (measured): NUL and lone surrogates, on which
PostgreSQL fails; control characters, which forge log lines and headers; direction overrides, which make
a page show something else than it stores; decomposed look-alikes; `True`, `1.9` and `" 5 "` as integers;
an address that ends in U+2028. Everything typed by people or sent by programs therefore passes the
fields below.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

import idna
from email_validator import EmailNotValidError, validate_email
from marshmallow import RAISE, Schema, ValidationError, fields, types

MAX_URL = 500
MAX_EMAIL = 254
MAX_DOMAIN = 253
# UAX #15 allows 30 combining marks in a row; no living language needs half of that, "Zalgo" text does.
MAX_MARKS_IN_A_ROW = 12

_LINE_BREAKS = re.compile("\r\n|[\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
_BLANKS = re.compile(r"[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
# Embeddings, overrides and isolates (they reorder what stands around them) and the byte order mark. The
# plain marks U+200E, U+200F and U+061C stay: right-to-left writers need them.
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069\ufeff]")
_FORBIDDEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# Letters by category that are nevertheless drawn as nothing.
_INVISIBLE_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HOST_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_NOT_IN_URL = re.compile(r"""[\s\\<>"`{}|^\x00-\x20\x7f-\x9f]""")


class Unclean(ValueError):
    """Text that cannot be taken. `code` is stable; the message is a sentence for whoever sent it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class CodedMessage(str):
    """An error message that remembers its stable code on the way through marshmallow's dicts of strings."""

    __slots__ = ("code",)
    code: str

    def __new__(cls, code: str, message: str) -> Self:
        self = super().__new__(cls, message)
        self.code = code
        return self


def clean_text(text: str, *, multiline: bool = False) -> str:
    """`text` in NFC, trimmed, fit to be stored, logged and shown; raises Unclean.

    Line breaks of every kind become `\\n`, or a space where `multiline` is false. What only reorders other
    text is taken out silently (it comes along with pasted text); NUL and other control characters are
    refused, because no honest person types them. Text in which nothing would be visible comes back empty.
    """
    text = _REORDERING.sub("", _LINE_BREAKS.sub("\n", text))
    if _FORBIDDEN.search(text) is not None:
        raise Unclean("control_character", "Control characters are not allowed.")
    if not text.isascii():
        # Marks are cut before NFC, which sorts them in quadratic time.
        text = unicodedata.normalize("NFC", "".join(_limit_marks(text)))
    if multiline:
        text = "\n".join(line.rstrip() for line in text.replace("\t", "    ").split("\n"))
        text = re.sub(r"\n{3,}", "\n\n", text)
    else:
        text = _BLANKS.sub(" ", text.replace("\n", " "))
    text = text.strip()
    return text if _has_something_visible(text) else ""


def _limit_marks(text: str) -> Iterator[str]:
    run = 0
    for char in text:
        run = run + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if run <= MAX_MARKS_IN_A_ROW:
            yield char


def _has_something_visible(text: str) -> bool:
    return text.isascii() or any(
        unicodedata.category(char)[0] not in "CZM" and char not in _INVISIBLE_LETTERS for char in text
    )


def normal_email(text: str) -> str:
    """The one spelling of an e-mail address: lower case, domain as A-label; raises Unclean.

    Only a bare address is taken: no display name, comment, quoted local part or IP literal, so that
    every reader agrees whose address it is (`parseaddr("x@corp.com <y@evil.com>")` does not).
    """
    text = text.strip(" \t\r\n")
    # Looked for first: `str.split()` and `$` treat U+2028 and others as ends of line, validators thereby too.
    if not text.isprintable() or " " in text or len(text) > MAX_EMAIL:
        raise Unclean("invalid_email", "This is not an e-mail address.")
    try:
        found = validate_email(
            text,
            check_deliverability=False,
            # Mail servers that lack SMTPUTF8 are common; an address we cannot reach proves nothing.
            allow_smtputf8=False,
            strict=True,  # local part at most 64 characters (RFC 5321)
            # `.test` (RFC 6761) can belong to nobody, so it harms nobody, and examples may use it.
            test_environment=True,
        )
    except EmailNotValidError as error:
        raise Unclean("invalid_email", "This is not an e-mail address.") from error
    if found.ascii_email is None:
        raise Unclean("invalid_email", "This is not an e-mail address.")
    return found.ascii_email.lower()


def normal_domain(text: str) -> str:
    """A host name as its lower-case A-label without the final dot; raises Unclean.

    Needs at least two labels and refuses IP addresses in any spelling, ports, paths and wildcards.
    """
    text = text.strip(" \t\r\n").removesuffix(".")
    try:
        # UTS 46 folds case and full-width forms, so look-alike spellings of one name are one.
        name = idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError, ValueError) as error:
        raise Unclean("invalid_domain", "This is not a domain name.") from error
    labels = name.split(".")
    if (
        len(name) > MAX_DOMAIN
        or len(labels) < 2
        or labels[-1].isdigit()
        or re.fullmatch("0x[0-9a-f]*", labels[-1]) is not None
        or not all(_HOST_LABEL.fullmatch(label) for label in labels)
    ):
        raise Unclean("invalid_domain", "This is not a domain name.")
    return name


def normal_url(text: str) -> str:
    """An http(s) address that is safe to put into a link; raises Unclean.

    Refuses other schemes, user names and passwords, backslashes and blanks, over which browsers and
    servers disagree. The host comes back lower-case and as A-label.
    """
    text = text.strip(" \t\r\n")
    invalid = Unclean("invalid_url", "This is not a web address (https://…).")
    if len(text) > MAX_URL or _SCHEME.match(text) is None or _NOT_IN_URL.search(text) or not text.isprintable():
        raise invalid
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise invalid from error
    if parts.username is not None or parts.password is not None or not parts.hostname or port == 0:
        raise invalid
    host = _normal_host(parts)
    return parts._replace(netloc=host if port is None else f"{host}:{port}").geturl()


def _normal_host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    try:
        if ":" in host:
            return f"[{ipaddress.IPv6Address(host).compressed}]"
        if host == "localhost":
            return host
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            return normal_domain(host)
    except ValueError as error:
        raise Unclean("invalid_url", "This is not a web address (https://…).") from error


def _sentences(**by_key: str) -> types.ErrorMessages:
    return {**by_key}


_SCHEMA_SENTENCES: dict[str, str] = {
    "unknown": CodedMessage("unknown_field", "There is no such field."),
    "type": CodedMessage("invalid", "This must be an object."),
}


class _Coded(fields.Field[Any]):
    """Gives every error of a field a stable code beside its sentence."""

    default_error_messages = _sentences(required="This is required.", null="This must not be null.")

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        error = super().make_error(key, **kwargs)
        code = {"null": "required", "validator_failed": "invalid"}.get(key, key)
        error.messages = [CodedMessage(code, str(message)) for message in error.messages]
        return error

    def _unclean(self, error: Unclean) -> ValidationError:
        return ValidationError([CodedMessage(error.code, str(error))])


class _Plain(_Coded):
    """A field that looks at nothing but its own value."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return self.read(value)

    def read(self, value: Any) -> Any:
        """The value as it is kept; raises ValidationError."""
        raise NotImplementedError


class Text(_Plain, fields.String):
    """A string of at most `max` characters after cleaning (see clean_text), and at least `min`."""

    default_error_messages = _sentences(
        invalid="This must be text.",
        too_long="This is longer than {max} characters.",
        too_short="This needs at least {min} characters.",
        blank="This must not be empty.",
    )

    def __init__(self, max: int, min: int = 0, *, multiline: bool = False, **kwargs: Any) -> None:  # noqa: A002  # read as keywords
        super().__init__(**kwargs)
        self.max, self.min, self.multiline = max, min, multiline
        # OpenAPI tells the same limits; they count characters, as JSON Schema does.
        self.metadata = {
            **self.metadata,
            "maxLength": max,
            **({"minLength": min} if min else {}),
        }

    def read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        # A bound before any work: composition can shrink text, but not to less than a fourth.
        if len(value) > 4 * self.max + 64:
            raise self.make_error("too_long", max=self.max)
        try:
            text = clean_text(value, multiline=self.multiline)
        except Unclean as error:
            raise self._unclean(error) from error
        if len(text) > self.max:
            raise self.make_error("too_long", max=self.max)
        if len(text) < self.min:
            raise self.make_error("too_short" if self.min > 1 and text else "blank", min=self.min)
        return text


class Integer(_Plain, fields.Integer):
    """A JSON integer between `min` and `max`. `true`, `5.0` and `"5"` are none."""

    default_error_messages = _sentences(
        invalid="This must be a whole number.",
        out_of_range="This must be between {min} and {max}.",
    )

    def __init__(self, min: int, max: int, **kwargs: Any) -> None:  # noqa: A002  # read as keywords
        super().__init__(strict=True, **kwargs)
        self.min, self.max = min, max
        self.metadata = {**self.metadata, "minimum": min, "maximum": max}

    def read(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid")
        if not self.min <= value <= self.max:
            raise self.make_error("out_of_range", min=self.min, max=self.max)
        return value


class QueryInteger(Integer):
    """An integer written in a query string: ASCII digits only."""

    def read(self, value: Any) -> int:
        if not isinstance(value, str) or re.fullmatch(r"-?[0-9]{1,18}", value) is None:
            raise self.make_error("invalid")
        return super().read(int(value))


class Flag(_Plain, fields.Boolean):
    """`true` or `false`, and nothing that merely looks like it."""

    default_error_messages = _sentences(invalid="This must be true or false.")

    def read(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Date(_Plain, fields.Date):
    """A calendar day as `YYYY-MM-DD`."""

    default_error_messages = _sentences(invalid="This must be a day, written YYYY-MM-DD.")

    def read(self, value: Any) -> dt.date:
        # Since 3.11 fromisoformat takes "20260401" and "2026-W14-3" too.
        if not isinstance(value, str) or _ISO_DATE.fullmatch(value) is None:
            raise self.make_error("invalid")
        try:
            return dt.date.fromisoformat(value)
        except ValueError as error:
            raise self.make_error("invalid") from error


class Choice(_Plain, fields.String):
    """One of a closed list of words."""

    default_error_messages = _sentences(invalid="This must be one of: {choices}.")

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = tuple(str(choice) for choice in choices)
        self.metadata = {**self.metadata, "enum": list(self.choices)}

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise self.make_error("invalid", choices=", ".join(self.choices))
        return value


class Email(_Plain, fields.String):
    """An e-mail address, normalised (see normal_email)."""

    default_error_messages = _sentences(invalid="This must be an e-mail address.")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.metadata = {**self.metadata, "format": "email", "maxLength": MAX_EMAIL}

    def read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        try:
            return normal_email(value)
        except Unclean as error:
            raise self._unclean(error) from error


class HttpUrl(_Plain, fields.String):
    """A web address for a link (see normal_url). Never fetched because it is valid: fetching is core.http_client's."""

    default_error_messages = _sentences(invalid="This must be a web address (https://…).")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.metadata = {**self.metadata, "format": "uri", "maxLength": MAX_URL}

    def read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        try:
            return normal_url(value)
        except Unclean as error:
            raise self._unclean(error) from error


class Domain(_Plain, fields.String):
    """A domain name as A-label (see normal_domain)."""

    default_error_messages = _sentences(invalid="This must be a domain name.")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.metadata = {**self.metadata, "maxLength": MAX_DOMAIN}

    def read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        try:
            return normal_domain(value)
        except Unclean as error:
            raise self._unclean(error) from error


class Language(Choice):
    """One of the languages Avouch speaks; a region is dropped (`pl-PL` is `pl`)."""

    def __init__(self, choices: Sequence[str] = ("en", "ru", "pl", "bg"), **kwargs: Any) -> None:
        super().__init__(choices, **kwargs)

    def read(self, value: Any) -> str:
        if isinstance(value, str) and re.fullmatch(r"[A-Za-z]{2}(-[A-Za-z0-9]{2,8})*", value) is not None:
            value = value[:2].lower()
        return super().read(value)


class ListOf(_Coded, fields.List[Any]):
    """A JSON array of at most `max` and at least `min` items."""

    default_error_messages = _sentences(
        invalid="This must be a list.",
        too_many="At most {max} are taken at once.",
        too_few="At least {min} must be given.",
    )

    def __init__(
        self,
        inner: fields.Field[Any] | type[fields.Field[Any]],
        max: int,  # noqa: A002  # read as keywords
        min: int = 0,  # noqa: A002  # read as keywords
        **kwargs: Any,
    ) -> None:
        super().__init__(inner, **kwargs)
        self.max, self.min = max, min
        self.metadata = {
            **self.metadata,
            "maxItems": max,
            **({"minItems": min} if min else {}),
        }

    def _deserialize(
        self,
        value: Any,
        attr: str | None,
        data: Mapping[str, Any] | None,
        **kwargs: Any,
    ) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        # Counted before a single item is looked at, so that a long list costs nothing.
        if len(value) > self.max:
            raise self.make_error("too_many", max=self.max)
        if len(value) < self.min:
            raise self.make_error("too_few", min=self.min)
        return super()._deserialize(value, attr, data, **kwargs) or []


class One(_Coded, fields.Nested):
    """A nested object."""


class StrictSchema(Schema):
    """A shape that refuses what it does not know, and keeps the order in which it was written."""

    error_messages = _SCHEMA_SENTENCES

    class Meta:
        unknown = RAISE


__all__ = [
    "Choice",
    "CodedMessage",
    "Date",
    "Domain",
    "Email",
    "Flag",
    "HttpUrl",
    "Integer",
    "Language",
    "ListOf",
    "One",
    "QueryInteger",
    "StrictSchema",
    "Text",
    "Unclean",
    "clean_text",
    "normal_domain",
    "normal_email",
    "normal_url",
]
