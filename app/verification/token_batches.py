"""Purchase tokens of many lines at once, in a fixed number of statements however many there are."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from app.core import tenancy
from app.core.clock import now
from app.core.db import db
from app.core.ids import new_id
from app.core.secrets import Prefix, derive, derive_again, digest
from app.verification.models import PurchaseToken
from app.verification.tokens import LIFE

Line = tuple[uuid.UUID, uuid.UUID]


def issue_all(lines: Collection[Line]) -> dict[Line, PurchaseToken]:
    """The token of each line (purchase, subject): the one it has, used or not, or a new one.

    One that ran out unused is replaced, as by `tokens.issue`, and so is an unused one whose secret nobody can
    make again, because the application's key was changed since.
    """
    if not lines:
        return {}
    _retire_expired(lines)
    found = _standing(lines)
    for line, token in list(found.items()):
        if token.used_at is None and secret_of(token) is None:
            token.revoked_at = now()
            del found[line]
    db.session.flush()
    missing = [line for line in lines if line not in found]
    if missing:
        _insert(missing)
        found = _standing(lines)
    return found


def secret_of(token: PurchaseToken) -> str | None:
    """The token's secret, made again from its row; None where the key it was made with is gone for good."""
    return derive_again(Prefix.PURCHASE, token.id, token.token_hash)


def standing(purchase_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[PurchaseToken]]:
    """The tokens of purchases that were not taken back, by purchase; makes none."""
    query = select(PurchaseToken).where(
        PurchaseToken.supplier_id == tenancy.require(),
        PurchaseToken.purchase_id.in_(purchase_ids),
        PurchaseToken.revoked_at.is_(None),
    )
    found: dict[uuid.UUID, list[PurchaseToken]] = {}
    for token in db.session.scalars(query.order_by(PurchaseToken.id)):
        found.setdefault(token.purchase_id, []).append(token)
    return found


def _standing(lines: Collection[Line]) -> dict[Line, PurchaseToken]:
    query = select(PurchaseToken).where(
        PurchaseToken.supplier_id == tenancy.require(),
        PurchaseToken.revoked_at.is_(None),
        PurchaseToken.purchase_id.in_({purchase_id for purchase_id, _ in lines}),
    )
    wanted = set(lines)
    tokens = {(token.purchase_id, token.subject_id): token for token in db.session.scalars(query)}
    return {line: token for line, token in tokens.items() if line in wanted}


def _retire_expired(lines: Collection[Line]) -> None:
    moment = now()
    db.session.execute(
        update(PurchaseToken)
        .where(
            PurchaseToken.supplier_id == tenancy.require(),
            tuple_(PurchaseToken.purchase_id, PurchaseToken.subject_id).in_(list(lines)),
            PurchaseToken.used_at.is_(None),
            PurchaseToken.revoked_at.is_(None),
            PurchaseToken.expires_at <= moment,
        )
        .values(revoked_at=moment)
        .execution_options(synchronize_session="fetch")
    )


def _insert(lines: Collection[Line]) -> None:
    moment = now()
    rows = []
    for purchase_id, subject_id in lines:
        token_id = new_id()
        rows.append(
            {
                "supplier_id": tenancy.require(),
                "id": token_id,
                "purchase_id": purchase_id,
                "subject_id": subject_id,
                "token_hash": digest(derive(Prefix.PURCHASE, token_id)),
                "created_at": moment,
                "expires_at": moment + LIFE,
            }
        )
    statement = insert(PurchaseToken).on_conflict_do_nothing(
        index_elements=["supplier_id", "purchase_id", "subject_id"],
        index_where=PurchaseToken.revoked_at.is_(None),
    )
    db.session.execute(statement, rows)
