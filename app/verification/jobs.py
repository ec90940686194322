"""Effects of proving: the mail with the link."""

from __future__ import annotations

import uuid

from flask_babel import force_locale
from flask_babel import gettext as _

from app.core.clock import now
from app.core.db import db
from app.core.jobs import Hopeless, Queue, job
from app.core.links import absolute
from app.core.mail import Message, send
from app.core.secrets import Prefix, derive_again
from app.suppliers import queries as suppliers
from app.verification.methods import mailed_link
from app.verification.models import MailedProof


@job(Queue.MAIL)
def send_mailed_link(*, supplier_id: str, mailed_proof_id: str) -> None:
    """Mail the link, unless it was used, replaced or ran out while the mail was waiting."""
    tenant = uuid.UUID(supplier_id)
    row = db.session.get(MailedProof, (tenant, uuid.UUID(mailed_proof_id)))
    if row is None or row.used_at is not None or row.expires_at <= now():
        return
    secret = derive_again(Prefix.MAILED, row.id, row.token_hash)
    if secret is None:
        raise Hopeless("the key that this link was made with is gone")
    with force_locale(row.language):
        subject = _("Confirm your review of %(subject)s", subject=row.subject_name)
    send(
        Message(
            to=row.email,
            subject=subject,
            template="mailed_link",
            context={
                "url": absolute("verification.mailed_page", secret=secret),
                "supplier": suppliers.supplier(tenant).name,
                "subject": row.subject_name,
                "first_words": row.first_words,
                "minutes": int(mailed_link.LIFE.total_seconds() // 60),
            },
            locale=row.language,
        )
    )
