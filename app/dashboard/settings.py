"""Settings: the person's own account, the supplier, members, sites, API keys, moderation policy."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, flash, g, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from app.accounts import login, sessions
from app.accounts import service as accounts
from app.accounts.errors import WeakPassword, WrongCredentials
from app.accounts.models import Principal
from app.catalog import queries as catalog
from app.core.db import db
from app.core.errors import Invalid, NotFound, TooMany
from app.core.ids import parse_id
from app.core.links import own_origin
from app.core.locale import LANGUAGES, NAMES
from app.core.text import Unclean, normal_url
from app.dashboard import tries
from app.dashboard.account_forms import WEAK, ChangePassword, Profile
from app.dashboard.form import SENTENCES, Form, read
from app.dashboard.settings_forms import (
    PROOF_WORDS,
    ROLES,
    SCOPES,
    SITE_FAULTS,
    InviteForm,
    KeyForm,
    PolicyForm,
    RemoveForm,
    RoleForm,
    SiteForm,
    SupplierForm,
)
from app.moderation import queries as moderation_queries
from app.moderation import service as moderation
from app.suppliers import access, members, queries
from app.suppliers import service as suppliers
from app.suppliers.access import actor, requires
from app.suppliers.errors import AlreadyMember, LastOwner
from app.suppliers.models import ApiKey, Role, Site
from app.suppliers.permissions import Permission

blueprint = Blueprint("settings", __name__, url_prefix="/dashboard/settings", template_folder="templates")

# The tabs, in order: endpoint, label, the permission without which it is not shown.
TABS = (
    ("settings.sites", _l("Sites"), Permission.READ_SITES),
    ("settings.member_list", _l("Members"), Permission.READ_MEMBERS),
    ("settings.keys", _l("API keys"), Permission.MANAGE_KEYS),
    ("settings.policy", _l("Moderation"), Permission.MANAGE_POLICY),
    ("settings.supplier", _l("Supplier"), Permission.MANAGE_SUPPLIER),
    ("settings.account", _l("Your account"), Permission.USE_DASHBOARD),
)


@blueprint.get("")
@requires(Permission.USE_DASHBOARD)
def index() -> AnyResponse:
    """The first of the settings."""
    return redirect(url_for("settings.sites"), 303)


# --------------------------------------------------------------------------------------------- sites


@blueprint.get("/sites")
@requires(Permission.READ_SITES)
def sites() -> str:
    """Every site."""
    return _page("sites", Form({}), sites=queries.sites())


@blueprint.get("/sites/new")
@requires(Permission.MANAGE_SITES)
def new_site() -> str:
    """The form for a new site."""
    form = Form({"languages": [access.user().locale], "first_language": access.user().locale, "required_proofs": []})
    return _site_form(form, None)


@blueprint.post("/sites/new")
@requires(Permission.MANAGE_SITES)
def create_site() -> AnyResponse:
    """Make a site, and go on to its embed code."""
    form = _read_site()
    if form.ok:
        try:
            site = suppliers.create_site(actor(), **_site_values(form))
            flash(_("The site is there. Put the code below into your pages."), "good")
            return redirect(url_for("settings.site", site_id=site.id), 303)
        except Invalid as error:
            form.refuse(error, SITE_FAULTS, _("Choose one of the answers offered."))
    return make_response(_site_form(form, None), 422)


@blueprint.get("/sites/<site_id>")
@requires(Permission.READ_SITES)
def site(site_id: str) -> str:
    """One site: its embed code, and what it asks for."""
    found = _site(site_id)
    subjects = catalog.subjects()
    return _page(
        "site", Form({}), site=found, origin=own_origin(), subject=subjects[0].slug if subjects else "your-subject"
    )


@blueprint.get("/sites/<site_id>/edit")
@requires(Permission.MANAGE_SITES)
def edit_site(site_id: str) -> str:
    """The form to change a site."""
    found = _site(site_id)
    return _site_form(
        Form(
            {
                "name": found.name,
                "origins": "\n".join(found.origins),
                "languages": found.languages,
                "first_language": found.languages[0],
                "review_page_url": found.review_page_url or "",
                "required_proofs": found.required_proofs,
            }
        ),
        found,
    )


@blueprint.post("/sites/<site_id>/edit")
@requires(Permission.MANAGE_SITES)
def change_site(site_id: str) -> AnyResponse:
    """Change a site."""
    found = _site(site_id)
    form = _read_site()
    if form.ok:
        try:
            suppliers.change_site(actor(), found, **_site_values(form))
            flash(_("Saved."), "good")
            return redirect(url_for("settings.site", site_id=found.id), 303)
        except Invalid as error:
            form.refuse(error, SITE_FAULTS, _("Choose one of the answers offered."))
    return make_response(_site_form(form, found), 422)


@blueprint.post("/sites/<site_id>/off")
@requires(Permission.MANAGE_SITES)
def switch_site_off(site_id: str) -> AnyResponse:
    """Switch a site off; the page it leads to can switch it on again."""
    suppliers.switch_site(actor(), _site(site_id), on=False)
    flash(_("The site is switched off. Its form takes no reviews until you switch it on again."), "message")
    return redirect(url_for("settings.site", site_id=site_id), 303)


@blueprint.post("/sites/<site_id>/on")
@requires(Permission.MANAGE_SITES)
def switch_site_on(site_id: str) -> AnyResponse:
    """Switch a site on again."""
    suppliers.switch_site(actor(), _site(site_id), on=True)
    flash(_("The site is switched on."), "good")
    return redirect(url_for("settings.site", site_id=site_id), 303)


# ------------------------------------------------------------------------------------------- members


@blueprint.get("/members")
@requires(Permission.READ_MEMBERS)
def member_list() -> str:
    """Who works for the supplier, and who has been asked to."""
    return _members(Form({"role": Role.MODERATOR}))


@blueprint.post("/members")
@requires(Permission.MANAGE_MEMBERS)
def invite() -> AnyResponse:
    """Ask somebody by mail to join."""
    form = read(InviteForm())
    if not form.ok:
        return make_response(_members(form), 422)
    try:
        tries.count_invitation(access.current_supplier().id)
        invitation = members.invite(actor(), form.clean["email"], Role(form.clean["role"]))
    except AlreadyMember:
        form.errors["email"] = _("This person is a member already.")
        return make_response(_members(form), 409)
    except TooMany as error:
        form.errors["email"] = _("That was a lot of invitations for one day. Go on tomorrow.")
        response = make_response(_members(form), 429)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    flash(_("The invitation is on its way to %(email)s.", email=invitation.email), "good")
    return redirect(url_for("settings.member_list"), 303)


@blueprint.post("/members/invitations/<invitation_id>/revoke")
@requires(Permission.MANAGE_MEMBERS)
def revoke_invitation(invitation_id: str) -> AnyResponse:
    """Take an invitation back."""
    if not members.revoke_invitation(actor(), _id(invitation_id)):
        raise NotFound
    flash(_("The invitation does not work any more."), "good")
    return redirect(url_for("settings.member_list"), 303)


@blueprint.get("/members/<member_id>")
@requires(Permission.MANAGE_MEMBERS)
def member(member_id: str) -> str:
    """One member: another role, or removal."""
    return _member(member_id, Form({}))


@blueprint.post("/members/<member_id>/role")
@requires(Permission.MANAGE_MEMBERS)
def change_role(member_id: str) -> AnyResponse:
    """Give a member another role."""
    form = read(RoleForm())
    if not form.ok:
        return make_response(_member(member_id, form), 422)
    try:
        members.change_role(actor(), _id(member_id), Role(form.clean["role"]))
    except LastOwner:
        form.errors["role"] = _("A supplier needs at least one owner. Make somebody else an owner first.")
        return make_response(_member(member_id, form), 409)
    flash(_("The role is changed. It counts from that person's next click."), "good")
    return redirect(url_for("settings.member_list"), 303)


@blueprint.post("/members/<member_id>/remove")
@requires(Permission.MANAGE_MEMBERS)
def remove_member(member_id: str) -> AnyResponse:
    """Take a member out."""
    form = read(RemoveForm())
    if not form.ok:
        return make_response(_member(member_id, form), 422)
    try:
        members.remove(actor(), _id(member_id), revoke_keys=form.clean.get("revoke_keys") == "yes")
    except LastOwner:
        form.errors[""] = _("A supplier needs at least one owner. Make somebody else an owner first.")
        return make_response(_member(member_id, form), 409)
    flash(_("The member is removed and can see nothing from now on."), "good")
    return redirect(url_for("settings.member_list"), 303)


# ------------------------------------------------------------------------------------------ API keys


@blueprint.get("/keys")
@requires(Permission.MANAGE_KEYS)
def keys() -> str:
    """Every API key, by its first characters."""
    return _keys(Form({"scopes": []}))


@blueprint.post("/keys")
@requires(Permission.MANAGE_KEYS)
def issue_key() -> AnyResponse:
    """Make a key and show it, in this answer only: no redirect, for nothing could show it after one."""
    form = read(KeyForm(), lists=("scopes",))
    if not form.ok:
        return make_response(_keys(form), 422)
    key, secret = suppliers.issue_api_key(actor(), form.clean["name"], form.clean["scopes"])
    return make_response(_page("key_made", Form({}), key=key, secret=secret), 201)


@blueprint.post("/keys/<key_id>/revoke")
@requires(Permission.MANAGE_KEYS)
def revoke_key(key_id: str) -> AnyResponse:
    """Have a key work no more."""
    key = db.session.get(ApiKey, (access.current_supplier().id, _id(key_id)))
    if key is None:
        raise NotFound
    suppliers.revoke_api_key(actor(), key)
    flash(_("The key %(hint)s… does not work any more.", hint=key.hint), "good")
    return redirect(url_for("settings.keys"), 303)


# ------------------------------------------------------------------------------- policy and supplier


@blueprint.get("/moderation")
@requires(Permission.MANAGE_POLICY)
def policy() -> str:
    """Which reviews need a person."""
    found = moderation_queries.policy()
    return _page("policy", Form({"approve_proven": found.approve_proven, "show_stars": found.show_stars}))


@blueprint.post("/moderation")
@requires(Permission.MANAGE_POLICY)
def change_policy() -> AnyResponse:
    """Choose which reviews need a person."""
    form = read(PolicyForm())
    if not form.ok:
        return make_response(_page("policy", form), 422)
    moderation.set_policy(
        actor(),
        approve_proven=form.clean.get("approve_proven") == "yes",
        show_stars=form.clean.get("show_stars") == "yes",
    )
    flash(_("Saved. It counts for reviews that arrive from now on."), "good")
    return redirect(url_for("settings.policy"), 303)


@blueprint.get("/supplier")
@requires(Permission.MANAGE_SUPPLIER)
def supplier() -> str:
    """The supplier's name and website."""
    found = access.current_supplier()
    return _page("supplier", Form({"name": found.name, "website": found.website or ""}))


