"""Bringing a database to the newest schema, as the owner role."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, pool, text

MIGRATIONS = Path(__file__).resolve().parent.parent.parent / "migrations"
# Any number will do, as long as every migrating process uses the same.
_LOCK = 7_226_901_437


def upgrade(owner_url: str) -> None:
    """Run the migrations that are missing. Two at once wait for each other."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    url = owner_url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
