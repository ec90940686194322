"""The dashboard's first page: what waits, what was published lately, how the supplier is rated."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from app.catalog import queries as catalog
from app.dashboard.navigation import rail
from app.moderation import queries as moderation
from app.publication import queries as publication
from app.suppliers import access
from app.suppliers import queries as suppliers
from app.suppliers.access import requires
from app.suppliers.permissions import Permission

blueprint = Blueprint("home", __name__, url_prefix="/dashboard", template_folder="templates")

LATEST = 5


@blueprint.app_context_processor
def _for_every_template() -> dict[str, Any]:
    """The rail, made only where a template asks for it; and what the person may do, to show only that."""
    return {"rail": rail, "may": access.may, "P": Permission}


@blueprint.get("")
@requires(Permission.USE_DASHBOARD)
def index() -> str:
    """The overview."""
    supplier = access.current_supplier()
    return render_template(
        "dashboard/home.html",
        supplier=supplier,
        waiting=moderation.count_waiting(),
        oldest=moderation.oldest_waiting(),
        rating=publication.summary(supplier.id),
        latest=publication.page(None, size=LATEST).items,
        has_site=bool(suppliers.sites()),
        has_subject=bool(catalog.subjects()),
    )
