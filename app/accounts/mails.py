"""Mails to people who sign in. Each is composed from ids when it is sent; links are derived, never stored."""

from __future__ import annotations

import uuid

from flask_babel import lazy_gettext as _l

from app.accounts.models import MailedToken, User
from app.core.db import db
from app.core.jobs import Queue, job
from app.core.links import absolute
from app.core.mail import Message, send
from app.core.secrets import Prefix, derive


@job(Queue.MAIL)
def send_confirmation(*, token_id: str) -> None:
    """The link behind which a person confirms the address and finishes signing up."""
    _send_link(token_id, "confirm_address", _l("Confirm your address for Avouch"), "sign_in.confirm")


@job(Queue.MAIL)
def send_reset(*, token_id: str) -> None:
    """The link behind which a person chooses a new password."""
    _send_link(token_id, "reset_password", _l("Choose a new password for Avouch"), "sign_in.reset_with_link")


@job(Queue.MAIL)
def send_already_registered(*, user_id: str) -> None:
    """Word that somebody tried to sign up with an address that has an account."""
    _send_word(
        user_id,
        "already_registered",
        _l("Somebody tried to sign up with your address"),
        sign_in_url=absolute("sign_in.sign_in"),
        reset_url=absolute("sign_in.reset"),
    )


@job(Queue.MAIL)
def send_password_changed(*, user_id: str) -> None:
    """Word that the password was changed, so that its owner notices if it was somebody else."""
    _send_word(user_id, "password_changed", _l("Your Avouch password was changed"), reset_url=absolute("sign_in.reset"))


def _send_link(token_id: str, template: str, subject: object, endpoint: str) -> None:
    token = db.session.get(MailedToken, uuid.UUID(token_id))
    user = db.session.get(User, token.principal_id) if token is not None else None
    if token is None or user is None or token.used_at is not None or user.disabled_at is not None:
        return  # used or withdrawn while the mail waited: there is nothing left to send
    url = absolute(endpoint, token=derive(Prefix.ACCOUNT, token.id))
    context = {"url": url, "name": user.name, "expires_at": token.expires_at}
    send(Message(user.email, subject, template, context, user.locale))


def _send_word(user_id: str, template: str, subject: object, **context: str) -> None:
    user = db.session.get(User, uuid.UUID(user_id))
    if user is not None and user.disabled_at is None:
        send(Message(user.email, subject, template, {"name": user.name, **context}, user.locale))
