"""Signing up, in and out; choosing a new password; accepting an invitation.

Mailed links are opened by GET, which changes nothing (mail scanners open them too); a button posts.
"""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.accounts import asking, login
from app.accounts import service as accounts
from app.accounts.errors import AddressTaken, LinkUnusable, WeakPassword, WrongCredentials
from app.accounts.models import Principal, User
from app.core.errors import TooMany
from app.core.locale import choose
from app.dashboard import tries
from app.dashboard.account_forms import WEAK, Confirm, Join, NewPassword, NewSupplier, SignIn, SignUp
from app.dashboard.form import Form, read
from app.dashboard.redirects import inside
from app.suppliers import access, members, queries
from app.suppliers import service as suppliers
from app.suppliers.errors import AlreadyMember, InvitationUnusable
from app.suppliers.models import MemberInvitation

blueprint = Blueprint("sign_in", __name__, template_folder="templates")

HOME = "/dashboard"
_INSIDE = ("/dashboard", "/join", "/suppliers")
_ASKED = "mail_sent_to"  # so that the next page can name the address; the same whether it is known to us


@blueprint.get("/sign-up")
def sign_up() -> str:
    """The form to ask for an account."""
    return _page("sign_up", Form({"email": ""}))


@blueprint.post("/sign-up")
def send_sign_up() -> AnyResponse:
    """Ask for an account. The answer is the same, byte for byte, whether the address has one."""
    form = read(SignUp())
    return _ask("sign_up", form, lambda email: asking.for_account(email, choose()), "sign_in.check_mail")


@blueprint.get("/sign-up/check-mail")
def check_mail() -> str:
    """Word that a mail is on its way."""
    return _page("check_mail", Form({}), email=session.get(_ASKED), again=url_for("sign_in.sign_up"))


@blueprint.get("/confirm/<token>")
def confirm(token: str) -> AnyResponse:
    """The form behind the mailed link: name, company, password."""
    try:
        user = accounts.behind_link(token, accounts.CONFIRM)
    except LinkUnusable:
        return _dead_link(url_for("sign_in.sign_up"), _("Ask for a new link"))
    return make_response(_page("confirm", Form({}), email=user.email))


@blueprint.post("/confirm/<token>")
def send_confirm(token: str) -> AnyResponse:
    """Finish signing up: the address is confirmed, the supplier is made, and its owner signed in to it."""
    tries.count_link()
    form = read(Confirm())
    try:
        email = accounts.behind_link(token, accounts.CONFIRM).email
        if not form.ok:
            return _again("confirm", form, 422, email=email)
        user = accounts.confirm(token, form.clean["name"], form.clean["password"])
    except LinkUnusable:
        return _dead_link(url_for("sign_in.sign_up"), _("Ask for a new link"))
    except WeakPassword as error:
        form.errors["password"] = str(WEAK[error.weakness])
        return _again("confirm", form, 422, email=email)
    login.sign_in(Principal.USER, user)
    access.choose_supplier(suppliers.create_supplier(user, form.clean["supplier"]).id)
    return redirect(HOME, 303)


@blueprint.get("/sign-in")
def sign_in() -> AnyResponse:
    """The form to sign in."""
    target = inside(request.args.get("next"), _INSIDE)
    if login.signed_in(Principal.USER) is not None:
        return redirect(target or HOME, 303)
    return make_response(_page("sign_in", Form({"email": "", "next": target or ""})))


@blueprint.post("/sign-in")
def send_sign_in() -> AnyResponse:
    """Sign in, and go on to where the person was going, if that is a page of the dashboard."""
    form = read(SignIn())
    if not form.ok:
        return _again("sign_in", form, 422)
    try:
        tries.count_sign_in(Principal.USER, form.clean["email"])
        user = accounts.authenticate(Principal.USER, form.clean["email"], form.clean["password"])
    except TooMany as error:
        return _too_many("sign_in", form, error)
    except WrongCredentials:
        form.errors[""] = _("That address and password do not fit, or the address has not been confirmed yet.")
        return _again("sign_in", form, 401)
    login.sign_in(Principal.USER, user)
    return redirect(inside(form.clean.get("next"), _INSIDE) or HOME, 303)


@blueprint.post("/sign-out")
def sign_out() -> AnyResponse:
    """Sign out, for every copy of this browser's cookie."""
    login.sign_out()
    return redirect(url_for("sign_in.sign_in"), 303)


@blueprint.get("/reset")
def reset() -> str:
    """The form to ask for a new password."""
    return _page("reset", Form({"email": ""}))


@blueprint.post("/reset")
def send_reset() -> AnyResponse:
    """Ask for a link to choose a new password. The answer does not tell whether there is an account."""
    return _ask("reset", read(SignUp()), asking.for_new_password, "sign_in.reset_sent")


@blueprint.get("/reset/sent")
def reset_sent() -> str:
    """Word that a mail is on its way, if the address has an account."""
    return _page("reset_sent", Form({}), email=session.get(_ASKED))


@blueprint.get("/reset/<token>")
def reset_with_link(token: str) -> AnyResponse:
    """The form behind the mailed link: a new password."""
    try:
        user = accounts.behind_link(token, accounts.RESET)
    except LinkUnusable:
        return _dead_link(url_for("sign_in.reset"), _("Ask for a new link"))
    return make_response(_page("new_password", Form({}), email=user.email))


