"""Purchase tokens: the secret that proves a purchase, good for one review, kept only as a hash.

One line of an order (purchase and subject) has at most one token that was not revoked: a partial unique
index holds that, so a supplier that sends the same order again gets the same link again and cannot turn
one order into many "verified" reviews.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import cast

from sqlalchemy import Table, bindparam, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from app.catalog import queries as catalog
from app.catalog.models import Purchase
from app.core import tenancy
from app.core.clock import now
from app.core.db import db
from app.core.errors import N_
from app.core.ids import new_id
from app.core.secrets import Prefix, derive, derive_again, digest, well_formed
from app.core.tenancy import Lookup
from app.verification.errors import (
    TokenExpired,
    TokenForeign,
    TokenMistyped,
    TokenRefused,
    TokenRevoked,
    TokenUnknown,
    TokenUsed,
)
from app.verification.models import PurchaseToken

LIFE = dt.timedelta(days=365)


def issue(
    purchase_id: uuid.UUID, subject_id: uuid.UUID, expires_at: dt.datetime | None = None
) -> tuple[PurchaseToken, str]:
    """The token of one line of an order, and its secret.

    Asking again gives the same one, used or not. One that ran out unused is replaced.
    """
    _retire_expired(purchase_id, subject_id)
    while True:
        _insert_unless_there(purchase_id, subject_id, expires_at or now() + LIFE)
        token = db.session.scalar(
            select(PurchaseToken)
            .where(
                PurchaseToken.supplier_id == tenancy.require(),
                PurchaseToken.purchase_id == purchase_id,
                PurchaseToken.subject_id == subject_id,
                PurchaseToken.revoked_at.is_(None),
            )
            .execution_options(populate_existing=True)
        )
        if token is None:
            continue  # another transaction revoked it between the two statements
        secret = secret_of(token)
        if token.used_at is not None or digest(secret) == token.token_hash:
            return token, secret
        # The key it was made with is gone, so nobody can be told its secret any more.
        token.revoked_at = now()
        db.session.flush()


def secret_of(token: PurchaseToken) -> str:
    """The token's secret, made again from its row, by whichever key it was made with."""
    return derive_again(Prefix.PURCHASE, token.id, token.token_hash) or derive(Prefix.PURCHASE, token.id)


def recognise(secret: str) -> PurchaseToken:
    """The open token with this secret, of the supplier entered. Uses nothing up.

    Raises:
        TokenMistyped, TokenUnknown, TokenForeign, TokenUsed, TokenExpired, TokenRevoked
    """
    secret = secret.strip()
    if not well_formed(secret, Prefix.PURCHASE):
        raise TokenMistyped(remedy=N_("Copy the whole token from your invitation; it begins with avt_."))
    hashed = digest(secret)
    token = db.session.scalar(select(PurchaseToken).where(PurchaseToken.token_hash == hashed))
    if token is None:
        raise _unknown_or_foreign(hashed)
    refusal = why_not(token)
    if refusal is not None:
        raise refusal
    return token


def why_not(token: PurchaseToken) -> TokenRefused | None:
    """Why a token cannot be used now; None where it can."""
    return why_not_for(token, None if token.used_at is not None else catalog.purchase(token.purchase_id))


def why_not_for(token: PurchaseToken, purchase: Purchase | None) -> TokenRefused | None:
    """The same, for who has read the token's purchase already."""
    if token.used_at is not None:
        return TokenUsed(remedy=N_("To change that review, use the link that was mailed when it was sent."))
    if token.revoked_at is not None or purchase is None or purchase.revoked_at is not None:
        return TokenRevoked(remedy=N_("Ask the supplier for a new link."))
    if token.expires_at <= now():
        return TokenExpired(remedy=N_("Ask the supplier for a new link."))
    return None


