"""Purchases over the API."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from app.catalog import queries as catalog
from app.catalog.service import CatalogInvalid
from app.core.api import ApiBlueprint, json_body
from app.core.errors import FieldError, Forbidden
from app.core.idempotency import idempotent
from app.core.links import absolute
from app.invitations import queries, service
from app.invitations.schemas import (
    PurchaseBatchIn,
    PurchaseIn,
    PurchaseOut,
    PurchasePageOut,
    PurchasesQuery,
    ReceivedBatchOut,
    ReceivedOut,
)
from app.invitations.service import Change, Order, Received
from app.invitations.views import purchase_json, received_json
from app.suppliers.access import actor, requires
from app.suppliers.permissions import Permission

blueprint = ApiBlueprint(
    "Purchases",
    __name__,
    url_prefix="/api/v1/purchases",
    template_folder="templates",
    description="Orders in, review links out.",
)


@blueprint.route("", methods=["POST"])
@requires(Permission.WRITE_PURCHASES)
@idempotent
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        {"$ref": "#/components/schemas/PurchaseIn"},
                        {"$ref": "#/components/schemas/PurchaseBatchIn"},
                    ]
                }
            }
        },
    }
)
@blueprint.response(201, ReceivedOut, description="Taken in: one purchase, or the batch, as it was sent.")
@blueprint.alt_response(200, schema=ReceivedOut, description="All were known already; some may have been updated.")
def receive_purchases() -> Response:
    """Send one purchase, or up to 500

    All or none. The reference tells which: sending one again brings it up to date and answers with the same
    links. Buyers and subjects are made on the way. Lines and buyer domains are added, never taken away;
    `contact` and `incentive` stay as they are where they are not sent. A revoked purchase stays revoked.
    """
    body = json_body()
    many = isinstance(body, dict) and "purchases" in body
    orders: list[Order] = PurchaseBatchIn().load(body)["purchases"] if many else [PurchaseIn().load(body)]
    _may_invite(orders)
    try:
        received = service.receive(orders, by=actor())
    except CatalogInvalid as error:
        raise _placed(error, many=many) from error
    return _answer(received, many=many)


@blueprint.route("", methods=["GET"])
@requires(Permission.READ_PURCHASES)
@blueprint.arguments(PurchasesQuery, location="query")
@blueprint.response(200, PurchasePageOut)
def list_purchases(query: dict[str, Any]) -> dict[str, Any]:
    """List purchases

    Those last made known first, a page at a time: pass `next` on as `cursor` until it is null.
    """
    page = queries.purchases(with_links=_may_have_links(), **query)
    return {"purchases": [purchase_json(view) for view in page.items], "next": page.next}


@blueprint.route("/<purchase_id>", methods=["GET"])
@requires(Permission.READ_PURCHASES)
@blueprint.response(200, PurchaseOut)
def get_purchase(purchase_id: str) -> dict[str, Any]:
    """Read one purchase"""
    return _show(purchase_id)


@blueprint.route("/<purchase_id>/revoke", methods=["POST"])
@requires(Permission.WRITE_PURCHASES)
@idempotent
@blueprint.response(200, PurchaseOut)
def revoke_purchase(purchase_id: str) -> dict[str, Any]:
    """Take a purchase back

    Its unused links stop working at once. A review that was already sent stays. Doing it again changes nothing.
    """
    service.revoke(catalog.the_purchase(purchase_id), by=actor())
    return _show(purchase_id)


@blueprint.route("/<purchase_id>/invite", methods=["POST"])
@requires(Permission.SEND_INVITATIONS, Permission.READ_PURCHASES)
@idempotent
@blueprint.response(200, PurchaseOut)
def invite(purchase_id: str) -> dict[str, Any]:
    """Ask a purchase's contact by mail

    Once for each purchase and address: doing it again sends nothing.
    """
    service.invite(catalog.the_purchase(purchase_id), by=actor())
    return _show(purchase_id)


def _show(purchase_id: str) -> dict[str, Any]:
    view = queries.views([catalog.the_purchase(purchase_id)], with_links=_may_have_links())[0]
    return purchase_json(view)


def _may_have_links() -> bool:
    """A link proves a purchase to whoever holds it, so reading rights alone do not show it."""
    return actor().may(Permission.WRITE_PURCHASES)


def _may_invite(orders: list[Order]) -> None:
    if any(order.invite for order in orders) and not actor().may(Permission.SEND_INVITATIONS):
        raise Forbidden(
            "`invite` needs the scope invitations:send.", remedy="Use a key with that scope, or leave `invite` out."
        )


def _answer(received: list[Received], *, many: bool) -> Response:
    shown = [received_json(one) for one in received]
    body = ReceivedBatchOut().dump({"purchases": shown}) if many else ReceivedOut().dump(shown[0])
    response = jsonify(body)
    response.status_code = 201 if any(one.taken.change is Change.CREATED for one in received) else 200
    if not many:
        response.headers["Location"] = absolute("Purchases.get_purchase", purchase_id=received[0].taken.purchase.id)
    return response


def _placed(error: CatalogInvalid, *, many: bool) -> CatalogInvalid:
    """The refusal with pointers into the body as it was sent."""
    fields = [
        FieldError(f"/purchases{one.pointer}" if many else "/" + one.pointer.split("/", 2)[2], one.code, one.detail)
        for one in error.fields
    ]
    return CatalogInvalid(error.detail, remedy=error.remedy, fields=fields)
