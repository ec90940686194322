"""Who is asking, and what they may do: asked anew on every request, so that a removal bites at once.

The groups of app.routing call one of the three `authenticate_…` before any view runs; views declare the
permissions they need with `requires`. A view of those groups without that declaration cannot be reached.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.accounts import login
from app.accounts.models import Operator, Principal, User
from app.core import tenancy
from app.core.actor import Actor
from app.core.errors import N_, Forbidden, Unauthenticated
from app.suppliers import permissions, queries
from app.suppliers.models import ApiKey, Member, Supplier
from app.suppliers.permissions import Permission

View = TypeVar("View", bound=Callable[..., Any])

_CHOSEN = "supplier"  # the cookie's note of which supplier its owner looks at; verified on every request
_MARK = "required_permissions"


def requires(*needed: Permission) -> Callable[[View], View]:
    """Declare the permissions that a view needs, all of them.

    Raises (when the view is called):
        Unauthenticated: nobody is signed in.
        Forbidden: somebody is, and may not.
    """
    if not needed:
        raise ValueError("a view needs at least one permission")

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            _refuse_unless(actor(), needed)
            return current_app.ensure_sync(view)(*args, **kwargs)

        setattr(guarded, _MARK, frozenset(needed))
        return cast(View, guarded)

    return declare


def required_by(view: Callable[..., Any]) -> frozenset[Permission]:
    """The permissions that a view declares; none where it declares nothing."""
    return cast("frozenset[Permission]", getattr(view, _MARK, frozenset()))


def actor() -> Actor:
    """Who is asking.

    Raises:
        Unauthenticated: nobody has been let in.
    """
    found: Actor | None = g.get("actor")
    if found is None:
        raise Unauthenticated
    return found


def may(permission: Permission) -> bool:
    """Whether who is asking has this permission. For pages, to show only what can be done."""
    found: Actor | None = g.get("actor")
    return found is not None and found.may(permission)


def user() -> User:
    """The member who is asking.

    Raises:
        Unauthenticated: it is no member.
    """
    found: User | None = g.get("user")
    if found is None:
        raise Unauthenticated
    return found


def operator() -> Operator:
    """The operator who is asking.

    Raises:
        Unauthenticated: it is no operator.
    """
    found: Operator | None = g.get("operator")
    if found is None:
        raise Unauthenticated
    return found


def api_key() -> ApiKey:
    """The API key that is asking.

    Raises:
        Unauthenticated: it is none.
    """
    found: ApiKey | None = g.get("api_key")
    if found is None:
        raise Unauthenticated
    return found


def current_supplier() -> Supplier:
    """The supplier whose dashboard or API this request is for."""
    return queries.supplier(tenancy.require())


def my_suppliers() -> list[Supplier]:
    """The suppliers for whom the member works, by name."""
    return queries.suppliers(tenancy.suppliers_of(user().id))


def choose_supplier(supplier_id: uuid.UUID) -> None:
    """Have this browser look at another supplier from its next request on. Membership is checked there."""
    session[_CHOSEN] = str(supplier_id)


def authenticate_member() -> AnyResponse | None:
    """Let a member in: enter the supplier looked at, and note who asks with the permissions of their role."""
    signed_in = login.signed_in(Principal.USER)
    if signed_in is None:
        return _to_sign_in("sign_in.sign_in")
    person = cast(User, signed_in.person)
    member = _membership(person)
    if member is None:
        return redirect(url_for("sign_in.new_supplier"), 303)
    g.user, g.member, g.session_secret = person, member, signed_in.secret
    g.language = g.get("language") or person.locale
    g.actor = Actor("user", person.id, member.supplier_id, permissions.of_role(member.role))
    _refuse_undeclared()
    return None


def authenticate_operator() -> AnyResponse | None:
    """Let an operator in. No supplier is entered: an operator sees no supplier's rows."""
    signed_in = login.signed_in(Principal.OPERATOR)
    if signed_in is None:
        return _to_sign_in("operator_sign_in.sign_in")
    g.operator = cast(Operator, signed_in.person)
    g.actor = Actor("operator", signed_in.person.id, None, frozenset(permissions.OPERATOR))
    _refuse_undeclared()
    return None


def authenticate_api_key() -> None:
    """Let an API key in: enter its supplier, and note it with the permissions of its scopes.

    Raises:
        Unauthenticated: no key, or none that works.
    """
    g.language = "en"  # what use cases say to people is translated; programs and their logs get one language
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated(
            "This needs an API key.",
            remedy="Send the header `Authorization: Bearer avk_…` with a key made in the dashboard.",
        )
    key = queries.authenticate_api_key(secret.strip())
    g.api_key = key
    g.actor = Actor("api_key", key.id, key.supplier_id, permissions.of_scopes(key.scopes))
    _refuse_undeclared()


def _membership(person: User) -> Member | None:
    """The place this browser looks from: the one chosen, if it is still held, else the oldest."""
    held = tenancy.suppliers_of(person.id)
    chosen = next((one for one in held if str(one) == session.get(_CHOSEN)), None)
    for supplier_id in [chosen, *held] if chosen else held:
        if supplier_id is None or not queries.suppliers([supplier_id]):
            continue
        tenancy.enter(supplier_id)
        member = queries.active_member(person.id)
        if member is not None:
            return member
    tenancy.leave()
    return None


def _refuse_unless(asking: Actor, needed: tuple[Permission, ...]) -> None:
    missing = [permission for permission in needed if not asking.may(permission)]
    if missing:
        if asking.kind == "api_key":
            raise Forbidden(f"This needs the right to {missing[0].sentence}", remedy="Use a key with the scope for it.")
        raise Forbidden(N_("Your role does not include this."), remedy=N_("Ask an owner of the supplier."))


def _refuse_undeclared() -> None:
    """Deny by default: a view that forgot to say what it needs is closed to everybody."""
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None:
        return
    view_class = getattr(view, "view_class", None)
    handler = getattr(view_class, request.method.lower(), None) if view_class is not None else view
    if handler is None and request.method == "HEAD":
        handler = getattr(view_class, "get", None)
    if handler is not None and request.method != "OPTIONS" and not required_by(handler):
        raise Forbidden("This page does not say who may see it, so nobody may.")


def _to_sign_in(endpoint: str) -> AnyResponse:
    """The way to the sign-in page, and back to where the person was."""
    back = request.full_path.rstrip("?") if request.method == "GET" else None
    if request.headers.get("HX-Request") == "true":
        # htmx would put the sign-in page into a corner of the old one; this makes it leave the page.
        response = Response(status=401)
        response.headers["HX-Redirect"] = url_for(endpoint)
        return response
    return redirect(url_for(endpoint, next=back), 303)
