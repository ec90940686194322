"""The listener: one thread in each web process that hears of new versions and has the edge follow.

PostgreSQL's NOTIFY is the fast way, milliseconds after the commit. It promises nothing to whoever was not connected,
so every few seconds the versions of what is kept are compared with the table, and after each lost connection at
once: that bounds how long a process can be wrong.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from typing import TYPE_CHECKING, Final

import psycopg

from app.core.logs import log
from app.publication.projector import CHANNEL

if TYPE_CHECKING:
    from app.publication.edge import Edge

CHECK_SECONDS: Final = 2.0  # between comparisons with the table
SHORTEST_PAUSE: Final = 0.1  # before connecting again
LONGEST_PAUSE: Final = 2.0
APPLICATION_NAME: Final = "avouch-edge"


class Listener:
    """Keeps one edge fresh. Starts with the first miss, ends with the process or with `close`."""

    def __init__(self, edge: Edge, database_url: str, *, check_seconds: float = CHECK_SECONDS) -> None:
        self._edge = edge
        self._dsn = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._check_seconds = check_seconds
        self._starting = threading.Lock()
        self._process: int | None = None
        self._stop = threading.Event()
        self._listening = threading.Event()
        self._thread: threading.Thread | None = None

    def ensure(self) -> None:
        """Be running in this process. Cheap when it already is."""
        if self._process == os.getpid():
            return
        with self._starting:
            if self._process == os.getpid():
                return
            self._process = os.getpid()
            self._thread = threading.Thread(target=self._run, name="avouch-edge-listener", daemon=True)
            self._thread.start()

    def wait_until_listening(self, seconds: float) -> bool:
        """Whether the connection is listening, waiting at most so long."""
        return self._listening.wait(seconds)

    def close(self) -> None:
        """End the thread and its connection."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=self._check_seconds + 5)

    def _run(self) -> None:
        pause = SHORTEST_PAUSE
        while not self._stop.is_set():
            try:
                with self._connect() as connection:
                    pause = SHORTEST_PAUSE
                    self._follow(connection)
            except psycopg.Error as error:
                # Readers go on being served from memory; what is kept is checked as soon as we are back.
                log.warning("edge lost its database connection", error=type(error).__name__)
            except Exception as error:
                log.error("edge listener failed", exc_info=error)
            self._listening.clear()
            self._stop.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            self._dsn,
            autocommit=True,
            connect_timeout=2,
            application_name=APPLICATION_NAME,
            # A peer that vanished without a word is noticed in seconds, not in the two hours of TCP's default.
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
        )

    def _follow(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        connection.execute(f"LISTEN {CHANNEL}")
        # Only after LISTEN: what was announced before it is in the table, what comes after reaches us.
        self._compare(connection)
        self._listening.set()
        checked = time.monotonic()
        while not self._stop.is_set():
            wait = max(0.0, checked + self._check_seconds - time.monotonic())
            newest: dict[str, int] = {}
            # `stop_after=1` wakes at the first; psycopg then hands over what else has come with it.
            for notice in connection.notifies(timeout=wait, stop_after=1):
                heard = _parse(notice.payload)
                if heard is not None:
                    newest[heard[0]] = max(heard[1], newest.get(heard[0], 0))
            for scope, version in newest.items():
                self._edge.refresh(scope, version)
            if time.monotonic() - checked >= self._check_seconds:
                self._compare(connection)
                checked = time.monotonic()

    def _compare(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        """Catch up with whatever was announced while nobody listened."""
        scopes = [uuid.UUID(scope) for scope in self._edge.store.scopes()]
        if not scopes:
            return
        rows = connection.execute(
            "SELECT supplier_id, version FROM publications WHERE supplier_id = ANY(%s)", (scopes,)
        ).fetchall()
        for supplier_id, version in rows:
            self._edge.refresh(str(supplier_id), int(str(version)))


def _parse(payload: str) -> tuple[str, int] | None:
    """`<supplier_id> <version>`, or None: any session of the database may send on the channel."""
    scope, _, version = payload.partition(" ")
    try:
        return str(uuid.UUID(scope)), int(version)
    except ValueError:
        return None
