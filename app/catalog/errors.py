"""The catalogue's refusals."""

from __future__ import annotations

from app.core.errors import N_, NotFound


class UnknownPurchase(NotFound):
    """There is no such purchase, or it is another supplier's."""

    code = "purchase_unknown"
    title = N_("There is no such purchase")


class UnknownSubject(NotFound):
    """There is no such subject, or it is another supplier's."""

    code = "subject_unknown"
    title = N_("There is no such subject")
