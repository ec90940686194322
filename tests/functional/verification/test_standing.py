"""The three facts from the first draft to the sent review."""

from __future__ import annotations

import datetime as dt
import uuid
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.catalog.models import Buyer
from app.core import tenancy
from app.core.db import db
from app.core.errors import Refused
from app.core.ids import new_id
from app.core.settings import settings
from app.verification import identities, mailed, queries, service, tokens
from app.verification.errors import AlreadySent, TokenUsed
from app.verification.models import Proof
from tests import factories
from tests.conftest import Clock, let_go
from tests.factories import World
from tests.functional.verification.conftest import Writer, at_once
from tests.providers import Provider


def the_token(world: World, **changes: object) -> uuid.UUID:
    """The id of the token of an order by Brightwater Utilities."""
    _purchase, secret = factories.make_purchase(world.subject, **changes)  # type: ignore[arg-type]
    return tokens.recognise(secret).id


def confirm(world: World, review_id: uuid.UUID, address: str) -> None:
    """Ask for a mailed link and choose the right number."""
    tenancy.enter(world.supplier.id)
    row = mailed.request(review_id, world.site.id, address, world.subject.name, "", "en")
    service.record_mailed_link(row, row.match_number)
    db.session.commit()


def statuses(review_id: uuid.UUID, token_id: uuid.UUID | None = None) -> list[str]:
    return [fact["status"] for fact in service.standing(review_id, token_id).as_dict().values()]


def test_a_new_draft_has_shown_nothing(world: World) -> None:
    assert statuses(new_id()) == ["not_proven"] * 3


def test_a_recognised_token_shows_the_purchase_alone(world: World) -> None:
    assert statuses(new_id(), the_token(world)) == ["not_proven", "not_proven", "proven"]


def test_a_mailbox_at_the_buyer_shows_author_and_with_the_token_affiliation(world: World) -> None:
    review_id = new_id()
    confirm(world, review_id, "rita@brightwater.example")
    assert statuses(review_id) == ["proven", "not_proven", "not_proven"]
    facts = service.standing(review_id, the_token(world)).as_dict()
    assert [fact["status"] for fact in facts.values()] == ["proven"] * 3
    assert [fact["method"] for fact in facts.values()] == ["mailed_link", "work_email", "purchase_token"]
    assert [fact["issuer"] for fact in facts.values()] == [settings().external_url] * 2 + ["Kestrel Pumps"]


@pytest.mark.parametrize(
    "address", ["rita@evilbrightwater.example", "rita@eu.brightwater.example", "rita@gmail.com", "rita@other.example"]
)
def test_another_mailbox_shows_no_affiliation(world: World, address: str) -> None:
    review_id = new_id()
    confirm(world, review_id, address)
    assert statuses(review_id, the_token(world)) == ["proven", "not_proven", "proven"]


def test_a_free_mail_domain_written_down_for_the_buyer_shows_none_either(world: World) -> None:
    review_id, token_id = new_id(), the_token(world)
    # The catalogue refuses such a domain today; rows from before it did must not count either.
    db.session.execute(update(Buyer).values(domains=["gmail.com", "brightwater.example"]))
    confirm(world, review_id, "rita@gmail.com")
    assert statuses(review_id, token_id) == ["proven", "not_proven", "proven"]


def test_a_private_account_and_then_the_work_mailbox_show_both(rita: Writer, provider: Provider) -> None:
    provider.people["rita-1"] |= {"email": "rita@gmail.com", "hd": None}
    rita.sign_in()
    tenancy.enter(rita.world.supplier.id)
    token_id = the_token(rita.world)
    assert statuses(rita.review_id, token_id) == ["proven", "not_proven", "proven"]
    confirm(rita.world, rita.review_id, "rita@brightwater.example")
    facts = service.standing(rita.review_id, token_id).as_dict()
    assert [fact["status"] for fact in facts.values()] == ["proven"] * 3
    assert (facts["author"]["method"], facts["affiliation"]["issuer"]) == ("oidc", settings().external_url)


def test_an_account_whose_address_nobody_vouches_for_shows_no_affiliation(rita: Writer, provider: Provider) -> None:
    provider.people["rita-1"]["email_verified"] = False
    rita.sign_in()
    tenancy.enter(rita.world.supplier.id)
    assert statuses(rita.review_id, the_token(rita.world)) == ["proven", "not_proven", "proven"]


def test_an_author_without_an_address_gives_way_to_a_mailbox(rita: Writer, provider: Provider) -> None:
    provider.people["rita-1"]["email_verified"] = False
    rita.sign_in()
    tenancy.enter(rita.world.supplier.id)
    confirm(rita.world, rita.review_id, "rita@brightwater.example")
    author = rita.author()
    assert author is not None
    assert (author.issuer, author.email) == (identities.MAILBOX, "rita@brightwater.example")


