"""Flask-Login, bound to our own sessions.

Flask's cookie is signed but cannot be revoked, and a copy of it outlives a sign-out. So Flask-Login is
given a session's secret for its user id, and the row behind it decides on every request. There is no
"remember me" cookie: Flask-Login's cannot be revoked either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import flask
from flask import Flask
from flask_login import LoginManager, current_user, login_user, logout_user

from app.accounts import service, sessions
from app.accounts.models import Operator, Principal, User
from app.core import audit
from app.core.actor import Actor

login_manager = LoginManager()
# Flask-Login's own protection compares address and browser, which signs people out as they change from
# office to train; the row's two clocks do the work instead.
login_manager.session_protection = None


@dataclass(frozen=True)
class SignedIn:
    """A person with a live session, in the shape Flask-Login asks for."""

    kind: Principal
    person: User | Operator
    secret: str
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """What Flask-Login keeps in the cookie: the session's secret, which says nothing about the person."""
        return self.secret


def init_app(app: Flask) -> None:
    """Give `app` its sign-ins."""
    login_manager.init_app(app)


@login_manager.user_loader  # type: ignore[untyped-decorator]  # Flask-Login has no types
def _load(secret: str) -> SignedIn | None:
    session = sessions.load(secret)
    if session is None:
        return None
    kind = Principal(session.principal_kind)
    person = service.person(kind, session.principal_id)
    return SignedIn(kind, person, secret) if person is not None else None


def sign_in(kind: Principal, person: User | Operator) -> None:
    """Begin a session in this browser.

    Everything the cookie held goes first, and the session's secret is fresh: one that an attacker planted
    in the browser beforehand opens nothing (fixation), and what somebody else left there is not inherited.
    """
    _end_current()
    flask.session.clear()
    login_user(SignedIn(kind, person, sessions.begin(kind, person.id)))
    _record("session.begun", kind, person)


def sign_out() -> None:
    """End this browser's session, for every copy of its cookie."""
    _end_current()
    logout_user()
    flask.session.clear()


def signed_in(kind: Principal) -> SignedIn | None:
    """Who is signed in here as a person of this kind. A session of the other kind counts as none."""
    anyone = cast("SignedIn | None", current_user if current_user.is_authenticated else None)
    return anyone if anyone is not None and anyone.kind == kind else None


def _end_current() -> None:
    if current_user.is_authenticated:
        sessions.end(current_user.secret)
        _record("session.ended", current_user.kind, current_user.person)


def _record(action: str, kind: Principal, person: User | Operator) -> None:
    actor = Actor("operator" if kind == Principal.OPERATOR else "user", person.id)
    audit.record(action, actor=actor, target_kind=str(kind), target_id=person.id)
