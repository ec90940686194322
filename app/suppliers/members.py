"""What happens to members: invited, joined, given another role, removed.

A supplier always keeps one owner. Whoever takes an owner away first locks every owner's row, so of two
that would each take the other's, the second waits, looks again, and finds only one left.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import ColumnElement, select, update

from app.accounts.models import User
from app.core import audit, outbox, tenancy
from app.core.actor import Actor
from app.core.clock import now
from app.core.db import db
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.secrets import Prefix, derive, digest, well_formed
from app.core.tenancy import Lookup
from app.core.text import normal_email
from app.suppliers import jobs, queries
from app.suppliers.errors import AlreadyMember, InvitationForAnother, InvitationUnusable, LastOwner
from app.suppliers.models import ApiKey, Member, MemberInvitation, Role

INVITATION_LIVES = timedelta(days=7)


def invite(actor: Actor, email: str, role: Role) -> MemberInvitation:
    """Ask a person by mail to join the supplier entered. An open invitation to the same address is replaced.

    Raises:
        AlreadyMember
        Unclean: this cannot be an address.
    """
    address = normal_email(email)
    if any(one.email == address for one in queries.colleagues()):
        raise AlreadyMember
    _revoke_open(MemberInvitation.email == address)
    invitation_id = new_id()
    invitation = MemberInvitation(
        supplier_id=tenancy.require(),
        id=invitation_id,
        email=address,
        role=role,
        token_hash=digest(derive(Prefix.MEMBER, invitation_id)),
        invited_by=actor.id,
        expires_at=now() + INVITATION_LIVES,
    )
    db.session.add(invitation)
    db.session.flush()
    outbox.promise(
        jobs.send_member_invitation, supplier_id=str(invitation.supplier_id), invitation_id=str(invitation.id)
    )
    audit.record(
        "member.invited", actor=actor, target_kind="member_invitation", target_id=invitation.id, role=str(role)
    )
    return invitation


def revoke_invitation(actor: Actor, invitation_id: uuid.UUID) -> bool:
    """Take an invitation back; False where it is not open (any more)."""
    revoked = _revoke_open(MemberInvitation.id == invitation_id)
    if revoked:
        audit.record("member.invitation_revoked", actor=actor, target_kind="member_invitation", target_id=invitation_id)
    return bool(revoked)


def behind_link(secret: str) -> MemberInvitation:
    """The open invitation that a mailed link belongs to, entering its supplier. Reading does not use it up.

    Raises:
        InvitationUnusable
    """
    supplier_id = tenancy.find(Lookup.MEMBER_INVITATION, digest(secret)) if well_formed(secret, Prefix.MEMBER) else None
    if supplier_id is None:
        raise InvitationUnusable
    tenancy.enter(supplier_id)
    invitation = db.session.scalar(
        select(MemberInvitation).where(*_open(MemberInvitation.token_hash == digest(secret)))
    )
    if invitation is None:
        raise InvitationUnusable
    queries.supplier(supplier_id)
    return invitation


def accept(secret: str, user: User) -> Member:
    """Use an invitation: `user`, to whose address it was sent, becomes a member. Enters the supplier.

    Raises:
        InvitationUnusable: used, withdrawn or out of date, or used at this very moment by another request.
        InvitationForAnother: it was sent to somebody else.
        AlreadyMember
    """
    if behind_link(secret).email != user.email:
        raise InvitationForAnother
    claimed = db.session.scalar(
        update(MemberInvitation)
        .where(*_open(MemberInvitation.token_hash == digest(secret)))
        .values(accepted_at=now())
        .returning(MemberInvitation)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    if claimed is None:
        raise InvitationUnusable
    inviter = queries.active_member(claimed.invited_by)
    if inviter is None or inviter.role != Role.OWNER:
        # Sent at the very moment in which the inviter lost the right to: `remove` and `change_role` could not see it.
        raise InvitationUnusable
    if queries.active_member(user.id) is not None:
        raise AlreadyMember
    member = Member(supplier_id=claimed.supplier_id, id=new_id(), user_id=user.id, role=claimed.role)
    db.session.add(member)
    db.session.flush()
    audit.record(
        "member.joined",
        actor=Actor("user", user.id, claimed.supplier_id),
        target_kind="member",
        target_id=member.id,
        role=member.role,
    )
    return member


def change_role(actor: Actor, member_id: uuid.UUID, role: Role) -> Member:
    """Give a member another role, from their next request on.

    Raises:
        NotFound, LastOwner
    """
    member = _present(member_id)
    before = member.role
    if before == role:
        return member
    if before == Role.OWNER:
        _keep_an_owner(member)
        _withdraw_sent_by(member.user_id)
    member.role = role
    db.session.flush()
    audit.record(
        "member.role_changed",
        actor=actor,
        target_kind="member",
        target_id=member.id,
        **{"from": before, "to": str(role)},
    )
    return member


def remove(actor: Actor, member_id: uuid.UUID, *, revoke_keys: bool) -> Member:
    """Take a member out, from their next request on; with `revoke_keys` also the API keys they made.

    What hung on the membership goes with it: invitations they sent can no longer be accepted.

    Raises:
        NotFound, LastOwner
    """
    member = _present(member_id)
    if member.role == Role.OWNER:
        _keep_an_owner(member)
    member.removed_at = now()
    db.session.flush()
    withdrawn = _withdraw_sent_by(member.user_id)
    keys = _revoke_keys_of(member.user_id) if revoke_keys else 0
    audit.record(
        "member.removed",
        actor=actor,
        target_kind="member",
        target_id=member.id,
        invitations_revoked=withdrawn,
        keys_revoked=keys,
    )
    return member


def keys_made_by(user_id: uuid.UUID) -> int:
    """How many API keys in use a person made."""
    return sum(key.created_by == user_id and key.revoked_at is None for key in queries.api_keys())


def _present(member_id: uuid.UUID) -> Member:
    member = db.session.scalar(
        select(Member)
        .where(Member.supplier_id == tenancy.require(), Member.id == member_id, Member.removed_at.is_(None))
        .execution_options(populate_existing=True)
    )
    if member is None:
        raise NotFound("This person does not work for this supplier (any more).")
    return member


def _keep_an_owner(leaving: Member) -> None:
    owners = db.session.scalars(
        select(Member)
        .where(Member.supplier_id == leaving.supplier_id, Member.role == Role.OWNER.value, Member.removed_at.is_(None))
        .order_by(Member.id)  # one order for all, so that two waiting for each other cannot happen
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if all(owner.id == leaving.id for owner in owners):
        raise LastOwner(remedy="Make somebody else an owner first.")


def _withdraw_sent_by(user_id: uuid.UUID) -> int:
    return _revoke_open(MemberInvitation.invited_by == user_id)


def _revoke_open(*conditions: ColumnElement[bool]) -> int:
    revoked = db.session.scalars(
        update(MemberInvitation)
        .where(*_open(*conditions))
        .values(revoked_at=now())
        .returning(MemberInvitation.id)
        .execution_options(synchronize_session=False)
    )
    return len(revoked.all())


def _revoke_keys_of(user_id: uuid.UUID) -> int:
    revoked = db.session.scalars(
        update(ApiKey)
        .where(ApiKey.supplier_id == tenancy.require(), ApiKey.created_by == user_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=now())
        .returning(ApiKey.id)
        .execution_options(synchronize_session=False)
    )
    return len(revoked.all())


def _open(*conditions: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    return (
        MemberInvitation.supplier_id == tenancy.require(),
        MemberInvitation.accepted_at.is_(None),
        MemberInvitation.revoked_at.is_(None),
        MemberInvitation.expires_at > now(),
        *conditions,
    )
