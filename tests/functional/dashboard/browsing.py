"""How people use pages in these tests: open one, fill its form in, press the button."""

from __future__ import annotations

import re
import uuid
from html import unescape

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.core import tenancy
from app.core.db import db
from app.core.models import AuditEntry
from tests.factories import csrf_token

HTML = {"Accept": "text/html"}


def submit(client: FlaskClient, path: str, /, page: str | None = None, **fields: str | list[str]) -> TestResponse:
    """Open `page` (or `path` itself), then post its form to `path` with `fields`."""
    form = client.get(page or path, headers=HTML)
    assert form.status_code == 200, f"{page or path} answers {form.status_code}"
    return client.post(path, data={"csrf_token": csrf_token(form.text), **fields}, headers=HTML)


def words(answer: TestResponse) -> str:
    """What a person reads on the page."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", answer.text, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def audited(action: str, supplier_id: uuid.UUID | None) -> list[AuditEntry]:
    """The audit trail's entries for an action, of one supplier."""
    assert supplier_id is not None
    tenancy.enter(supplier_id)
    return list(db.session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))
