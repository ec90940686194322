"""The demo's processes: started so that none can outlive the demo, stopped in good order."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.core.embedded import leashed

ROOT = Path(__file__).resolve().parent.parent


class ChildFailed(RuntimeError):
    """A process ended, or did not get ready; the message says which, and what it wrote last."""


@dataclass
class Child:
    """One process.

    `patience` is how many seconds it gets to finish what it has in hand after TERM, before it is killed.
    What it prints goes to `log`; of one that `talks`, only its complaints, the rest to the terminal.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float = 10
    log: Path | None = None
    talks: bool = False
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it, in a session of its own: Ctrl-C in a terminal then reaches the demo alone, which stops the rest."""
        output = self.log.open("ab") if self.log else None
        try:
            self._process = subprocess.Popen(
                leashed(self.command, end_with=signal.SIGTERM),
                env={**os.environ, **self.environment},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=None if self.talks else output,
                stderr=output,
                start_new_session=True,
            )
        finally:
            if output:
                output.close()

    @property
    def pid(self) -> int:
        """The process's id."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._process.pid

    def exit_status(self) -> int | None:
        """None while it runs."""
        return self._process.poll() if self._process else None

    def wait_for_port(self, port: int, seconds: float = 30) -> None:
        """Wait until it listens."""
        self.wait_until(lambda: listens(port), seconds)

    def wait_until(self, ready: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until `ready()`.

        Raises:
            ChildFailed
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if self.exit_status() is not None:
                raise ChildFailed(self.obituary())
            if time.monotonic() > deadline:
                raise ChildFailed(f"The {self.name} was not ready after {seconds:.0f} s.{self._last_words()}")
            time.sleep(0.02)

    def ask_to_stop(self) -> None:
        """Say TERM; `stop` waits."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self) -> None:
        """Stop it and wait for it; kill it, and whatever it left in its session, when its patience is over."""
        if self._process is None:
            return
        self.ask_to_stop()
        try:
            self._process.wait(self.patience)
        except subprocess.TimeoutExpired:
            print(f"The {self.name} did not stop in {self.patience:.0f} s; killed.", file=sys.stderr)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(5)
        self._process = None

    def kill(self) -> None:
        """End the process itself at once, as a crash would; what it started stays."""
        os.kill(self.pid, signal.SIGKILL)

    def obituary(self) -> str:
        """A sentence about its end."""
        status = self.exit_status()
        if status is not None and status < 0:
            how = f"was ended by {signal.Signals(-status).name}"
        else:
            how = f"ended with status {status}"
        return f"The {self.name} {how}.{self._last_words()}"

    def _last_words(self) -> str:
        if self.log is None or not self.log.exists():
            return ""
        lines = self.log.read_text(errors="replace").splitlines()[-15:]
        return f" The end of {self.log}:\n" + "\n".join(lines)


def listens(port: int) -> bool:
    """Whether somebody accepts connections on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def quieted() -> None:
    """For a child's main function: end on TERM without a traceback."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
