"""Every package's tables in one place, for whoever needs the whole schema: migrations, and the check at start."""

from __future__ import annotations

import importlib
from pathlib import Path

APP = Path(__file__).resolve().parent.parent


def load() -> None:
    """Import each package's models, so that Base.metadata is complete. Found by looking, so none can be forgotten."""
    for path in sorted(APP.glob("*/models.py")):
        importlib.import_module(f"app.{path.parent.name}.models")
