"""Subjects over the API."""

from __future__ import annotations

from typing import Any

from app.catalog import queries, service
from app.catalog.schemas import SubjectsIn, SubjectsOut
from app.catalog.service import CatalogInvalid, SubjectInput
from app.core import audit
from app.core.api import ApiBlueprint
from app.core.errors import FieldError
from app.core.idempotency import idempotent
from app.suppliers.access import actor, requires
from app.suppliers.permissions import Permission

blueprint = ApiBlueprint("Subjects", __name__, url_prefix="/api/v1/subjects", description="What is reviewed.")


@blueprint.route("", methods=["GET"])
@requires(Permission.READ_CATALOG)
@blueprint.response(200, SubjectsOut)
def list_subjects() -> dict[str, Any]:
    """List every subject

    By name.
    """
    return {"subjects": queries.subjects()}


@blueprint.route("", methods=["PUT"])
@requires(Permission.WRITE_CATALOG)
@idempotent
@blueprint.arguments(SubjectsIn)
@blueprint.response(200, SubjectsOut)
def put_subjects(body: dict[str, list[SubjectInput]]) -> dict[str, Any]:
    """Add or change subjects

    All or none. The SKU tells which: a new one is added, a known one changed in the fields that are sent.
    Subjects that are not sent stay as they are.
    """
    sent = body["subjects"]
    try:
        subjects = service.put_subjects(sent)
    except CatalogInvalid as error:
        raise CatalogInvalid(
            error.detail,
            remedy=error.remedy,
            fields=[FieldError(f"/subjects{one.pointer}", one.code, one.detail) for one in error.fields],
        ) from error
    audit.record("subjects.put", actor=actor(), target_kind="subject", target_id=None, count=len(sent))
    return {"subjects": subjects}
