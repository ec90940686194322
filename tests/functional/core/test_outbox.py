"""The outbox: what was promised happens once, whatever happens to Valkey, workers and the effect itself."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select, text

from app.core import clock as core_clock
from app.core import jobs, outbox, tenancy
from app.core.db import db
from app.core.fast_lane import current_lane, queue
from app.core.jobs import Hopeless, Job, Later, Queue
from app.core.models import OutboxRow
from config import Settings
from tests.conftest import Clock

calls: list[dict[str, str]] = []
trouble: list[Exception] = []


def note(**kwargs: str) -> None:
    """An effect that leaves a trace in the database and here."""
    db.session.execute(text("INSERT INTO reviewers (id, created_at) VALUES (gen_random_uuid(), now())"))
    if trouble:
        raise trouble.pop(0)
    calls.append({**kwargs, "effect": str(jobs.current_effect_id()), "tenant": str(tenancy.current())})


@pytest.fixture
def noting(monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job of our own, findable under the name of a module of the application."""
    import app.accounts.jobs as home

    job = Job(note, Queue.DEFAULT)
    monkeypatch.setattr(note, "__module__", "app.accounts.jobs")
    monkeypatch.setattr(home, "note", job, raising=False)
    calls.clear()
    trouble.clear()
    return job


def traces() -> int:
    return db.session.scalar(text("SELECT count(*) FROM reviewers")) or 0


def row(effect_id: uuid.UUID) -> OutboxRow:
    return db.session.scalars(
        select(OutboxRow).where(OutboxRow.id == effect_id).execution_options(populate_existing=True)
    ).one()


def test_a_promise_is_kept_once_after_the_commit(app: Flask, noting: Job, outbox: Callable[[], int]) -> None:
    from app.core import outbox as core

    core.promise(noting, what="tell")
    assert calls == []
    db.session.commit()
    assert outbox() == 1
    assert outbox() == 0
    assert [call["what"] for call in calls] == ["tell"]
    assert traces() == 1


def test_a_promise_in_a_transaction_that_failed_was_never_made(
    app: Flask, noting: Job, outbox: Callable[[], int]
) -> None:
    from app.core import outbox as core

    core.promise(noting, what="tell")
    db.session.rollback()
    assert outbox() == 0
    assert calls == []


def test_the_commit_hands_the_id_to_valkey_and_nothing_else(app: Flask, noting: Job, app_settings: Settings) -> None:
    effect_id = outbox.promise(noting, what="private words")
    valkey = Redis.from_url(app_settings.redis_url)
    assert queue(Queue.DEFAULT, valkey).count == 0
    db.session.commit()
    waiting = queue(Queue.DEFAULT, valkey)
    assert waiting.job_ids == [f"effect-{effect_id}"]
    assert b"private words" not in b"".join(
        value for key in valkey.keys("*") if valkey.type(key) == b"hash" for value in valkey.hgetall(key).values()
    )


def test_the_tenant_is_entered_for_an_effect_of_a_supplier_and_left_after_it(app: Flask, noting: Job) -> None:
    supplier_id = uuid.uuid4()
    outbox.promise(noting, supplier_id=str(supplier_id))
    db.session.commit()
    outbox.drain()
    assert calls[0]["tenant"] == str(supplier_id)
    assert tenancy.current() is None


def test_a_failed_effect_leaves_nothing_behind_and_is_tried_again_later(app: Flask, noting: Job, clock: Clock) -> None:
    clock.set(core_clock.now())
    trouble.append(Later("the server is away"))
    effect_id = outbox.promise(noting, what="tell")
    db.session.commit()
    assert outbox.drain() == 0
    assert traces() == 0
    failed = row(effect_id)
    assert failed.attempts == 1
    assert failed.last_error == "Later: the server is away"
    assert failed.next_at > core_clock.now()
    assert outbox.drain() == 0, "not before its pause is over"
    clock.pass_by(seconds=10)
    assert outbox.drain() == 1
    assert traces() == 1
    assert row(effect_id).done_at is not None


