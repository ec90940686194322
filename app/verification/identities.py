"""Identities: (issuer, subject) pairs and the reviewers they belong to. An e-mail address is never the key.

Two providers may give two people the same subject, or the same address; so nothing but the whole pair
joins a new sign-in to a known reviewer.
"""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.core.clock import now
from app.core.db import db
from app.core.ids import new_id
from app.verification.models import Identity, Reviewer

# The issuer of mailboxes: proven by a link that we mailed, whoever runs the mailbox.
MAILBOX = "mailto:"


def find(issuer: str, subject: str) -> Identity | None:
    """The identity with exactly this issuer and subject."""
    return db.session.scalar(
        select(Identity)
        .where(Identity.issuer == issuer, Identity.subject == subject)
        .execution_options(populate_existing=True)
    )


def record(
    *, provider: str, issuer: str, subject: str, email: str | None, email_proven: bool, name: str | None
) -> Identity:
    """The identity, known or new, with what was told of it this time.

    The same person may sign in for the first time in two windows at once; both then get one reviewer.
    """
    known = find(issuer, subject)
    reviewer_id = known.reviewer_id if known is not None else new_id()
    if known is None:
        db.session.execute(insert(Reviewer).values(id=reviewer_id, created_at=now()))
    told = {"provider": provider, "email": email, "email_proven": email_proven, "name": name, "last_proven_at": now()}
    owner = db.session.scalar(
        insert(Identity)
        .values(id=new_id(), reviewer_id=reviewer_id, issuer=issuer, subject=subject, created_at=now(), **told)
        # The loser of the race waits here for the winner's commit, and then gets the winner's reviewer.
        .on_conflict_do_update(index_elements=["issuer", "subject"], set_=told)
        .returning(Identity.reviewer_id)
    )
    if owner != reviewer_id:
        db.session.execute(delete(Reviewer).where(Reviewer.id == reviewer_id))
    found = find(issuer, subject)
    if found is None:  # pragma: no cover  # this transaction has just written it
        raise LookupError("the identity that was written is not there")
    return found
