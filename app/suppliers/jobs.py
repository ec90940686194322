"""Mails about suppliers."""

from __future__ import annotations

import uuid

from flask_babel import lazy_gettext as _l

from app.accounts.models import User
from app.core.clock import now
from app.core.db import db
from app.core.jobs import Queue, job
from app.core.links import absolute
from app.core.mail import Message, send
from app.core.secrets import Prefix, derive
from app.suppliers.models import MemberInvitation, Supplier


@job(Queue.MAIL)
def send_member_invitation(*, supplier_id: str, invitation_id: str) -> None:
    """The link behind which a person joins a supplier."""
    supplier = db.session.get(Supplier, uuid.UUID(supplier_id))
    invitation = db.session.get(MemberInvitation, (uuid.UUID(supplier_id), uuid.UUID(invitation_id)))
    if supplier is None or invitation is None or invitation.revoked_at or invitation.accepted_at:
        return
    if invitation.expires_at <= now():
        return  # the mail server was away for longer than the invitation lived
    inviter = db.session.get(User, invitation.invited_by)
    send(
        Message(
            invitation.email,
            _l("%(supplier)s asks you to join them on Avouch", supplier=supplier.name),
            "member_invitation",
            {
                "supplier": supplier.name,
                "inviter": inviter.name if inviter is not None else "",
                "role": invitation.role,
                "url": absolute("sign_in.join", token=derive(Prefix.MEMBER, invitation.id)),
                "expires_at": invitation.expires_at,
            },
            inviter.locale if inviter is not None else "en",
        )
    )