@blueprint.post("/reset/<token>")
def send_new_password(token: str) -> AnyResponse:
    """Set the new password and end every session. Signing in is left to the person, who then knows it works."""
    tries.count_link()
    form = read(NewPassword())
    try:
        email = accounts.behind_link(token, accounts.RESET).email
        if not form.ok:
            return _again("new_password", form, 422, email=email)
        accounts.reset_password(token, form.clean["password"])
    except LinkUnusable:
        return _dead_link(url_for("sign_in.reset"), _("Ask for a new link"))
    except WeakPassword as error:
        form.errors["password"] = str(WEAK[error.weakness])
        return _again("new_password", form, 422, email=email)
    login.sign_out()
    return redirect(url_for("sign_in.password_set"), 303)


@blueprint.get("/reset/done")
def password_set() -> str:
    """Word that the password is set."""
    return _page("password_set", Form({}))


@blueprint.get("/suppliers/new")
def new_supplier() -> AnyResponse:
    """The form to add a supplier, for somebody who has an account: an agency's second one, or a first again."""
    signed_in = login.signed_in(Principal.USER)
    if signed_in is None:
        return redirect(url_for("sign_in.sign_in", next=request.path), 303)
    return make_response(_page("new_supplier", Form({}), **_standing(cast(User, signed_in.person))))


@blueprint.post("/suppliers/new")
def send_new_supplier() -> AnyResponse:
    """Make a supplier, with the person signed in as its owner."""
    signed_in = login.signed_in(Principal.USER)
    if signed_in is None:
        return redirect(url_for("sign_in.sign_in", next=request.path), 303)
    user = cast(User, signed_in.person)
    form = read(NewSupplier())
    if not form.ok:
        return _again("new_supplier", form, 422, **_standing(user))
    try:
        tries.count_new_supplier(user.id)
    except TooMany as error:
        return _too_many("new_supplier", form, error, **_standing(user))
    access.choose_supplier(suppliers.create_supplier(user, form.clean["supplier"]).id)
    return redirect(HOME, 303)


@blueprint.get("/join/<token>")
def join(token: str) -> AnyResponse:
    """The page behind an invitation: what is offered, and what is needed to accept it."""
    try:
        invitation = members.behind_link(token)
    except InvitationUnusable:
        return _dead_invitation()
    return make_response(_page("join", Form({}), **_offer(invitation, token)))


@blueprint.post("/join/<token>")
def send_join(token: str) -> AnyResponse:
    """Accept an invitation, as whoever is signed in, or with a new account for the address it was sent to."""
    tries.count_link()
    try:
        invitation = members.behind_link(token)
        offer = _offer(invitation, token)
        if offer["way"] == "join":
            return _joined(token, cast(User, offer["user"]))
        if offer["way"] != "register":
            return redirect(url_for("sign_in.join", token=token), 303)
        return _register_and_join(token, invitation, offer)
    except InvitationUnusable:
        return _dead_invitation()


def _register_and_join(token: str, invitation: MemberInvitation, offer: dict[str, Any]) -> AnyResponse:
    form = read(Join())
    if not form.ok:
        return _again("join", form, 422, **offer)
    try:
        # The mailed link was sent to this address, so whoever holds it has the address.
        user = accounts.register_confirmed(invitation.email, form.clean["name"], form.clean["password"], choose())
    except WeakPassword as error:
        form.errors["password"] = str(WEAK[error.weakness])
        return _again("join", form, 422, **offer)
    except AddressTaken:
        # Made meanwhile, in another tab: the page now asks to sign in.
        return redirect(url_for("sign_in.join", token=token), 303)
    login.sign_in(Principal.USER, user)
    return _joined(token, user)


def _joined(token: str, user: User) -> AnyResponse:
    try:
        access.choose_supplier(members.accept(token, user).supplier_id)
    except AlreadyMember:
        access.choose_supplier(members.behind_link(token).supplier_id)
    return redirect(HOME, 303)


def _offer(invitation: MemberInvitation, token: str) -> dict[str, Any]:
    """What the invitation's page shows, and which way leads in from here."""
    signed_in = login.signed_in(Principal.USER)
    user = cast("User | None", signed_in.person if signed_in is not None else None)
    if user is not None:
        way = "join" if user.email == invitation.email else "other"
    else:
        way = "register" if accounts.user_by_address(invitation.email) is None else "sign_in"
    return {
        "way": way,
        "user": user,
        "supplier": queries.supplier(invitation.supplier_id),
        "role": invitation.role,
        "email": invitation.email,
        "back": url_for("sign_in.join", token=token),
    }


def _standing(user: User) -> dict[str, Any]:
    g.user = user
    return {"user": user, "suppliers": access.my_suppliers()}


def _ask(template: str, form: Form, ask: Any, then: str) -> AnyResponse:
    if not form.ok:
        return _again(template, form, 422)
    try:
        tries.count_mail(form.clean["email"])
    except TooMany as error:
        return _too_many(template, form, error)
    session[_ASKED] = ask(form.clean["email"])
    return redirect(url_for(then), 303)


def _page(template: str, form: Form, **values: Any) -> str:
    return render_template(f"dashboard/account/{template}.html", form=form, **values)


def _again(template: str, form: Form, status: int, **values: Any) -> Response:
    return make_response(_page(template, form, **values), status)


def _too_many(template: str, form: Form, error: TooMany, **values: Any) -> Response:
    minutes = max(1, round((error.retry_after or 60) / 60))
    form.errors[""] = _("This was tried too often. Wait %(minutes)s min, then try again.", minutes=minutes)
    response = _again(template, form, 429, **values)
    response.headers["Retry-After"] = str(error.retry_after or 60)
    return response


def _dead_link(way_out: str, label: str) -> Response:
    return make_response(_page("dead_link", Form({}), way_out=way_out, label=label), 410)


def _dead_invitation() -> Response:
    return make_response(_page("dead_invitation", Form({})), 410)
