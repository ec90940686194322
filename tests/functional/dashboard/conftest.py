"""What only a look past row-level security can tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest


@pytest.fixture
def platform_trail(_superuser: psycopg.Connection[Any]) -> Callable[[], list[str]]:
    """Audited actions that belong to no supplier. The application itself may write these and never read them."""

    def actions() -> list[str]:
        rows = _superuser.execute("SELECT action FROM audit_log WHERE supplier_id IS NULL ORDER BY id").fetchall()
        return [row[0] for row in rows]

    return actions
