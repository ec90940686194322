"""The servers that demo and tests stand on come back after every kind of end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from app.core import roles
from app.core.embedded import CannotStart, Postgres, Valkey, leashed
from tests.waiting import until


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    server = Postgres(tmp_path, durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path)
    server.start()
    yield server
    server.stop()


def one(server: Postgres, statement: str, role: str = "postgres") -> object:
    with psycopg.connect(server.dsn(role)) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None


def test_the_application_role_is_bound_by_row_level_security(postgres: Postgres) -> None:
    with psycopg.connect(postgres.dsn(roles.APPLICATION)) as connection:
        row = connection.execute(
            "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb,"
            " pg_has_role(current_user, 'avouch_owner', 'MEMBER'), has_schema_privilege('public', 'CREATE')"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, False, False)


def test_nobody_signs_in_as_the_resolver(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        psycopg.connect(postgres.dsn(roles.RESOLVER))


def test_a_second_start_on_the_same_folder_is_refused_with_a_sentence(postgres: Postgres) -> None:
    with pytest.raises(CannotStart, match="in use"):
        Postgres(postgres.folder).start()


def test_rows_survive_a_killed_server_whose_number_somebody_else_has_now(postgres: Postgres) -> None:
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        connection.execute("CHECKPOINT")
    assert postgres.process
    postgres.process.kill()
    postgres.process.wait()
    pid_file = postgres.data / "postmaster.pid"
    until(pid_file.exists)
    # In a container numbers begin anew, so a left-over file soon names a living stranger: here, us.
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    postgres.stop()
    postgres.start()

    assert one(postgres, "SELECT answer FROM kept") == 42


def test_valkey_keeps_its_port_and_what_it_was_given_over_a_restart(valkey: Valkey) -> None:
    with redis.Redis.from_url(valkey.url()) as client:
        client.set("job", "kept")
    before = valkey.url()
    valkey.stop()
    valkey.start()
    assert valkey.url() == before
    with redis.Redis.from_url(valkey.url()) as client:
        assert client.get("job") == b"kept"


def test_valkey_answers_nobody_without_the_password(valkey: Valkey) -> None:
    with redis.Redis(port=int(valkey.port or 0)) as client, pytest.raises(redis.AuthenticationError):
        client.ping()


PARENT = """
import os, signal, subprocess, sys
command = sys.argv[2:]
command[4] = str(os.getpid())
open(sys.argv[1], "w").write(str(subprocess.Popen(command).pid))
signal.pause()
"""


def test_a_leashed_program_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = leashed(["/bin/sleep", "600"], end_with=signal.SIGTERM)
    note = tmp_path / "pid"
    parent = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            PARENT,
            *(str(note), *program),
        ]
    )
    until(lambda: note.exists() and note.read_text() != "")
    child = int(note.read_text())
    until(lambda: b"sleep" in Path(f"/proc/{child}/cmdline").read_bytes())

    parent.kill()
    parent.wait()

    until(lambda: not running(child))


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
