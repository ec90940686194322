"""Asking by mail. Composed from ids when it is sent, so no link waits in the outbox."""

from __future__ import annotations

import uuid

from flask_babel import lazy_gettext as _l

from app.catalog import queries as catalog
from app.core import tenancy
from app.core.clock import now
from app.core.db import db
from app.core.jobs import Hopeless, Queue, job
from app.core.mail import Message, send
from app.invitations import links
from app.invitations.models import Invitation
from app.suppliers import queries as suppliers
from app.suppliers.models import Site


@job(Queue.MAIL)
def send_invitation(*, supplier_id: str, invitation_id: str, site_id: str | None = None) -> None:
    """Mail one invitation, unless it was sent, the purchase was taken back or everything in it is reviewed."""
    invitation = db.session.get(Invitation, (uuid.UUID(supplier_id), uuid.UUID(invitation_id)))
    if invitation is None or invitation.sent_at is not None:
        return
    purchase = catalog.purchase(invitation.purchase_id)
    if purchase is None or purchase.revoked_at is not None:
        return
    site = _site(site_id)
    subjects = catalog.lines([purchase.id]).get(purchase.id, [])
    wanted = [link for link in links.issue([(purchase, subjects, site)])[purchase.id] if not link.used]
    if not wanted:
        return
    supplier = suppliers.supplier(tenancy.require())
    send(
        Message(
            to=invitation.email,
            subject=_l(
                "%(supplier)s asks: how is %(subject)s?", supplier=supplier.name, subject=wanted[0].subject.name
            ),
            template="invitation",
            context={
                "name": purchase.contact_name,
                "supplier": supplier,
                "purchase": purchase,
                "buyer": catalog.buyer(purchase.buyer_id),
                "links": wanted,
                "incentive": purchase.incentive,
            },
            locale=invitation.language,
        )
    )
    invitation.sent_at = now()


def _site(site_id: str | None) -> Site:
    """The site chosen when the purchase was sent, else the supplier's first; it may have been switched off since."""
    chosen = next((site for site in suppliers.sites() if str(site.id) == site_id and site.disabled_at is None), None)
    site = chosen or suppliers.default_site()
    if site is None:
        raise Hopeless("the supplier has no site that is switched on")
    return site
