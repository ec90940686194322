"""Tickets: leave to open one proving window for one draft.

The frame asks for a ticket and opens its address. The ticket must be opened within five minutes, binds
itself to the browser that opens it, and may then stay open for twenty. It is used by the first outcome.
Together with the check that the window was opened by our own page (routes.py), this keeps an attacker from
having a stranger prove the attacker's draft.
"""

from __future__ import annotations

import datetime as dt
import hmac
import uuid

from sqlalchemy import select, update

from app.core import single_use, tenancy
from app.core.clock import now
from app.core.db import db
from app.core.ids import new_id
from app.core.links import absolute
from app.core.secrets import Prefix, derive, derive_again, digest, well_formed
from app.core.tenancy import Lookup
from app.verification import browser
from app.verification.errors import LoginElsewhere, TicketGone
from app.verification.models import ProvingTicket

TO_OPEN = dt.timedelta(minutes=5)
# Long enough to find a second factor; longer than one sign-in (logins.LIFE), so a second try fits in.
ONCE_OPEN = dt.timedelta(minutes=20)

PROVEN = "proven"
CANCELLED = "cancelled"
EXPIRED = "expired"


def open_ticket(
    review_id: uuid.UUID, site_id: uuid.UUID, subject_name: str, first_words: str, language: str
) -> tuple[ProvingTicket, str]:
    """A ticket and the address of its window."""
    ticket_id = new_id()
    secret = derive(Prefix.TICKET, ticket_id)
    ticket = ProvingTicket(
        supplier_id=tenancy.require(),
        id=ticket_id,
        review_id=review_id,
        site_id=site_id,
        ticket_hash=digest(secret),
        subject_name=subject_name[:160],
        first_words=first_words[:200],
        language=language,
        created_at=now(),
        expires_at=now() + TO_OPEN,
    )
    db.session.add(ticket)
    db.session.flush()
    return ticket, absolute("verification.start", ticket=secret)


def secret_of(ticket: ProvingTicket) -> str | None:
    """The ticket's secret, made again from its row: after a refused sign-in the page offers another try."""
    return derive_again(Prefix.TICKET, ticket.id, ticket.ticket_hash)


def find(secret: str) -> ProvingTicket:
    """The open ticket with this secret, entering its supplier.

    Raises:
        TicketGone: unknown, used or too old; the three answer alike.
    """
    supplier_id = tenancy.find(Lookup.TICKET, digest(secret)) if well_formed(secret, Prefix.TICKET) else None
    if supplier_id is None:
        raise TicketGone(remedy="Open the window again from the review form.")
    tenancy.enter(supplier_id)
    ticket = db.session.scalar(select(ProvingTicket).where(ProvingTicket.ticket_hash == digest(secret)))
    return _open(ticket)


def by_id(ticket_id: uuid.UUID) -> ProvingTicket:
    """The open ticket of that id, of the supplier entered; raises TicketGone."""
    return _open(db.session.get(ProvingTicket, (tenancy.require(), ticket_id)))


def bind(ticket: ProvingTicket, cookie: str | None) -> str:
    """Tie the ticket to the browser that opens it; the secret for that browser's cookie.

    A browser keeps one secret over several windows, so that a second window does not strand the first.

    Raises:
        LoginElsewhere: another browser has opened it.
    """
    secret = browser.known(cookie) or browser.new_secret()
    # Conditional: of two browsers that open it at once, one is bound.
    db.session.execute(
        update(ProvingTicket)
        .where(
            ProvingTicket.supplier_id == ticket.supplier_id,
            ProvingTicket.id == ticket.id,
            ProvingTicket.browser_hash.is_(None),
        )
        .values(browser_hash=browser.hashed(secret), expires_at=now() + ONCE_OPEN)
        .execution_options(synchronize_session=False)
    )
    db.session.refresh(ticket)
    check_browser(ticket, secret)
    return secret


def is_bound_to(ticket: ProvingTicket, cookie: str | None) -> bool:
    """Whether this browser is the one that opened the window."""
    secret = browser.known(cookie)
    return (
        secret is not None
        and ticket.browser_hash is not None
        and hmac.compare_digest(ticket.browser_hash, browser.hashed(secret))
    )


def check_browser(ticket: ProvingTicket, cookie: str | None) -> str:
    """The browser's secret; raises LoginElsewhere where the ticket belongs to another browser."""
    if not is_bound_to(ticket, cookie):
        raise LoginElsewhere(remedy="Open the window again from the review form, in this browser.")
    return cookie or ""


def close(ticket_id: uuid.UUID, outcome: str) -> ProvingTicket:
    """Use the ticket up; raises TicketGone where that has happened already."""
    closed = single_use.claim(
        ProvingTicket,
        ProvingTicket.supplier_id == tenancy.require(),
        ProvingTicket.id == ticket_id,
        values={"outcome": outcome},
    )
    if closed is None:
        raise TicketGone(remedy="Open the window again from the review form.")
    return closed


def latest(review_id: uuid.UUID) -> ProvingTicket | None:
    """The newest ticket of a draft."""
    return db.session.scalar(
        select(ProvingTicket)
        .where(ProvingTicket.supplier_id == tenancy.require(), ProvingTicket.review_id == review_id)
        .order_by(ProvingTicket.id.desc())
        .limit(1)
    )


def _open(ticket: ProvingTicket | None) -> ProvingTicket:
    if ticket is None or ticket.used_at is not None or ticket.expires_at <= now():
        raise TicketGone(remedy="Open the window again from the review form.")
    return ticket
