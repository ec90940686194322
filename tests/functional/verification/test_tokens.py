"""Purchase tokens: recognised at once, used once, and each refusal a different one."""

from __future__ import annotations

import datetime as dt
import uuid
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.catalog import queries as catalog
from app.core import tenancy
from app.core.clock import now
from app.core.db import db
from app.core.errors import Refused
from app.core.ids import new_id
from app.core.secrets import Prefix, random_secret
from app.verification import tokens
from app.verification.errors import (
    TokenExpired,
    TokenForeign,
    TokenMistyped,
    TokenRevoked,
    TokenUnknown,
    TokenUsed,
)
from app.verification.models import PurchaseToken
from tests import factories
from tests.conftest import AppWith, Clock, let_go
from tests.factories import World
from tests.functional.verification.conftest import at_once
from tests.settings import SECRET_KEY

OTHER_KEY = "tests-only-another-Wq7Zr2Vn8cXy5Kj3LbT0d"


@pytest.fixture
def secret(world: World) -> str:
    """The token of Brightwater's order PO-1001."""
    _purchase, secret = factories.make_purchase(world.subject)
    return secret


def test_a_token_is_recognised_and_not_used_up(secret: str) -> None:
    for _ in range(3):
        token = tokens.recognise(secret)
        assert token.used_at is None
    assert tokens.recognise(f"  {secret}\n").id == token.id


def test_only_its_hash_is_kept(secret: str) -> None:
    token = tokens.recognise(secret)
    kept = repr({column.key: getattr(token, column.key) for column in PurchaseToken.__table__.columns})
    assert secret not in kept
    assert secret[4:] not in kept


@pytest.mark.parametrize("spoil", ["", "avt_", "x", "avk_{}", "{}x", "\u2028", "\x00", "AVT_{}", "'; --"])
def test_a_mistyped_token_is_told_apart_from_an_unknown_one(secret: str, spoil: str) -> None:
    with pytest.raises(TokenMistyped):
        tokens.recognise(spoil.format(secret[4:]))


def test_every_single_wrong_letter_is_noticed(secret: str) -> None:
    for place in range(4, len(secret)):
        wrong = "a" if secret[place] != "a" else "b"
        with pytest.raises(TokenMistyped):
            tokens.recognise(secret[:place] + wrong + secret[place + 1 :])


def test_a_well_formed_token_that_was_never_given_is_unknown(world: World) -> None:
    with pytest.raises(TokenUnknown) as refused:
        tokens.recognise(random_secret(Prefix.PURCHASE))
    assert refused.value.code == "token_unknown"


def test_a_token_of_another_supplier_is_foreign_and_says_nothing_of_it(secret: str) -> None:
    factories.make_otter()
    with pytest.raises(TokenForeign) as refused:
        tokens.recognise(secret)
    assert "Kestrel" not in refused.value.detail + refused.value.remedy


def test_a_used_token_is_used(secret: str) -> None:
    tokens.claim(tokens.recognise(secret).id, new_id())
    with pytest.raises(TokenUsed):
        tokens.recognise(secret)


def test_a_token_ends_after_a_year_to_the_second(secret: str, clock: Clock) -> None:
    ends = tokens.recognise(secret).expires_at
    assert dt.timedelta(days=364) < ends - now() <= dt.timedelta(days=365)
    clock.set(ends - dt.timedelta(seconds=1))
    token = tokens.recognise(secret)
    clock.set(ends)
    with pytest.raises(TokenExpired):
        tokens.recognise(secret)
    with pytest.raises(TokenExpired):
        tokens.claim(token.id, new_id())


def test_a_revoked_token_is_revoked(secret: str) -> None:
    token = tokens.recognise(secret)
    assert tokens.revoke_for_purchase(token.purchase_id) == 1
    with pytest.raises(TokenRevoked):
        tokens.recognise(secret)
    with pytest.raises(TokenRevoked):
        tokens.claim(token.id, new_id())


def test_a_token_of_a_revoked_purchase_is_revoked_even_if_nobody_revoked_the_token(secret: str) -> None:
    token = tokens.recognise(secret)
    purchase = catalog.purchase(token.purchase_id)
    assert purchase is not None
    purchase.revoked_at = now()
    db.session.flush()
    with pytest.raises(TokenRevoked):
        tokens.recognise(secret)
    with pytest.raises(TokenRevoked):
        tokens.claim(token.id, new_id())


def test_revoking_leaves_used_tokens_used(secret: str) -> None:
    token = tokens.claim(tokens.recognise(secret).id, new_id())
    assert tokens.revoke_for_purchase(token.purchase_id) == 0
    with pytest.raises(TokenUsed):
        tokens.recognise(secret)


