"""Results as a person reads them: printed, and kept in bench/results.md."""

from __future__ import annotations

import datetime as dt
import os
import platform
from dataclasses import dataclass
from pathlib import Path

RESULTS = Path(__file__).with_name("results.md")


@dataclass(frozen=True)
class Row:
    """One measurement. `ours` and `theirs` are given with their unit; `bar` says what has to be reached."""

    what: str
    ours: str
    theirs: str
    ratio: str
    bar: str
    reached: bool | None  # None: not measured, `ours` says why


def lines(rows: list[Row]) -> list[str]:
    """A Markdown table, its columns padded so that it can be read as it stands."""
    heads = ["what", "Avouch", "peer", "ratio", "bar", ""]
    cells = [heads] + [
        [
            row.what,
            row.ours,
            row.theirs,
            row.ratio,
            row.bar,
            {True: "reached", False: "MISSED", None: "skipped"}[row.reached],
        ]
        for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(heads))]

    def line(values: list[str]) -> str:
        return "| " + " | ".join(value.ljust(width) for value, width in zip(values, widths, strict=True)) + " |"

    return [line(cells[0]), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, cells[1:])]


def write(rows: list[Row], notes: list[str]) -> None:
    """Keep the table with where and when it was made."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    when = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    text = [
        "# Results of `make bench`",
        "",
        f"{when}; {machine}. Everything ran on this one machine, load generator included, over loopback.",
        "Rates are medians over rounds that alternated between Avouch and its peer; ratios are medians of the pairs.",
        "",
        *lines(rows),
        "",
        *(f"- {note}" for note in notes),
    ]
    RESULTS.write_text("\n".join(text) + "\n", encoding="utf-8")
