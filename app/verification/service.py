"""Standing: who wrote a review, whether they work for the buyer, whether the purchase is real.

A draft collects proofs under the id of the review it will become; `seal` fixes them in the transaction
that sends the review, and from then on they change only by age and by revocation.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter
from sqlalchemy import BigInteger, ColumnElement, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from app.catalog.models import Buyer, Purchase
from app.core import audit, tenancy
from app.core.actor import Actor
from app.core.clock import now
from app.core.db import db
from app.core.errors import N_
from app.core.ids import new_id
from app.core.settings import settings
from app.reviews import queries as reviews
from app.verification import identities, mailed, queries, tickets, tokens
from app.verification.errors import AlreadySent, TokenRevoked
from app.verification.methods import mailed_link, oidc, purchase_token, work_email
from app.verification.methods.work_email import Affiliated
from app.verification.models import (
    Identity,
    LoginAttempt,
    MailedProof,
    Proof,
    ProofKind,
    ProvingTicket,
)
from app.verification.queries import Ground
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


@dataclass(frozen=True)
class Founded(Standing):
    """A standing with the rows that it rests on, for whoever would read them next."""

    writer: Identity | None = None
    bought: Purchase | None = None
    buyer: Buyer | None = None


def _founded(facts: dict[ProofKind, Fact], ground: Ground) -> Founded:
    author = ground.author()
    return Founded(
        **{kind.value: fact for kind, fact in facts.items()},
        writer=author[1] if author else None,
        bought=ground.purchase,
        buyer=ground.buyer,
    )


def standing(review_id: uuid.UUID, purchase_token_id: uuid.UUID | None) -> Founded:
    """What is proven for a draft now, counting a recognised token as it would count if the review were sent."""
    ground = queries.ground(review_id, purchase_token_id)
    return _founded({**_promised(review_id, ground), **ground.facts()}, ground)


def seal(review_id: uuid.UUID, purchase_token_id: uuid.UUID | None) -> Founded:
    """Fix the proofs of a review that is being sent: use the token up, write purchase and affiliation.

    In the caller's transaction: whatever fails later gives the token back. The caller holds the review (`held`).

    Raises:
        TokenUsed, TokenExpired, TokenRevoked, TokenUnknown: the token is not to be had any more.
    """
    if purchase_token_id is not None:
        tokens.use_up(purchase_token_id, review_id)
    # After the claim, which may have waited for another transaction: what counts is how things stand now.
    ground = queries.ground(review_id, purchase_token_id)
    facts = ground.facts()
    if purchase_token_id is not None:
        if ground.purchase is None or ground.purchase.revoked_at is not None:
            raise TokenRevoked(remedy=N_("Ask the supplier for a new link."))
        purchase, colleague = _purchase_fact(ground), _colleague(review_id, ground)
        written = [_purchase_proof(purchase, ground.purchase)]
        facts[ProofKind.PURCHASE] = purchase
        if colleague is not None:
            written.append(_affiliation_proof(colleague))
            facts[ProofKind.AFFILIATION] = colleague.fact()
        _write(review_id, *written)
    return _founded(facts, ground)


def held() -> ColumnElement[bool]:
    """A condition that is met once the review of the parameter `held_key` is held to the end of the transaction.

    One at a time for one review: sending it and proving it must not interleave, or a sign-in that ends while the
    review is being sent would change the author of a review already sent. A statement with this condition waits
    before it looks at any row, for PostgreSQL evaluates what depends on no row first.
    """
    return select(func.pg_advisory_xact_lock(bindparam("held_key", type_=BigInteger())).is_not(None)).scalar_subquery()


def held_key(review_id: uuid.UUID) -> int:
    """The number by which `held` knows a review."""
    return int.from_bytes(review_id.bytes[-8:], "big", signed=True)


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


def _promised(review_id: uuid.UUID, ground: Ground) -> dict[ProofKind, Fact]:
    """The facts that would be written if the review were sent now."""
    if ground.token is None or tokens.why_not_for(ground.token, ground.purchase) is not None:
        return {}
    colleague = _colleague(review_id, ground)
    affiliation = {} if colleague is None else {ProofKind.AFFILIATION: colleague.fact()}
    return {ProofKind.PURCHASE: _purchase_fact(ground), **affiliation}


def _colleague(review_id: uuid.UUID, ground: Ground) -> _Colleague | None:
    """The proof that the author works for the buyer of the purchase, if one was given."""
    if ground.buyer is None:
        return None
    for email, identity_id, issuer, proved_at in _proven_addresses(review_id, ground):
        found = work_email.affiliation(email, ground.buyer.domains)
        if isinstance(found, Affiliated):
            return _Colleague(identity_id, issuer, found.domain, proved_at)
    return None


def _proven_addresses(review_id: uuid.UUID, ground: Ground) -> Iterator[tuple[str, uuid.UUID, str, dt.datetime]]:
    """Addresses shown for this draft: (address, identity, who vouches, when). The author's account first."""
    author = ground.author()
    if author is not None:
        proof, identity = author
        if identity.email and identity.email_proven:
            yield identity.email, identity.id, proof.issuer, proof.proved_at
    # Seldom reached, hence not part of the ground: the account's own address mostly settles it.
    for link in mailed.proven_links(review_id):
        owner = identities.find(identities.MAILBOX, link.email)
        if owner is not None and link.used_at is not None:
            yield link.email, owner.id, settings().external_url, link.used_at


