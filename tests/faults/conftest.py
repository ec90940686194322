"""Worker and scheduler as real processes, beside servers that a test may kill."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from demo.children import Child
from demo.stack import ENTRY
from tests.services import Servers


@dataclass
class Workers:
    """Starts and kills the processes that carry effects out."""

    environment: dict[str, str]
    folder: Path
    started: list[Child] = field(default_factory=list)

    def start(self, role: str, **changes: str) -> Child:
        """Start `worker` or `scheduler` by the image's own entry script."""
        name = f"{role}-{len(self.started)}"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**self.environment, "PATH": path, **changes}
        child = Child(name, [ENTRY, role], environment, patience=30, log=self.folder / f"{name}.log")
        child.start()
        self.started.append(child)
        return child

    def kill(self, worker: Child) -> None:
        """End a worker and the process that it forked for its job, at once, as an out-of-memory killer would."""
        for pid in (worker.pid, *children_of(worker.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def children_of(pid: int) -> list[int]:
    """The processes that `pid` has forked, as the kernel lists them."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def workers(app: Flask, servers: Servers, tmp_path: Path) -> Iterator[Workers]:
    found = Workers(servers.environment(), tmp_path)
    yield found
    for child in reversed(found.started):
        child.stop()


@pytest.fixture
def count(servers: Servers, app: Flask) -> Iterator[Callable[[str], int]]:
    """Counts rows as a superuser, whom row-level security does not bind: `count("cases WHERE state = 'open'")`."""
    with psycopg.connect(servers.postgres.dsn(), autocommit=True) as connection:

        def rows(of: str) -> int:
            found = connection.execute(f"SELECT count(*) FROM {of}".encode()).fetchone()  # noqa: S608  # the test's own words
            assert found
            return int(found[0])

        yield rows


@pytest.fixture
def valkey_back(servers: Servers) -> Iterator[None]:
    """Whatever a test does to Valkey, the next one finds it running."""
    yield
    if servers.valkey.process is None or servers.valkey.process.poll() is not None:
        servers.valkey.stop()
        servers.valkey.start()
