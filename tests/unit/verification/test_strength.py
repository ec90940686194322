"""What proofs are worth, and how the three facts are told."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from itertools import product

import pytest

from app.verification.methods import METHODS
from app.verification.methods.mailed_link import CHOICES, TRIES, choices, new_number
from app.verification.methods.purchase_token import evidence as purchase_evidence
from app.verification.models import Proof, ProofKind
from app.verification.queries import evidence_weight
from app.verification.standing import Fact, Standing, Status
from app.verification.strength import AFFILIATION_LIFE, SHARES, TABLE, evidence, worth

MOMENT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def proof(kind: ProofKind, method: str, **changes: object) -> Proof:
    values: dict[str, object] = {
        "strength": worth(kind, method).strength,
        "issuer": "https://login.example",
        "proved_at": MOMENT,
        **changes,
    }
    return Proof(supplier_id=uuid.uuid4(), review_id=uuid.uuid4(), kind=kind.value, method=method, **values)


def test_each_method_has_a_worth_for_each_fact_it_shows_and_no_worth_is_left_over() -> None:
    assert {(kind, method.name) for method in METHODS.values() for kind in method.kinds} == set(TABLE)


def test_a_way_of_proving_that_nobody_declared_proves_nothing() -> None:
    with pytest.raises(KeyError):
        worth(ProofKind.AFFILIATION, "oidc")


def test_affiliation_ages_and_the_rest_does_not() -> None:
    assert worth(ProofKind.AFFILIATION, "work_email").life == dt.timedelta(days=180) == AFFILIATION_LIFE
    assert worth(ProofKind.AUTHOR, "oidc").life is None
    assert worth(ProofKind.PURCHASE, "purchase_token").life is None


def test_shares_make_a_whole() -> None:
    assert sum(SHARES.values()) == 100


def test_evidence_is_a_whole_number_between_nothing_and_everything() -> None:
    assert evidence([]) == 0
    assert evidence((kind, 100, False) for kind in ProofKind) == 100
    for strengths in product((0, 50, 80, 100), repeat=3):
        held = list(zip(ProofKind, strengths, (False, True, False), strict=True))
        assert 0 <= evidence(held) <= 100


def test_an_expired_proof_counts_half() -> None:
    assert evidence([(ProofKind.AFFILIATION, 80, True)]) * 2 == evidence([(ProofKind.AFFILIATION, 80, False)])


def test_a_feed_gives_the_same_weight_as_the_rows_it_was_made_from() -> None:
    standing = Standing.of([proof(ProofKind.AUTHOR, "oidc"), proof(ProofKind.PURCHASE, "purchase_token")], MOMENT)
    assert evidence_weight(standing.as_dict()) == evidence(
        [(ProofKind.AUTHOR, 80, False), (ProofKind.PURCHASE, 90, False)]
    )
    assert evidence_weight(Standing().as_dict()) == 0


def test_three_facts_are_always_told_in_their_order() -> None:
    told = Standing().as_dict()
    assert list(told) == ["author", "affiliation", "purchase"]
    assert told["purchase"] == {
        "status": "not_proven",
        "method": None,
        "date": None,
        "strength": 0,
        "issuer": None,
        "expires": None,
    }


def test_a_proof_tells_method_day_strength_and_issuer() -> None:
    ends = MOMENT + AFFILIATION_LIFE
    standing = Standing.of([proof(ProofKind.AFFILIATION, "work_email", expires_at=ends)], MOMENT)
    assert standing.as_dict()["affiliation"] == {
        "status": "proven",
        "method": "work_email",
        "date": "2026-03-01",
        "strength": 80,
        "issuer": "https://login.example",
        "expires": "2026-08-28",
    }


@pytest.mark.parametrize(("seconds", "status"), [(-1, Status.PROVEN), (0, Status.EXPIRED), (1, Status.EXPIRED)])
def test_affiliation_expires_on_the_second(seconds: int, status: Status) -> None:
    ends = MOMENT + AFFILIATION_LIFE
    held = Fact.of(proof(ProofKind.AFFILIATION, "work_email", expires_at=ends), ends + dt.timedelta(seconds=seconds))
    assert held.status is status


def test_a_revoked_proof_is_told_as_never_shown() -> None:
    assert Fact.of(proof(ProofKind.AUTHOR, "oidc", revoked_at=MOMENT), MOMENT) == Fact()


def test_what_a_site_asks_for_and_lacks_is_named_in_order() -> None:
    standing = Standing.of([proof(ProofKind.AFFILIATION, "work_email", expires_at=MOMENT)], MOMENT)
    assert standing.missing(["purchase", "author", "affiliation"]) == ["author", "affiliation", "purchase"]
    assert Standing.of([proof(ProofKind.AUTHOR, "oidc")], MOMENT).missing(["author"]) == []


def test_readers_learn_the_month_of_an_order_and_not_its_day() -> None:
    assert purchase_evidence(dt.date(2026, 3, 17)) == {"month": "2026-03"}


def test_the_number_in_the_form_is_one_of_three_that_stay_the_same() -> None:
    for _ in range(300):
        number, link = new_number(), uuid.uuid4()
        shown = choices(number, link, "secret")
        assert shown == choices(number, link, "secret") == sorted(set(shown))
        assert len(shown) == CHOICES
        assert number in shown
        assert all(re.fullmatch("[1-9][0-9]", str(one)) for one in shown)


def test_the_place_of_the_right_number_says_nothing() -> None:
    places = [0, 0, 0]
    for _ in range(3000):
        number, link = new_number(), uuid.uuid4()
        places[choices(number, link, "secret").index(number)] += 1
    assert min(places) > 800


def test_a_link_ends_before_guessing_would_find_the_number() -> None:
    assert TRIES < CHOICES - 1
