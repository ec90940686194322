"""Who may do what, as one table. Each permission says itself in a sentence; nothing else grants anything.

A view names the permissions it needs (`suppliers.access.requires`), a role or an API key's scope is
given a set of them here, and whatever is in neither table is not allowed.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from app.suppliers.models import Role


class Permission(enum.StrEnum):
    """One thing that may be done. `sentence` completes "This member may …"."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> Permission:
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    USE_DASHBOARD = "dashboard:use", "open the dashboard, and manage their own account."
    READ_REVIEWS = "reviews:read", "read reviews with their proofs, history and decisions."
    MODERATE = "reviews:moderate", "approve and refuse waiting reviews, with a reason from the closed list."
    REPLY = "reviews:reply", "answer a published review in the supplier's name."
    READ_INSIGHTS = "insights:read", "see ratings, counts and charts."
    READ_CATALOG = "catalog:read", "see subjects and buyers."
    WRITE_CATALOG = "catalog:write", "add and change subjects and buyers."
    READ_PURCHASES = "purchases:read", "see purchases and who was invited to review them."
    WRITE_PURCHASES = "purchases:write", "add, change and revoke purchases, and get their review links."
    SEND_INVITATIONS = "invitations:send", "invite buyers by mail to review a purchase."
    READ_SITES = "sites:read", "see sites and copy the embed code."
    MANAGE_SITES = "sites:manage", "create sites, and change their origins, languages and required proofs."
    READ_MEMBERS = "members:read", "see who works for the supplier."
    MANAGE_MEMBERS = "members:manage", "invite members, change their roles and remove them."
    MANAGE_KEYS = "keys:manage", "create and revoke API keys."
    MANAGE_POLICY = "policy:manage", "choose which reviews need a person's ruling."
    MANAGE_SUPPLIER = "supplier:manage", "change the supplier's name and website."
    SEE_PLATFORM = "platform:read", "see the platform's suppliers and the state of its effects."
    REVIVE_EFFECTS = "platform:revive", "put an effect that was given up back in line."


P = Permission

_EVERY_MEMBER = frozenset(
    {
        P.USE_DASHBOARD,
        P.READ_REVIEWS,
        P.READ_INSIGHTS,
        P.READ_CATALOG,
        P.READ_PURCHASES,
        P.READ_SITES,
        P.READ_MEMBERS,
    }
)
_MODERATOR = _EVERY_MEMBER | {
    P.MODERATE,
    P.REPLY,
    P.WRITE_CATALOG,
    P.WRITE_PURCHASES,
    P.SEND_INVITATIONS,
}
_OWNER = _MODERATOR | {
    P.MANAGE_SITES,
    P.MANAGE_MEMBERS,
    P.MANAGE_KEYS,
    P.MANAGE_POLICY,
    P.MANAGE_SUPPLIER,
}

ROLES: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {Role.OWNER: _OWNER, Role.MODERATOR: _MODERATOR, Role.ANALYST: _EVERY_MEMBER}
)

# An operator works for the platform and sees no supplier's rows: nothing above the line is theirs.
OPERATOR: frozenset[Permission] = frozenset({P.SEE_PLATFORM, P.REVIVE_EFFECTS})


class Scope(enum.StrEnum):
    """What an API key may be made for. `sentence` completes "This key may …"."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> Scope:
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    PURCHASES_READ = "purchases:read", "read purchases."
    PURCHASES_WRITE = "purchases:write", "add, change and revoke purchases, and get their review links."
    SUBJECTS_READ = "subjects:read", "read subjects and buyers."
    SUBJECTS_WRITE = "subjects:write", "add and change subjects and buyers."
    INVITATIONS_SEND = "invitations:send", "invite buyers by mail."
    REVIEWS_READ = "reviews:read", "read reviews with their proofs and decisions."
    REPLIES_WRITE = "replies:write", "answer published reviews in the supplier's name."


# Moderating, members, keys and sites are a person's to decide: no scope leads there.
SCOPES: Mapping[Scope, frozenset[Permission]] = MappingProxyType(
    {
        Scope.PURCHASES_READ: frozenset({P.READ_PURCHASES}),
        Scope.PURCHASES_WRITE: frozenset({P.READ_PURCHASES, P.WRITE_PURCHASES}),
        Scope.SUBJECTS_READ: frozenset({P.READ_CATALOG}),
        Scope.SUBJECTS_WRITE: frozenset({P.READ_CATALOG, P.WRITE_CATALOG}),
        Scope.INVITATIONS_SEND: frozenset({P.SEND_INVITATIONS}),
        Scope.REVIEWS_READ: frozenset({P.READ_REVIEWS}),
        Scope.REPLIES_WRITE: frozenset({P.REPLY}),
    }
)


_ROLE_NAMED = {str(role): given for role, given in ROLES.items()}
_SCOPE_NAMED = {str(scope): given for scope, given in SCOPES.items()}


def of_role(role: str) -> frozenset[str]:
    """The permissions of a role; none for a role that is not known."""
    return frozenset(_ROLE_NAMED.get(role, ()))


def of_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """The permissions of an API key's scopes; a scope that is not known any more gives nothing."""
    return frozenset(permission for scope in scopes for permission in _SCOPE_NAMED.get(scope, ()))
