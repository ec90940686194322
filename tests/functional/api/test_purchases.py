"""A supplier's system sends purchases and gets review links."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from app.catalog.models import Buyer, Purchase, PurchaseSubject, Subject
from app.core import tenancy
from app.core.db import db
from app.core.secrets import digest
from app.suppliers import service as suppliers
from app.suppliers.permissions import Scope
from app.verification import tokens
from app.verification.models import PurchaseToken
from tests import factories
from tests.conftest import let_go
from tests.factories import World
from tests.functional.api.bodies import purchase
from tests.functional.api.caller import Caller

URL = "/api/v1/purchases"


def token_in(url: str) -> str:
    """The token in a link's fragment."""
    return url.partition("#")[2].partition("=")[2]


def count(model: type[Any]) -> int:
    """How many rows of a table the supplier entered has."""
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_purchase_comes_in_and_its_link_goes_out(kestrel: World, office: Caller) -> None:
    answer = office.post(URL, purchase())
    assert answer.status_code == 201
    assert answer.json["status"] == "created"
    assert answer.json["buyer"]["domains"] == ["brightwater.example"]
    assert answer.json["invitation"]["status"] == "not_asked"
    assert answer.headers["Location"].endswith(f"/api/v1/purchases/{answer.json['id']}")
    (link,) = answer.json["links"]
    assert link["subject"] == "KP-45"
    assert link["url"].startswith(
        f"https://avouch.test/widgets/v1/{kestrel.site.public_key}/form?subject={kestrel.subject.slug}#token=avt_"
    )
    tenancy.enter(kestrel.supplier.id)
    assert tokens.recognise(token_in(link["url"])).subject_id == kestrel.subject.id


def test_a_link_leads_to_the_supplier_s_own_page_where_there_is_one(kestrel: World, office: Caller) -> None:
    shop = factories.make_site(
        kestrel.actor, "Shop", ("https://shop.kestrel.example",), review_page_url="https://shop.kestrel.example/review"
    )
    answer = office.post(URL, purchase(site=shop.public_key))
    assert answer.json["links"][0]["url"].startswith("https://shop.kestrel.example/review#avouch=avt_")


def test_only_the_token_s_hash_lies_in_the_database(kestrel: World, office: Caller) -> None:
    secret = token_in(office.post(URL, purchase()).json["links"][0]["url"])
    tenancy.enter(kestrel.supplier.id)
    row = db.session.scalars(select(PurchaseToken)).one()
    assert row.token_hash == digest(secret)
    everything = " ".join(str(dict(vars(row))) for row in db.session.scalars(select(PurchaseToken)))
    assert secret not in everything


def test_sending_it_again_changes_nothing_and_gives_the_same_link(office: Caller) -> None:
    first = office.post(URL, purchase())
    again = office.post(URL, purchase())
    assert again.status_code == 200
    assert again.json["status"] == "unchanged"
    assert again.json["links"] == first.json["links"]
    assert again.json["id"] == first.json["id"]


def test_sending_it_changed_brings_it_up_to_date_and_keeps_its_link(office: Caller) -> None:
    first = office.post(URL, purchase())
    again = office.post(
        URL,
        purchase(
            date="2026-03-05",
            contact={"email": "Omar@Brightwater.example"},
            incentive="A voucher for 20 euros",
            buyer={"name": "BRIGHTWATER  utilities", "domains": ["bw.example"], "lei": "5493001KJTIIGC8Y1R12"},
        ),
    )
    assert again.status_code == 200
    assert again.json["status"] == "updated"
    assert again.json["date"] == "2026-03-05"
    assert again.json["contact"] == {"email": "omar@brightwater.example", "name": None}
    assert again.json["buyer"]["id"] == first.json["buyer"]["id"]
    assert again.json["buyer"]["name"] == "Brightwater Utilities"
    assert again.json["buyer"]["domains"] == ["brightwater.example", "bw.example"]
    assert again.json["buyer"]["industry"] == "Water supply"
    assert again.json["links"] == first.json["links"]


