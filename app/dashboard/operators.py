"""The operators' area: how the platform does. No supplier's rows are seen here; row-level security holds."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select
from werkzeug.wrappers import Response as AnyResponse

from app.accounts import login
from app.accounts import service as accounts
from app.accounts.errors import WrongCredentials
from app.accounts.models import Principal
from app.core import audit, outbox
from app.core.db import db
from app.core.errors import NotFound, TooMany
from app.core.ids import parse_id
from app.core.models import OutboxRow
from app.dashboard import tries
from app.dashboard.account_forms import SignIn
from app.dashboard.form import Form, read
from app.dashboard.redirects import inside
from app.suppliers import access
from app.suppliers.access import actor, requires
from app.suppliers.models import Supplier
from app.suppliers.permissions import Permission

blueprint = Blueprint("operators", __name__, url_prefix="/operator", template_folder="templates")
sign_in_blueprint = Blueprint("operator_sign_in", __name__, url_prefix="/operator", template_folder="templates")

_INSIDE = ("/operator",)
_SHOWN = 100


@sign_in_blueprint.get("/sign-in")
def sign_in() -> AnyResponse:
    """The operators' own form to sign in."""
    target = inside(request.args.get("next"), _INSIDE)
    if login.signed_in(Principal.OPERATOR) is not None:
        return redirect(target or url_for("operators.overview"), 303)
    return make_response(_sign_in(Form({"email": "", "next": target or ""})))


@sign_in_blueprint.post("/sign-in")
def send_sign_in() -> AnyResponse:
    """Sign in as an operator. A member's session in the same browser ends."""
    form = read(SignIn())
    if not form.ok:
        return make_response(_sign_in(form), 422)
    try:
        tries.count_sign_in(Principal.OPERATOR, form.clean["email"])
        operator = accounts.authenticate(Principal.OPERATOR, form.clean["email"], form.clean["password"])
    except TooMany as error:
        form.errors[""] = _("This was tried too often. Wait a few minutes, then try again.")
        response = make_response(_sign_in(form), 429)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    except WrongCredentials:
        form.errors[""] = _("That address and password do not fit.")
        return make_response(_sign_in(form), 401)
    login.sign_in(Principal.OPERATOR, operator)
    return redirect(inside(form.clean.get("next"), _INSIDE) or url_for("operators.overview"), 303)


@sign_in_blueprint.post("/sign-out")
def sign_out() -> AnyResponse:
    """Sign out."""
    login.sign_out()
    return redirect(url_for("operator_sign_in.sign_in"), 303)


@blueprint.get("")
@requires(Permission.SEE_PLATFORM)
def overview() -> str:
    """How many suppliers there are, and how the effects stand."""
    waiting, dead = outbox.depth()
    suppliers = db.session.scalars(select(Supplier).order_by(Supplier.id.desc()).limit(_SHOWN)).all()
    count = db.session.scalar(select(func.count()).select_from(Supplier)) or 0
    oldest = db.session.scalar(
        select(func.min(OutboxRow.next_at)).where(OutboxRow.done_at.is_(None), OutboxRow.dead_at.is_(None))
    )
    return render_template(
        "dashboard/operator/overview.html",
        operator=access.operator(),
        suppliers=suppliers,
        supplier_count=count,
        waiting=waiting,
        oldest=oldest,
        dead=dead,
        dead_rows=_dead_rows(),
        shown=_SHOWN,
    )


@blueprint.post("/effects/<effect_id>/revive")
@requires(Permission.REVIVE_EFFECTS)
def revive(effect_id: str) -> AnyResponse:
    """Put an effect that was given up back in line."""
    found = parse_id(effect_id)
    row = db.session.get(OutboxRow, found) if found is not None else None
    if row is None or found is None or not outbox.revive(found):
        raise NotFound("This effect is not waiting for anybody: it was done, or somebody has tried it again.")
    audit.record("effect.revived", actor=actor(), target_kind="effect", target_id=row.id, function=row.function)
    flash(_("It is back in line and will be tried at once."), "good")
    return redirect(url_for("operators.overview"), 303)


@blueprint.post("/effects/revive-all")
@requires(Permission.REVIVE_EFFECTS)
def revive_all() -> AnyResponse:
    """Put everything that was given up back in line: after the mail server was away, say."""
    revived = [row for row in _dead_rows() if outbox.revive(row.id)]
    for row in revived:
        audit.record("effect.revived", actor=actor(), target_kind="effect", target_id=row.id, function=row.function)
    flash(ngettext("%(num)d effect is back in line.", "%(num)d effects are back in line.", len(revived)), "good")
    return redirect(url_for("operators.overview"), 303)


def _dead_rows() -> list[OutboxRow]:
    query = select(OutboxRow).where(OutboxRow.dead_at.is_not(None)).order_by(OutboxRow.dead_at.desc()).limit(_SHOWN)
    return list(db.session.scalars(query))


def _sign_in(form: Form) -> str:
    return render_template("dashboard/operator/sign_in.html", form=form)
