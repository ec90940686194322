"""The form in which a purchase is added by hand, and the words for what the rules refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import ValidationError, pre_load, validates_schema

from app.catalog.schemas import MAX_DOMAINS, BuyerDomain
from app.catalog.service import BuyerInput, PurchaseInput, SubjectInput
from app.core.locale import LANGUAGES
from app.core.text import Choice, CodedMessage, Email, Language, ListOf, StrictSchema, Text
from app.invitations.schemas import MAX_LINES, OrderDate

FAULTS: Mapping[str, Any] = {
    "free_mail_domain": _l("Anybody can have an address there. Name the company's own domain."),
    "invalid_domain": _l("Write a domain such as company.example, without @ and https://."),
    "out_of_range": _l("Choose a day that is not in the future."),
    "invalid": _l("Write this in the form that is asked for."),
    "too_many": _l("That is too many."),
    "contact_without_email": _l("Add the address to write to."),
}


class PurchaseForm(StrictSchema):
    """A purchase as a person types it: domains in one line, subjects ticked."""

    reference = Text(80, 1, required=True)
    date = OrderDate(required=True)
    buyer = Text(160, 1, required=True)
    domains = ListOf(BuyerDomain, MAX_DOMAINS, load_default=list)
    subjects = ListOf(Text(80, 1), MAX_LINES, 1, required=True)
    contact_email = Email(allow_none=True)
    contact_name = Text(120)
    incentive = Text(160)
    language = Language(LANGUAGES)
    invite = Choice(("yes",))

    @pre_load
    def _as_typed(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Empty boxes are nothing; domains stand apart by blanks or commas."""
        typed = dict(data)
        typed["domains"] = str(typed.get("domains", "")).replace(",", " ").replace("@", " ").split()
        typed["contact_email"] = str(typed.get("contact_email", "")).strip() or None
        return typed

    @validates_schema(skip_on_field_errors=False)
    def _someone_to_ask(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("contact_email") is None and (data.get("contact_name") or data.get("invite")):
            raise ValidationError([CodedMessage("contact_without_email", "An address is missing.")], "contact_email")


def as_input(clean: Mapping[str, Any]) -> PurchaseInput:
    """What was typed, as the catalogue takes it."""
    return PurchaseInput(
        reference=clean["reference"],
        purchased_on=clean["date"],
        buyer=BuyerInput(clean["buyer"], tuple(dict.fromkeys(clean["domains"]))),
        subjects=tuple(SubjectInput(sku) for sku in dict.fromkeys(clean["subjects"])),
        contact_email=clean["contact_email"],
        contact_name=clean.get("contact_name") or None,
        incentive=clean.get("incentive") or None,
    )
