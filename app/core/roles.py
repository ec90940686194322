"""The database's roles: who owns, who serves, who looks up. The SQL itself is `roles.sql`, beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

OWNER = "avouch_owner"
"""Owns the schema and migrates it; signs in for nothing else."""
APPLICATION = "avouch_app"
"""What web, worker and scheduler are: neither owner nor superuser nor BYPASSRLS, or row-level security binds nobody."""
RESOLVER = "avouch_resolver"
"""Cannot sign in. Runs the two functions that find a supplier from a secret's hash."""

SQL = Path(__file__).with_name("roles.sql")


def provision(
    superuser: psycopg.Connection[Any],
    *,
    owner_password: str = "",
    app_password: str = "",
) -> None:
    """Make the roles in the database that `superuser` is connected to, or bring them back to what they should be."""
    superuser.execute(
        "SELECT set_config('avouch.owner_password', %s, false), set_config('avouch.app_password', %s, false)",
        [owner_password, app_password],
    )
    superuser.execute(SQL.read_bytes())
