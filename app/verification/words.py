"""What people read when proving does not go on: title, what happened, what to do. Keyed by the refusal's code.

Programs get the English text of the exceptions; pages speak the reader's language.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flask_babel import lazy_gettext as _

from app.core.errors import Refused


@dataclass(frozen=True)
class Words:
    """Lazily translated sentences."""

    title: Any
    what: Any
    do: Any


_BACK_TO_FORM = _("Your text is kept. Go back to the review form and choose how to go on.")
_GENERAL = Words(_("This did not work"), _("Something stood in the way. Nothing was changed."), _BACK_TO_FORM)

WORDS = MappingProxyType(
    {
        "provider_unavailable": Words(
            _("The sign-in service does not answer"),
            _("It is away just now, or what it answers makes no sense. That is not your doing."),
            _("Try again in a moment, or choose another way. Your text is kept."),
        ),
        "provider_unknown": Words(
            _("There is no such way to sign in"), _("It may have been switched off meanwhile."), _BACK_TO_FORM
        ),
        "login_refused": Words(
            _("The sign-in could not be confirmed"),
            _("The answer of the sign-in service did not hold against our checks, so we did not rely on it."),
            _("Try once more, or choose another way. Your text is kept."),
        ),
        "login_denied": Words(
            _("You did not finish signing in"),
            _("The sign-in was cancelled, or the service said no."),
            _("Try again, or choose another way. Your text is kept."),
        ),
        "login_gone": Words(
            _("This sign-in is over"),
            _("It was used already, or took longer than ten minutes."),
            _BACK_TO_FORM,
        ),
        "login_elsewhere": Words(
            _("This was begun in another browser"),
            _("A sign-in can only be finished where it was begun, so that nobody can pass theirs on to you."),
            _("Go back to the review form in this browser and open the window again."),
        ),
        "ticket_gone": Words(
            _("This window has served its purpose"),
            _("It was used already, or stood open too long."),
            _BACK_TO_FORM,
        ),
        "not_from_form": Words(
            _("This page opens only from the review form"),
            _("You came here by a link. Whoever sent it may want you to confirm a review that they have written."),
            _("If you are writing a review, press the button in its form. Else just close this page."),
        ),
        "link_gone": Words(
            _("This link no longer works"),
            _("It was used, replaced by a newer one, or is more than an hour old."),
            _("If you are still writing, ask for a new link in the review form."),
        ),
        "wrong_number": Words(
            _("That was not the number in the form"),
            _("To be safe, this link has ended. Nothing was confirmed."),
            _("If you are writing the review, ask for a new link in the form. If you are not, just close this page."),
        ),
        "already_sent": Words(
            _("This review has already been sent"),
            _("Who wrote it is settled, so nothing more can be proven for it."),
            _("To change it, use the link that was mailed when it was sent."),
        ),
        "csrf": Words(
            _("This page has gone stale"),
            _("It stood open too long, or another site sent the request."),
            _("Open the link or the window again, and press the button there."),
        ),
        "too_many": Words(
            _("Too many tries"),
            _("There were too many requests from your network."),
            _("Wait a minute, then try again."),
        ),
    }
)


def words_for(refusal: Refused) -> Words:
    """The sentences for a refusal."""
    return WORDS.get(refusal.code, _GENERAL)
