"""What publication does later: project a review, prepare a site, move the ratings on by a day."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from app.core import outbox
from app.core.clock import today
from app.core.db import db
from app.core.jobs import Queue, job
from app.core.tenancy import require
from app.publication import documents, projector, queries
from app.publication.models import Publication

# Subjects prepared in one go, and so the longest time for which a refresh keeps a publication waiting.
SUBJECTS_AT_ONCE = 20


@job(Queue.PUBLISH)
def project(*, supplier_id: str, review_id: str) -> None:  # noqa: ARG001  # entered by the runner
    """Bring readers' view of a review up to date. Takes any event about a review."""
    projector.project(uuid.UUID(review_id))


@job(Queue.PUBLISH)
def render_site(*, supplier_id: str, site_id: str) -> None:  # noqa: ARG001  # as above
    """Prepare all documents of a site that is new or was changed; drop them where it was switched off."""
    publication = projector.lock()
    projector.advance(publication)
    documents.drop_site(uuid.UUID(site_id))
    sites = [site for site in documents.enabled_sites() if str(site.id) == site_id]
    if not sites:
        return
    supplier = documents.supplier()
    documents.store(queries.contents(supplier, None, publication.version), sites)
    for subject in queries.reviewed_subjects():
        documents.store(queries.contents(supplier, subject, publication.version), sites)


def refresh_rating() -> None:
    """Reckon the rating of the supplier entered for today, drop what lapsed, and promise the same for its subjects.

    Age weighs less each day, so this is asked by the clock; where today is done already it is one look.
    """
    published = db.session.scalar(select(Publication.rated_on).where(Publication.supplier_id == require()))
    if published is None or published >= today():
        return
    publication = projector.lock()
    if publication.rated_on >= today():
        return  # another process was quicker
    publication.rated_on = today()
    projector.forget_old_removals()
    for review_id in projector.lapsed():
        outbox.promise(project, supplier_id=str(publication.supplier_id), review_id=str(review_id))
    _render_everything(publication)


@job(Queue.PUBLISH)
def render_supplier(*, supplier_id: str) -> None:  # noqa: ARG001  # as above
    """Prepare everything anew that shows the supplier itself: its name stands in every document."""
    _render_everything(projector.lock())


def _render_everything(publication: Publication) -> None:
    """The supplier's own documents now, its subjects' in portions, so that no lock is held for long."""
    supplier_id = str(publication.supplier_id)
    projector.advance(publication)
    projector.render_scopes(publication, [])
    subjects = [str(subject.id) for subject in queries.reviewed_subjects()]
    for start in range(0, len(subjects), SUBJECTS_AT_ONCE):
        outbox.promise(
            refresh_subjects, supplier_id=supplier_id, subject_ids=subjects[start : start + SUBJECTS_AT_ONCE]
        )


@job(Queue.PUBLISH)
def refresh_subjects(*, supplier_id: str, subject_ids: list[str]) -> None:  # noqa: ARG001  # as above
    """Reckon the ratings of some subjects for today."""
    publication = projector.lock()
    projector.advance(publication)
    projector.render_scopes(publication, [uuid.UUID(subject_id) for subject_id in subject_ids], whole=False)
