"""What an operator of the service types: `python -m app.commands …`.

migrate                     bring the database to the newest schema (as the owner role)
check                       say whether this configuration and database would start
create-operator EMAIL NAME  make an account for somebody who works for the platform
dead                        list the effects that were given up
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys

from sqlalchemy import select

from app.core.migrate import upgrade
from app.core.models import OutboxRow
from app.core.rls import NotIsolated
from config import ConfigError

OWNER_URL = "AVOUCH_DATABASE_OWNER_URL"


def migrate() -> int:
    """Run as the owner role, whose URL the serving processes are never given."""
    url = os.environ.get(OWNER_URL, "")
    if not url:
        print(f"{OWNER_URL} is missing; it must be a postgresql:// URL of the owner role.", file=sys.stderr)
        return 2
    upgrade(url)
    print("The database has the newest schema.")
    return 0


def check() -> int:
    """Start as the web process would, and stop again."""
    from app import create_app

    create_app()
    print("The configuration is sound and the database keeps suppliers apart.")
    return 0


def create_operator(email: str, name: str) -> int:
    """Ask for a password and make the operator."""
    from app import create_app
    from app.accounts import service
    from app.core.db import db

    password = os.environ.get("AVOUCH_OPERATOR_PASSWORD") or getpass.getpass("Password for the new operator: ")
    with create_app().app_context():
        service.create_operator(email=email, name=name, password=password)
        db.session.commit()
    print(f"{email} can sign in at /operator/sign-in.")
    return 0


def dead() -> int:
    """List what was given up, oldest first."""
    from app import create_app
    from app.core.db import db

    with create_app().app_context():
        rows = db.session.scalars(select(OutboxRow).where(OutboxRow.dead_at.is_not(None)).order_by(OutboxRow.dead_at))
        for row in rows:
            print(row.id, row.function, row.attempts, row.last_error)
    return 0


def main(arguments: list[str]) -> int:
    """Run what the command line names; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m app.commands", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate")
    commands.add_parser("check")
    commands.add_parser("dead")
    operator = commands.add_parser("create-operator")
    operator.add_argument("email")
    operator.add_argument("name")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "migrate":
            return migrate()
        if chosen.command == "check":
            return check()
        if chosen.command == "dead":
            return dead()
        return create_operator(chosen.email, chosen.name)
    except (ConfigError, NotIsolated) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
