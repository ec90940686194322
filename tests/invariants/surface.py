"""Every route with its group, its methods and what it asks for, and real rows of a supplier to put into addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.catalog.models import Purchase
from app.core.db import db
from app.core.headers import UNSAFE, Trust
from app.moderation import service as moderation
from app.routing import groups
from app.suppliers import members
from app.suppliers.access import required_by
from app.suppliers.models import ApiKey, Member, Role
from tests.factories import World, csrf_token, make_api_key
from tests.functional.dashboard.browsing import HTML
from tests.functional.moderation.waiting import waiting_case
from tests.functional.publication.publishing import publish_review


@dataclass(frozen=True)
class Door:
    """One method of one route."""

    method: str
    rule: str
    endpoint: str
    arguments: frozenset[str]
    needs: frozenset[str]

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"


def doors(app: Flask, *wanted: Trust) -> Iterator[Door]:
    """Every method of every route of some groups."""
    table = groups(app)
    for rule in app.url_map.iter_rules():
        if table.get(rule.endpoint.rpartition(".")[0]) not in wanted:
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Door(method, rule.rule, rule.endpoint, frozenset(rule.arguments), _needs(app, rule.endpoint, method))


def _needs(app: Flask, endpoint: str, method: str) -> frozenset[str]:
    view = app.view_functions[endpoint]
    kind = getattr(view, "view_class", None)
    return frozenset(str(one) for one in required_by(getattr(kind, method.lower()) if kind is not None else view))


def path_of(app: Flask, door: Door, values: dict[str, str]) -> str:
    """The door's address. An argument that nobody made a row for fails the test: add it to `rows_of`."""
    missing = door.arguments - set(values)
    assert not missing, f"{door.rule}: no row stands for {missing}"
    chosen = {name: values[name] for name in door.arguments}
    with app.test_request_context():
        return app.url_map.bind("avouch.test").build(door.endpoint, chosen, method=door.method)


def rows_of(world: World, drain: Callable[[], int]) -> dict[str, str]:
    """One real row of the supplier for each argument that a dashboard or API address has."""
    review_id = publish_review(world, drain)
    moderation.reply(world.actor, review_id, "Kestrel thanks Brightwater for these kind words.")
    case = waiting_case(world)
    purchase = db.session.scalars(select(Purchase)).first()
    invitation = members.invite(world.actor, "new@kestrel.example", Role.ANALYST)
    make_api_key(world.actor)
    key = db.session.scalars(select(ApiKey)).first()
    member = db.session.scalar(select(Member).where(Member.user_id == world.moderator.id))
    db.session.commit()
    assert purchase is not None
    assert key is not None
    assert member is not None
    return {
        "review_id": str(review_id),
        "case_id": str(case.id),
        "purchase_id": str(purchase.id),
        "site_id": str(world.site.id),
        "invitation_id": str(invitation.id),
        "key_id": str(key.id),
        "member_id": str(member.id),
        "supplier_id": str(world.supplier.id),
    }


# Fields that every form of the dashboard can read something of; those it does not know are not looked at.
FILLED_IN: dict[str, str] = {
    "seen_revision": "1",
    "reason": "abusive",
    "passage": "around the clock",
    "statement": "Please say it without calling anybody names.",
    "text": "Thank you, this was kind of you to say.",
    "name": "Somebody's name",
    "role": "analyst",
}


class Visitor:
    """Somebody in the dashboard who presses every button."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client
        self._token = csrf_token(client.get("/dashboard/settings/account", headers=HTML).text)

    def opens(self, method: str, path: str, **fields: str) -> TestResponse:
        """Open a page, or send its form with its token."""
        data: dict[str, Any] | None = {"csrf_token": self._token, **fields} if method in UNSAFE else None
        return self._client.open(path, method=method, data=data, headers=HTML)