def test_retries_are_the_same_effect_to_the_outside(app: Flask, noting: Job, clock: Clock) -> None:
    clock.set(core_clock.now())
    effect_id = outbox.promise(noting)
    trouble.append(RuntimeError("boom"))
    db.session.commit()
    outbox.drain()
    clock.pass_by(seconds=10)
    outbox.drain()
    assert [call["effect"] for call in calls] == [str(effect_id)]


def test_after_enough_failures_a_person_is_shown_the_effect_and_can_revive_it(
    app: Flask, noting: Job, clock: Clock
) -> None:
    clock.set(core_clock.now())
    effect_id = outbox.promise(noting)
    db.session.commit()
    for _ in range(outbox.ATTEMPTS):
        trouble.append(RuntimeError("boom"))
        outbox.drain()
        clock.pass_by(hours=2)
    assert outbox.depth() == (0, 1)
    assert outbox.drain() == 0
    assert outbox.revive(effect_id)
    assert not outbox.revive(uuid.uuid4())
    db.session.commit()
    assert outbox.drain() == 1
    assert outbox.depth() == (0, 0)


def test_a_hopeless_effect_is_given_up_at_once(app: Flask, noting: Job) -> None:
    trouble.append(Hopeless("no such address"))
    outbox.promise(noting)
    db.session.commit()
    outbox.drain()
    assert outbox.depth() == (0, 1)


def test_a_name_that_is_no_job_of_ours_is_never_called(app: Flask) -> None:
    for name in ("os.system", "app.core.mail.send", "app.nowhere.at_all"):
        db.session.add(OutboxRow(function=name, args={"command": "true"}, queue="default"))
    db.session.commit()
    outbox.drain()
    assert outbox.depth() == (0, 3)


def test_many_workers_at_once_do_an_effect_once(app: Flask, noting: Job) -> None:
    effects = [outbox.promise(noting, what=str(number)) for number in range(20)]
    db.session.commit()
    won: list[bool] = []

    def work() -> None:
        for effect_id in effects:
            with app.app_context():
                won.append(outbox.carry_out(effect_id))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(won) == 20
    assert traces() == 20
    assert sorted(call["what"] for call in calls) == sorted(str(number) for number in range(20))


def test_the_sweep_hands_over_what_valkey_lost_and_only_that(
    app: Flask, noting: Job, app_settings: Settings, clock: Clock
) -> None:
    clock.set(core_clock.now())
    lost = outbox.promise(noting, what="lost")
    kept = outbox.promise(noting, what="kept")
    db.session.commit()
    valkey = Redis.from_url(app_settings.redis_url)
    valkey.flushdb()
    current_lane()([(kept, "default")])
    assert outbox.late(10) == [], "the fast lane has its moment first"
    clock.pass_by(seconds=outbox.LATE.total_seconds() + 1)
    assert current_lane().again(outbox.late(10)) == 1
    assert sorted(queue(Queue.DEFAULT, valkey).job_ids) == sorted([f"effect-{lost}", f"effect-{kept}"])


def test_a_commit_succeeds_while_valkey_is_away(app_with: Callable[..., Flask], noting: Job) -> None:
    application = app_with(AVOUCH_REDIS_URL="redis://127.0.0.1:1/0")
    with application.app_context():
        outbox.promise(noting, what="tell")
        db.session.commit()
        assert outbox.depth() == (1, 0)
        assert outbox.drain() == 1


def test_a_delayed_promise_waits(app: Flask, noting: Job, clock: Clock) -> None:
    clock.set(core_clock.now())
    outbox.promise(noting, after=timedelta(hours=1))
    db.session.commit()
    assert outbox.drain() == 0
    clock.pass_by(minutes=61)
    assert outbox.drain() == 1


def test_effects_done_long_ago_are_forgotten_and_open_ones_are_not(app: Flask, noting: Job, clock: Clock) -> None:
    clock.set(core_clock.now())
    outbox.promise(noting)
    db.session.commit()
    outbox.drain()
    outbox.promise(noting, after=timedelta(days=60))
    db.session.commit()
    clock.pass_by(days=15)
    assert outbox.purge() == 1
    db.session.commit()
    assert outbox.depth() == (1, 0)
