"""Valkey as compose.yaml starts it: RQ and the limits can do all they need, and nobody can do more."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import yaml
from limits import parse
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from rq import Worker
from rq.serializers import JSONSerializer

from app.core.embedded import _valkey_program, free_port
from app.core.fast_lane import RUN_SCHEDULED, AvouchJob, connect, queue
from app.core.jobs import Queue
from demo.children import ROOT, Child
from tests.waiting import until

SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def start(name: str, folder: Path) -> Iterator[str]:
    """Start a service of compose.yaml by its own script, environment and options; its URL."""
    service = SERVICES[name]
    programs = folder / "bin"
    programs.mkdir()
    (programs / "valkey-server").symlink_to(_valkey_program())
    port = free_port()
    environment = {
        **service["environment"],
        "VALKEY_PASSWORD": "a-password-of-the-tests",
        "VALKEY_DATA": str(folder),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }
    options = [*service["command"][1:], "--port", str(port), "--bind", "127.0.0.1"]
    server = Child("valkey", [str(ROOT / "deploy" / "valkey" / "start.sh"), *options], environment, log=folder / "log")
    server.start()
    try:
        server.wait_for_port(port)
        yield f"redis://avouch:a-password-of-the-tests@127.0.0.1:{port}/0"
    finally:
        server.stop()


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[str]:
    yield from start("jobs", tmp_path)


@pytest.fixture
def limits(tmp_path: Path) -> Iterator[str]:
    yield from start("limits", tmp_path)


def test_a_worker_lives_its_whole_life_within_its_rights(jobs: str) -> None:
    with connect(jobs) as connection:
        lane = queue(Queue.DEFAULT, connection)
        waiting = lane.enqueue_call(RUN_SCHEDULED, args=("sweep",), job_id="scheduled-sweep")
        assert waiting.id in lane.job_ids
        worker = Worker([lane], connection=connection, serializer=JSONSerializer, job_class=AvouchJob)
        worker.register_birth()
        worker.heartbeat()
        worker.clean_registries()
        assert worker.dequeue_job_and_maintain_ttl(timeout=1) is not None
        assert [one.name for one in Worker.all(connection=connection)] == [worker.name]
        worker.register_death()


def test_jobs_of_another_prefix_and_the_servers_settings_are_out_of_reach(jobs: str) -> None:
    with redis.Redis.from_url(jobs) as connection:
        for forbidden in (
            lambda: connection.set("elsewhere", "x"),
            lambda: connection.config_set("dir", "/"),
            lambda: connection.flushall(),
            lambda: connection.keys("*"),
            lambda: connection.execute_command("ACL", "LIST"),
            lambda: connection.shutdown(),
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                forbidden()


def test_nobody_enters_without_the_password(jobs: str) -> None:
    address = jobs.replace("avouch:a-password-of-the-tests@", "")
    with redis.Redis.from_url(address) as connection, pytest.raises(redis.exceptions.AuthenticationError):
        connection.ping()


def test_limits_count_within_their_rights(limits: str) -> None:
    limiter = MovingWindowRateLimiter(RedisStorage(limits))
    once = parse("1 per hour")
    assert limiter.hit(once, "reviews", "rita")
    assert not limiter.hit(once, "reviews", "rita")
    assert limiter.get_window_stats(once, "reviews", "rita").remaining == 0


def test_the_database_script_is_the_one_that_the_embedded_server_runs() -> None:
    script = (ROOT / "deploy" / "postgres" / "10-roles.sh").read_text()
    mounted = [mount for mount in SERVICES["postgres"]["volumes"] if "app/core/roles.sql" in mount]
    assert len(mounted) == 1
    assert mounted[0].split(":")[1] in script
    assert subprocess.run(["sh", "-n", ROOT / "deploy" / "postgres" / "10-roles.sh"], check=False).returncode == 0


def test_the_condition_that_tests_wait_for_can_fail() -> None:
    with pytest.raises(AssertionError, match="still not so"):
        until(lambda: False, seconds=0.05)
