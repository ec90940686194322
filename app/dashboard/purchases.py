"""Purchases as members see them: listed, added by hand, asked about, taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from app.catalog import queries as catalog
from app.core.clock import today
from app.core.locale import NAMES
from app.dashboard.form import Form, read
from app.dashboard.purchase_forms import FAULTS, PurchaseForm, as_input
from app.invitations import queries, service
from app.invitations.errors import AskedEnough, NoContact, PurchaseRevoked, SiteMissing
from app.invitations.queries import PurchaseView
from app.invitations.service import Asking, Order
from app.suppliers import access
from app.suppliers import queries as suppliers
from app.suppliers.access import actor, requires
from app.suppliers.permissions import Permission

blueprint = Blueprint("purchases", __name__, url_prefix="/dashboard/purchases", template_folder="templates")

PAGE = 50

# How the asking is told: words, and the tag's colour.
ASKING: Mapping[Asking, tuple[Any, str]] = {
    Asking.QUEUED: (_l("Invitation on its way"), "tag-wait"),
    Asking.SENT: (_l("Invited"), "tag-good"),
    Asking.NOT_ASKED: (_l("Not invited"), ""),
    Asking.NO_CONTACT: (_l("No contact"), ""),
    Asking.LIMITED: (_l("Asked enough for now"), ""),
    Asking.REVOKED: (_l("Taken back"), "tag-bad"),
}


@blueprint.get("")
@requires(Permission.READ_PURCHASES)
def index() -> str:
    """A page of purchases, newest first; with `reference`, that one."""
    reference = request.args.get("reference", "").replace("\x00", "").strip()[:80] or None
    page = queries.purchases(limit=PAGE, cursor=request.args.get("cursor"), reference=reference)
    return _page("index", page=page, reference=reference, cursor=request.args.get("cursor"), has_site=_has_site())


@blueprint.get("/new")
@requires(Permission.WRITE_PURCHASES)
def new() -> str:
    """The form for a purchase."""
    return _form(Form({"date": today().isoformat(), "subjects": [], "language": access.user().locale}))


@blueprint.post("/new")
@requires(Permission.WRITE_PURCHASES)
def create() -> AnyResponse:
    """Add a purchase, and go on to its link. One that is known is brought up to date."""
    form = read(PurchaseForm(), lists=("subjects",), sentences=FAULTS)
    if form.ok and not _are_known(form.clean["subjects"]):
        form.errors["subjects"] = _("Choose from the list.")
    if not form.ok:
        return make_response(_form(form), 422)
    invite = form.clean.get("invite") == "yes" and access.may(Permission.SEND_INVITATIONS)
    try:
        received = service.receive([Order(as_input(form.clean), None, form.clean.get("language"), invite)], by=actor())[
            0
        ]
    except SiteMissing:
        form.errors[""] = _("Create a site first: review links lead there.")
        return make_response(_form(form), 422)
    flash(_sentence(received.taken.change, received.asking, invite), "good")
    return redirect(url_for("purchases.show", purchase_id=received.taken.purchase.id), 303)


@blueprint.get("/<purchase_id>")
@requires(Permission.READ_PURCHASES)
def show(purchase_id: str) -> str:
    """One purchase with its review links."""
    purchase = catalog.the_purchase(purchase_id)
    view = queries.views([purchase], with_links=access.may(Permission.WRITE_PURCHASES))[0]
    return _page("show", view=view, asking=service.state_of(purchase, view.invitation))


@blueprint.post("/<purchase_id>/invite")
@requires(Permission.SEND_INVITATIONS)
def invite(purchase_id: str) -> AnyResponse:
    """Ask the contact by mail, once."""
    try:
        invitation = service.invite(catalog.the_purchase(purchase_id), by=actor())
        flash(_("The invitation to %(address)s is on its way.", address=invitation.email), "good")
    except NoContact:
        flash(_("Nobody's address is known for this purchase. Add it again with a contact."), "bad")
    except PurchaseRevoked:
        flash(_("This purchase was taken back, so nobody is asked about it."), "bad")
    except AskedEnough:
        flash(_("This person was asked often enough this week. Send the link yourself, or try again later."), "bad")
    except SiteMissing:
        flash(_("Create a site first: review links lead there."), "bad")
    return redirect(url_for("purchases.show", purchase_id=purchase_id), 303)


@blueprint.post("/<purchase_id>/revoke")
@requires(Permission.WRITE_PURCHASES)
def revoke(purchase_id: str) -> AnyResponse:
    """Take a purchase back."""
    service.revoke(catalog.the_purchase(purchase_id), by=actor())
    flash(_("The purchase was taken back. Its unused links no longer work."), "good")
    return redirect(url_for("purchases.show", purchase_id=purchase_id), 303)


def _are_known(skus: list[str]) -> bool:
    """Whether every SKU is one of the supplier's: the form offers no others."""
    known = {subject.sku for subject in catalog.subjects()}
    return all(sku in known for sku in skus)


def _has_site() -> bool:
    return suppliers.default_site() is not None


def _sentence(change: service.Change, asking: Asking, invited: bool) -> str:
    if change is service.Change.CREATED:
        told = _("The purchase is added. Copy its link below.")
    else:
        told = _("A purchase with this number was known; it is up to date now.")
    if invited and asking is Asking.LIMITED:
        told = _("%(told)s No invitation was sent, because this person was asked often enough this week.", told=told)
    elif invited:
        told = _("%(told)s The invitation is on its way.", told=told)
    return str(told)


def _form(form: Form) -> str:
    return _page(
        "new",
        form=form,
        subjects=_options(),
        languages=list(NAMES.items()),
        has_site=_has_site(),
        today=today().isoformat(),
    )


def _page(template: str, **values: Any) -> str:
    return render_template(
        f"dashboard/purchases/{template}.html",
        may=access.may,
        P=Permission,
        asking_words=ASKING,
        state_of=lambda view: _state(view),
        **values,
    )


def _state(view: PurchaseView) -> tuple[Any, str]:
    return ASKING[Asking.REVOKED if view.purchase.revoked_at else service.state_of(view.purchase, view.invitation)]


def _options() -> list[tuple[str, str]]:
    return [(subject.sku, subject.name) for subject in catalog.subjects()]