@blueprint.post("/supplier")
@requires(Permission.MANAGE_SUPPLIER)
def change_supplier() -> AnyResponse:
    """Change the supplier's name or website."""
    form = read(SupplierForm())
    website = None
    try:
        website = normal_url(form.clean["website"]) if form.clean.get("website") else None
    except Unclean as error:
        form.errors["website"] = str(SENTENCES[error.code])
    if not form.ok:
        return make_response(_page("supplier", form), 422)
    suppliers.change_supplier(actor(), form.clean["name"], website)
    flash(_("Saved."), "good")
    return redirect(url_for("settings.supplier"), 303)


@blueprint.post("/switch/<supplier_id>")
@requires(Permission.USE_DASHBOARD)
def switch_supplier(supplier_id: str) -> AnyResponse:
    """Look at another supplier that the person works for."""
    wanted = _id(supplier_id)
    if wanted not in {one.id for one in access.my_suppliers()}:
        raise NotFound
    access.choose_supplier(wanted)
    return redirect("/dashboard", 303)


# ------------------------------------------------------------------------------------------- account


@blueprint.get("/account")
@requires(Permission.USE_DASHBOARD)
def account() -> str:
    """The person's own name, language and password."""
    return _account(Form({"name": access.user().name, "locale": access.user().locale}))