def test_what_is_not_sent_stays_and_null_takes_it_away(office: Caller) -> None:
    office.post(URL, purchase(incentive="A voucher"))
    kept = office.post(URL, purchase(contact=...))
    assert kept.json["contact"]["email"] == "rita@brightwater.example"
    assert kept.json["incentive"] == "A voucher"
    gone = office.post(URL, purchase(contact=None, incentive=None))
    assert gone.json["contact"] is None
    assert gone.json["incentive"] is None
    assert gone.json["status"] == "updated"


def test_a_new_subject_is_made_on_the_way_and_a_line_is_added(kestrel: World, office: Caller) -> None:
    first = office.post(URL, purchase())
    pump = {"sku": "KP-60", "name": "Насос КП-60", "kind": "product", "gtin": "4006381333931", "mpn": "60"}
    again = office.post(URL, purchase(subjects=[pump, "KP-60"]))
    assert again.json["status"] == "updated"
    assert [link["subject"] for link in again.json["links"]] == ["KP-45", "KP-60"]
    assert again.json["links"][0] == first.json["links"][0]
    assert again.json["subjects"][1]["slug"] == "nasos-kp-60"
    tenancy.enter(kestrel.supplier.id)
    assert count(PurchaseSubject) == 2


def test_two_subjects_of_one_name_get_two_slugs(office: Caller) -> None:
    answer = office.post(URL, purchase(subjects=[{"sku": "A", "name": "Seal kit"}, {"sku": "B", "name": "Seal kit"}]))
    slugs = [subject["slug"] for subject in answer.json["subjects"]]
    assert sorted(slugs)[0] == "seal-kit"
    assert len(set(slugs)) == 2


def test_text_from_everywhere_comes_back_as_it_reads(office: Caller) -> None:
    answer = office.post(
        URL,
        purchase(
            "№ 12/א-🚰",
            buyer={"name": "  ТОВ «Вода»\u202e & 水 "},
            subjects=[{"sku": "<b>", "name": "<script>alert(1)</script>"}],
            contact={"email": "rita@bücher.example", "name": "ריטה"},
        ),
    )
    assert answer.status_code == 201
    assert answer.json["reference"] == "№ 12/א-🚰"
    assert answer.json["buyer"]["name"] == "ТОВ «Вода» & 水"
    assert answer.json["subjects"][0]["name"] == "<script>alert(1)</script>"
    assert answer.json["contact"] == {"email": "rita@xn--bcher-kva.example", "name": "ריטה"}


def test_a_batch_of_five_hundred_takes_few_statements(app: Flask, kestrel: World, office: Caller) -> None:
    batch = [
        purchase(
            f"PO-{n}",
            buyer={"name": f"Buyer {n % 40}", "domains": [f"buyer{n % 40}.example"]},
            subjects=["KP-45", {"sku": f"S-{n % 7}", "name": f"Spare part {n % 7}"}],
            contact={"email": f"person{n}@buyer{n % 40}.example"},
            invite=True,
        )
        for n in range(500)
    ]
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        answer = office.post(URL, {"purchases": batch})
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert answer.status_code == 201
    assert len(statements) <= 40, "\n".join(one[:100] for one in statements)
    received = answer.json["purchases"]
    assert [one["reference"] for one in received] == [one["reference"] for one in batch]
    assert len({link["url"] for one in received for link in one["links"]}) == 1000
    assert {one["invitation"]["status"] for one in received} == {"queued"}
    tenancy.enter(kestrel.supplier.id)
    assert (count(Purchase), count(Buyer), count(Subject), count(PurchaseToken)) == (500, 40, 8, 1000)
    again = office.post(URL, {"purchases": batch})
    assert again.status_code == 200
    assert {one["status"] for one in again.json["purchases"]} == {"unchanged"}
    assert [one["links"] for one in again.json["purchases"]] == [one["links"] for one in received]


