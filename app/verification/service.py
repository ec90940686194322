"""Standing: who wrote a review, whether they work for the buyer, whether the purchase is real.

A draft collects proofs under the id of the review it will become; `seal` fixes them in the transaction
that sends the review, and from then on they change only by age and by revocation.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from app.catalog import queries as catalog
from app.catalog.models import Purchase
from app.core import audit, tenancy
from app.core.actor import Actor
from app.core.clock import now
from app.core.db import db
from app.core.ids import new_id
from app.core.settings import settings
from app.reviews import queries as reviews
from app.suppliers import queries as suppliers
from app.verification import identities, mailed, queries, tickets, tokens
from app.verification.errors import AlreadySent, TokenUnknown
from app.verification.methods import mailed_link, oidc, purchase_token, work_email
from app.verification.methods.work_email import Affiliated
from app.verification.models import (
    Identity,
    LoginAttempt,
    MailedProof,
    Proof,
    ProofKind,
    ProvingTicket,
    PurchaseToken,
)
from app.verification.standing import Fact, Standing, Status
from app.verification.strength import worth

PROOFS = Counter("avouch_proofs_total", "Proofs written, by fact and method", ["kind", "method"])


def record_sign_in(attempt: LoginAttempt, account: oidc.Account) -> Identity:
    """Make the account's owner the author of the attempt's draft, and use the ticket up.

    Raises:
        AlreadySent: the review has been sent, so its author is settled.
        TicketGone: the window was used or cancelled meanwhile.
    """
    _settle_unsent(attempt.review_id)
    tickets.close(attempt.ticket_id, tickets.PROVEN)
    identity = identities.record(
        provider=attempt.provider,
        issuer=account.issuer,
        subject=account.subject,
        email=account.email,
        email_proven=account.email_proven,
        name=account.name,
    )
    _write_author(attempt.review_id, identity, oidc.NAME, account.issuer, {"provider": attempt.provider})
    return identity


def record_mailed_link(row: MailedProof, number: int) -> Identity:
    """Use the link with the number chosen, and take the mailbox's owner for the author where nobody stronger is.

    Raises:
        AlreadySent, LinkGone, WrongNumber
    """
    _settle_unsent(row.review_id)
    mailed.press(row, number)
    identity = identities.record(
        provider=mailed_link.NAME,
        issuer=identities.MAILBOX,
        subject=row.email,
        email=row.email,
        email_proven=True,
        name=None,
    )
    # An account says more than a mailbox, so a link pressed after a sign-in adds the work address and leaves the
    # author; but an author whom no decision could reach gives way.
    author = queries.author_of(row.review_id)
    if author is None or author.issuer == identities.MAILBOX or author.email is None:
        _write_author(row.review_id, identity, mailed_link.NAME, settings().external_url, {})
    return identity


def standing(review_id: uuid.UUID, purchase_token_id: uuid.UUID | None) -> Standing:
    """What is proven for a draft now, counting a recognised token as it would count if the review were sent."""
    facts = queries.facts(review_id)
    token = tokens.find(purchase_token_id) if purchase_token_id else None
    if token is not None and tokens.why_not(token) is None:
        purchase = catalog.purchase(token.purchase_id)
        if purchase is not None:
            facts.setdefault(ProofKind.PURCHASE, _purchase_fact())
            colleague = _colleague(review_id, purchase)
            if colleague is not None:
                facts.setdefault(ProofKind.AFFILIATION, colleague.fact())
    return Standing.from_facts(facts)


def seal(review_id: uuid.UUID, purchase_token_id: uuid.UUID | None) -> Standing:
    """Fix the proofs of a review that is being sent: use the token up, write purchase and affiliation.

    In the caller's transaction: whatever fails later gives the token back.

    Raises:
        TokenUsed, TokenExpired, TokenRevoked, TokenUnknown: the token is not to be had any more.
    """
    _hold(review_id)
    if purchase_token_id is not None:
        token = tokens.claim(purchase_token_id, review_id)
        purchase = catalog.purchase(token.purchase_id)
        if purchase is None:
            raise TokenUnknown(remedy="Open the review link again.")
        _write_purchase(review_id, token, purchase)
        colleague = _colleague(review_id, purchase)
        if colleague is not None:
            _write_affiliation(review_id, colleague)
    return Standing.from_facts(queries.facts(review_id))


def waiting(review_id: uuid.UUID) -> dict[str, Any] | None:
    """What the form is waiting for: the newest window or mailed link of a draft; None where there was none."""
    ticket, link = tickets.latest(review_id), mailed.latest(review_id)
    if link is not None and (ticket is None or link.created_at >= ticket.created_at):
        return _waiting("mail", link, link.match_number)
    return _waiting("popup", ticket, None) if ticket is not None else None


def cancel_window(ticket: ProvingTicket) -> None:
    """The person in the window says that the draft is not theirs."""
    tickets.close(ticket.id, tickets.CANCELLED)


def forget(review_id: uuid.UUID) -> None:
    """Forget everything collected for a draft that will not be sent. Identities stay: they are not the draft's."""
    _settle_unsent(review_id)
    supplier_id = tenancy.require()
    # Attempts before the tickets that they point at.
    for model in (LoginAttempt, ProvingTicket, MailedProof, Proof):
        db.session.execute(
            delete(model)
            .where(model.supplier_id == supplier_id, model.review_id == review_id)
            .execution_options(synchronize_session="fetch")
        )


