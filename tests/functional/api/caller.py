"""A supplier's program that calls the API."""

from __future__ import annotations

import json
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


class Caller:
    """Calls with one API key."""

    def __init__(self, client: FlaskClient, key: str | None) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {key}"} if key is not None else {}

    def on(self, client: FlaskClient) -> Caller:
        """The same program on another connection."""
        other = Caller(client, None)
        other._headers = self._headers
        return other

    def get(self, path: str, **query: str) -> TestResponse:
        """GET with a query string."""
        return self._client.get(path, query_string=query, headers=self._headers)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        """POST a JSON body; header names are written with underscores."""
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        """PUT a JSON body."""
        return self.send("PUT", path, body, **headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Send a body: bytes as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Content-Type": "application/json", **self._headers, **named}
        return self._client.open(path, method=method, data=data if body is not None else None, headers=sent)
