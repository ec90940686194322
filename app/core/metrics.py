"""Figures for Prometheus. With several processes, PROMETHEUS_MULTIPROC_DIR gathers them."""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = Counter(
    "avouch_requests_total", "Requests answered by Flask, by trust group and status", ["group", "status"]
)
LATENCY = Histogram(
    "avouch_request_seconds",
    "Time Flask took to answer, by trust group",
    ["group"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
FAST_LANE_LOST = Counter("avouch_fast_lane_lost_total", "Effects not handed to RQ at once; the sweep did it later")
LIMITED = Counter("avouch_limited_total", "Requests refused by a rate limit, by policy", ["policy"])
LIMITS_LOCAL = Counter("avouch_limits_local_total", "Limit checks made in this process because Valkey was away")
REFUSALS = Counter("avouch_refusals_total", "Requests refused, by code", ["code"])


def render(outbox_open: int, outbox_dead: int) -> tuple[bytes, str]:
    """All figures in Prometheus' text format, and its content type."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client types it not
    else:
        registry = REGISTRY
    gauges = CollectorRegistry()
    gauges.register(_Outbox(outbox_open, outbox_dead))
    return generate_latest(registry) + generate_latest(gauges), CONTENT_TYPE_LATEST


class _Outbox:
    def __init__(self, open_rows: int, dead: int) -> None:
        self.open_rows = open_rows
        self.dead = dead

    def collect(self) -> list[GaugeMetricFamily]:
        return [
            GaugeMetricFamily("avouch_outbox_open", "Effects promised and not yet carried out", value=self.open_rows),
            GaugeMetricFamily("avouch_outbox_dead", "Effects given up; an operator must look", value=self.dead),
        ]
