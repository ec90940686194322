"""How accounts say no."""

from __future__ import annotations

from app.accounts.rules import Weakness
from app.core.errors import N_, Conflict, Gone, Invalid, Unauthenticated


class WrongCredentials(Unauthenticated):
    """Address and password do not fit. The same for an unknown, an unconfirmed and a disabled account."""

    code = "wrong_credentials"
    title = N_("That address and password do not fit")


class LinkUnusable(Gone):
    """A mailed link that was used, has run out, or was never ours: which of these is nobody's business."""

    code = "link_unusable"
    title = N_("This link does not work any more")


class AddressTaken(Conflict):
    """An account with this address exists. Only commands and accepted invitations may learn this."""

    code = "address_taken"
    title = N_("There is an account with this address already")


class WeakPassword(Invalid):
    """A password too easy to guess."""

    code = "weak_password"
    title = N_("This password is too easy to guess")

    def __init__(self, weakness: Weakness) -> None:
        super().__init__(f"The password will not do: {weakness}.", remedy="Choose another password.")
        self.weakness = weakness
