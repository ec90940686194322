"""The processes that are not web: the worker, which carries effects out, and the scheduler, which minds the clock.

`python -m app.worker work` and `python -m app.worker schedule`.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.cron import CronJob, CronScheduler
from rq.job import Job as RqJob
from rq.serializers import JSONSerializer
from rq.worker import DequeueStrategy

from app import create_app
from app.accounts import service as accounts
from app.collection import jobs as collection
from app.core import idempotency, outbox, tenancy
from app.core.db import db
from app.core.fast_lane import JOB_TIMEOUT, RUN_SCHEDULED, AvouchJob, connect, current_lane, queue
from app.core.jobs import Queue
from app.core.logs import log
from app.core.settings import settings
from app.publication import jobs as publication
from app.suppliers import queries as suppliers
from config import ConfigError


@dataclass(frozen=True)
class Scheduled:
    """Something done by the clock. Missing a turn must not matter: the next one does it."""

    name: str
    seconds: int
    run: Callable[[], object]


def sweep() -> int:
    """Hand over again what the fast lane lost."""
    late = outbox.late(500)
    db.session.rollback()
    return current_lane().again(late)


def for_each_supplier(task: Callable[[], object]) -> Callable[[], None]:
    """`task` once inside each supplier, each in its own commit, one's failure not the others'."""

    def run() -> None:
        for supplier_id in suppliers.all_ids():
            try:
                tenancy.enter(supplier_id)
                task()
                db.session.commit()
            except Exception as error:
                db.session.rollback()
                log.error("scheduled task failed", supplier=str(supplier_id), exc_info=error)
            finally:
                tenancy.leave()

    return run


SCHEDULE: tuple[Scheduled, ...] = (
    Scheduled("sweep", 5, sweep),
    Scheduled("purge_drafts", 3600, for_each_supplier(collection.purge_drafts)),
    Scheduled("purge_idempotent_answers", 3600, for_each_supplier(idempotency.purge)),
    Scheduled("purge_outbox", 3600, outbox.purge),
    Scheduled("forget_stale_accounts", 3600, accounts.forget_stale),
    # Ratings fade by the day; asking hourly costs a look, and re-renders only where the day has changed.
    Scheduled("refresh_ratings", 3600, for_each_supplier(publication.refresh_rating)),
)


@lru_cache(maxsize=1)
def application() -> Flask:
    """The app of this process, made once."""
    return create_app()


def run_effect(effect_id: str) -> None:
    """RQ's entry point: carry one effect of the outbox out."""
    with application().app_context():
        outbox.carry_out(uuid.UUID(effect_id))


def run_scheduled(name: str) -> None:
    """RQ's other entry point: do what is due by the clock."""
    task = next(entry for entry in SCHEDULE if entry.name == name)
    with application().app_context():
        task.run()
        db.session.commit()


def work() -> None:
    """Work off the queues until told to stop (TERM: after the job in hand).

    Without a fork for each job (docs/decisions/0012): the outbox makes a killed worker harmless anyway, and a warm
    process with its database connection open carries an effect out in a third of the time. The queues take turns,
    so that a burst of publications keeps no mail waiting.
    """
    with application().app_context():
        connection = connect(settings().redis_url)
    # RQ blocks on Valkey for minutes; the lane's short timeouts are for people who wait, not for it.
    connection.connection_pool.connection_kwargs.update(socket_timeout=None)
    worker = SimpleWorker(
        [queue(name, connection) for name in Queue],
        connection=connection,
        serializer=JSONSerializer,
        job_class=AvouchJob,
    )
    _survive_outages(lambda: worker.work(logging_level="WARNING", dequeue_strategy=DequeueStrategy.ROUND_ROBIN))


class _JsonCronJob(CronJob):
    """RQ's cron job enqueues with pickle; ours goes through the lane's own queue."""

    def enqueue(self, connection: Redis) -> RqJob:  # type: ignore[type-arg]  # not generic when it runs
        return queue(self.queue_name, connection).enqueue_call(
            RUN_SCHEDULED,
            args=self.args,
            # One at a time of each: a new turn replaces one that still waits.
            job_id=f"scheduled-{self.name}",
            # Turns that nobody took while no worker ran are worth nothing: they lapse, and do not pile up.
            ttl=self.interval,
            result_ttl=0,
            failure_ttl=3600,
            timeout=JOB_TIMEOUT * 10,
        )


def schedule() -> None:
    """Mind the clock until told to stop."""
    with application().app_context():
        connection = connect(settings().redis_url)

    def start() -> None:
        scheduler = CronScheduler(connection, logging_level="WARNING")
        for entry in SCHEDULE:
            scheduler._cron_jobs.append(
                _JsonCronJob(
                    queue_name=Queue.DEFAULT, func=run_scheduled, args=(entry.name,), interval=entry.seconds,
                    name=entry.name,
                )
            )  # fmt: skip
        scheduler.start()  # type: ignore[no-untyped-call]  # RQ types it not

    _survive_outages(start)


def _survive_outages(run: Callable[[], object]) -> None:
    """Run again after Valkey went away; return when `run` returns, which is when it was told to stop."""
    while True:
        try:
            run()
            return
        except RedisError as error:
            log.warning("valkey is away", error=type(error).__name__)
            time.sleep(1)


def main(arguments: list[str]) -> int:
    """Run what the command line names; the exit status."""
    commands = {"work": work, "schedule": schedule}
    if len(arguments) != 1 or arguments[0] not in commands:
        print("usage: python -m app.worker work|schedule", file=sys.stderr)
        return 2
    try:
        commands[arguments[0]]()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    # RQ names the entry points `app.worker.…`; run as __main__ this file would be loaded twice, with two apps.
    from app.worker import main as main_of_module

    sys.exit(main_of_module(sys.argv[1:]))
