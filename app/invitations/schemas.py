"""Shapes of purchases on the wire. What comes in and what goes out are different shapes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, pre_load

from app.catalog.rules import EARLIEST_YEAR
from app.catalog.schemas import BuyerIn, BuyerOut, LineSubjectOut, SubjectRef
from app.catalog.service import KEEP, PurchaseInput
from app.core import clock
from app.core.text import (
    CodedMessage,
    Date,
    Email,
    Flag,
    Language,
    ListOf,
    One,
    QueryInteger,
    StrictSchema,
    Text,
)
from app.invitations.service import Asking, Change, Order

MAX_PURCHASES = 500
MAX_LINES = 20
# Bounds the work of one request; five hundred orders of four lines each.
MAX_LINES_IN_ALL = 2_000


class OrderDate(Date):
    """A day on which something can have been bought. Tomorrow is allowed: somewhere it has begun."""

    def read(self, value: Any) -> dt.date:
        day = super().read(value)
        if not dt.date(EARLIEST_YEAR, 1, 1) <= day <= clock.today() + dt.timedelta(days=1):
            raise ValidationError(
                [CodedMessage("out_of_range", f"The day must lie between {EARLIEST_YEAR}-01-01 and today.")]
            )
        return day


class ContactIn(StrictSchema):
    """The person to ask."""

    email = Email(required=True)
    name = Text(120, 1, allow_none=True)


class PurchaseIn(StrictSchema):
    """A purchase as sent."""

    reference = Text(80, 1, required=True, metadata={"description": "Your order number; tells purchases apart."})
    date = OrderDate(required=True, metadata={"description": "The day of the order."})
    buyer = One(BuyerIn, required=True)
    subjects = ListOf(SubjectRef(), MAX_LINES, 1, required=True, metadata={"description": "What was bought."})
    contact = One(ContactIn, allow_none=True, metadata={"description": "Left as it is where this is not sent."})
    incentive = Text(
        160,
        1,
        allow_none=True,
        metadata={"description": "What you promised for a review, whatever it says. Shown beside it."},
    )
    language = Language(metadata={"description": "Of the invitation; else the site's first language."})
    site = Text(60, 1, metadata={"description": "Key of the site the link leads to; else your first site."})
    invite = Flag(
        load_default=False,
        metadata={"description": "Ask the contact by mail, once. Needs the scope `invitations:send`."},
    )

    @post_load
    def _as_order(self, data: dict[str, Any], **_: Any) -> Order:
        contact = data.get("contact", KEEP)
        if contact is not KEEP and contact is not None:
            email, name = contact["email"], contact.get("name")
        else:
            email = name = contact
        purchase = PurchaseInput(
            reference=data["reference"],
            purchased_on=data["date"],
            buyer=data["buyer"],
            subjects=tuple(data["subjects"]),
            contact_email=email,
            contact_name=name,
            incentive=data.get("incentive", KEEP),
        )
        return Order(purchase, data.get("site"), data.get("language"), data["invite"])


class PurchaseBatchIn(StrictSchema):
    """Many purchases, taken in all or none."""

    purchases = ListOf(One(PurchaseIn), MAX_PURCHASES, 1, required=True)

    @pre_load
    def _bound_the_work(self, data: Any, **_: Any) -> Any:
        items = data.get("purchases") if isinstance(data, dict) else None
        if isinstance(items, list):
            lists = [item.get("subjects") for item in items if isinstance(item, dict)]
            if sum(len(one) for one in lists if isinstance(one, list)) > MAX_LINES_IN_ALL:
                raise ValidationError(
                    [CodedMessage("too_many", f"At most {MAX_LINES_IN_ALL} subjects are taken at once.")], "purchases"
                )
        return data


class PurchasesQuery(StrictSchema):
    """Which purchases to list."""

    limit = QueryInteger(1, 100, load_default=50)
    cursor = Text(400, 1, metadata={"description": "`next` of the page before."})
    reference = Text(80, 1, metadata={"description": "Only the purchase with this order number."})


class LinkOut(Schema):
    """Where one line of an order is reviewed."""

    subject = fields.String(metadata={"description": "SKU"})
    name = fields.String()
    url = fields.String(metadata={"description": "Proves this purchase: give it to the buyer only."})
    expires_at = fields.DateTime()
    used = fields.Boolean(metadata={"description": "A review was sent with it."})


class ContactOut(Schema):
    """The person to ask, as shown."""

    email = fields.String()
    name = fields.String(allow_none=True)


class InvitationOut(Schema):
    """Whether the contact was asked."""

    status = fields.String(metadata={"enum": [str(state) for state in Asking]})
    email = fields.String(allow_none=True)
    language = fields.String(allow_none=True)
    sent_at = fields.DateTime(allow_none=True)


class PurchaseOut(Schema):
    """A purchase as shown."""

    id = fields.UUID()
    reference = fields.String()
    date = fields.Date()
    buyer = fields.Nested(BuyerOut)
    contact = fields.Nested(ContactOut, allow_none=True)
    incentive = fields.String(allow_none=True)
    subjects = fields.List(fields.Nested(LineSubjectOut))
    links = fields.List(
        fields.Nested(LinkOut),
        allow_none=True,
        metadata={"description": "null for a key without the scope `purchases:write`."},
    )
    invitation = fields.Nested(InvitationOut)
    created_at = fields.DateTime()
    updated_at = fields.DateTime()
    revoked_at = fields.DateTime(allow_none=True)


class ReceivedOut(PurchaseOut):
    """A purchase just taken in, and what that changed."""

    status = fields.String(metadata={"enum": [str(change) for change in Change]})


class ReceivedBatchOut(Schema):
    """Purchases just taken in, in the order in which they were sent."""

    purchases = fields.List(fields.Nested(ReceivedOut))


class PurchasePageOut(Schema):
    """One page of purchases."""

    purchases = fields.List(fields.Nested(PurchaseOut))
    next = fields.String(allow_none=True, metadata={"description": "Cursor of the next page; null on the last."})
