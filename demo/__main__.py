"""`python -m demo`: start everything, say where it is, and stop everything cleanly."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path

from app.core.embedded import CannotStart, Postgres
from demo.children import ROOT, ChildFailed
from demo.stack import Ports, Stack, choose_ports, running

FOLDER = ROOT / ".avouch"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Somebody pressed Ctrl-C, or the system asked us to end."""


def main(arguments: list[str]) -> int:
    """Run until told to stop; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="Avouch with everything around it.")
    parser.add_argument("--port", type=_port, help="Avouch's port; the others follow it")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where data and logs are kept")
    parser.add_argument("--reset", action="store_true", help="forget everything and end")
    chosen = parser.parse_args(arguments)
    for number in SIGNALS:
        signal.signal(number, _stop)
    try:
        return _reset(chosen.folder) if chosen.reset else _run(chosen.folder, chosen.port)
    except (CannotStart, ChildFailed) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except Stopped:
        print("Stopped.")
        return 0


def _run(folder: Path, port: int | None) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    with Postgres(folder).reserved():
        pass  # said before anything else: a demo that runs here already is why its ports are taken
    first_time = not (folder / "demo.json").exists()
    print("Starting PostgreSQL, Valkey and Avouch …" + (" The first time loads the demo's data." if first_time else ""))
    ports = choose_ports(port, _ports_of_last_time(folder), print)
    stack = Stack(folder, ports, talks=True)
    with running(stack):
        (folder / "ports.json").write_text(json.dumps(asdict(ports)))
        _welcome(stack)
        try:
            while (sentence := stack.dead()) is None:
                time.sleep(0.25)
        except Stopped:
            print("\nStopping …", flush=True)
            raise
        print(f"\n{sentence}\nStopping the rest …", file=sys.stderr)
        return 1


def _welcome(stack: Stack) -> None:
    ports, facts = stack.ports, stack.facts()
    rows = [
        ("Shop page", f"{ports.shop_url}/", "a supplier's own page, on another origin, with form, list and badge"),
        ("Dashboard", f"{ports.web_url}/dashboard", "the waiting queue, reviews, purchases, settings"),
        ("Feed", f"{ports.web_url}/feeds/{facts['site']}/reviews.json", "JSON Feed 1.1"),
        ("Mails", f"{ports.mails_url}/", "everything that was mailed"),
        ("API", f"{ports.web_url}/api/docs", "with the key below"),
        ("Operator", f"{ports.web_url}/operator/sign-in", "who works for the platform"),
    ]
    print(f"\nAvouch is ready after {time.monotonic() - stack.started_at:.1f} s.\n")
    for name, address, what in rows:
        print(f"  {name:<10} {address}\n  {'':<10} {what}")
    print(f"\n  Sign in with the password: {facts['password']}")
    for email, what in facts["sign_ins"].items():
        print(f"    {email:<28} {what}")
    print(f"\n  API key    {facts['api_key']}")
    print(f"  Review     {ports.shop_url}/review#avouch={facts['token']}")
    print(
        f"  Logs       {_short(stack.folder / 'logs')}\n\nCtrl-C stops everything; what was written stays.\n",
        flush=True,
    )


def _reset(folder: Path) -> int:
    if folder.exists():
        # Whoever runs on the folder holds its lock; taking it first keeps us from deleting under somebody's feet.
        with Postgres(folder).reserved():
            shutil.rmtree(folder)
    print("The demo holds nothing now; `make demo` starts over.")
    return 0


def _ports_of_last_time(folder: Path) -> Ports | None:
    try:
        return Ports(**json.loads((folder / "ports.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1024 <= int(text) <= 65_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1024 to 65000")
    return int(text)


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _stop(*_: object) -> None:
    # Said once is enough: a second Ctrl-C in the middle of stopping would leave the rest running.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Stopped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
