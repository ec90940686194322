"""What is done about accounts outside requests."""

from __future__ import annotations

import base64

from app.accounts import service
from app.core.jobs import Hopeless, Queue, job
from app.core.secrets import unseal


@job(Queue.MAIL)
def answer_sign_up(*, sealed_address: str, locale: str) -> None:
    """Do what a sign-up asks for (see accounts.asking for why this is not done in the request)."""
    service.begin_sign_up(_address(sealed_address), locale)


@job(Queue.MAIL)
def answer_reset(*, sealed_address: str) -> None:
    """Do what a request for a new password asks for."""
    service.begin_reset(_address(sealed_address))


def _address(sealed: str) -> str:
    opened = unseal(base64.b64decode(sealed))
    if opened is None:
        raise Hopeless("the key that this was sealed under has been retired")
    return opened.decode()
