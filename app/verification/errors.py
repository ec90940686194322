"""The refusals of proving. Codes are part of the public surface; `words.py` says them to people."""

from __future__ import annotations

from app.core.errors import N_, Conflict, Forbidden, Gone, Invalid, NotFound, Refused, TooMany, Unavailable


class TokenRefused(Refused):
    """A purchase token that cannot be used."""


class TokenUnknown(TokenRefused):
    """No purchase has this token."""

    status = 404
    code = "token_unknown"
    title = N_("This purchase token is not known")


class TokenMistyped(TokenUnknown):
    """It cannot be a token of ours: prefix, length or checksum is wrong. A typing error, most likely."""

    status = 422
    code = "token_mistyped"
    title = N_("This is not a whole purchase token")


class TokenForeign(TokenRefused):
    """It is a token, for a purchase from another supplier."""

    status = 403
    code = "token_foreign"
    title = N_("This purchase token belongs to another supplier")


class TokenUsed(TokenRefused):
    """A review has been sent with it."""

    status = 409
    code = "token_used"
    title = N_("A review has already been sent with this purchase token")


class TokenExpired(TokenRefused):
    """Its time is over."""

    status = 410
    code = "token_expired"
    title = N_("This purchase token has expired")


class TokenRevoked(TokenRefused):
    """The supplier took it back."""

    status = 410
    code = "token_revoked"
    title = N_("This purchase token was taken back by the supplier")


class ProviderUnknown(NotFound):
    """No provider of that name is configured."""

    code = "provider_unknown"
    title = N_("There is no such way to sign in")


class ProviderUnavailable(Unavailable):
    """The provider is away, slow, or does not talk sense."""

    code = "provider_unavailable"
    title = N_("The sign-in service does not answer properly just now")


class LoginRefused(Refused):
    """What the provider sent does not hold. Why is for the log: an attacker learns nothing, a person can do nothing."""

    status = 400
    code = "login_refused"
    title = N_("The sign-in could not be confirmed")

    def __init__(self, reason: str) -> None:
        super().__init__(remedy="Start again from the review form, or choose another way.")
        self.reason = reason


class LoginDenied(Refused):
    """The person, or the provider, said no."""

    status = 400
    code = "login_denied"
    title = N_("The sign-in was not completed")


class LoginGone(Gone):
    """The round trip was used before, or took too long."""

    code = "login_gone"
    title = N_("This sign-in has already been used or has taken too long")


class LoginElsewhere(Forbidden):
    """It was begun in another browser, so the person here may not be the person who began it."""

    code = "login_elsewhere"
    title = N_("This sign-in was begun in another browser")


class TicketGone(Gone):
    """The window was used, or stood open too long."""

    code = "ticket_gone"
    title = N_("This window has served its purpose")


class NotFromForm(Forbidden):
    """The start page was reached by a link, not from the form: perhaps somebody wants a stranger's identity."""

    code = "not_from_form"
    title = N_("This page opens only from the review form")


class LinkGone(Gone):
    """The mailed link was used, cancelled, replaced or is too old."""

    code = "link_gone"
    title = N_("This link no longer works")


class WrongNumber(Conflict):
    """Another number than the one in the form was chosen, which ends the link."""

    code = "wrong_number"
    title = N_("That was not the number in the form")


class AddressUnfit(Invalid):
    """No proof can be mailed to that address."""

    code = "address_unfit"
    title = N_("This address cannot be used")


class TooManyLinks(TooMany):
    """Enough links were mailed for now."""

    code = "too_many_links"
    title = N_("Too many links have been mailed")


class AlreadySent(Conflict):
    """The review has been sent; who wrote it is settled."""

    code = "already_sent"
    title = N_("This review has already been sent")