@dataclass(frozen=True)
class _Colleague:
    """An address under the buyer's domain that was proven for this draft."""

    identity_id: uuid.UUID
    issuer: str
    domain: str
    proved_at: dt.datetime

    def expires_at(self) -> dt.datetime | None:
        life = worth(ProofKind.AFFILIATION, work_email.NAME).life
        return self.proved_at + life if life else None

    def fact(self) -> Fact:
        expires_at = self.expires_at()
        return Fact(
            status=Status.EXPIRED if expires_at is not None and expires_at <= now() else Status.PROVEN,
            method=work_email.NAME,
            proved_at=self.proved_at,
            strength=worth(ProofKind.AFFILIATION, work_email.NAME).strength,
            issuer=self.issuer,
            expires_at=expires_at,
        )


def _colleague(review_id: uuid.UUID, purchase: Purchase) -> _Colleague | None:
    """The proof that the author works for the buyer of this purchase, if one was given."""
    buyer = catalog.buyer(purchase.buyer_id)
    if buyer is None:
        return None
    for email, identity_id, issuer, proved_at in _proven_addresses(review_id):
        found = work_email.affiliation(email, buyer.domains)
        if isinstance(found, Affiliated):
            return _Colleague(identity_id, issuer, found.domain, proved_at)
    return None


def _proven_addresses(review_id: uuid.UUID) -> list[tuple[str, uuid.UUID, str, dt.datetime]]:
    """Addresses shown for this draft: (address, identity, who vouches, when). The author's account first."""
    found: list[tuple[str, uuid.UUID, str, dt.datetime]] = []
    author = queries.author_proof(review_id)
    identity = queries.author_of(review_id)
    if author is not None and identity is not None and identity.email and identity.email_proven:
        found.append((identity.email, identity.id, author.issuer, author.proved_at))
    for link in mailed.proven_links(review_id):
        owner = identities.find(identities.MAILBOX, link.email)
        if owner is not None and link.used_at is not None:
            found.append((link.email, owner.id, settings().external_url, link.used_at))
    return found


def _write_author(review_id: uuid.UUID, identity: Identity, method: str, issuer: str, evidence: dict[str, str]) -> None:
    value = worth(ProofKind.AUTHOR, method)
    _write(
        review_id,
        ProofKind.AUTHOR,
        method=method,
        strength=value.strength,
        issuer=issuer,
        identity_id=identity.id,
        evidence=evidence,
        proved_at=now(),
        expires_at=now() + value.life if value.life else None,
    )
    audit.record(
        "author_proven",
        actor=Actor("reviewer", identity.reviewer_id),
        target_kind="review",
        target_id=review_id,
        method=method,
    )


def _write_purchase(review_id: uuid.UUID, token: PurchaseToken, purchase: Purchase) -> None:
    value = worth(ProofKind.PURCHASE, purchase_token.NAME)
    _write(
        review_id,
        ProofKind.PURCHASE,
        method=purchase_token.NAME,
        strength=value.strength,
        issuer=suppliers.supplier(token.supplier_id).name,
        purchase_id=purchase.id,
        evidence=purchase_token.evidence(purchase.purchased_on),
        proved_at=now(),
        expires_at=None,
    )


def _write_affiliation(review_id: uuid.UUID, colleague: _Colleague) -> None:
    _write(
        review_id,
        ProofKind.AFFILIATION,
        method=work_email.NAME,
        strength=worth(ProofKind.AFFILIATION, work_email.NAME).strength,
        issuer=colleague.issuer,
        identity_id=colleague.identity_id,
        # The domain names the company; publication shows it only where the author shows the company.
        evidence={"domain": colleague.domain},
        proved_at=colleague.proved_at,
        expires_at=colleague.expires_at(),
    )


def _write(review_id: uuid.UUID, kind: ProofKind, **values: Any) -> None:
    """Write one proof; proving the same fact again replaces it. Two at once: the later commit stands."""
    row = {"identity_id": None, "purchase_id": None, "revoked_at": None, **values}
    db.session.execute(
        insert(Proof)
        .values(supplier_id=tenancy.require(), id=new_id(), review_id=review_id, kind=kind.value, **row)
        .on_conflict_do_update(index_elements=["supplier_id", "review_id", "kind"], set_=row)
    )
    PROOFS.labels(kind.value, values["method"]).inc()


def _purchase_fact() -> Fact:
    return Fact(
        status=Status.PROVEN,
        method=purchase_token.NAME,
        proved_at=now(),
        strength=worth(ProofKind.PURCHASE, purchase_token.NAME).strength,
        issuer=suppliers.supplier(tenancy.require()).name,
    )


def _waiting(kind: str, row: ProvingTicket | MailedProof, number: int | None) -> dict[str, Any]:
    outcome = row.outcome or (tickets.EXPIRED if row.expires_at <= now() else None)
    return {
        "kind": kind,
        "outcome": outcome,
        "match_number": number if outcome is None else None,
        "expires_at": row.expires_at,
    }


def _hold(review_id: uuid.UUID) -> None:
    """One at a time for one review, to the end of the transaction: sending it and proving it must not interleave,
    or a sign-in that ends while the review is being sent would change the author of a review already sent."""
    key = int.from_bytes(review_id.bytes[-8:], "big", signed=True)
    db.session.execute(select(func.pg_advisory_xact_lock(key)))


def _settle_unsent(review_id: uuid.UUID) -> None:
    _hold(review_id)
    if reviews.review(review_id) is not None:
        raise AlreadySent(remedy="To change the review, use the link that was mailed when it was sent.")
