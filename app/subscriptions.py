"""Who reacts to what, on one page. A reaction is a job: it runs after the commit, once, by the outbox."""

from __future__ import annotations

from app.collection import jobs as collection
from app.core.events import subscribe
from app.moderation import jobs as moderation
from app.moderation.events import CaseDecided, ReplyChanged
from app.publication import jobs as publication
from app.reviews.events import CompanyShown, ReviewResolved, ReviewRevised, ReviewSubmitted, ReviewWithdrawn
from app.suppliers.events import SiteChanged, SiteCreated, SupplierChanged


def connect() -> None:
    """Subscribe every reaction."""
    subscribe(ReviewSubmitted, moderation.open_case, collection.send_receipt)
    subscribe(ReviewRevised, moderation.open_case)
    subscribe(ReviewWithdrawn, moderation.close_case, publication.project)
    subscribe(ReviewResolved, publication.project)
    subscribe(CompanyShown, publication.project)
    subscribe(CaseDecided, publication.project, moderation.tell_author)
    subscribe(ReplyChanged, publication.project)
    subscribe(SupplierChanged, publication.render_supplier)
    subscribe(SiteCreated, publication.render_site)
    subscribe(SiteChanged, publication.render_site)
