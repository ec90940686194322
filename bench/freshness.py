"""Freshness: from a moderator's decision, committed, to the bytes that every web process gives."""

from __future__ import annotations

import json
import threading
import time

from app.core import tenancy
from app.core.db import db
from bench import world
from bench.table import Row
from bench.world import Web, World
from tests.functional.publication.publishing import approve, send_review

BAR = 1.0  # seconds
WEBS = 2
WAIT = 20.0


def measure(bench: World, decisions: int) -> tuple[list[Row], list[str]]:
    """The row, and what has to be known to read it."""
    waiting = [send_review(bench.kestrel, proven=False) for _ in range(decisions)]
    bench.drain()
    lags: list[float] = []
    with world.worker(bench), world.web(bench) as first, world.web(bench) as second:
        webs = (first, second)
        counts = {web.port: _version(web, bench) for web in webs}
        for review_id in waiting:
            tenancy.enter(bench.kestrel.supplier.id)
            approve(bench.kestrel, review_id)
            lags.append(_seen(webs, bench, counts))
    lags.sort()
    p50, p99 = lags[len(lags) // 2], lags[min(len(lags) - 1, int(len(lags) * 0.99))]
    row = Row(
        "decision to visible",
        f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms",
        "",
        "",
        f"p99 < {BAR:g} s",
        p99 < BAR,
    )
    note = (
        f"decision to visible: {decisions} decisions, each from its commit until both of {WEBS} web processes give the "
        "new feed; on the way lie Valkey, the worker's projection, rendering and compressing, and LISTEN/NOTIFY."
    )
    db.session.rollback()
    return [row], [note]


def _seen(webs: tuple[Web, ...], bench: World, counts: dict[int, int]) -> float:
    """Seconds until every process shows a newer version than the one noted, asking each on a thread of its own."""
    began = time.perf_counter()
    taken: list[float] = []

    def watch(web: Web) -> None:
        while time.perf_counter() - began < WAIT:
            version = _version(web, bench)
            if version > counts[web.port]:
                counts[web.port] = version
                taken.append(time.perf_counter() - began)
                return
            time.sleep(0.002)

    threads = [threading.Thread(target=watch, args=(web,)) for web in webs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(taken) < len(webs):
        raise TimeoutError("a web process never showed the decision")
    return max(taken)


def _version(web: Web, bench: World) -> int:
    body = web.get(bench.feed)[2]
    return int(json.loads(body)["_avouch"]["version"])
