"""The audit trail: every decision and every change of rights, in the transaction of the deed itself."""

from __future__ import annotations

import uuid

from app.core.actor import Actor
from app.core.db import db
from app.core.logs import current_request_id
from app.core.models import AuditEntry
from app.core.tenancy import current


def record(
    action: str,
    *,
    actor: Actor,
    target_kind: str,
    target_id: uuid.UUID | None,
    **detail: str | int | bool | list[str] | None,
) -> None:
    """Write down that `actor` did `action` to a target, under the supplier of this transaction (if any).

    `detail` holds ids, codes and counts; never a secret, an address or what somebody wrote.
    """
    db.session.add(
        AuditEntry(
            supplier_id=current(),
            actor_kind=actor.kind,
            actor_id=actor.id,
            action=action,
            target_kind=target_kind,
            target_id=target_id,
            detail=detail,
            request_id=current_request_id(),
        )
    )
