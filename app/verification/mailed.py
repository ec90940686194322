"""Mailed links: asked for in the form, opened anywhere, proven by a person who presses a button.

Opening the link changes nothing, because mail scanners open every link (GET and HEAD never act).
"""

from __future__ import annotations

import uuid

from sqlalchemy import func, select, update

from app.catalog.mail_domains import is_disposable
from app.core import single_use, tenancy
from app.core.clock import now
from app.core.db import db
from app.core.errors import N_, FieldError, TooMany
from app.core.ids import new_id
from app.core.limits import Policy, spend
from app.core.outbox import promise
from app.core.secrets import Prefix, derive, derive_again, digest, keyed_hash, well_formed
from app.core.tenancy import Lookup
from app.core.text import Unclean, normal_email
from app.verification import jobs
from app.verification.errors import AddressUnfit, LinkGone, TooManyLinks, WrongNumber
from app.verification.methods import mailed_link
from app.verification.methods.work_email import domain_of
from app.verification.models import MailedProof
from app.verification.tickets import CANCELLED, PROVEN

# Whoever is mailed did not ask us to count on their patience; over all drafts and suppliers together.
PER_ADDRESS = Policy("mailed_link_address", "5 per hour")
PER_DRAFT = 6  # links in all, counted in the database: losing Valkey must not open this

REPLACED = "replaced"
WRONG = "wrong_number"


def request(
    review_id: uuid.UUID, site_id: uuid.UUID, email: str, subject_name: str, first_words: str, language: str
) -> MailedProof:
    """Have a link mailed to `email`. Earlier links of the draft die, so one number is right at any time.

    Raises:
        AddressUnfit: it is no address, or one that anybody gets for an hour.
        TooManyLinks: for this draft or this address.
    """
    address = _fit(email)
    _spend(review_id, address)
    _replace_open(review_id)
    row_id = new_id()
    row = MailedProof(
        supplier_id=tenancy.require(),
        id=row_id,
        token_hash=digest(derive(Prefix.MAILED, row_id)),
        review_id=review_id,
        site_id=site_id,
        email=address,
        match_number=mailed_link.new_number(),
        tries=0,
        subject_name=subject_name[:160],
        first_words=first_words[:200],
        language=language,
        created_at=now(),
        expires_at=now() + mailed_link.LIFE,
    )
    db.session.add(row)
    db.session.flush()
    promise(jobs.send_mailed_link, supplier_id=str(row.supplier_id), mailed_proof_id=str(row.id))
    return row


def secret_of(row: MailedProof) -> str | None:
    """The link's secret, made again from its row; None where the key it was made with is gone."""
    return derive_again(Prefix.MAILED, row.id, row.token_hash)


def find(secret: str) -> MailedProof:
    """The open link with this secret, entering its supplier. Changes nothing.

    Raises:
        LinkGone: unknown, used, replaced or too old.
    """
    supplier_id = tenancy.find(Lookup.MAILED_PROOF, digest(secret)) if well_formed(secret, Prefix.MAILED) else None
    if supplier_id is None:
        raise LinkGone(remedy=N_("Ask for a new link in the review form."))
    tenancy.enter(supplier_id)
    row = db.session.scalar(select(MailedProof).where(MailedProof.token_hash == digest(secret)))
    if row is None or row.used_at is not None or row.expires_at <= now():
        raise LinkGone(remedy=N_("Ask for a new link in the review form."))
    return row


def numbers(row: MailedProof, secret: str) -> list[int]:
    """The numbers to choose from behind the link with this secret."""
    return mailed_link.choices(row.match_number, row.id, secret)


def press(row: MailedProof, number: int) -> MailedProof:
    """Use the link with the number that was chosen. The right one proves the address, any other ends the link.

    Raises:
        LinkGone: used meanwhile, or too old.
        WrongNumber: the link has ended; the caller keeps that, though it answers with a refusal.
    """
    right = number == row.match_number
    pressed = _use(row, outcome=PROVEN if right else WRONG, tries=row.tries + (0 if right else 1))
    if not right:
        raise WrongNumber(remedy=N_("Ask for a new link in the review form, and choose the number shown there."))
    return pressed


def cancel(row: MailedProof) -> None:
    """ "This is not mine": end the link and tell the form."""
    _use(row, outcome=CANCELLED, tries=row.tries)


def latest(review_id: uuid.UUID) -> MailedProof | None:
    """The newest link of a draft."""
    return db.session.scalar(
        select(MailedProof)
        .where(MailedProof.supplier_id == tenancy.require(), MailedProof.review_id == review_id)
        .order_by(MailedProof.id.desc())
        .limit(1)
    )


def proven_links(review_id: uuid.UUID) -> list[MailedProof]:
    """The links of a draft that were pressed rightly, newest first."""
    return list(
        db.session.scalars(
            select(MailedProof)
            .where(
                MailedProof.supplier_id == tenancy.require(),
                MailedProof.review_id == review_id,
                MailedProof.outcome == PROVEN,
            )
            .order_by(MailedProof.id.desc())
        )
    )


def _use(row: MailedProof, *, outcome: str, tries: int) -> MailedProof:
    used = single_use.claim(
        MailedProof,
        MailedProof.supplier_id == row.supplier_id,
        MailedProof.id == row.id,
        MailedProof.expires_at > now(),
        values={"outcome": outcome, "tries": tries},
    )
    if used is None:
        raise LinkGone(remedy=N_("Ask for a new link in the review form."))
    return used


def _fit(email: str) -> str:
    try:
        address = normal_email(email)
    except Unclean as error:
        raise AddressUnfit(
            N_("This is not an e-mail address that mail can reach."),
            remedy=N_("Write the address as name@company.example."),
            fields=[FieldError("/email", error.code, str(error))],
        ) from error
    domain = domain_of(address)
    if domain is None or is_disposable(domain):
        detail = N_("Addresses at this domain are given to anybody for a short time.")
        raise AddressUnfit(
            detail, remedy=N_("Use your work address."), fields=[FieldError("/email", "disposable_address", detail)]
        )
    return address


def _spend(review_id: uuid.UUID, address: str) -> None:
    mailed_already = db.session.scalar(
        select(func.count())
        .select_from(MailedProof)
        .where(MailedProof.supplier_id == tenancy.require(), MailedProof.review_id == review_id)
    )
    if (mailed_already or 0) >= PER_DRAFT:
        raise TooManyLinks(
            N_("Enough links were mailed for this draft."), remedy=N_("Sign in with an account instead.")
        )
    try:
        # By a keyed hash: the counters' keys must not be a list of the people who write reviews.
        spend(PER_ADDRESS, keyed_hash("mailed link", address).hex())
    except TooMany as error:
        raise TooManyLinks(
            N_("Enough links were mailed to this address for now."),
            remedy=N_("Look into the mailbox, the spam folder too, or try again later."),
            retry_after=error.retry_after,
        ) from error


def _replace_open(review_id: uuid.UUID) -> None:
    db.session.execute(
        update(MailedProof)
        .where(
            MailedProof.supplier_id == tenancy.require(),
            MailedProof.review_id == review_id,
            MailedProof.used_at.is_(None),
        )
        .values(used_at=now(), outcome=REPLACED)
        .execution_options(synchronize_session="fetch")
    )