def test_a_batch_is_all_or_nothing(kestrel: World, office: Caller) -> None:
    bad = [
        purchase("PO-1"),
        purchase("PO-2"),
        purchase("PO-3"),
        purchase("PO-4", buyer={"name": "X", "domains": ["gmail.com"]}),
    ]
    answer = office.post(URL, {"purchases": bad})
    assert answer.status_code == 422
    (fault,) = answer.json["errors"]
    assert fault["pointer"] == "/purchases/3/buyer/domains/0"
    assert fault["code"] == "free_mail_domain"
    tenancy.enter(kestrel.supplier.id)
    assert (count(Purchase), count(Buyer), count(PurchaseToken)) == (0, 0, 0)


def test_faults_that_only_the_catalogue_knows_have_pointers_too(office: Caller) -> None:
    answer = office.post(URL, {"purchases": [purchase("PO-1"), purchase("PO-2", subjects=["KP-45", "NOPE"])]})
    assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [
        ("/purchases/1/subjects/1", "subject_unknown")
    ]
    single = office.post(URL, purchase(subjects=["NOPE"]))
    assert [(one["pointer"], one["code"]) for one in single.json["errors"]] == [("/subjects/0", "subject_unknown")]
    twins = office.post(URL, {"purchases": [purchase("PO-1"), purchase("PO-1")]})
    assert [(one["pointer"], one["code"]) for one in twins.json["errors"]] == [("/purchases/1/reference", "duplicate")]
    site = office.post(URL, purchase(site="avs_nothing"))
    assert [(one["pointer"], one["code"]) for one in site.json["errors"]] == [("/site", "site_unknown")]


def test_purchases_are_listed_newest_first_a_page_at_a_time(office: Caller) -> None:
    for n in range(5):
        office.post(URL, purchase(f"PO-{n}"))
    first = office.get(URL, limit="2")
    second = office.get(URL, limit="2", cursor=first.json["next"])
    last = office.get(URL, limit="2", cursor=second.json["next"])
    pages = [[one["reference"] for one in page.json["purchases"]] for page in (first, second, last)]
    assert pages == [["PO-4", "PO-3"], ["PO-2", "PO-1"], ["PO-0"]]
    assert last.json["next"] is None
    found = office.get(URL, reference="PO-3")
    assert [one["reference"] for one in found.json["purchases"]] == ["PO-3"]
    assert found.json["purchases"][0]["links"] == first.json["purchases"][1]["links"]


def test_a_taken_back_purchase_loses_its_links_and_stays_taken_back(kestrel: World, office: Caller) -> None:
    sent = office.post(URL, purchase()).json
    answer = office.post(f"{URL}/{sent['id']}/revoke")
    assert answer.status_code == 200
    assert answer.json["revoked_at"] is not None
    assert answer.json["links"] == []
    assert answer.json["invitation"]["status"] == "revoked"
    again = office.post(f"{URL}/{sent['id']}/revoke")
    assert again.json["revoked_at"] == answer.json["revoked_at"]
    resent = office.post(URL, purchase(date="2026-03-09", invite=True))
    assert resent.json["status"] == "unchanged"
    assert resent.json["links"] == []
    assert resent.json["date"] == "2026-03-02"
    tenancy.enter(kestrel.supplier.id)
    with pytest.raises(tokens.TokenRevoked):
        tokens.recognise(token_in(sent["links"][0]["url"]))


def test_a_used_link_says_so(kestrel: World, office: Caller) -> None:
    sent = office.post(URL, purchase()).json
    tenancy.enter(kestrel.supplier.id)
    token = tokens.recognise(token_in(sent["links"][0]["url"]))
    tokens.claim(token.id, factories.new_id())
    let_go()
    read = office.get(f"{URL}/{sent['id']}").json
    assert read["links"] == [{**sent["links"][0], "used": True}]


