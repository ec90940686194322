"""Using something exactly once: one conditional UPDATE, never a check followed by a write.

Two requests that race both run the UPDATE; PostgreSQL makes the second wait for the first's commit and
then sees `used_at` set, so it changes no row and has lost. If the winner's transaction fails, its claim
goes with it and the thing is unused again.
"""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, update

from app.core.clock import now
from app.core.db import Base, db

Row = TypeVar("Row", bound=Base)


def claim(model: type[Row], *conditions: ColumnElement[bool], values: dict[str, Any] | None = None) -> Row | None:
    """Mark the one row of `model` that meets `conditions` as used now, and return it; None: it was not to be had.

    `model` has a column `used_at`; `values` are set with it.
    """
    used_at: Any = model.__table__.c.used_at
    statement = (
        update(model)
        .where(used_at.is_(None), *conditions)
        .values(used_at=now(), **(values or {}))
        .returning(model)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return db.session.scalars(statement).one_or_none()
