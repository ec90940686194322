"""RQ as the fast lane: carries effects' ids from a commit to a worker in milliseconds, and may lose them.

Everything RQ needs is said here once: the queues, JSON in place of pickle (for every queue, worker and
job; pickle is still RQ's default), and a job class that calls nothing but our two entry points. JSON
alone would not do: a job that names `os.system` would run.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any, cast

from flask import Flask, current_app
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue as RqQueue
from rq.exceptions import NoSuchJobError
from rq.job import Job as RqJob
from rq.serializers import JSONSerializer

from app.core import metrics
from app.core.jobs import Queue
from app.core.logs import log

RUN_EFFECT = "app.worker.run_effect"
RUN_SCHEDULED = "app.worker.run_scheduled"
ENTRY_POINTS = frozenset({RUN_EFFECT, RUN_SCHEDULED})
# Above what any effect takes (SMTP: 15 s a step), below what would hold a queue up.
JOB_TIMEOUT = 90
# After a failed hand-over the lane is left alone for this long, so that an outage costs a request
# nothing; the sweep catches up.
REST = 2.0

_EXTENSION = "avouch.fast_lane.state"


class AvouchJob(RqJob):
    """An RQ job that can call only our entry points, whatever was written to Valkey."""

    @property
    def func(self) -> Callable[..., Any] | None:
        if self.func_name not in ENTRY_POINTS or self._instance:
            raise PermissionError(f"{self.func_name!r} is not an entry point of this application")
        return cast(Callable[..., Any], super().func)

    @property
    def success_callback(self) -> None:
        return None

    @property
    def failure_callback(self) -> None:
        return None

    @property
    def stopped_callback(self) -> None:
        return None


def connect(url: str) -> Redis:  # type: ignore[type-arg]  # redis-py is generic to mypy, not at run time
    """A connection that gives up quickly: whoever waits here is a person whose review was already kept."""
    return Redis.from_url(
        url, socket_connect_timeout=0.5, socket_timeout=1.0, retry=Retry(NoBackoff(), 0), health_check_interval=30
    )


def queue(name: Queue | str, connection: Redis) -> RqQueue:  # type: ignore[type-arg]  # as above
    """The RQ queue of that name."""
    return RqQueue(
        str(name), connection=connection, serializer=JSONSerializer, job_class=AvouchJob, default_timeout=JOB_TIMEOUT
    )


class FastLane:
    """Hands effects to RQ; never raises, for the rows in the outbox are what counts."""

    def __init__(self, url: str) -> None:
        self.connection = connect(url)
        self.queues = {str(name): queue(name, self.connection) for name in Queue}
        self.resting_until = 0.0

    def __call__(self, promised: list[tuple[uuid.UUID, str]]) -> None:
        if time.monotonic() < self.resting_until:
            metrics.FAST_LANE_LOST.inc(len(promised))
            return
        try:
            with self.connection.pipeline(transaction=False) as pipeline:
                for name in dict.fromkeys(name for _, name in promised):
                    self._enqueue([effect_id for effect_id, of in promised if of == name], name, pipeline)
                pipeline.execute()
        except RedisError as error:
            self.resting_until = time.monotonic() + REST
            metrics.FAST_LANE_LOST.inc(len(promised))
            log.warning("fast lane is away", effects=len(promised), error=type(error).__name__)

    def again(self, late: list[tuple[uuid.UUID, str]]) -> int:
        """Hand over rows that should have been done; leaves out those still waiting in a queue. The number handed."""
        lost = [(effect_id, name) for effect_id, name in late if not self._waits(effect_id)]
        if lost:
            self(lost)
        return len(lost)

    def _enqueue(self, effect_ids: list[uuid.UUID], name: str, pipeline: Any) -> None:
        # Not `enqueue_call`: that makes a transaction of the pipeline, and of each job a look at what it depends on.
        known = self.queues.get(name) or queue(name, self.connection)
        known.enqueue_many(
            [
                known.prepare_data(
                    RUN_EFFECT,
                    args=(str(effect_id),),
                    job_id=_job_id(effect_id),
                    result_ttl=0,
                    failure_ttl=3600,
                    description=RUN_EFFECT,  # else RQ would put one together from the arguments
                )
                for effect_id in effect_ids
            ],
            pipeline=pipeline,
        )

    def _waits(self, effect_id: uuid.UUID) -> bool:
        try:
            job = AvouchJob.fetch(_job_id(effect_id), connection=self.connection, serializer=JSONSerializer)
            # A job that is "started" may belong to a worker that was killed: hand it over once more. If the
            # worker lives, it holds the row, and the second one finds nothing to win.
            return bool(job.get_status(refresh=False) == "queued")
        except (NoSuchJobError, RedisError):
            return False


def _job_id(effect_id: uuid.UUID) -> str:
    return f"effect-{effect_id}"


def init_app(app: Flask, url: str) -> FastLane:
    """Make this app's fast lane."""
    lane = FastLane(url)
    app.extensions[_EXTENSION] = lane
    return lane


def current_lane() -> FastLane:
    """The current app's fast lane."""
    return cast(FastLane, current_app.extensions[_EXTENSION])