@blueprint.post("/account")
@requires(Permission.USE_DASHBOARD)
def change_account() -> AnyResponse:
    """Change name and language."""
    form = read(Profile())
    if not form.ok:
        return make_response(_account(form), 422)
    accounts.change_profile(access.user(), form.clean["name"], form.clean["locale"])
    g.language = form.clean["locale"]
    flash(_("Saved."), "good")
    return redirect(url_for("settings.account"), 303)


@blueprint.post("/account/password")
@requires(Permission.USE_DASHBOARD)
def change_password() -> AnyResponse:
    """Change the password; every other session ends, and this one gets a fresh id."""
    user = access.user()
    form = read(ChangePassword())
    if form.ok:
        try:
            tries.count_password(user.id)
            accounts.change_password(
                user, form.clean["old_password"], form.clean["password"], keep_session=g.session_secret
            )
            chosen = access.current_supplier().id
            login.sign_in(Principal.USER, user)
            access.choose_supplier(chosen)
            flash(_("The password is changed, and every other browser is signed out."), "good")
            return redirect(url_for("settings.account"), 303)
        except WrongCredentials:
            form.errors["old_password"] = _("This is not your password.")
        except WeakPassword as error:
            form.errors["password"] = str(WEAK[error.weakness])
        except TooMany as error:
            form.errors["old_password"] = _("This was tried too often. Try again in a few minutes.")
            response = make_response(_account(form), 429)
            response.headers["Retry-After"] = str(error.retry_after)
            return response
    return make_response(_account(form), 422)


