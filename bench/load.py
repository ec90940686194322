"""Load on one address: wrk where it can be had, else a client of our own, which says so."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass

CONNECTIONS = 32


@dataclass(frozen=True)
class Rate:
    """What a server answered: requests a second, and the 99th percentile in milliseconds."""

    per_second: float
    p99_ms: float


class Failed(RuntimeError):
    """The load found errors; a rate over errors would mean nothing."""


def package(program: str, name: str) -> str | None:
    """The path of a program, installing its Debian package where this user may; None where it cannot be had."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if found or os.geteuid() != 0 or not shutil.which("apt-get"):
        return found
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", name]
    try:
        subprocess.run(command, env=environment, timeout=180, check=True, capture_output=True)
    except (subprocess.SubprocessError, OSError):
        return None
    return shutil.which(program) or shutil.which(program, path="/usr/sbin")


def run(wrk: str | None, url: str, headers: Mapping[str, str], seconds: float) -> Rate:
    """Ask for `url` over and over for so long."""
    return _wrk(wrk, url, headers, seconds) if wrk else _own(url, headers, seconds)


def _wrk(wrk: str, url: str, headers: Mapping[str, str], seconds: float) -> Rate:
    flags = [flag for name, value in headers.items() for flag in ("-H", f"{name}: {value}")]
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--latency", *flags, url]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 30).stdout
    if "Non-2xx or 3xx responses" in output or "Socket errors" in output:
        raise Failed(output)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    if rate is None or p99 is None:
        raise Failed(output)
    return Rate(float(rate[1]), float(p99[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]])


def _own(url: str, headers: Mapping[str, str], seconds: float) -> Rate:
    host, port, path = re.fullmatch(r"http://([^:/]+):(\d+)(/.*)", url).groups()  # type: ignore[union-attr]  # ours
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": host, **headers}.items())
    request = f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode()
    taken = asyncio.run(_all(host, int(port), request, time.perf_counter() + seconds))
    taken.sort()
    return Rate(len(taken) / seconds, taken[int(len(taken) * 0.99)] * 1000)


async def _all(host: str, port: int, request: bytes, until: float) -> list[float]:
    connections = (_one(host, port, request, until) for _ in range(CONNECTIONS))
    return [taken for part in await asyncio.gather(*connections) for taken in part]


async def _one(host: str, port: int, request: bytes, until: float) -> list[float]:
    reader, writer = await asyncio.open_connection(host, port)
    taken: list[float] = []
    while (began := time.perf_counter()) < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if head[9:10] not in b"23":
            raise Failed(head.decode("latin-1"))
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if length and head[9:12] != b"304":
            await reader.readexactly(int(length[1]))
        taken.append(time.perf_counter() - began)
    writer.close()
    return taken
