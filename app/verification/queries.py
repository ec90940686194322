"""Reads about proofs that other packages may use. All inside the tenant that was entered."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlalchemy import select

from app.core import tenancy
from app.core.clock import now
from app.core.db import db
from app.verification.models import Identity, Proof, ProofKind
from app.verification.standing import Fact, ProofDict, ProofsDict, Standing, Status
from app.verification.strength import evidence


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
    moment = now()
    return {ProofKind(proof.kind): Fact.of(proof, moment) for proof in proofs(review_id) if proof.revoked_at is None}


def proofs_view(review_id: uuid.UUID) -> ProofsDict:
    """The three facts about a review, as feeds and pages show them."""
    return Standing.from_facts(facts(review_id)).as_dict()


def author_proof(review_id: uuid.UUID) -> Proof | None:
    """The proof of who wrote a review, if it holds."""
    return next(
        (
            proof
            for proof in proofs(review_id)
            if proof.kind == ProofKind.AUTHOR
            and proof.revoked_at is None
            and (proof.expires_at is None or proof.expires_at > now())
        ),
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
