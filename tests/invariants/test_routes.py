"""The surface: no route without a trust group, none behind a sign-in without a declared right."""

from __future__ import annotations

import pytest
from flask import Flask

from app.core.headers import COOKIE_GROUPS, Trust
from app.routing import groups
from app.suppliers.access import required_by

GUARDED = {Trust.DASHBOARD, Trust.OPERATOR, Trust.API}


def endpoints(app: Flask) -> list[tuple[str, str, Trust | None]]:
    """(rule, endpoint, group) of every route."""
    table = groups(app)
    return [
        (rule.rule, rule.endpoint, table.get(rule.endpoint.rpartition(".")[0])) for rule in app.url_map.iter_rules()
    ]


def test_every_route_declares_its_trust_group(app: Flask) -> None:
    undeclared = [rule for rule, _, group in endpoints(app) if group is None]
    assert len(endpoints(app)) > 40
    assert undeclared == []


def test_every_route_behind_a_sign_in_declares_a_permission(app: Flask) -> None:
    guarded = [(rule, endpoint) for rule, endpoint, group in endpoints(app) if group in GUARDED]
    open_doors = [rule for rule, endpoint in guarded if not permissions_of(app, endpoint)]
    assert len(guarded) > 20
    assert open_doors == []


def permissions_of(app: Flask, endpoint: str) -> set[str]:
    """What the view behind an endpoint requires, per method where it is a class."""
    view = app.view_functions[endpoint]
    kind = getattr(view, "view_class", None)
    if kind is None:
        return {str(one) for one in required_by(view)}
    # Declared per method: a right to read must never open a method that writes.
    by_method = [required_by(getattr(kind, method.lower())) for method in kind.methods]
    return {str(one) for some in by_method for one in some} if all(by_method) else set()


@pytest.mark.parametrize("group", sorted(Trust))
def test_every_group_has_routes(app: Flask, group: Trust) -> None:
    assert any(found is group for _, _, found in endpoints(app))


def test_no_public_route_takes_a_write(app: Flask) -> None:
    table = groups(app)
    for rule in app.url_map.iter_rules():
        if table.get(rule.endpoint.rpartition(".")[0]) is Trust.PUBLIC:
            assert set(rule.methods or ()) <= {"GET", "HEAD", "OPTIONS"}, rule.rule


def test_every_write_that_rests_on_a_cookie_is_refused_without_its_token(app: Flask) -> None:
    client = app.test_client()
    table = groups(app)
    tried = 0
    for rule in app.url_map.iter_rules():
        if table.get(rule.endpoint.rpartition(".")[0]) not in COOKIE_GROUPS:
            continue
        for method in sorted({"POST", "PUT", "PATCH", "DELETE"} & set(rule.methods or ())):
            values = dict.fromkeys(rule.arguments, "0191d7a0-0000-7000-8000-000000000000")
            with app.test_request_context():
                path = app.url_map.bind("localhost").build(rule.endpoint, values, method=method)
            answer = client.open(path, method=method)
            assert answer.status_code == 403, (method, rule.rule, answer.status_code)
            tried += 1
    assert tried > 15


def test_every_write_from_a_foreign_page_is_refused(app: Flask) -> None:
    client = app.test_client()
    table = groups(app)
    for rule in app.url_map.iter_rules():
        group = table.get(rule.endpoint.rpartition(".")[0])
        if group not in COOKIE_GROUPS and group is not Trust.EMBED:
            continue
        for method in sorted({"POST", "PUT", "PATCH", "DELETE"} & set(rule.methods or ())):
            values = dict.fromkeys(rule.arguments, "0191d7a0-0000-7000-8000-000000000000")
            path = app.url_map.bind("localhost").build(rule.endpoint, values, method=method)
            for header in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://attacker.example"}):
                assert client.open(path, method=method, headers=header).status_code == 403, rule.rule
