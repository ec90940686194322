"""How suppliers say no."""

from __future__ import annotations

from app.core.errors import N_, Conflict, Forbidden, Gone, NotFound, Unauthenticated


class UnknownSite(NotFound):
    """No site has this key (or it has been switched off)."""

    code = "unknown_site"
    title = N_("There is no site with this key")


class SiteDisabled(Gone):
    """The supplier has switched this site off."""

    code = "site_disabled"
    title = N_("This site takes no reviews any more")


class LastOwner(Conflict):
    """Without this person nobody could manage the supplier any more."""

    code = "last_owner"
    title = N_("A supplier needs at least one owner")


class AlreadyMember(Conflict):
    """The person works for this supplier already."""

    code = "already_member"
    title = N_("This person is a member already")


class InvitationUnusable(Gone):
    """An invitation that was used, withdrawn or has run out."""

    code = "invitation_unusable"
    title = N_("This invitation does not work any more")


class InvitationForAnother(Forbidden):
    """An invitation opened by somebody signed in under another address."""

    code = "invitation_for_another"
    title = N_("This invitation is for another address")


class UnknownKey(Unauthenticated):
    """No API key like this, or it has been revoked."""

    code = "unknown_key"
    title = N_("This API key does not work")
