"""The three facts about one review, as they stand at one moment. Values only; nothing here reads or writes."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self, TypedDict

from app.verification.models import Proof, ProofKind


class Status(enum.StrEnum):
    """Whether a fact is shown. EXPIRED: it was, and has aged; it must be shown anew to count in full."""

    PROVEN = "proven"
    NOT_PROVEN = "not_proven"
    EXPIRED = "expired"


class ProofDict(TypedDict):
    """One fact in the feed, the draft's state and the pages. Dates are ISO dates in UTC."""

    status: str
    method: str | None
    date: str | None
    strength: int
    issuer: str | None
    expires: str | None


# In Python the three kinds are attribute names as well; the order is the order in which they are shown.
ProofsDict = dict[str, ProofDict]


@dataclass(frozen=True)
class Fact:
    """One of the three facts. The defaults are those of a fact nobody has shown."""

    status: Status = Status.NOT_PROVEN
    method: str | None = None
    proved_at: dt.datetime | None = None
    strength: int = 0
    issuer: str | None = None
    expires_at: dt.datetime | None = None

    @classmethod
    def of(cls, proof: Proof, moment: dt.datetime) -> Self:
        """What a stored proof says at `moment`."""
        if proof.revoked_at is not None:
            return cls()
        expired = proof.expires_at is not None and proof.expires_at <= moment
        return cls(
            status=Status.EXPIRED if expired else Status.PROVEN,
            method=proof.method,
            proved_at=proof.proved_at,
            strength=proof.strength,
            issuer=proof.issuer,
            expires_at=proof.expires_at,
        )

    def as_dict(self) -> ProofDict:
        return {
            "status": self.status.value,
            "method": self.method,
            "date": self.proved_at.date().isoformat() if self.proved_at else None,
            "strength": self.strength,
            "issuer": self.issuer,
            "expires": self.expires_at.date().isoformat() if self.expires_at else None,
        }


@dataclass(frozen=True)
class Standing:
    """What has been proven for one review."""

    author: Fact = Fact()
    affiliation: Fact = Fact()
    purchase: Fact = Fact()

    @classmethod
    def of(cls, proofs: Iterable[Proof], moment: dt.datetime) -> Self:
        """The standing that stored proofs give at `moment`."""
        return cls.from_facts({ProofKind(proof.kind): Fact.of(proof, moment) for proof in proofs})

    @classmethod
    def from_facts(cls, facts: Mapping[ProofKind, Fact]) -> Self:
        return cls(**{kind.value: fact for kind, fact in facts.items()})

    def fact(self, kind: ProofKind) -> Fact:
        facts = {
            ProofKind.AUTHOR: self.author,
            ProofKind.AFFILIATION: self.affiliation,
            ProofKind.PURCHASE: self.purchase,
        }
        return facts[kind]

    def missing(self, required: Iterable[str]) -> list[str]:
        """Which of the `required` facts are not proven now, in the order in which they are shown."""
        wanted = set(required)
        return [kind.value for kind in ProofKind if kind in wanted and self.fact(kind).status is not Status.PROVEN]

    def as_dict(self) -> ProofsDict:
        """All three facts, always, in their order."""
        return {kind.value: self.fact(kind).as_dict() for kind in ProofKind}
