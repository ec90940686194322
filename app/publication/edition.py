"""An edition: all that readers of one site see of the supplier, or of one of its subjects, at one version.

Loaded once for each scope and handed to every renderer, so that rendering asks the database nothing.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from app.catalog.models import Subject
from app.publication.models import PublishedReview, Tombstone
from app.publication.rating import Reckoned
from app.suppliers.models import Site, Supplier

PAGE_SIZE = 50  # reviews in a document, and on each page behind it
TOMBSTONE_DAYS = 90  # how long a removal is told
TOMBSTONES_AT_MOST = 500  # in one document; `Contents.removals_since` says how far back they are complete


@dataclass(frozen=True, slots=True)
class Contents:
    """What a scope holds, whatever the site. `subject` None: the whole supplier."""

    supplier: Supplier
    subject: Subject | None
    version: int
    rating: Reckoned
    reviews: Sequence[PublishedReview]
    next_cursor: str | None
    removals: Sequence[Tombstone]
    removals_since: dt.datetime

    @property
    def scope_id(self) -> uuid.UUID:
        """The subject's id, or the supplier's own: the key of the scope's rating."""
        return self.subject.id if self.subject else self.supplier.id

    @property
    def name(self) -> str:
        """What is being rated, in words."""
        return self.subject.name if self.subject else self.supplier.name


@dataclass(frozen=True, slots=True)
class Edition:
    """A scope's contents as one site shows them."""

    site: Site
    contents: Contents

    @property
    def subject_slug(self) -> str | None:
        """The slug in this edition's addresses; None for the supplier as a whole."""
        return self.contents.subject.slug if self.contents.subject else None
