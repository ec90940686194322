"""What people who sign in can do with their accounts, and what operators' accounts are made by."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from app.accounts import mails, passwords, sessions
from app.accounts.errors import AddressTaken, LinkUnusable, WeakPassword, WrongCredentials
from app.accounts.models import MailedToken, Operator, Principal, Session, User
from app.accounts.rules import weakness
from app.core import audit, outbox, single_use
from app.core.actor import SYSTEM, Actor
from app.core.clock import now
from app.core.db import db
from app.core.ids import new_id
from app.core.secrets import Prefix, derive, digest, well_formed
from app.core.text import Unclean, normal_email

CONFIRM, RESET = "confirm_email", "reset_password"
_LIVES = {CONFIRM: timedelta(hours=24), RESET: timedelta(hours=1)}
# A sign-up that nobody confirmed is forgotten, so a stranger cannot keep an address in our database.
_UNCONFIRMED_KEPT = timedelta(days=7)
_ENDED_KEPT = timedelta(days=30)


def authenticate(kind: Principal, email: str, password: str) -> User | Operator:
    """The person with this address and password.

    Raises:
        WrongCredentials: in the same words, and after the same work, whether the account is unknown,
            unconfirmed, disabled or has another password.
    """
    person = _by_address(kind, email)
    may = person is not None and _may_sign_in(person)
    verdict = passwords.check(person.password_hash if person is not None and may else None, password)
    if person is None or not verdict.fits:
        raise WrongCredentials
    if verdict.outdated:
        person.password_hash = passwords.make(password)
    return person


def register(email: str, name: str, password: str, locale: str = "en") -> User:
    """A new user with an address that still has to be confirmed (`mark_confirmed`).

    Raises:
        AddressTaken, WeakPassword, Unclean (this cannot be an address).
    """
    user = _insert_user(normal_email(email), locale, name=name)
    if user is None:
        raise AddressTaken
    _set_password(user, password)
    audit.record("account.registered", actor=SYSTEM, target_kind="user", target_id=user.id)
    return user


def register_confirmed(email: str, name: str, password: str, locale: str = "en") -> User:
    """A new user whose address the caller has proven (an accepted invitation, an operator's command).

    An unconfirmed sign-up with the same address is taken over: whoever began it proved nothing.

    Raises:
        AddressTaken, WeakPassword, Unclean.
    """
    address = normal_email(email)
    user = _insert_user(address, locale, name=name) or _locked(User, User.email == address)
    if user is None or user.email_verified_at is not None or user.disabled_at is not None:
        raise AddressTaken
    user.name, user.locale = name, locale
    _set_password(user, password)
    mark_confirmed(user)
    return user


def mark_confirmed(user: User) -> None:
    """Note that the address is the user's own."""
    user.email_verified_at = user.email_verified_at or now()
    _void_tokens(user.id, CONFIRM)
    audit.record("account.confirmed", actor=Actor("user", user.id), target_kind="user", target_id=user.id)


def begin_sign_up(address: str, locale: str) -> None:
    """Send the mail that a sign-up leads to: a link to confirm, or word that there is an account already.

    Nothing about the person is taken from the sign-up but the address. Name and password are chosen behind
    the mailed link, so somebody who signs up with another's address leaves nothing there to be confirmed.
    """
    user = _insert_user(address, locale) or db.session.scalar(select(User).where(User.email == address))
    if user is None or user.disabled_at is not None:
        return
    if user.email_verified_at is not None:
        outbox.promise(mails.send_already_registered, user_id=str(user.id))
    else:
        user.locale = locale
        outbox.promise(mails.send_confirmation, token_id=str(_mailed_token(user.id, CONFIRM).id))


def begin_reset(address: str) -> None:
    """Send the link to choose a new password, where there is an account; else nothing."""
    user = db.session.scalar(select(User).where(User.email == address))
    if user is None or user.disabled_at is not None:
        return
    if user.email_verified_at is None:
        outbox.promise(mails.send_confirmation, token_id=str(_mailed_token(user.id, CONFIRM).id))
    else:
        outbox.promise(mails.send_reset, token_id=str(_mailed_token(user.id, RESET).id))


def behind_link(secret: str, purpose: str) -> User:
    """The user whom a mailed link belongs to. Reading does not use the link up: mail scanners read links.

    Raises:
        LinkUnusable
    """
    token = db.session.scalar(select(MailedToken).where(*_usable(secret, purpose))) if _ours(secret) else None
    user = db.session.get(User, token.principal_id) if token is not None and token.used_at is None else None
    if user is None or user.disabled_at is not None:
        raise LinkUnusable
    return user


def confirm(secret: str, name: str, password: str) -> User:
    """Use a confirmation link: the address is the user's, who is called `name` and has this password.

    Raises:
        LinkUnusable, WeakPassword
    """
    user = _claim(secret, CONFIRM)
    user.name = name
    _set_password(user, password)
    mark_confirmed(user)
    return user


def reset_password(secret: str, password: str) -> User:
    """Use a reset link: set the password and end every session, whoever holds it.

    Raises:
        LinkUnusable, WeakPassword
    """
    user = _claim(secret, RESET)
    _set_password(user, password)
    _void_tokens(user.id, RESET)
    sessions.end_all(Principal.USER, user.id)
    outbox.promise(mails.send_password_changed, user_id=str(user.id))
    audit.record("account.password_reset", actor=Actor("user", user.id), target_kind="user", target_id=user.id)
    return user


def change_password(user: User, old: str, new: str, *, keep_session: str) -> int:
    """Change the password of somebody who knows it; every session but the one named ends. Returns how many ended.

    Raises:
        WrongCredentials: `old` is not the password.
        WeakPassword
    """
    if not passwords.check(user.password_hash, old).fits:
        raise WrongCredentials
    _set_password(user, new)
    _void_tokens(user.id, RESET)
    ended = sessions.end_all(Principal.USER, user.id, but=keep_session)
    outbox.promise(mails.send_password_changed, user_id=str(user.id))
    audit.record(
        "account.password_changed",
        actor=Actor("user", user.id),
        target_kind="user",
        target_id=user.id,
        sessions_ended=ended,
    )
    return ended


def change_profile(user: User, name: str, locale: str) -> None:
    """Change how a user is called, and the language we write in."""
    wanted = {"name": name, "locale": locale}
    changed = sorted(field for field, value in wanted.items() if getattr(user, field) != value)
    if not changed:
        return
    user.name, user.locale = name, locale
    audit.record("account.changed", actor=Actor("user", user.id), target_kind="user", target_id=user.id, fields=changed)


def sign_out_others(user: User, *, keep_session: str) -> int:
    """End every session of a person but the one named. Returns how many ended."""
    ended = sessions.end_all(Principal.USER, user.id, but=keep_session)
    audit.record(
        "account.signed_out_others",
        actor=Actor("user", user.id),
        target_kind="user",
        target_id=user.id,
        sessions_ended=ended,
    )
    return ended


def create_operator(email: str, name: str, password: str) -> Operator:
    """A new operator. Called by a command: no page makes operators.

    Raises:
        AddressTaken, WeakPassword, Unclean
    """
    address = normal_email(email)
    if db.session.scalar(select(exists().where(Operator.email == address))):
        raise AddressTaken
    _refuse_weak(password, (address, name))
    operator = Operator(id=new_id(), email=address, name=name, password_hash=passwords.make(password))
    db.session.add(operator)
    db.session.flush()
    audit.record("operator.created", actor=SYSTEM, target_kind="operator", target_id=operator.id)
    return operator


def person(kind: Principal, person_id: uuid.UUID) -> User | Operator | None:
    """The user or operator of that id, unless disabled."""
    found = _get(kind, person_id)
    return found if found is not None and found.disabled_at is None else None


def user_by_address(email: str) -> User | None:
    """The confirmed user with this address. For callers that know the address is the asker's own."""
    found = _by_address(Principal.USER, email)
    return found if isinstance(found, User) and _may_sign_in(found) else None


def forget_stale() -> None:
    """Delete sign-ups that were never confirmed, and links and sessions that ended long ago."""
    moment = now()
    stale = select(User.id).where(User.email_verified_at.is_(None), User.created_at < moment - _UNCONFIRMED_KEPT)
    ended = moment - _ENDED_KEPT
    for statement in (
        delete(MailedToken).where(MailedToken.principal_id.in_(stale) | (MailedToken.expires_at < ended)),
        delete(User).where(User.id.in_(stale)),
        delete(Session).where(Session.expires_at < ended),
    ):
        db.session.execute(statement.execution_options(synchronize_session=False))


def _get(kind: Principal, person_id: uuid.UUID) -> User | Operator | None:
    match kind:
        case Principal.USER:
            return db.session.get(User, person_id)
        case Principal.OPERATOR:
            return db.session.get(Operator, person_id)


def _by_address(kind: Principal, email: str) -> User | Operator | None:
    try:
        address = normal_email(email)
    except Unclean:
        return None
    match kind:
        case Principal.USER:
            return db.session.scalar(select(User).where(User.email == address))
        case Principal.OPERATOR:
            return db.session.scalar(select(Operator).where(Operator.email == address))


def _may_sign_in(person: User | Operator) -> bool:
    confirmed = isinstance(person, Operator) or person.email_verified_at is not None
    return confirmed and person.disabled_at is None


def _insert_user(address: str, locale: str, name: str = "") -> User | None:
    """The new row, or None where the address has one. Two at once: one inserts, the other finds it."""
    user_id = db.session.scalar(
        insert(User)
        .values(id=new_id(), email=address, name=name, password_hash=passwords.UNUSABLE, locale=locale)
        .on_conflict_do_nothing(index_elements=[User.email])
        .returning(User.id)
    )
    return db.session.get(User, user_id) if user_id is not None else None


def _locked(table: type[User], *conditions: ColumnElement[bool]) -> User | None:
    found: User | None = db.session.scalar(
        select(table).where(*conditions).with_for_update().execution_options(populate_existing=True)
    )
    return found


def _set_password(user: User, password: str) -> None:
    _refuse_weak(password, (user.email, user.name))
    user.password_hash = passwords.make(password)


def _refuse_weak(password: str, about: tuple[str, ...]) -> None:
    if found := weakness(password, about):
        raise WeakPassword(found)


def _mailed_token(user_id: uuid.UUID, purpose: str) -> MailedToken:
    token_id = new_id()
    token = MailedToken(
        id=token_id,
        purpose=purpose,
        principal_kind=Principal.USER,
        principal_id=user_id,
        token_hash=digest(derive(Prefix.ACCOUNT, token_id)),
        expires_at=now() + _LIVES[purpose],
    )
    db.session.add(token)
    return token


def _ours(secret: str) -> bool:
    return well_formed(secret, Prefix.ACCOUNT)


def _usable(secret: str, purpose: str) -> tuple[ColumnElement[bool], ...]:
    return (
        MailedToken.token_hash == digest(secret),
        MailedToken.purpose == purpose,
        MailedToken.principal_kind == Principal.USER,
        MailedToken.expires_at > now(),
    )


def _claim(secret: str, purpose: str) -> User:
    token = single_use.claim(MailedToken, *_usable(secret, purpose)) if _ours(secret) else None
    user = _locked(User, User.id == token.principal_id) if token is not None else None
    if user is None or user.disabled_at is not None:
        raise LinkUnusable
    return user


def _void_tokens(user_id: uuid.UUID, purpose: str) -> None:
    """Of several links asked for, using one ends the others."""
    db.session.execute(
        update(MailedToken)
        .where(
            MailedToken.principal_kind == Principal.USER,
            MailedToken.principal_id == user_id,
            MailedToken.purpose == purpose,
            MailedToken.used_at.is_(None),
        )
        .values(used_at=now())
        .execution_options(synchronize_session=False)
    )
