"""The whole of Avouch and its surroundings on one machine, as one thing that starts and stops.

Used by `make demo` and by the browser tests: both run the very processes that production runs.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.core import roles
from app.core.embedded import Postgres, Valkey, free_port
from demo.children import ROOT, Child, ChildFailed

WANTED = {"web": 8000, "shop": 8001, "sign_in": 8002, "mails": 8003, "smtp": 8025}
WHO = {
    "web": "Avouch",
    "shop": "the shop",
    "sign_in": "the sign-in provider",
    "mails": "the page of mails",
    "smtp": "the mail catcher",
}
ENTRY = str(ROOT / "deploy" / "entrypoint.sh")


@dataclass(frozen=True)
class Ports:
    """Where everything listens, on loopback."""

    web: int
    shop: int
    sign_in: int
    mails: int
    smtp: int

    @classmethod
    def free(cls) -> Ports:
        """Whatever is free."""
        return cls(*(free_port() for _ in WANTED))

    @property
    def web_url(self) -> str:
        """Avouch itself. By name, the rest by number: to a browser they are different sites, as in life."""
        return f"http://localhost:{self.web}"

    @property
    def shop_url(self) -> str:
        """The supplier's shop."""
        return f"http://127.0.0.1:{self.shop}"

    @property
    def sign_in_url(self) -> str:
        """The OpenID Connect provider."""
        return f"http://127.0.0.1:{self.sign_in}"

    @property
    def mails_url(self) -> str:
        """The page of caught mails."""
        return f"http://127.0.0.1:{self.mails}"


def choose_ports(wanted: int | None, before: Ports | None, say: Callable[[str], None]) -> Ports:
    """Those asked for, else those of last time, else the usual; what is taken moves on, and says so."""
    first = {**WANTED, **(asdict(before) if before else {})}
    if wanted is not None and wanted != first["web"]:
        first = {name: wanted + place for place, name in enumerate(WANTED)}
    chosen: dict[str, int] = {}
    for name, port in first.items():
        chosen[name] = _first_free(port, set(chosen.values()))
        if chosen[name] != port and port not in chosen.values():
            say(f"Port {port} is taken; {WHO[name]} uses {chosen[name]} instead.")
    return Ports(**chosen)


def _first_free(port: int, ours: set[int]) -> int:
    for candidate in range(port, min(port + 100, 65_536)):
        if candidate not in ours and _is_free(candidate):
            return candidate
    return free_port()


