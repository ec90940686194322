"""The API's document says what the API does, and the examples on its pages run as they stand."""

from __future__ import annotations

import html
import json
import re
import shlex
import threading
from collections.abc import Callable, Iterator

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from app.openapi import operations
from tests import factories
from tests.factories import World
from tests.functional.api.bodies import purchase
from tests.functional.api.caller import Caller
from tests.functional.moderation.waiting import refuse, waiting_case
from tests.functional.publication.publishing import publish_review

Drain = Callable[[], int]
Examples = dict[str, str]


@pytest.fixture
def page(client: FlaskClient) -> str:
    """The page."""
    answer = client.get("/api/docs")
    assert answer.status_code == 200
    return answer.text


@pytest.fixture
def examples(page: str) -> Examples:
    """The code in it, by id."""
    found = re.findall(r'<pre id="example-([a-z_]+)"[^>]*><code>(.*?)</code></pre>', page, re.DOTALL)
    return {name: html.unescape(code) for name, code in found}


def test_the_document_is_openapi_3_1_and_public(client: FlaskClient) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json["openapi"] == "3.1.0"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in answer.headers
    assert answer.json["servers"] == [{"url": "https://avouch.test"}]


def test_every_reference_leads_somewhere_and_every_operation_is_complete(client: FlaskClient) -> None:
    spec = client.get("/api/v1/openapi.json").json
    for reference in set(re.findall(r'"\$ref": ?"#/([^"]+)"', json.dumps(spec))):
        node = spec
        for step in reference.split("/"):
            node = node[step]
    seen = set()
    for path, method, operation in operations(spec):
        assert operation["summary"], (path, method)
        assert operation["operationId"] not in seen
        assert operation["x-scopes"], (path, method)
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
        seen.add(operation["operationId"])
    assert {
        "receive_purchases",
        "list_purchases",
        "get_purchase",
        "revoke_purchase",
        "put_subjects",
        "put_reply",
    } <= seen


def test_answers_have_the_documented_shape(kestrel: World, office: Caller, client: FlaskClient, outbox: Drain) -> None:
    spec = client.get("/api/v1/openapi.json").json

    def check(name: str, value: object) -> None:
        schema = {"$ref": f"#/components/schemas/{name}", "components": spec["components"]}
        jsonschema.validate(value, schema, jsonschema.Draft202012Validator)

    sent = office.post("/api/v1/purchases", purchase(invite=True)).json
    check("ReceivedOut", sent)
    check("ReceivedBatchOut", office.post("/api/v1/purchases", {"purchases": [purchase("PO-2", contact=None)]}).json)
    check("PurchaseOut", office.get(f"/api/v1/purchases/{sent['id']}").json)
    check("PurchasePageOut", office.get("/api/v1/purchases", limit="1").json)
    check("SubjectsOut", office.get("/api/v1/subjects").json)
    check("Problem", office.post("/api/v1/purchases", {}).json)
    check("ReplyOut", office.put(f"/api/v1/reviews/{publish_review(kestrel, outbox)}/reply", {"text": "Thanks."}).json)
    waiting_case(kestrel)
    refuse(kestrel, waiting_case(kestrel))
    pages = office.get("/api/v1/reviews").json
    assert {one["state"] for one in pages["reviews"]} == {"published", "waiting", "refused"}
    check("ReviewPageOut", pages)
    for one in pages["reviews"]:
        check("ReviewOut", office.get(f"/api/v1/reviews/{one['id']}").json)
    check("PurchaseIn", purchase())


def test_the_page_has_no_foreign_script_and_needs_no_cookie(client: FlaskClient, page: str) -> None:
    assert not re.findall(r'<script[^>]*src="(?:https?:)?//', page)
    assert not re.findall(r"<script(?![^>]*src=)", page)
    assert not re.findall(r'style="', page)
    assert "Set-Cookie" not in client.get("/api/docs").headers


def test_every_operation_has_its_place_and_its_example(client: FlaskClient, page: str, examples: Examples) -> None:
    for _, _, operation in operations(client.get("/api/v1/openapi.json").json):
        assert f'id="{operation["operationId"]}"' in page
        assert operation["operationId"] in examples


def test_every_problem_s_type_leads_to_its_row(office: Caller, page: str) -> None:
    for answer in (
        office.post("/api/v1/purchases", {}),
        office.post("/api/v1/purchases", b"{"),
        office.get("/api/v1/purchases/x"),
        office.get("/api/v1/nothing"),
        office.post("/api/v1/purchases", b"{}", Content_Type="text/plain"),
        office.send("DELETE", "/api/v1/purchases"),
    ):
        address, _, anchor = answer.json["type"].partition("#")
        assert address == "https://avouch.test/api/docs"
        assert f'id="{anchor}"' in page


def test_every_curl_example_does_what_it_says(
    kestrel: World, office: Caller, examples: Examples, outbox: Drain
) -> None:
    known = {
        "$PURCHASE_ID": office.post("/api/v1/purchases", purchase()).json["id"],
        "$REVIEW_ID": str(publish_review(kestrel, outbox)),
    }
    for name in sorted(set(examples) - {"python"}):
        command = re.sub(r"\$[A-Z]+_ID", lambda found: known[found[0]], examples[name])
        method, url, headers, body = _read_curl(command)
        assert headers["Authorization"] == "Bearer $AVOUCH_KEY"
        del headers["Authorization"]
        path = url.removeprefix("https://avouch.test")
        answer = office.send(method, path, body, **{key.replace("-", "_"): value for key, value in headers.items()})
        assert answer.status_code in (200, 201), (name, answer.text)


@pytest.fixture
def live(app: Flask) -> Iterator[str]:
    """The application behind a real port."""
    trusted = app.config["TRUSTED_HOSTS"]
    app.config["TRUSTED_HOSTS"] = [*trusted, "127.0.0.1"]
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
        app.config["TRUSTED_HOSTS"] = trusted


def test_the_python_example_prints_a_review_link(
    kestrel: World,
    live: str,
    examples: Examples,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = factories.make_api_key(kestrel.actor)
    monkeypatch.setenv("AVOUCH_KEY", key)
    source = examples["python"].replace("https://avouch.test", live)
    exec(compile(source, "example", "exec"), {"__name__": "example"})  # noqa: S102  # our own page's example
    assert re.fullmatch(
        r"PO-2041 KP-45 https://avouch\.test/widgets/v1/avs_\S+#token=avt_\S+\n", capsys.readouterr().out
    )


def _read_curl(command: str) -> tuple[str, str, dict[str, str], bytes | None]:
    """Method, URL, headers and body of a curl command line, as a shell and curl would read it."""
    words = iter(shlex.split(command.replace("\\\n", " ")))
    assert next(words) == "curl"
    method, headers, body = "", {}, None
    url = next(words)
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words).encode()
        else:
            raise AssertionError(f"curl would not know {word}")
    return method or ("POST" if body else "GET"), url, headers, body
