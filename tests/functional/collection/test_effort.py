"""What saving and sending cost the database, counted: each statement is a journey that a person waits for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import event

from app.core.db import db
from tests.conftest import let_go
from tests.factories import make_purchase
from tests.functional.collection.conftest import Rita
from tests.services import Servers


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    noted: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        noted.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield noted
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def begins_with_everything_proven(rita: Rita) -> None:
    _purchase, secret = make_purchase(rita.world.subject)
    rita.begins(token=secret)
    rita.types()
    rita.proves_by_mail()
    let_go()


def test_sending_a_review_with_three_proofs_takes_eight_statements(rita: Rita) -> None:
    begins_with_everything_proven(rita)
    with statements() as asked:
        answer = rita.sends()
    assert answer.status_code == 201
    # One each: find the supplier by the draft's secret and enter it; read draft, site and subject; hold the review and
    # claim the draft; claim the purchase token; read all that standing rests on, after the claims; write the proofs;
    # write review and revision; write the promised effects. Claims and reads are not one statement, because what
    # waited for another transaction must see what that one did.
    verbs = [statement.split()[0] for statement in asked]
    assert verbs == ["SELECT", "SELECT", "UPDATE", "UPDATE", "SELECT", "INSERT", "WITH", "INSERT"], asked


def test_saving_what_is_typed_takes_six_statements(rita: Rita) -> None:
    begins_with_everything_proven(rita)
    with statements() as asked:
        answer = rita.types(title="Quiet, and it stays quiet")
    assert answer.status_code == 200
    # As above to the draft; save it; read all that standing rests on; the newest window and the newest mailed link.
    assert [statement.split()[0] for statement in asked] == ["SELECT", "SELECT", "UPDATE"] + ["SELECT"] * 3, asked


def test_a_connection_that_the_database_ended_costs_nobody_an_answer(rita: Rita, servers: Servers) -> None:
    rita.begins()
    let_go()
    with psycopg.connect(servers.postgres.dsn()) as superuser:
        ended = superuser.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'avouch_app'"
        ).fetchall()
    assert (True,) in ended
    assert rita.types().status_code == 200