def _write_author(review_id: uuid.UUID, identity: Identity, method: str, issuer: str, evidence: dict[str, str]) -> None:
    value = worth(ProofKind.AUTHOR, method)
    _write(
        review_id,
        {
            "kind": ProofKind.AUTHOR,
            "method": method,
            "strength": value.strength,
            "issuer": issuer,
            "identity_id": identity.id,
            "evidence": evidence,
            "proved_at": now(),
            "expires_at": now() + value.life if value.life else None,
        },
    )
    audit.record(
        "author_proven",
        actor=Actor("reviewer", identity.reviewer_id),
        target_kind="review",
        target_id=review_id,
        method=method,
    )


def _purchase_proof(fact: Fact, purchase: Purchase) -> dict[str, Any]:
    return {
        **_stored(ProofKind.PURCHASE, fact),
        "purchase_id": purchase.id,
        "evidence": purchase_token.evidence(purchase.purchased_on),
    }


def _affiliation_proof(colleague: _Colleague) -> dict[str, Any]:
    return {
        **_stored(ProofKind.AFFILIATION, colleague.fact()),
        "identity_id": colleague.identity_id,
        # The domain names the company; publication shows it only where the author shows the company.
        "evidence": {"domain": colleague.domain},
    }


def _stored(kind: ProofKind, fact: Fact) -> dict[str, Any]:
    return {
        "kind": kind,
        "method": fact.method,
        "strength": fact.strength,
        "issuer": fact.issuer,
        "proved_at": fact.proved_at,
        "expires_at": fact.expires_at,
    }


# Proving the same fact again replaces it. Two at once: the later commit stands.
_REPLACED = ("method", "strength", "issuer", "identity_id", "purchase_id", "evidence", "proved_at", "expires_at")
_INSERT = insert(Proof.__table__)  # type: ignore[arg-type]  # a Table, though typed as what it could be elsewhere
_WRITE = _INSERT.on_conflict_do_update(
    index_elements=["supplier_id", "review_id", "kind"],
    set_={name: _INSERT.excluded[name] for name in (*_REPLACED, "revoked_at")},
)


def _write(review_id: uuid.UUID, *facts: dict[str, Any]) -> None:
    """Write proofs, in one round trip. Each has `kind` and the columns named in `_REPLACED`, or some of them."""
    common = {"supplier_id": tenancy.require(), "review_id": review_id, "revoked_at": None}
    rows = [{**dict.fromkeys(_REPLACED), **common, "id": new_id(), **fact} for fact in facts]
    db.session.execute(_WRITE, rows)
    for fact in facts:
        PROOFS.labels(fact["kind"].value, fact["method"]).inc()


def _purchase_fact(ground: Ground) -> Fact:
    return Fact(
        status=Status.PROVEN,
        method=purchase_token.NAME,
        proved_at=now(),
        strength=worth(ProofKind.PURCHASE, purchase_token.NAME).strength,
        issuer=ground.supplier_name,
    )


def _waiting(kind: str, row: ProvingTicket | MailedProof, number: int | None) -> dict[str, Any]:
    outcome = row.outcome or (tickets.EXPIRED if row.expires_at <= now() else None)
    return {
        "kind": kind,
        "outcome": outcome,
        "match_number": number if outcome is None else None,
        "expires_at": row.expires_at,
    }


def _settle_unsent(review_id: uuid.UUID) -> None:
    db.session.execute(select(held()), {"held_key": held_key(review_id)})
    if reviews.review(review_id) is not None:
        raise AlreadySent(remedy=N_("To change the review, use the link that was mailed when it was sent."))
