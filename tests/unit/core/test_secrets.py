"""Secrets: recognisable, checkable without the database, never the same for two purposes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.core import secrets
from app.core.secrets import Prefix
from app.core.settings import attach
from config import load
from tests.unit.core.test_config import GOOD


def application(**changes: str) -> Flask:
    app = Flask(__name__)
    attach(app, load(GOOD | changes))
    return app


@pytest.fixture(autouse=True)
def context() -> Iterator[None]:
    with application().app_context():
        yield


@pytest.mark.parametrize("prefix", list(Prefix))
def test_every_secret_tells_what_it_is_for_and_is_well_formed(prefix: Prefix) -> None:
    for secret in (secrets.random_secret(prefix), secrets.derive(prefix, uuid.uuid4())):
        assert secret.startswith(prefix)
        assert secrets.well_formed(secret, prefix)
        assert not any(secrets.well_formed(secret, other) for other in Prefix if other is not prefix)


@given(position=st.integers(0, 33), letter=st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_mistyped_secret_is_told_apart_from_an_unknown_one(position: int, letter: str) -> None:
    with application().app_context():
        secret = secrets.derive(Prefix.PURCHASE, uuid.UUID(int=7))
    typed = secret[:position] + letter + secret[position + 1 :]
    assert secrets.well_formed(typed, Prefix.PURCHASE) == (typed == secret)


@given(st.text(max_size=80))
def test_nothing_strange_is_well_formed(text: str) -> None:
    assert not secrets.well_formed(text, Prefix.PURCHASE)
    assert len(secrets.digest(text)) == 32


def test_a_row_always_has_the_same_secret_and_no_other_row_has_it() -> None:
    row = uuid.uuid4()
    assert secrets.derive(Prefix.FOLLOW, row) == secrets.derive(Prefix.FOLLOW, row)
    assert secrets.derive(Prefix.FOLLOW, row)[4:30] != secrets.derive(Prefix.MAILED, row)[4:30]
    assert secrets.derive(Prefix.FOLLOW, row) != secrets.derive(Prefix.FOLLOW, uuid.uuid4())


def test_another_installation_has_other_secrets() -> None:
    row = uuid.uuid4()
    mine = secrets.derive(Prefix.FOLLOW, row)
    with application(AVOUCH_SECRET_KEY="zQ8wN4rT6yUe2PaSdFgHjKlMxCvB1n3o").app_context():
        assert secrets.derive(Prefix.FOLLOW, row) != mine


def test_what_is_sealed_can_be_opened_after_the_key_was_renewed_and_not_without_the_old_one() -> None:
    sealed = secrets.seal(b"an answer with a link")
    assert b"link" not in sealed
    newer = {"AVOUCH_SECRET_KEY": "zQ8wN4rT6yUe2PaSdFgHjKlMxCvB1n3o"}
    with application(**newer, AVOUCH_SECRET_KEY_FALLBACKS=GOOD["AVOUCH_SECRET_KEY"]).app_context():
        assert secrets.unseal(sealed) == b"an answer with a link"
    with application(**newer).app_context():
        assert secrets.unseal(sealed) is None
    assert secrets.unseal(sealed[:-4] + b"AAA=") is None


def test_guessable_values_are_hashed_under_our_key() -> None:
    assert secrets.keyed_hash("mail", "rita@brightwater.example") != secrets.keyed_hash(
        "ip", "rita@brightwater.example"
    )
