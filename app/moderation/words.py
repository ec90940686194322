"""What people read for the codes of moderation: reasons, signals, states. Lazily translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flask_babel import lazy_gettext as _

from app.moderation.models import CaseState, Reason
from app.moderation.rules import HeldBecause
from app.moderation.screening import Code


@dataclass(frozen=True)
class Ground:
    """A reason: its name, and what it covers, as moderators and authors read it."""

    name: Any
    covers: Any


GROUNDS: Mapping[str, Ground] = MappingProxyType(
    {
        Reason.CONFIDENTIAL: Ground(
            _("Confidential"), _("It gives away trade secrets, or what somebody is bound to keep to themselves.")
        ),
        Reason.ABUSIVE: Ground(_("Abusive"), _("It abuses, threatens, harasses or defames somebody, or is obscene.")),
        Reason.PRIVATE_DATA: Ground(
            _("Private data"), _("It holds another person's name, address, number or other private data.")
        ),
        Reason.DISCRIMINATORY: Ground(
            _("Discriminatory"),
            _("It disparages people for their origin, sex, religion, age, disability or orientation."),
        ),
        Reason.FALSE_OR_MISLEADING: Ground(
            _("False or misleading"), _("It states as fact what is clearly false or misleading.")
        ),
        Reason.FAKE: Ground(_("Fake"), _("There is good reason to believe that it tells of no real experience.")),
        Reason.UNRELATED: Ground(_("Unrelated"), _("It has nothing to do with the subject or with the supplier.")),
    }
)

SIGNALS: Mapping[str, Any] = MappingProxyType(
    {
        Code.LINK: _("Holds a link"),
        Code.EMAIL: _("Holds an e-mail address"),
        Code.PHONE: _("Holds a phone number"),
        Code.CARD_NUMBER: _("Holds what may be a card number"),
        Code.ALL_CAPS: _("Written in capitals"),
        Code.PROFANITY: _("Holds a swear word"),
        Code.OTHER_SCRIPT: _("Written in another alphabet than its language"),
    }
)

HELD: Mapping[str, Any] = MappingProxyType(
    {
        HeldBecause.SIGNALS: _("Screening found something that a person should look at."),
        HeldBecause.UNPROVEN: _("Not all three proofs are there."),
        HeldBecause.POLICY: _("You asked to look at every review."),
    }
)

STATES: Mapping[str, Any] = MappingProxyType(
    {
        CaseState.OPEN: _("Waiting"),
        CaseState.APPROVED: _("Approved"),
        CaseState.REFUSED: _("Refused"),
        CaseState.SUPERSEDED: _("Replaced by its author"),
        CaseState.WITHDRAWN: _("Withdrawn by its author"),
    }
)

FIELDS: Mapping[str, Any] = MappingProxyType(
    {
        "title": _("Title"),
        "text": _("Review"),
        "pros": _("What is good"),
        "cons": _("What is not"),
        "role": _("Role"),
        "display_name": _("Name shown"),
    }
)
