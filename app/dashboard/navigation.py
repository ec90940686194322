"""The left rail: where one can go, who is signed in, for which supplier. Shown on every dashboard page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import g, request
from flask_babel import lazy_gettext as _

from app.accounts.models import User
from app.moderation import queries as moderation
from app.suppliers import access
from app.suppliers.models import Supplier
from app.suppliers.permissions import Permission

# (endpoint, words, what one needs to open it)
PLACES: tuple[tuple[str, Any, Permission], ...] = (
    ("home.index", _("Overview"), Permission.USE_DASHBOARD),
    ("moderation.queue", _("Waiting"), Permission.READ_REVIEWS),
    ("reviews.index", _("Reviews"), Permission.READ_REVIEWS),
    ("purchases.index", _("Purchases"), Permission.READ_PURCHASES),
    ("settings.index", _("Settings"), Permission.USE_DASHBOARD),
)

# Above this the rail says "99+"; the exact number helps nobody and costs a longer count.
COUNT_TO = 99


@dataclass(frozen=True)
class Place:
    """One entry. `count` is what waits there, as words; empty where nothing does."""

    endpoint: str
    label: Any
    current: bool
    count: str = ""


@dataclass(frozen=True)
class Rail:
    """What the rail shows. `others` are the person's other suppliers."""

    supplier: Supplier
    others: tuple[Supplier, ...]
    person: User
    places: tuple[Place, ...]


def rail() -> Rail | None:
    """The rail of this request; None where nobody has been let in (error pages)."""
    if g.get("user") is None or g.get("member") is None:
        return None
    supplier = access.current_supplier()
    others = tuple(one for one in access.my_suppliers() if one.id != supplier.id)
    return Rail(supplier, others, access.user(), tuple(_places()))


def _places() -> Iterator[Place]:
    waiting = moderation.count_waiting(COUNT_TO + 1)
    count = f"{COUNT_TO}+" if waiting > COUNT_TO else str(waiting or "")
    for endpoint, label, permission in PLACES:
        if access.may(permission):
            blueprint = endpoint.partition(".")[0]
            is_queue = endpoint == "moderation.queue"
            yield Place(endpoint, label, request.blueprint == blueprint, count if is_queue else "")
