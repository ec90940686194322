"""What only a look past row-level security can tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from app.core import rls
from tests.functional.collection.conftest import rita

__all__ = ["rita"]  # the reviewer at the form, as the tests of drafts know her

Rows = dict[str, list[str]]
RowsOf = Callable[[UUID], Rows]


@pytest.fixture
def everything_of(_superuser: psycopg.Connection[Any]) -> RowsOf:
    """Every row that the database holds of a supplier, by table."""

    def read(supplier_id: UUID) -> Rows:
        ask = sql.SQL("SELECT t::text FROM {} t WHERE supplier_id = %s")
        return {
            table: sorted(row[0] for row in _superuser.execute(ask.format(sql.Identifier(table)), [supplier_id]))
            for table in rls.tenant_tables()
        }

    return read
