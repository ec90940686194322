"""Alembic's environment: migrations run as the owner role, one transaction for all of them."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool

from app.core.db import Base
from app.core.tables import load

load()


def run() -> None:
    """Migrate over the connection we were given, or over the URL in `sqlalchemy.url`."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _migrate(connection)
        return
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "", poolclass=pool.NullPool)
    with engine.connect() as connection:
        _migrate(connection)
        connection.commit()


def _migrate(connection: object) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


run()
