"""What granian serves: the application behind the edge."""

from __future__ import annotations

from app import create_app
from app.publication.edge import Edge

app = Edge.before(create_app())
