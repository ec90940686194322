"""Purchase, by the secret that the supplier gave to the buyer of one order. Pure."""

from __future__ import annotations

import datetime as dt

NAME = "purchase_token"


def evidence(purchased_on: dt.date) -> dict[str, str]:
    """What readers may know of the order: its month. The day and the reference could name the buyer to a rival."""
    return {"month": f"{purchased_on:%Y-%m}"}
