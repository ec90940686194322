"""The refusals of asking buyers."""

from __future__ import annotations

from app.core.errors import N_, Conflict


class SiteMissing(Conflict):
    """Review links lead to a site, and the supplier has none that is switched on."""

    code = "site_missing"
    title = N_("Review links need a site to lead to")


class NoContact(Conflict):
    """Nobody's address is known for this purchase."""

    code = "contact_missing"
    title = N_("This purchase has no contact to ask")


class PurchaseRevoked(Conflict):
    """The purchase was taken back, so nobody is asked about it."""

    code = "purchase_revoked"
    title = N_("This purchase was taken back")


class AskedEnough(Conflict):
    """The address was asked often enough for now."""

    code = "asked_enough"
    title = N_("This person was asked often enough for now")
