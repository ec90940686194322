"""Who does a deed, as far as rules and the audit trail need to know."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["user", "operator", "api_key", "reviewer", "policy", "system"]


@dataclass(frozen=True)
class Actor:
    """A person or program acting. `permissions` are values of suppliers.permissions.Permission."""

    kind: Kind
    id: uuid.UUID | None = None
    supplier_id: uuid.UUID | None = None
    permissions: frozenset[str] = field(default=frozenset())

    def may(self, permission: str) -> bool:
        """Whether this actor has been given `permission`."""
        return permission in self.permissions


SYSTEM = Actor("system")
POLICY = Actor("policy")