_TABLE = cast(Table, PurchaseToken.__table__)
# See core.single_use. Built once, and asks for no more than whether it was won: sending a review reads the rest anyway.
_USE_UP = (
    update(_TABLE)
    .where(
        _TABLE.c.supplier_id == bindparam("the_supplier"),
        _TABLE.c.id == bindparam("the_token"),
        _TABLE.c.used_at.is_(None),
        _TABLE.c.revoked_at.is_(None),
        _TABLE.c.expires_at > bindparam("moment"),
        exists().where(
            Purchase.supplier_id == _TABLE.c.supplier_id,
            Purchase.id == _TABLE.c.purchase_id,
            Purchase.revoked_at.is_(None),
        ),
    )
    .values(used_at=bindparam("moment"), used_by_review_id=bindparam("the_review"))
    .returning(_TABLE.c.id)
)


def use_up(token_id: uuid.UUID, review_id: uuid.UUID) -> None:
    """Use the token up for one review, in the caller's transaction: of any number at once, one wins.

    Raises:
        TokenUsed, TokenExpired, TokenRevoked, TokenUnknown
    """
    won = db.session.execute(
        _USE_UP,
        {"the_supplier": tenancy.require(), "the_token": token_id, "the_review": review_id, "moment": now()},
    ).one_or_none()
    if won is None:
        token = find(token_id)
        if token is None:
            raise TokenUnknown(remedy=N_("Open the review link again."))
        raise why_not(token) or TokenRevoked(remedy=N_("Ask the supplier for a new link."))


def claim(token_id: uuid.UUID, review_id: uuid.UUID) -> PurchaseToken:
    """The same (see `use_up`), and the token as it is then."""
    use_up(token_id, review_id)
    token = find(token_id)
    if token is None:  # pragma: no cover  # this transaction has just changed it
        raise LookupError("the token that was used up is not there")
    return token


def find(token_id: uuid.UUID) -> PurchaseToken | None:
    """The token as it stands now, of the supplier entered."""
    return db.session.scalar(
        select(PurchaseToken)
        .where(PurchaseToken.supplier_id == tenancy.require(), PurchaseToken.id == token_id)
        .execution_options(populate_existing=True)
    )


def revoke_for_purchase(purchase_id: uuid.UUID) -> int:
    """Take back every unused token of a purchase; how many there were. Used ones stay: their review was sent."""
    revoked = db.session.scalars(
        update(PurchaseToken)
        .where(
            PurchaseToken.purchase_id == purchase_id,
            PurchaseToken.used_at.is_(None),
            PurchaseToken.revoked_at.is_(None),
        )
        .values(revoked_at=now())
        .returning(PurchaseToken.id)
        .execution_options(synchronize_session="fetch")
    )
    return len(revoked.all())


def _retire_expired(purchase_id: uuid.UUID, subject_id: uuid.UUID) -> None:
    db.session.execute(
        update(PurchaseToken)
        .where(
            PurchaseToken.purchase_id == purchase_id,
            PurchaseToken.subject_id == subject_id,
            PurchaseToken.used_at.is_(None),
            PurchaseToken.revoked_at.is_(None),
            PurchaseToken.expires_at <= now(),
        )
        .values(revoked_at=now())
        .execution_options(synchronize_session="fetch")
    )


def _insert_unless_there(purchase_id: uuid.UUID, subject_id: uuid.UUID, expires_at: dt.datetime) -> None:
    token_id = new_id()
    db.session.execute(
        insert(PurchaseToken)
        .values(
            supplier_id=tenancy.require(),
            id=token_id,
            purchase_id=purchase_id,
            subject_id=subject_id,
            token_hash=digest(derive(Prefix.PURCHASE, token_id)),
            created_at=now(),
            expires_at=expires_at,
        )
        # Two requests at once: the second waits for the first and then finds its row.
        .on_conflict_do_nothing(
            index_elements=["supplier_id", "purchase_id", "subject_id"],
            index_where=PurchaseToken.revoked_at.is_(None),
        )
    )


def _unknown_or_foreign(hashed: bytes) -> TokenRefused:
    owner = tenancy.find(Lookup.PURCHASE_TOKEN, hashed)
    if owner is not None and owner != tenancy.require():
        # Told only to somebody who holds the whole secret, and without saying whose it is.
        return TokenForeign(remedy=N_("Use the form on the site of the supplier that sent you the token."))
    return TokenUnknown(remedy=N_("Check that the token comes from this supplier's invitation."))
