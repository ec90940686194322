"""The servers that tests talk to, all real: PostgreSQL, Valkey, SMTP, an OIDC provider."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from typing import cast

import psycopg
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.core import roles
from app.core.embedded import Postgres, Valkey, free_port
from app.core.migrate import upgrade
from demo.children import Child
from tests.settings import environment


@dataclass
class Mailbox:
    """Catches every mail that reaches it by SMTP."""

    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a mail, as aiosmtpd asks."""
        content = cast(bytes, envelope.original_content)
        self.mails.append(cast(EmailMessage, message_from_bytes(content, policy=modern)))
        return "250 kept"


@dataclass
class Servers:
    """Everything that runs for one test process."""

    postgres: Postgres
    valkey: Valkey
    smtp_port: int
    mailbox: Mailbox
    oidc_issuer: str

    def environment(self) -> dict[str, str]:
        """The application's environment on these servers."""
        return environment(
            database=self.postgres.url(),
            jobs=self.valkey.url(0),
            limits=self.valkey.url(1),
            smtp=f"smtp://127.0.0.1:{self.smtp_port}",
            oidc_issuer=self.oidc_issuer,
        )


@contextmanager
def running(folder: Path) -> Iterator[Servers]:
    """Start them all below `folder`, migrate, and stop them at the end."""
    postgres, valkey = Postgres(folder, durable=False), Valkey(folder, durable=False)
    mailbox = Mailbox()
    postgres.start()
    try:
        valkey.start()
        # By the same migrations as production, as the same role.
        upgrade(postgres.url(roles.OWNER))
        with smtp_server(mailbox) as smtp_port, oidc_provider() as issuer:
            yield Servers(postgres, valkey, smtp_port, mailbox, issuer)
    finally:
        valkey.stop()
        postgres.stop()


@contextmanager
def smtp_server(mailbox: Mailbox) -> Iterator[int]:
    """An SMTP server that keeps what it gets; yields its port."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=True)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop(no_assert=True)


@contextmanager
def oidc_provider() -> Iterator[str]:
    """The provider `workplace`, the demo's own, in a process of its own; yields its issuer.

    Not on a thread: the wheel calls what its libraries deprecate, and here warnings are errors.
    """
    port = free_port()
    process = Child("sign-in provider", [sys.executable, "-m", "demo.oidc", str(port)])
    process.start()
    try:
        process.wait_for_port(port)
        yield f"http://localhost:{port}"
    finally:
        process.stop()


CLEAR = """
DO $$
DECLARE
    name text;
    filled boolean;
BEGIN
    -- Foreign keys are checked by triggers; everything goes, so nothing is left pointing nowhere.
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT quote_ident(relname) FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
    LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || name || ')' INTO filled;
        IF filled THEN
            EXECUTE 'DELETE FROM ' || name;
        END IF;
    END LOOP;
END
$$
"""


def clear(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Empty every table, as a superuser. Far quicker than TRUNCATE, which makes a new file for each table."""
    connection.execute(CLEAR)
