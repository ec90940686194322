"""A supplier's system adds and changes subjects."""

from __future__ import annotations

from tests.factories import World
from tests.functional.api.caller import Caller

URL = "/api/v1/subjects"


def test_subjects_are_added_changed_and_listed_by_name(kestrel: World, office: Caller) -> None:
    answer = office.put(
        URL,
        {
            "subjects": [
                {"sku": "KP-60", "name": "CR 60 borehole pump", "url": "https://kestrel.example/kp-60", "mpn": "60"},
                {"sku": "KP-45", "name": "CR 45 mk II"},
                {"sku": "SRV", "name": "Commissioning", "kind": "service"},
            ]
        },
    )
    assert answer.status_code == 200
    assert [one["name"] for one in answer.json["subjects"]] == ["CR 60 borehole pump", "CR 45 mk II", "Commissioning"]
    listed = office.get(URL).json["subjects"]
    assert [one["sku"] for one in listed] == ["KP-45", "KP-60", "SRV"]
    assert listed[0]["slug"] == kestrel.subject.slug  # it stands in links, so it stays
    assert listed[2]["kind"] == "service"


def test_a_change_touches_only_what_is_sent(office: Caller) -> None:
    office.put(URL, {"subjects": [{"sku": "KP-60", "name": "Pump", "url": "https://kestrel.example/", "mpn": "60"}]})
    (changed,) = office.put(URL, {"subjects": [{"sku": "KP-60", "url": None}]}).json["subjects"]
    assert (changed["name"], changed["url"], changed["mpn"]) == ("Pump", None, "60")


def test_a_new_subject_needs_a_name(office: Caller) -> None:
    answer = office.put(URL, {"subjects": [{"sku": "KP-45"}, {"sku": "NEW"}]})
    assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [("/subjects/1", "subject_unknown")]


def test_the_same_sku_is_another_subject_for_another_supplier(office: Caller, otters_office: Caller) -> None:
    office.put(URL, {"subjects": [{"sku": "X", "name": "Kestrel's"}]})
    otters_office.put(URL, {"subjects": [{"sku": "X", "name": "Otter's"}]})
    assert [one["name"] for one in office.get(URL).json["subjects"] if one["sku"] == "X"] == ["Kestrel's"]
    assert [one["name"] for one in otters_office.get(URL).json["subjects"] if one["sku"] == "X"] == ["Otter's"]


def test_the_second_with_one_key_is_a_replay(office: Caller) -> None:
    body = {"subjects": [{"sku": "KP-60", "name": "Pump"}]}
    office.put(URL, body, Idempotency_Key="k1")
    assert office.put(URL, body, Idempotency_Key="k1").headers["Idempotency-Replayed"] == "true"
