"""What the demo's suppliers sell (catalogue.toml). The shop's pages and the seeding both read it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Item:
    """A subject as the supplier knows it, and as its shop describes it."""

    sku: str
    name: str
    kind: str
    path: str
    picture: str = ""
    tagline: str = ""
    price: str = ""
    mpn: str | None = None
    gtin: str | None = None
    paragraphs: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


def _read(name: str) -> tuple[Item, ...]:
    file: dict[str, list[dict[str, Any]]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
    return tuple(
        Item(
            **{
                **entry,
                "paragraphs": tuple(entry.get("paragraphs", ())),
                "facts": tuple((fact, value) for fact, value in entry.get("facts", ())),
            }
        )
        for entry in file[name]
    )


KESTREL = _read("kestrel")
OTTER = _read("otter")