def test_without_a_site_there_is_nowhere_to_lead(kestrel: World, office: Caller) -> None:
    tenancy.enter(kestrel.supplier.id)
    suppliers.switch_site(kestrel.actor, db.session.merge(kestrel.site), on=False)
    let_go()
    answer = office.post(URL, purchase())
    assert answer.status_code == 409
    assert answer.json["code"] == "site_missing"


# ------------------------------------------------------------------------------------------- who may


def test_charlie_s_system_sees_nothing_of_kestrel_s(office: Caller, otters_office: Caller) -> None:
    sent = office.post(URL, purchase()).json
    theirs = otters_office.post(URL, purchase(subjects=["OB-6204"])).json
    assert theirs["status"] == "created"
    assert theirs["id"] != sent["id"]
    for answer in (
        otters_office.get(f"{URL}/{sent['id']}"),
        otters_office.post(f"{URL}/{sent['id']}/revoke"),
        otters_office.post(f"{URL}/{sent['id']}/invite"),
    ):
        assert answer.status_code == 404
        assert answer.json["code"] == "purchase_unknown"
    assert [one["id"] for one in otters_office.get(URL).json["purchases"]] == [theirs["id"]]
    assert otters_office.post(URL, purchase(subjects=["KP-45"])).status_code == 422
    page = office.get(URL, limit="1").json
    assert page["next"] is None


def test_a_cursor_of_kestrel_s_is_none_of_otter_s(office: Caller, otters_office: Caller) -> None:
    for n in range(2):
        office.post(URL, purchase(f"PO-{n}"))
    answer = otters_office.get(URL, limit="1", cursor=office.get(URL, limit="1").json["next"])
    assert answer.status_code == 400
    assert answer.json["code"] == "cursor_invalid"


def test_kestrel_s_site_is_none_of_otter_s(kestrel: World, otters_office: Caller) -> None:
    answer = otters_office.post(URL, purchase(subjects=["OB-6204"], site=kestrel.site.public_key))
    assert answer.json["errors"][0]["code"] == "site_unknown"


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", "Bearer avk_" + "a" * 30]
)
def test_without_a_working_key_nobody_is_let_in(kestrel: World, client: FlaskClient, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = client.post(URL, json=purchase(), headers=headers)
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_key_stops_at_once(kestrel: World, client: FlaskClient) -> None:
    tenancy.enter(kestrel.supplier.id)
    key, secret = suppliers.issue_api_key(kestrel.actor, "Old", [str(Scope.PURCHASES_WRITE)])
    let_go()
    office = Caller(client, secret)
    assert office.post(URL, purchase()).status_code == 201
    tenancy.enter(kestrel.supplier.id)
    suppliers.revoke_api_key(kestrel.actor, db.session.merge(key))
    let_go()
    assert office.post(URL, purchase()).status_code == 401


def test_a_key_does_only_what_it_was_made_for(kestrel: World, client: FlaskClient, office: Caller) -> None:
    sent = office.post(URL, purchase()).json
    reader = Caller(client, factories.make_api_key(kestrel.actor, [Scope.PURCHASES_READ]))
    assert reader.get(f"{URL}/{sent['id']}").json["links"] is None
    assert reader.get(URL).json["purchases"][0]["links"] is None
    for answer in (
        reader.post(URL, purchase()),
        reader.post(f"{URL}/{sent['id']}/revoke"),
        reader.put("/api/v1/subjects", {}),
    ):
        assert answer.status_code == 403
        assert answer.json["code"] == "forbidden"
    writer = Caller(client, factories.make_api_key(kestrel.actor, [Scope.PURCHASES_WRITE]))
    refused = writer.post(URL, purchase(invite=True))
    assert refused.status_code == 403
    assert writer.post(f"{URL}/{sent['id']}/invite").status_code == 403
    assert writer.post(URL, purchase()).status_code == 200
    stranger = Caller(client, factories.make_api_key(kestrel.actor, [Scope.REPLIES_WRITE]))
    assert stranger.get(URL).status_code == 403
