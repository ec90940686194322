"""The shapes of the settings' forms, and the words for what suppliers' rules refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.locale import LANGUAGES
from app.core.text import Choice, Email, ListOf, StrictSchema, Text
from app.suppliers.models import Role
from app.suppliers.permissions import Scope
from app.suppliers.rules import MAX_ORIGINS, Fault
from app.suppliers.service import PROOFS

ROLES: Mapping[str, tuple[Any, Any]] = {
    Role.OWNER: (_l("Owner"), _l("Everything: members, sites, API keys and the moderation policy too.")),
    Role.MODERATOR: (_l("Moderator"), _l("Rules on reviews, answers them, adds purchases and sends invitations.")),
    Role.ANALYST: (_l("Analyst"), _l("Reads everything, changes nothing.")),
}

SCOPES: Mapping[str, tuple[Any, Any]] = {
    Scope.PURCHASES_WRITE: (_l("Write purchases"), _l("Add, change and revoke purchases, and get their review links.")),
    Scope.PURCHASES_READ: (_l("Read purchases"), ""),
    Scope.SUBJECTS_WRITE: (_l("Write subjects and buyers"), ""),
    Scope.SUBJECTS_READ: (_l("Read subjects and buyers"), ""),
    Scope.INVITATIONS_SEND: (_l("Send invitations"), _l("Invite buyers by mail to review a purchase.")),
    Scope.REVIEWS_READ: (_l("Read reviews"), _l("With their proofs and decisions.")),
    Scope.REPLIES_WRITE: (_l("Reply to reviews"), _l("In the supplier's name.")),
}

PROOF_WORDS: Mapping[str, tuple[Any, Any]] = {
    "author": (_l("Author"), _l("A real person, shown by signing in or by a mailed link. Always required.")),
    "affiliation": (_l("Affiliation"), _l("The person works for the buyer, shown by the work e-mail's domain.")),
    "purchase": (_l("Purchase"), _l("The buyer bought from you, shown by the token in your review link.")),
}

SITE_FAULTS: Mapping[str, Any] = {
    Fault.EMPTY: _l("Name at least one origin."),
    Fault.SHAPE: _l("Begin with https://, such as https://www.yourcompany.example."),
    Fault.SCHEME: _l("Begin with https://, such as https://www.yourcompany.example."),
    Fault.INSECURE: _l("Begin with https://. Plain http:// works for localhost only."),
    Fault.USER: _l("Leave out the user name before the @."),
    Fault.PATH: _l("Leave out everything behind the host name; an origin has no path."),
    Fault.WILDCARD: _l("Name each host. A * would let pages you do not know frame your form."),
    Fault.HOST: _l("This host name will not do. Copy it from your browser's address bar."),
    Fault.PORT: _l("The port must be a number between 1 and 65535."),
    Fault.LONG: _l("This is too long for an origin."),
    "too_many": _l("At most %(count)s origins are possible.", count=MAX_ORIGINS),
    "foreign_origin": _l("This page is not on one of the origins above, so the form could not be shown there."),
    "fragment": _l("Leave out the # and what follows it."),
}


class SiteForm(StrictSchema):
    """A site. Origins stand one a line; suppliers.rules reads each."""

    name = Text(max=120, min=1, required=True)
    origins = Text(max=7000, min=1, required=True, multiline=True)
    languages = ListOf(Choice(LANGUAGES), max=len(LANGUAGES), min=1, required=True)
    first_language = Choice(LANGUAGES)
    review_page_url = Text(max=500)
    required_proofs = ListOf(Choice(PROOFS), max=len(PROOFS))


class KeyForm(StrictSchema):
    """An API key."""

    name = Text(max=120, min=1, required=True)
    scopes = ListOf(Choice(tuple(Scope)), max=len(Scope), min=1, required=True)


class InviteForm(StrictSchema):
    """A person to be asked to join."""

    email = Email(required=True)
    role = Choice(tuple(Role), required=True)


class RoleForm(StrictSchema):
    """Another role for a member."""

    role = Choice(tuple(Role), required=True)


class RemoveForm(StrictSchema):
    """A member's removal."""

    revoke_keys = Choice(("yes",))


class SupplierForm(StrictSchema):
    """The supplier itself."""

    name = Text(max=120, min=1, required=True)
    website = Text(max=300)


class PolicyForm(StrictSchema):
    """The moderation policy: boxes that are ticked or not."""

    approve_proven = Choice(("yes",))
    show_stars = Choice(("yes",))
