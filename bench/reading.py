"""Reading: the feed, 200 and 304, against nginx with the same bytes."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path

from bench import load, nginx, world
from bench.table import Row
from bench.world import Web, World

BAR = 0.9
GZIP = {"Accept-Encoding": "gzip"}


def measure(bench: World, folder: Path, rounds: int, seconds: float) -> tuple[list[Row], list[str]]:
    """Rows for 200 and 304, and what has to be known to read them."""
    program, wrk = load.package("nginx", "nginx-light"), load.package("wrk", "wrk")
    if program is None:
        reason = "nginx cannot be had here (not installed, and no right to install it)"
        return [Row(f"feed {status}", reason, "", "", f"≥ {BAR}", None) for status in (200, 304)], []
    with world.web(bench) as ours:
        status, headers, body = ours.get(bench.feed, GZIP)
        if (status, headers.get("content-encoding")) != (200, "gzip"):
            raise RuntimeError(f"the feed answers {status}")
        with nginx.serving(program, folder, bench.feed, body) as theirs:
            answer = theirs.get(bench.feed, GZIP)
            if (answer[0], answer[2]) != (200, body):
                raise RuntimeError("nginx does not serve the same bytes")
            rows = [
                _compare("feed 200", bench.feed, (ours, GZIP), (theirs, GZIP), wrk, rounds, seconds),
                _compare(
                    "feed 304",
                    bench.feed,
                    (ours, {**GZIP, "If-None-Match": headers["etag"]}),
                    (theirs, {**GZIP, "If-None-Match": answer[1]["etag"]}),
                    wrk,
                    rounds,
                    seconds,
                ),
            ]
    note = (
        f"feed: {len(body):,} bytes compressed (50 reviews), the same bytes from nginx as a static file; one process "
        f"each, {load.CONNECTIONS} connections kept alive, {rounds} rounds of {seconds:g} s each way."
    )
    notes = [note]
    if wrk is None:
        notes.append("feed: wrk cannot be had here, so a client in Python asked; it is slower than either server.")
    return rows, notes


Side = tuple[Web, Mapping[str, str]]


def _compare(what: str, path: str, ours: Side, theirs: Side, wrk: str | None, rounds: int, seconds: float) -> Row:
    for web, headers in (ours, theirs):
        expected = 304 if "If-None-Match" in headers else 200
        if web.get(path, headers)[0] != expected:
            raise RuntimeError(f"{what}: a server does not answer {expected}")
        load.run(wrk, web.url + path, {"Host": world.HOST, **headers}, 1)  # warm
    mine, peers = [], []
    for number in range(rounds):
        # In turn, and the other one first in every second round: what drifts hits both alike.
        sides = [(ours, mine), (theirs, peers)]
        for (web, headers), rates in sides if number % 2 else sides[::-1]:
            rates.append(load.run(wrk, web.url + path, {"Host": world.HOST, **headers}, seconds))
    ratio = statistics.median(a.per_second / b.per_second for a, b in zip(mine, peers, strict=True))
    return Row(what, _words(mine), _words(peers), f"{ratio:.2f}", f"≥ {BAR} × nginx", ratio >= BAR)


def _words(rates: list[load.Rate]) -> str:
    per_second = statistics.median(rate.per_second for rate in rates)
    return f"{per_second:,.0f}/s, p99 {statistics.median(rate.p99_ms for rate in rates):.2f} ms"
