"""How often one network, or one site, may ask. Generous for a company behind one address, tiresome for a script."""

from __future__ import annotations

import uuid

from app.core.limits import Policy, network, spend

OPEN = Policy("draft_open", "30 per 10 minutes")
SAVE = Policy("draft_save", "120 per minute")
READ = Policy("draft_read", "240 per minute")
TOKEN = Policy("draft_token", "20 per 10 minutes")
POP_UP = Policy("draft_pop_up", "20 per 10 minutes")
MAIL = Policy("draft_mail", "6 per 10 minutes")
SUBMIT = Policy("draft_submit", "30 per 10 minutes")
PERSONAL = Policy("personal_write", "30 per 10 minutes")
# A flood from many networks at one supplier's form is slowed without closing the form of any other.
SITE_OPEN = Policy("draft_open_site", "3000 per 10 minutes")


def spend_by_network(policy: Policy) -> None:
    """Count one use by the caller's network (an IPv6 subscriber's whole /64)."""
    spend(policy, network())


def spend_by_site(policy: Policy, site_id: uuid.UUID) -> None:
    """Count one use of a site."""
    spend(policy, str(site_id))
