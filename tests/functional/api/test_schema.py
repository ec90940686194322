"""Schemathesis reads our own document and tries what it says, and what it does not: nothing may fall over."""

from __future__ import annotations

import json

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from app.openapi import operations, specification
from tests import factories
from tests.conftest import let_go
from tests.factories import World

# Of each operation; about three hundred requests in all.
EXAMPLES = 30

pytestmark = pytest.mark.filterwarnings("default")  # not ours: what schemathesis' own libraries warn of


@pytest.fixture
def key(kestrel: World) -> str:
    """A key for everything."""
    return factories.make_api_key(kestrel.actor)


OPERATIONS = [
    "receive_purchases",
    "list_purchases",
    "get_purchase",
    "revoke_purchase",
    "invite",
    "put_subjects",
    "list_subjects",
    "list_reviews",
    "get_review",
    "put_reply",
]


def test_no_operation_is_left_out(app: Flask) -> None:
    assert sorted(OPERATIONS) == sorted(one["operationId"] for _, _, one in operations(specification()))


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_no_request_makes_the_api_fall_over(app: Flask, key: str, operation_id: str) -> None:
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(specification())))
    schema.app = app
    found = [one.ok() for one in schema.get_all_operations()]
    operation = next(one for one in found if one.definition.raw["operationId"] == operation_id)
    answers: list[int] = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,  # the same requests in every run: a failure is this change's, not the day's
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        mode = data.draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        let_go()
        with app.app_context():
            response = case.call(headers={"Authorization": f"Bearer {key}"}, base_url="https://avouch.test")
        answers.append(response.status_code)
        assert response.status_code < 500, case.as_curl_command()
        operation.validate_response(response)

    run()
    assert len(answers) >= EXAMPLES
