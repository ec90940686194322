"""Bodies that suppliers' programs send."""

from __future__ import annotations

from typing import Any


def purchase(reference: str = "PO-1", **changes: Any) -> dict[str, Any]:
    """A purchase of the pump by Brightwater, with some fields changed; `...` leaves a field out."""
    body: dict[str, Any] = {
        "reference": reference,
        "date": "2026-03-02",
        "buyer": {"name": "Brightwater Utilities", "domains": ["brightwater.example"], "industry": "Water supply"},
        "contact": {"email": "rita@brightwater.example", "name": "Rita Sandhu"},
        "subjects": ["KP-45"],
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}
