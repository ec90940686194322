"""What anybody may ask for without being known: an account, or a new password.

Both requests do exactly one thing, whoever asks and whatever we know: they write one outbox row. Whether
there is an account is looked up later, in a job, so neither the answer nor its timing tells. The address
waits encrypted, because the outbox keeps nobody's data.
"""

from __future__ import annotations

import base64

from app.accounts import jobs
from app.core import outbox
from app.core.secrets import seal
from app.core.text import normal_email


def for_account(email: str, locale: str) -> str:
    """Ask for an account; returns the address as we write it. What comes of it, its owner learns by mail.

    Raises:
        Unclean: this cannot be an address.
    """
    address = normal_email(email)
    outbox.promise(jobs.answer_sign_up, sealed_address=_sealed(address), locale=locale)
    return address


def for_new_password(email: str) -> str:
    """Ask for a link to choose a new password; returns the address as we write it.

    Raises:
        Unclean: this cannot be an address.
    """
    address = normal_email(email)
    outbox.promise(jobs.answer_reset, sealed_address=_sealed(address))
    return address


def _sealed(address: str) -> str:
    return base64.b64encode(seal(address.encode())).decode()
