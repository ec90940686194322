"""The database handle, the declarative base and the column types that every table uses."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, MetaData, Uuid
from sqlalchemy.orm import DeclarativeBase, mapped_column

from app.core.ids import new_id

# Named constraints, so that migrations can speak of them and errors tell which rule was broken.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table's base. Keyword arguments set columns; unknown ones raise."""

    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(
    metadata=Base.metadata,
    # Effects are flushed on purpose, and a page that renders after the commit must not query again.
    session_options={"expire_on_commit": False},
)

Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Id = Annotated[uuid.UUID, mapped_column(Uuid(), default=new_id, primary_key=True)]
TenantId = Annotated[uuid.UUID, mapped_column(Uuid(), primary_key=True)]
Ref = Annotated[uuid.UUID, mapped_column(Uuid())]