@blueprint.post("/account/sign-out-others")
@requires(Permission.USE_DASHBOARD)
def sign_out_others() -> AnyResponse:
    """End every session of this person but the one asking."""
    accounts.sign_out_others(access.user(), keep_session=g.session_secret)
    flash(_("Every other browser is signed out."), "good")
    return redirect(url_for("settings.account"), 303)


# ------------------------------------------------------------------------------------------- helpers


def _page(template: str, form: Form, **values: Any) -> str:
    tabs = [(endpoint, label) for endpoint, label, needed in TABS if access.may(needed)]
    words = {
        "roles": ROLES,
        "role_options": [(role, *words) for role, words in ROLES.items()],
        "scopes": SCOPES,
        "scope_options": [(scope, *words) for scope, words in SCOPES.items()],
        "proof_words": PROOF_WORDS,
        "supplier": access.current_supplier(),
    }
    return render_template(
        f"dashboard/settings/{template}.html", form=form, tabs=tabs, may=access.may, P=Permission, **words, **values
    )


def _members(form: Form) -> str:
    return _page("members", form, colleagues=queries.colleagues(), invitations=queries.open_invitations())


def _member(member_id: str, form: Form) -> str:
    found = next((one for one in queries.colleagues() if one.member.id == _id(member_id)), None)
    if found is None:
        raise NotFound
    form.values.setdefault("role", found.member.role)
    return _page("member", form, colleague=found, keys=members.keys_made_by(found.member.user_id))


def _keys(form: Form) -> str:
    found = queries.api_keys()
    return _page("keys", form, keys=found, names=queries.member_names([key.created_by for key in found]))


def _account(form: Form) -> str:
    user = access.user()
    form.values.setdefault("name", user.name)
    form.values.setdefault("locale", user.locale)
    return _page("account", form, user=user, languages=NAMES, live=sessions.live(Principal.USER, user.id))


def _site(site_id: str) -> Site:
    return queries.site(_id(site_id))


def _site_form(form: Form, found: Site | None) -> str:
    return _page("site_form", form, site=found, language_names=NAMES)


def _read_site() -> Form:
    return read(SiteForm(), lists=("languages", "required_proofs"))


def _site_values(form: Form) -> dict[str, Any]:
    first = form.clean.get("first_language")
    languages = [language for language in LANGUAGES if language in form.clean["languages"]]
    return {
        "name": form.clean["name"],
        "origins": [line for line in form.clean["origins"].split("\n") if line.strip()],
        # The language spoken where the reader's own is not offered stands first.
        "languages": sorted(languages, key=lambda language: language != first),
        "review_page_url": form.clean.get("review_page_url") or None,
        "required_proofs": form.clean.get("required_proofs", []),
    }


def _id(text: str) -> uuid.UUID:
    found = parse_id(text)
    if found is None:
        raise NotFound
    return found
