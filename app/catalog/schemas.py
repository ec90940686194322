"""Shapes of the catalogue on the wire. What comes in and what goes out are different shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from app.catalog import rules
from app.catalog.mail_domains import is_anybodys
from app.catalog.models import SubjectKind
from app.catalog.service import KEEP, BuyerInput, SubjectInput
from app.core.text import Choice, CodedMessage, Domain, HttpUrl, ListOf, StrictSchema, Text

MAX_DOMAINS = 20
MAX_SUBJECTS = 500


class Gtin(Text):
    """A GTIN with a right check digit."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(14, 8, **kwargs)

    def read(self, value: Any) -> str:
        text = super().read(value)
        if not rules.is_gtin(text):
            raise ValidationError([CodedMessage("invalid_gtin", "This is not a GTIN; its check digit is wrong.")])
        return text


class Lei(Text):
    """A Legal Entity Identifier with right check digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(20, 20, **kwargs)

    def read(self, value: Any) -> str:
        text = super().read(value).upper()
        if not rules.is_lei(text):
            raise ValidationError([CodedMessage("invalid_lei", "This is not an LEI; its check digits are wrong.")])
        return text


class BuyerDomain(Domain):
    """A domain that says where a person works."""

    def read(self, value: Any) -> str:
        domain = super().read(value)
        if is_anybodys(domain):
            raise ValidationError(
                [CodedMessage("free_mail_domain", "Anybody can have an address there, so it names no company.")]
            )
        return domain


class SubjectIn(StrictSchema):
    """A subject as sent: with its SKU alone where it is known already."""

    sku = Text(80, 1, required=True, metadata={"description": "Your own article number."})
    name = Text(160, 1, metadata={"description": "Needed the first time a SKU is sent."})
    kind = Choice([str(kind) for kind in SubjectKind])
    url = HttpUrl(allow_none=True, metadata={"description": "Its page on your site."})
    gtin = Gtin(allow_none=True)
    mpn = Text(70, 1, allow_none=True)

    @post_load
    def _as_input(self, data: dict[str, Any], **_: Any) -> SubjectInput:
        return SubjectInput(**data)


class SubjectRef(fields.Nested):
    """A subject, or just its SKU as a string."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(SubjectIn, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, *_: Any, **kwargs: Any) -> Any:
        return super()._deserialize({"sku": value} if isinstance(value, str) else value, attr, data, **kwargs)


class BuyerIn(StrictSchema):
    """The buying company as sent."""

    name = Text(160, 1, required=True)
    domains = ListOf(
        BuyerDomain,
        MAX_DOMAINS,
        load_default=list,
        metadata={"description": "The mail domains its people write from, exactly; added to those known."},
    )
    lei = Lei(allow_none=True)
    industry = Text(80, 1, allow_none=True)

    @post_load
    def _as_input(self, data: dict[str, Any], **_: Any) -> BuyerInput:
        return BuyerInput(
            name=data["name"],
            domains=tuple(dict.fromkeys(data["domains"])),
            lei=data.get("lei", KEEP),
            industry=data.get("industry", KEEP),
        )


class SubjectsIn(StrictSchema):
    """Subjects to add or change."""

    subjects = ListOf(fields.Nested(SubjectIn), MAX_SUBJECTS, 1, required=True)


class SubjectOut(Schema):
    """A subject as shown."""

    id = fields.UUID()
    sku = fields.String()
    slug = fields.String(metadata={"description": "As it stands in addresses; never changes."})
    name = fields.String()
    kind = fields.String(metadata={"enum": [str(kind) for kind in SubjectKind]})
    url = fields.String(allow_none=True)
    gtin = fields.String(allow_none=True)
    mpn = fields.String(allow_none=True)


class LineSubjectOut(Schema):
    """A subject as one line of an order."""

    id = fields.UUID()
    sku = fields.String()
    slug = fields.String()
    name = fields.String()
    kind = fields.String(metadata={"enum": [str(kind) for kind in SubjectKind]})


class SubjectsOut(Schema):
    """A list of subjects."""

    subjects = fields.List(fields.Nested(SubjectOut))


class BuyerOut(Schema):
    """A buyer as shown."""

    id = fields.UUID()
    name = fields.String()
    domains = fields.List(fields.String())
    lei = fields.String(allow_none=True)
    industry = fields.String(allow_none=True)
