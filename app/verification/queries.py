"""Reads about proofs that other packages may use. All inside the tenant that was entered."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Uuid, and_, bindparam, select

from app.catalog.models import Buyer, Purchase
from app.core import tenancy
from app.core.clock import now
from app.core.db import db
from app.core.errors import NotFound
from app.suppliers.models import Supplier
from app.verification.models import Identity, Proof, ProofKind, PurchaseToken
from app.verification.standing import Fact, ProofDict, ProofsDict, Standing, Status
from app.verification.strength import evidence


@dataclass(frozen=True)
class Ground:
    """Everything that the standing of a draft rests on, read at one moment."""

    supplier_name: str
    token: PurchaseToken | None
    purchase: Purchase | None
    buyer: Buyer | None
    # Each with the identity that it was shown by, where it was one.
    proofs: list[tuple[Proof, Identity | None]]

    def author(self) -> tuple[Proof, Identity] | None:
        """The proof of who writes and the identity it names, if it holds."""
        return next(
            (
                (proof, identity)
                for proof, identity in self.proofs
                if proof.kind == ProofKind.AUTHOR and _holds(proof) and identity is not None
            ),
            None,
        )

    def facts(self) -> dict[ProofKind, Fact]:
        """What the proofs say now; facts nobody has shown are absent."""
        return _facts(proof for proof, _identity in self.proofs)


# One question in place of six, for it is asked with every save and every review that is sent. A supplier always has
# a row, so that there is an answer where nothing was proven yet.
_GROUND = (
    select(Supplier.name, PurchaseToken, Purchase, Buyer, Proof, Identity)
    .select_from(Supplier)
    .outerjoin(
        PurchaseToken,
        and_(PurchaseToken.supplier_id == Supplier.id, PurchaseToken.id == bindparam("token_id", type_=Uuid())),
    )
    .outerjoin(
        Purchase,
        and_(Purchase.supplier_id == PurchaseToken.supplier_id, Purchase.id == PurchaseToken.purchase_id),
    )
    .outerjoin(Buyer, and_(Buyer.supplier_id == Purchase.supplier_id, Buyer.id == Purchase.buyer_id))
    .outerjoin(Proof, and_(Proof.supplier_id == Supplier.id, Proof.review_id == bindparam("review_id", type_=Uuid())))
    .outerjoin(Identity, Identity.id == Proof.identity_id)
    .where(Supplier.id == bindparam("supplier_id", type_=Uuid()), Supplier.closed_at.is_(None))
    .execution_options(populate_existing=True)
)


def ground(review_id: uuid.UUID, token_id: uuid.UUID | None) -> Ground:
    """What the standing of the draft of this id rests on, with the token recognised for it.

    Raises:
        NotFound: the supplier has been closed.
    """
    rows = db.session.execute(
        _GROUND, {"supplier_id": tenancy.require(), "token_id": token_id, "review_id": review_id}
    ).all()
    if not rows:
        raise NotFound
    first = rows[0]
    shown = [(row.Proof, row.Identity) for row in rows if row.Proof is not None]
    return Ground(first.name, first.PurchaseToken, first.Purchase, first.Buyer, shown)


def proofs(review_id: uuid.UUID) -> list[Proof]:
    """The stored proofs of a review."""
    return list(
        db.session.scalars(
            select(Proof)
            .where(Proof.supplier_id == tenancy.require(), Proof.review_id == review_id)
            .execution_options(populate_existing=True)
        )
    )


def facts(review_id: uuid.UUID) -> dict[ProofKind, Fact]:
    """What the stored proofs of a review say now; facts nobody has shown are absent."""
    return _facts(proofs(review_id))


def proofs_view(review_id: uuid.UUID) -> ProofsDict:
    """The three facts about a review, as feeds and pages show them."""
    return Standing.from_facts(facts(review_id)).as_dict()


def author_proof(review_id: uuid.UUID) -> Proof | None:
    """The proof of who wrote a review, if it holds."""
    return next(
        (proof for proof in proofs(review_id) if proof.kind == ProofKind.AUTHOR and _holds(proof)),
        None,
    )


def author_of(review_id: uuid.UUID) -> Identity | None:
    """Who wrote a review, as far as that is proven."""
    proof = author_proof(review_id)
    if proof is None or proof.identity_id is None:
        return None
    return db.session.get(Identity, proof.identity_id, populate_existing=True)


def evidence_weight(view: Mapping[str, ProofDict]) -> int:
    """The evidence behind a review, 0 to 100, from its three-fact dict: the same from a feed as from a row."""
    return evidence(
        (kind, view[kind]["strength"], view[kind]["status"] == Status.EXPIRED)
        for kind in ProofKind
        if kind in view and view[kind]["status"] != Status.NOT_PROVEN
    )


def _holds(proof: Proof) -> bool:
    return proof.revoked_at is None and (proof.expires_at is None or proof.expires_at > now())


def _facts(stored: Iterable[Proof]) -> dict[ProofKind, Fact]:
    moment = now()
    return {ProofKind(proof.kind): Fact.of(proof, moment) for proof in stored if proof.revoked_at is None}
