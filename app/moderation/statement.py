"""The statement of reasons (Digital Services Act, Article 17): what an author is told of a refusal.

Six parts, the same in the mail and on every page: measure and scope, facts, whether a machine took part,
the ground, and the ways to have it put right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.moderation.models import Decision
from app.moderation.words import GROUNDS


@dataclass(frozen=True)
class StatementOfReasons:
    """The parts as sentences, in the language in force when it was made."""

    measure: str
    scope: str
    facts: str
    passage: str
    automation: str
    ground: str
    redress: tuple[str, ...]


def statement_of_reasons(
    decision: Decision, *, signals: list[dict[str, Any]], still_shown: int | None, contact: str = ""
) -> StatementOfReasons:
    """Why a refusal was made, in full.

    `signals` are what screening had found; `still_shown` is the revision that readers go on seeing, if any;
    `contact` the platform's address, if it has one.
    """
    ground = GROUNDS[decision.reason or ""]
    return StatementOfReasons(
        measure=_("This text of your review is not shown to readers."),
        scope=_scope(still_shown),
        facts=decision.statement or "",
        passage=decision.passage or "",
        automation=_automation(signals),
        ground=_(
            "%(name)s. %(covers)s This is one of the seven grounds on which a review may be refused; how many stars"
            " it gives is none of them.",
            name=ground.name,
            covers=ground.covers,
        ),
        redress=_redress(contact),
    )


def _scope(still_shown: int | None) -> str:
    if still_shown is not None:
        return str(_("The text that was published before (version %(number)s) stays as it is.", number=still_shown))
    return str(_("It is shown nowhere: not on the supplier's pages, not on ours, not in feeds. Nothing was deleted."))


def _automation(signals: list[dict[str, Any]]) -> str:
    if signals:
        return str(_("A program had marked passages for a closer look. A person made the decision."))
    return str(_("A person made the decision. No program took part in it."))


def _redress(contact: str) -> tuple[str, ...]:
    change = _("You can change the text and send it again, by the link below. It is looked at afresh.")
    write = (
        _("You can write to the platform, which is not the supplier: %(address)s.", address=contact)
        if contact
        else _("You can answer this mail; it goes to the platform, not to the supplier.")
    )
    court = _("Both are free, and neither stands in the way of a court or an out-of-court settlement body.")
    return change, write, court