def _is_free(port: int) -> bool:
    """Whether both loopback addresses are free: a stranger on ::1 would answer for `localhost` in some browsers."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if family is socket.AF_INET or error.errno == 98:  # EADDRINUSE; else there is no IPv6 here
                    return False
    return True


class Stack:
    """Starts in the right order, watches, and stops in the opposite order.

    Args:
        folder: keeps data, secrets and logs between starts.
        durable: False for tests.
        talks: show on the terminal how far the loading of the demo is.
    """

    def __init__(self, folder: Path, ports: Ports, *, durable: bool = True, talks: bool = False) -> None:
        self.folder = folder.resolve()
        self.ports = ports
        self.talks = talks
        self.postgres = Postgres(self.folder, durable=durable)
        self.valkey = Valkey(self.folder, durable=durable)
        self.children: list[Child] = []
        self.started_at = 0.0

    def start(self) -> None:
        """Start everything and wait until Avouch answers.

        Raises:
            CannotStart, ChildFailed: with a sentence and the end of the log.
        """
        self.started_at = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "logs").mkdir(exist_ok=True)
        self.postgres.start()
        self.valkey.start()
        mails = self._start(
            "mail catcher", "-m", "demo.mails", self.ports.smtp, self.ports.mails, self.folder / "mails"
        )
        sign_in = self._start("sign-in provider", "-m", "demo.oidc", self.ports.sign_in)
        mails.wait_for_port(self.ports.smtp)
        if not self._is_filled():
            self._fill()
        web = self._start_entry("web", "web server", patience=25)
        shop = self._start("shop", "-m", "demo.shop", self.ports.shop, self.ports.web_url, self.folder / "demo.json")
        web.wait_until(lambda: answers(f"{self.ports.web_url}/readyz"), 60)
        # The first page is what somebody waits for; these two come up beside it.
        self._start_entry("worker", "worker", patience=60)
        self._start_entry("scheduler", "scheduler", patience=10)
        sign_in.wait_for_port(self.ports.sign_in)
        shop.wait_for_port(self.ports.shop)

    def stop(self) -> None:
        """Stop everything that was started: first all are asked, so they finish side by side, then each is awaited."""
        for child in reversed(self.children):
            child.ask_to_stop()
        for child in reversed(self.children):
            child.stop()
        self.children.clear()
        self.valkey.stop()
        self.postgres.stop()

    def dead(self) -> str | None:
        """A sentence about a process that ended by itself; None while all are well."""
        for child in self.children:
            if child.exit_status() is not None:
                return child.obituary()
        for name, process in (("PostgreSQL", self.postgres.process), ("Valkey", self.valkey.process)):
            if process is not None and process.poll() is not None:
                return f"{name} ended with status {process.returncode}; see {self.folder}/{name.lower()}.log."
        return None

    def child(self, name: str) -> Child:
        """The process of that name."""
        return next(child for child in self.children if child.name == name)

    def facts(self) -> dict[str, Any]:
        """What the seeding wrote down: site keys, the API key, sign-ins."""
        found: dict[str, Any] = json.loads((self.folder / "demo.json").read_text())
        return found

    def environment(self) -> dict[str, str]:
        """The application's settings."""
        provider = {
            "id": "workplace",
            "name": "Workplace",
            "issuer": self.ports.sign_in_url,
            "client_id": "avouch-demo",
            "client_secret": "the demo's provider takes any",
            "email_trust": "verified",
        }
        return {
            "AVOUCH_ENVIRONMENT": "demo",
            "AVOUCH_EXTERNAL_URL": self.ports.web_url,
            "AVOUCH_SECRET_KEY": self._secret("secret_key"),
            "AVOUCH_DATABASE_URL": self.postgres.url(),
            "AVOUCH_REDIS_URL": self.valkey.url(0),
            "AVOUCH_LIMITS_REDIS_URL": self.valkey.url(1),
            "AVOUCH_SMTP_URL": f"smtp://127.0.0.1:{self.ports.smtp}",
            "AVOUCH_MAIL_FROM": "Avouch <no-reply@avouch.example>",
            "AVOUCH_CONTACT_EMAIL": "help@avouch.example",
            "AVOUCH_OIDC_PROVIDERS": json.dumps([provider]),
            "AVOUCH_OUTBOUND_ALLOW": self.ports.sign_in_url.removeprefix("http://"),
            "AVOUCH_LOG_LEVEL": "INFO",
            "GRANIAN_HOST": "127.0.0.1",
            "GRANIAN_PORT": str(self.ports.web),
            "GRANIAN_WORKERS": "2",
            "PYTHONUNBUFFERED": "1",
            # The entry script says `python`, as in the image.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }

    def _is_filled(self) -> bool:
        """Whether the last start left everything as this one needs it: same schema, same addresses."""
        try:
            facts = self.facts()
        except (OSError, ValueError):
            return False
        return bool(
            facts.get("schema") == schema() and facts.get("addresses") == [self.ports.shop_url, self.ports.web_url]
        )

    def _fill(self) -> None:
        """Migrate, load the demo into an empty database, and tell it today's addresses."""
        command = [sys.executable, "-m", "demo.seed", str(self.folder), self.ports.shop_url]
        owner = {"AVOUCH_DATABASE_OWNER_URL": self.postgres.dsn(roles.OWNER)}
        child = Child(
            "loading of the demo", command, {**self.environment(), **owner}, log=self._log("seed"), talks=self.talks
        )
        child.start()
        try:
            while child.exit_status() is None:
                time.sleep(0.05)
            if child.exit_status() != 0:
                raise ChildFailed(child.obituary())
        finally:
            child.stop()

    def _start(self, name: str, *arguments: object) -> Child:
        return self._keep(Child(name, [sys.executable, *map(str, arguments)], log=self._log(name)))

    def _start_entry(self, role: str, name: str, patience: float) -> Child:
        return self._keep(Child(name, [ENTRY, role], self.environment(), patience, self._log(name)))

    def _keep(self, child: Child) -> Child:
        child.start()
        self.children.append(child)
        return child

    def _log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name.replace(' ', '-')}.log"

    def _secret(self, name: str) -> str:
        path = self.folder / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(48))
        return path.read_text()


@contextmanager
def running(stack: Stack) -> Iterator[Stack]:
    """A stack that is stopped whatever happens, also in the middle of starting."""
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


def schema() -> list[str]:
    """The names of the migrations that there are."""
    return sorted(path.stem for path in (ROOT / "migrations" / "versions").glob("*.py"))


def answers(url: str) -> bool:
    """Whether a GET is answered with success."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  # our own address, http by design
            return bool(response.status < 400)
    except (OSError, urllib.error.URLError):
        return False
