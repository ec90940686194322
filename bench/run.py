"""Measure, print, and keep:  python -m bench.run [--quick]

Compares Avouch with its peers in one run on this machine: nginx for reading, raw PostgreSQL for writing. All of it
is on loopback and bounded in time (about three minutes; a minute with --quick). Exit status 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench import freshness, reading, table, world, writing


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description="Measure Avouch against its peers.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds; results.md stays as it is")
    quick = parser.parse_args(arguments).quick
    rounds, seconds, each, decisions = (3, 2.0, 40, 20) if quick else (7, 4.0, 120, 120)
    rows: list[table.Row] = []
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="avouch-bench-") as name:
        folder = Path(name)
        say("starting PostgreSQL and Valkey, publishing fifty reviews …")
        with world.running(folder / "servers") as bench:
            for words, measured in (
                ("reading: the feed against nginx …", lambda: reading.measure(bench, folder, rounds, seconds)),
                ("freshness: decisions until they are visible …", lambda: freshness.measure(bench, decisions)),
                # Last: the effects that its submissions promise are never carried out.
                ("writing: submissions against raw inserts …", lambda: writing.measure(bench, rounds, each)),
            ):
                say(words)
                found, remarks = measured()
                rows += found
                notes += remarks
    say("")
    say("\n".join(table.lines(rows)))
    if not quick:
        table.write(rows, notes)
        say(f"\nwritten to {table.RESULTS.relative_to(world.ROOT)}")
    return 1 if any(row.reached is False for row in rows) else 0


def say(words: str) -> None:
    """To the person who waits."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
