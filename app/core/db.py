"""The database handle, the declarative base and the column types that every table uses."""

from __future__ import annotations

import select
import uuid
from datetime import datetime
from typing import Annotated, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, MetaData, Uuid, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.pool import Pool

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


@event.listens_for(Pool, "checkout")
def _let_go_of_the_dead(connection: Any, _record: Any, _proxy: Any) -> None:
    """Notice, without asking over the wire (as `pool_pre_ping` does for each transaction), that a connection has ended.

    PostgreSQL says nothing on an idle connection but goodbye, so one on which something is to be read is made anew.
    What ends without a word is noticed by the first statement: that request is told to try again, the next one works.
    """
    poll = select.poll()
    if not connection.closed:
        poll.register(connection.fileno(), select.POLLIN)
    if connection.closed or poll.poll(0):
        raise DisconnectionError("the database has ended this connection")


Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Id = Annotated[uuid.UUID, mapped_column(Uuid(), default=new_id, primary_key=True)]
TenantId = Annotated[uuid.UUID, mapped_column(Uuid(), primary_key=True)]
Ref = Annotated[uuid.UUID, mapped_column(Uuid())]
