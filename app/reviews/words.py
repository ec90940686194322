"""The closed lists of a review, in words."""

from __future__ import annotations

from flask_babel import gettext as _

from app.reviews.models import Duration


def durations() -> dict[str, str]:
    """How long in use: words by value, shortest first."""
    return {
        Duration.UNDER_1_MONTH: _("Less than a month"),
        Duration.MONTHS_1_6: _("1 to 6 months"),
        Duration.MONTHS_6_12: _("6 to 12 months"),
        Duration.YEARS_1_3: _("1 to 3 years"),
        Duration.OVER_3_YEARS: _("More than 3 years"),
    }
