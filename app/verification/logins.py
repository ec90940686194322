"""Sign-in attempts: one round trip to a provider, used once, bound to draft, browser, provider and ten minutes.

`state` leaves as a secret and is stored as a hash; nonce and PKCE verifier are derived from the browser's
cookie and the attempt. So neither a copy of the database nor a leaked callback address finishes a sign-in.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select

from app.core import single_use, tenancy
from app.core.clock import now
from app.core.db import db
from app.core.secrets import Prefix, digest, random_secret, well_formed
from app.core.tenancy import Lookup
from app.verification import browser
from app.verification.errors import LoginElsewhere, LoginGone
from app.verification.methods.oidc import Secrets
from app.verification.models import LoginAttempt, ProvingTicket

LIFE = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class Taken:
    """An attempt that has come back and is now used up, with what it needs to be finished."""

    attempt: LoginAttempt
    secrets: Secrets


def begin(ticket: ProvingTicket, provider_id: str, browser_secret: str) -> tuple[str, Secrets]:
    """A new attempt: its state, and its nonce and verifier."""
    state = random_secret(Prefix.STATE)
    attempt = LoginAttempt(
        supplier_id=tenancy.require(),
        ticket_id=ticket.id,
        review_id=ticket.review_id,
        provider=provider_id,
        state_hash=digest(state),
        browser_hash=browser.hashed(browser_secret),
        created_at=now(),
        expires_at=now() + LIFE,
    )
    db.session.add(attempt)
    db.session.flush()
    return state, _secrets(attempt, browser_secret)


def take(state: str, cookie: str | None) -> Taken:
    """Use up the attempt that this state belongs to, entering its supplier.

    A wrong browser does not use it up: whoever merely saw the address must not be able to spoil it.
    The caller commits before anything else happens, so that a state never works twice whatever follows.

    Raises:
        LoginGone: unknown, used or too old.
        LoginElsewhere: begun in another browser.
    """
    supplier_id = tenancy.find(Lookup.LOGIN_STATE, digest(state)) if well_formed(state, Prefix.STATE) else None
    if supplier_id is None:
        raise LoginGone(remedy="Start again from the review form.")
    tenancy.enter(supplier_id)
    secret = browser.known(cookie)
    mine = LoginAttempt.state_hash == digest(state)
    attempt = None
    if secret is not None:
        attempt = single_use.claim(
            LoginAttempt,
            mine,
            LoginAttempt.browser_hash == browser.hashed(secret),
            LoginAttempt.expires_at > now(),
        )
    if attempt is None or secret is None:
        raise _why(db.session.scalar(select(LoginAttempt).where(mine)), secret)
    return Taken(attempt, _secrets(attempt, secret))


def _secrets(attempt: LoginAttempt, browser_secret: str) -> Secrets:
    return Secrets(
        nonce=browser.derived(browser_secret, "nonce", attempt.id),
        verifier=browser.derived(browser_secret, "pkce", attempt.id),
    )


def _why(attempt: LoginAttempt | None, secret: str | None) -> LoginGone | LoginElsewhere:
    if attempt is not None and (secret is None or attempt.browser_hash != browser.hashed(secret)):
        return LoginElsewhere(remedy="Start again from the review form, in this browser.")
    return LoginGone(remedy="Start again from the review form.")