class TestSealing:
    def test_sealing_fixes_three_proofs_and_uses_the_token_up(self, world: World) -> None:
        review_id, token_id = new_id(), the_token(world, purchased_on=dt.date(2026, 3, 17))
        confirm(world, review_id, "rita@brightwater.example")
        standing = service.seal(review_id, token_id)
        db.session.commit()
        assert standing.missing(["author", "affiliation", "purchase"]) == []
        assert queries.proofs_view(review_id) == standing.as_dict()
        evidence = {proof.kind: proof.evidence for proof in queries.proofs(review_id)}
        assert evidence == {
            "author": {},
            "affiliation": {"domain": "brightwater.example"},
            "purchase": {"month": "2026-03"},
        }
        assert statuses(review_id, token_id) == ["proven"] * 3  # as the form sees it after sending
        with pytest.raises(TokenUsed):
            service.seal(new_id(), token_id)

    def test_without_a_token_only_the_author_is_sealed(self, world: World) -> None:
        review_id = new_id()
        confirm(world, review_id, "rita@brightwater.example")
        assert service.seal(review_id, None).missing(["author", "affiliation", "purchase"]) == [
            "affiliation",
            "purchase",
        ]

    def test_a_token_used_by_somebody_else_meanwhile_is_no_proof_in_the_draft(self, world: World) -> None:
        token_id = the_token(world)
        mine = new_id()
        assert statuses(mine, token_id)[2] == "proven"
        tokens.claim(token_id, new_id())
        assert statuses(mine, token_id)[2] == "not_proven"

    def test_two_drafts_sent_with_one_token_at_once(self, app: Flask, world: World) -> None:
        token_id, supplier_id = the_token(world), world.supplier.id
        let_go()

        def seal(review_id: uuid.UUID) -> str:
            tenancy.enter(supplier_id)
            try:
                service.seal(review_id, token_id)
            except Refused as refusal:
                db.session.rollback()
                return refusal.code
            db.session.commit()
            return "sent"

        answers = at_once(app, [partial(seal, new_id()) for _ in range(14)])
        assert sorted(answers) == ["sent"] + ["token_used"] * 13
        tenancy.enter(supplier_id)
        assert len(db.session.scalars(select(Proof)).all()) == 1

    def test_affiliation_expires_after_half_a_year_and_weighs_half(self, world: World, clock: Clock) -> None:
        review_id, token_id = new_id(), the_token(world)
        confirm(world, review_id, "rita@brightwater.example")
        service.seal(review_id, token_id)
        db.session.commit()
        before = queries.evidence_weight(queries.proofs_view(review_id))
        clock.pass_by(days=181)
        view = queries.proofs_view(review_id)
        assert [fact["status"] for fact in view.values()] == ["proven", "expired", "proven"]
        assert view["affiliation"]["date"]
        assert before - queries.evidence_weight(view) == 30 * 80 // 200


class TestAfterSending:
    @pytest.fixture
    def sent(self, rita: Writer) -> Writer:
        """Rita's review, sent."""
        from app.reviews import service as reviews
        from app.reviews.rules import Content

        rita.sign_in()
        tenancy.enter(rita.world.supplier.id)
        author = rita.author()
        assert author is not None
        content = Content(
            rating=4,
            title="Quiet",
            text="It keeps its pressure, and the seals are easy to reach.",
            pros="",
            cons="",
            role="",
            duration=None,
            display_name="Rita S.",
            show_company=True,
        )
        reviews.create(
            rita.review_id,
            site_id=rita.world.site.id,
            subject_id=rita.world.subject.id,
            reviewer_id=author.reviewer_id,
            content=content,
            author_email="rita@brightwater.example",
            language="en",
            purchase=None,
        )
        let_go()
        return rita

    def test_a_late_sign_in_does_not_change_the_author(self, sent: Writer, provider: Provider) -> None:
        before = sent.author()
        assert before is not None
        provider.people["eve-1"] = {"email": "eve@evil.example", "email_verified": True}
        callback = sent.begin()
        for grant in provider.grants.values():
            grant.sub = "eve-1"
        assert sent.finish(callback).status_code == 409
        after = sent.author()
        assert after is not None
        assert after.subject == before.subject == "rita-1"

    def test_a_late_mailed_link_does_not_either(self, sent: Writer) -> None:
        with pytest.raises(AlreadySent):
            confirm(sent.world, sent.review_id, "eve@evil.example")

    def test_a_sent_review_is_not_forgotten(self, sent: Writer) -> None:
        tenancy.enter(sent.world.supplier.id)
        with pytest.raises(AlreadySent):
            service.forget(sent.review_id)