class TestIssuing:
    def test_asking_again_gives_the_same_token(self, world: World, secret: str) -> None:
        token = tokens.recognise(secret)
        assert tokens.issue(token.purchase_id, token.subject_id) == (token, secret)

    def test_an_order_line_whose_review_was_sent_gives_no_second_review(self, secret: str) -> None:
        token = tokens.claim(tokens.recognise(secret).id, new_id())
        again, same = tokens.issue(token.purchase_id, token.subject_id)
        assert same == secret
        assert again.used_at is not None

    def test_a_token_that_ran_out_unused_is_replaced(self, secret: str, clock: Clock) -> None:
        old = tokens.recognise(secret)
        clock.pass_by(days=366)
        new, fresh = tokens.issue(old.purchase_id, old.subject_id)
        assert fresh != secret
        assert tokens.recognise(fresh).id == new.id
        with pytest.raises(TokenRevoked):
            tokens.recognise(secret)

    def test_a_revoked_line_can_be_given_a_new_token(self, secret: str) -> None:
        old = tokens.recognise(secret)
        tokens.revoke_for_purchase(old.purchase_id)
        _new, fresh = tokens.issue(old.purchase_id, old.subject_id)
        assert fresh != secret
        tokens.recognise(fresh)

    def test_after_a_change_of_the_key_the_link_that_was_sent_is_given_again(
        self, app_with: AppWith, world: World, secret: str
    ) -> None:
        token = tokens.recognise(secret)
        supplier_id, line = world.supplier.id, (token.purchase_id, token.subject_id)
        let_go()
        with app_with(AVOUCH_SECRET_KEY=OTHER_KEY, AVOUCH_SECRET_KEY_FALLBACKS=SECRET_KEY).app_context():
            tenancy.enter(supplier_id)
            assert tokens.issue(*line)[1] == secret
            db.session.commit()

    def test_a_link_whose_key_is_gone_is_replaced(self, app_with: AppWith, world: World, secret: str) -> None:
        token = tokens.recognise(secret)
        supplier_id, line = world.supplier.id, (token.purchase_id, token.subject_id)
        let_go()
        with app_with(AVOUCH_SECRET_KEY=OTHER_KEY).app_context():
            tenancy.enter(supplier_id)
            new, fresh = tokens.issue(*line)
            assert fresh != secret
            assert tokens.recognise(fresh).id == new.id
            db.session.commit()

    def test_its_end_can_be_chosen(self, world: World, clock: Clock) -> None:
        purchase, _ = factories.make_purchase(world.subject, "PO-7")
        tokens.revoke_for_purchase(purchase.id)
        ends = now() + dt.timedelta(days=2)
        token, _ = tokens.issue(purchase.id, world.subject.id, ends)
        assert token.expires_at == ends

    def test_twenty_requests_at_once_get_one_token(self, app: Flask, world: World) -> None:
        purchase, _ = factories.make_purchase(world.subject, "PO-8")
        tokens.revoke_for_purchase(purchase.id)
        supplier_id, purchase_id, subject_id = world.supplier.id, purchase.id, world.subject.id
        let_go()

        def issue() -> str:
            tenancy.enter(supplier_id)
            _token, secret = tokens.issue(purchase_id, subject_id)
            db.session.commit()
            return secret

        assert len(set(at_once(app, [issue] * 14))) == 1
        tenancy.enter(supplier_id)
        query = select(func.count()).where(PurchaseToken.purchase_id == purchase_id, PurchaseToken.revoked_at.is_(None))
        assert db.session.scalar(query) == 1


def claim(supplier_id: uuid.UUID, token_id: uuid.UUID, review_id: uuid.UUID) -> uuid.UUID | str:
    """The id of the review that won the token, or the code of the refusal."""
    tenancy.enter(supplier_id)
    try:
        tokens.claim(token_id, review_id)
    except Refused as refusal:
        db.session.rollback()
        return refusal.code
    db.session.commit()
    return review_id


@pytest.mark.parametrize("round_", range(5))
def test_of_a_hundred_at_once_one_wins(app: Flask, world: World, secret: str, round_: int) -> None:
    token_id, supplier_id = tokens.recognise(secret).id, world.supplier.id
    let_go()
    answers = at_once(app, [partial(claim, supplier_id, token_id, new_id()) for _ in range(100)])
    winners = [answer for answer in answers if isinstance(answer, uuid.UUID)]
    assert len(winners) == 1
    assert [answer for answer in answers if isinstance(answer, str)] == ["token_used"] * 99
    tenancy.enter(supplier_id)
    token = tokens.find(token_id)
    assert token is not None
    assert token.used_by_review_id == winners[0]


def test_a_claim_whose_transaction_fails_gives_the_token_back(secret: str) -> None:
    token = tokens.recognise(secret)
    let_go()
    tokens.claim(token.id, new_id())
    db.session.rollback()
    assert tokens.recognise(secret).used_at is None


def test_claiming_and_revoking_at_once_leaves_one_of_the_two(app: Flask, world: World, secret: str) -> None:
    token = tokens.recognise(secret)
    token_id, purchase_id, supplier_id = token.id, token.purchase_id, world.supplier.id
    let_go()

    def revoke() -> int:
        tenancy.enter(supplier_id)
        revoked = tokens.revoke_for_purchase(purchase_id)
        db.session.commit()
        return revoked

    claimed, revoked = at_once(app, [partial(claim, supplier_id, token_id, new_id()), revoke])
    assert (isinstance(claimed, uuid.UUID), revoked) in {(True, 0), (False, 1)}


def test_another_suppliers_token_cannot_be_claimed_by_its_id(secret: str) -> None:
    token_id = tokens.recognise(secret).id
    let_go()
    factories.make_otter()
    with pytest.raises(TokenUnknown):
        tokens.claim(token_id, new_id())
    assert tokens.find(token_id) is None
