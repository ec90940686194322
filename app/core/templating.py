"""What every template may use beside its own values: moments as people read them.

The server writes times in UTC with the zone named; assets/js/dates.js puts them into the reader's own zone.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from flask_babel import format_date, format_datetime, format_timedelta
from flask_babel import gettext as _
from jinja2 import ChoiceLoader, FileSystemLoader

from app.core.clock import now
from app.core.settings import settings

Moment = dt.datetime | dt.date | str

# Beyond this, "4 months ago" says less than the date does.
RELATIVE = dt.timedelta(days=30)


def init_app(app: Flask) -> None:
    """Give templates the filters iso, exact, ago, day, month, host and provider, and find those of every package.

    Each package keeps its own under templates/<package>/ and templates/mail/. Blueprints would bring them too, but
    packages without pages send mails as well.
    """
    folders = sorted(str(path) for path in Path(app.root_path).glob("*/templates"))
    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(str(Path(app.root_path) / "templates")), FileSystemLoader(folders)]
    )
    for filter_ in (iso, exact, ago, day, month, host, provider):
        app.add_template_filter(filter_)


def parse(moment: Moment) -> dt.datetime:
    """An aware time in UTC from a datetime, a date (its first moment) or the ISO form of either."""
    if isinstance(moment, str):
        moment = dt.datetime.fromisoformat(moment)
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime.combine(moment, dt.time())
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def iso(moment: Moment) -> str:
    """As machines read it, for <time datetime>. A date stays one: it has no zone to be put into."""
    if isinstance(moment, dt.date) and not isinstance(moment, dt.datetime):
        return moment.isoformat()
    return parse(moment).isoformat(timespec="seconds").replace("+00:00", "Z")


def exact(moment: Moment) -> str:
    """Day and minute, with the zone said."""
    return str(_("%(moment)s UTC", moment=format_datetime(parse(moment), "d MMMM y, HH:mm", rebase=False)))


def ago(moment: Moment) -> str:
    """How long ago, in one unit; the date where that is long."""
    passed = now() - parse(moment)
    if abs(passed) > RELATIVE:
        return day(moment)
    if abs(passed) < dt.timedelta(minutes=1):
        return str(_("just now"))
    return str(format_timedelta(-passed, granularity="minute", threshold=1, add_direction=True))


def day(moment: Moment) -> str:
    """The date."""
    return str(format_date(parse(moment).date(), "d MMMM y"))


def month(moment: Moment) -> str:
    """Month and year: as exactly as readers are told when something was proven."""
    return str(format_date(parse(moment).date(), "LLLL y"))


def host(address: str | None) -> str:
    """The host of a URL, or the words themselves where they are no URL."""
    return (urlsplit(address).hostname or address) if address else ""


def provider(issuer: str | None) -> str:
    """What people call the sign-in provider with this issuer; its host where it is not configured (any more)."""
    return next((known.name for known in settings().oidc_providers if known.issuer == issuer), host(issuer))
