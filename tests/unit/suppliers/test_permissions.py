"""The table of rights, read as policy."""

from __future__ import annotations

import pytest

from app.suppliers.models import Role
from app.suppliers.permissions import OPERATOR, ROLES, SCOPES, Permission, Scope, of_role, of_scopes

P = Permission


def test_every_role_and_every_scope_has_a_row() -> None:
    assert set(ROLES) == set(Role)
    assert set(SCOPES) == set(Scope)


@pytest.mark.parametrize("one", [*Permission, *Scope])
def test_each_says_itself_in_a_sentence(one: Permission | Scope) -> None:
    assert one.sentence.endswith(".")
    assert len(one.sentence) > 10


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        # Everybody who works for a supplier may look, and change nothing by looking.
        (P.READ_REVIEWS, {Role.OWNER, Role.MODERATOR, Role.ANALYST}),
        (P.READ_INSIGHTS, {Role.OWNER, Role.MODERATOR, Role.ANALYST}),
        (P.READ_PURCHASES, {Role.OWNER, Role.MODERATOR, Role.ANALYST}),
        (P.READ_MEMBERS, {Role.OWNER, Role.MODERATOR, Role.ANALYST}),
        # Moderators do the daily work.
        (P.MODERATE, {Role.OWNER, Role.MODERATOR}),
        (P.REPLY, {Role.OWNER, Role.MODERATOR}),
        (P.WRITE_PURCHASES, {Role.OWNER, Role.MODERATOR}),
        (P.SEND_INVITATIONS, {Role.OWNER, Role.MODERATOR}),
        # Only owners decide who else may what, and what is asked of reviewers.
        (P.MANAGE_MEMBERS, {Role.OWNER}),
        (P.MANAGE_KEYS, {Role.OWNER}),
        (P.MANAGE_SITES, {Role.OWNER}),
        (P.MANAGE_POLICY, {Role.OWNER}),
        (P.MANAGE_SUPPLIER, {Role.OWNER}),
        # Nobody of a supplier operates the platform.
        (P.SEE_PLATFORM, set()),
        (P.REVIVE_EFFECTS, set()),
    ],
)
def test_a_permission_belongs_to_these_roles(permission: Permission, roles: set[Role]) -> None:
    assert {role for role in Role if permission in ROLES[role]} == roles


def test_an_analyst_can_change_nothing() -> None:
    assert not [one for one in ROLES[Role.ANALYST] if one.split(":")[1] not in {"read", "use"}]


def test_an_operator_has_no_right_that_a_member_has() -> None:
    assert not OPERATOR & ROLES[Role.OWNER]


def test_no_scope_leads_to_what_a_person_must_decide() -> None:
    reachable = frozenset[Permission]().union(*SCOPES.values())
    personal = {P.USE_DASHBOARD, P.MODERATE, P.MANAGE_MEMBERS, P.MANAGE_KEYS, P.MANAGE_SITES, P.MANAGE_POLICY}
    assert not reachable & (personal | OPERATOR)


def test_what_is_not_known_gives_nothing() -> None:
    assert of_role("superuser") == frozenset()
    assert of_role("OWNER") == frozenset()
    assert of_scopes(["everything", "purchases:write "]) == frozenset()
    assert of_scopes(["purchases:write"]) == {"purchases:read", "purchases:write"}
