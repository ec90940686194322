"""Facts about suppliers that others may react to."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True)
class SupplierCreated(Event):
    """There is a new supplier."""


@dataclass(frozen=True)
class SupplierChanged(Event):
    """A supplier's name or website is another one now."""


@dataclass(frozen=True)
class SiteCreated(Event):
    """A supplier has a new site."""

    site_id: uuid.UUID


@dataclass(frozen=True)
class SiteChanged(Event):
    """A site's name, origins, languages, required proofs or state are others now."""

    site_id: uuid.UUID
