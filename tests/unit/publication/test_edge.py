"""The edge as pure WSGI, before an application that the tests write themselves."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from werkzeug.test import Client

from app.publication import edge as edge_module
from app.publication.caching import GZIPPED
from app.publication.edge import Edge, Store, preferred_language, takes_gzip

SUPPLIER = "0190a000-0000-7000-8000-000000000001"
OTHER = "0190a000-0000-7000-8000-000000000002"
CACHE_CONTROL = "public, max-age=60, stale-while-revalidate=300, stale-if-error=86400"
FEED = "/feeds/avs_kestrel/reviews.json"


class Publisher:
    """An application behind the edge: pages by path, each with a scope and a version, and a count of who asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.seen: list[dict[str, Any]] = []
        self.version = 1
        self.body = b'{"items":[' + b"1," * 400 + b"1]}"
        self.status = "200 OK"
        self.scope: str | None = SUPPLIER
        self.extra: list[tuple[str, str]] = []
        self.before_answering: Callable[[], None] = lambda: None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        query = environ["QUERY_STRING"]
        self.asked.append(environ["PATH_INFO"] + (f"?{query}" if query else ""))
        self.seen.append(dict(environ))
        version, body = self.version, self.body
        self.before_answering()
        headers = [
            ("Content-Type", "application/feed+json; charset=utf-8"),
            ("Cache-Control", CACHE_CONTROL),
            ("Access-Control-Allow-Origin", "*"),
            ("X-Request-Id", f"request-{len(self.asked)}"),
            ("Content-Length", str(len(body))),
            *self.extra,
        ]
        if self.scope:
            headers.append(("Avouch-Scope", f"{self.scope}:{version}" if self.scope != "static" else "static"))
        start_response(self.status, headers)
        return [body]


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


@pytest.fixture
def edge(publisher: Publisher) -> Edge:
    return Edge(publisher, origin="https://avouch.test")  # type: ignore[arg-type]


@pytest.fixture
def reader(edge: Edge) -> Client:
    return Client(edge)


def test_the_second_reader_costs_the_application_nothing(reader: Client, publisher: Publisher) -> None:
    first, second = reader.get(FEED), reader.get(FEED)
    assert first.data == second.data == publisher.body
    assert publisher.asked == [FEED]


def test_what_was_made_for_the_machine_room_stays_there(reader: Client) -> None:
    for _ in range(2):
        answer = reader.get(FEED)
        assert "Avouch-Scope" not in answer.headers
        assert "X-Request-Id" not in answer.headers
        assert "Set-Cookie" not in answer.headers


def test_a_reader_who_takes_gzip_gets_it_under_a_tag_of_its_own(reader: Client, publisher: Publisher) -> None:
    plain = reader.get(FEED)
    packed = reader.get(FEED, headers={"Accept-Encoding": "gzip, br"})
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert not plain.headers["ETag"].startswith("W/")
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert publisher.asked == [FEED]


def test_bytes_that_publishing_compressed_are_not_compressed_again(edge: Edge) -> None:
    prepared = gzip.compress(b"prepared", 1, mtime=0)

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ[GZIPPED] = prepared
        start_response("200 OK", [("Content-Type", "application/json"), ("Avouch-Scope", f"{SUPPLIER}:1")])
        return [b"prepared"]

    answer = Client(Edge(app, origin="https://avouch.test")).get(FEED, headers={"Accept-Encoding": "gzip"})  # type: ignore[arg-type]
    assert answer.data == prepared


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_reader_who_has_it_gets_304_with_what_caches_need(reader: Client, encoding: str) -> None:
    first = reader.get(FEED, headers={"Accept-Encoding": encoding})
    again = reader.get(FEED, headers={"Accept-Encoding": encoding, "If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""
    for name in ("ETag", "Cache-Control", "Vary", "Access-Control-Allow-Origin"):
        assert again.headers[name] == first.headers[name]
    assert "Content-Length" not in again.headers


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*", ' {} , "x"'])
def test_every_way_of_naming_a_tag_counts(reader: Client, form: str) -> None:
    tag = reader.get(FEED).headers["ETag"]
    assert reader.get(FEED, headers={"If-None-Match": form.format(tag)}).status_code == 304


def test_a_tag_of_the_other_encoding_does_not_count(reader: Client) -> None:
    packed = reader.get(FEED, headers={"Accept-Encoding": "gzip"}).headers["ETag"]
    assert reader.get(FEED, headers={"If-None-Match": packed}).status_code == 200


def test_dates_are_not_trusted_because_two_versions_may_share_a_second(reader: Client) -> None:
    assert "Last-Modified" not in reader.get(FEED).headers
    assert reader.get(FEED, headers={"If-Modified-Since": "Sun, 22 Nov 2099 00:00:00 GMT"}).status_code == 200


def test_head_is_get_without_the_body(reader: Client) -> None:
    got, head = reader.get(FEED), reader.head(FEED)
    assert head.data == b""
    assert dict(head.headers) == dict(got.headers)


def test_a_page_may_ask_with_a_condition_from_any_origin(reader: Client, publisher: Publisher) -> None:
    answer = reader.options(FEED, headers={"Origin": "https://kestrel.example", "Access-Control-Request-Method": "GET"})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "If-None-Match" in answer.headers["Access-Control-Allow-Headers"]
    assert publisher.asked == []


def test_a_copy_can_be_checked_by_its_digest(reader: Client) -> None:
    import base64
    import hashlib

    answer = reader.get(FEED)
    digest = base64.b64encode(hashlib.sha256(answer.data).digest()).decode()
    assert answer.headers["Content-Digest"] == f"sha-256=:{digest}:"


def test_a_hostile_query_neither_grows_the_memory_nor_reaches_the_application(
    reader: Client, publisher: Publisher, edge: Edge
) -> None:
    reader.get(FEED)
    for number in range(500):
        assert reader.get(f"{FEED}?x={number}&lang=../{number}").status_code == 200
    assert publisher.asked == [FEED]
    assert len(edge.store.entries) == 1


def test_a_language_is_kept_once_however_it_is_asked_for(reader: Client, publisher: Publisher) -> None:
    badge = "/widgets/v1/avs_kestrel/badge.svg"
    for query in ("lang=pl", "lang=pl&x=1", "utm=9&lang=pl", "lang=pl&lang=ru"):
        reader.get(f"{badge}?{query}")
    assert publisher.asked == [f"{badge}?lang=pl"]


def test_hosted_pages_follow_the_browsers_language_and_say_so(reader: Client, publisher: Publisher) -> None:
    for accepted in ("pl-PL,pl;q=0.9,en;q=0.8", "pl", "fr,pl;q=0.3"):
        answer = reader.get("/s/kestrel-pumps", headers={"Accept-Language": accepted})
        assert answer.headers["Vary"] == "Accept-Encoding, Accept-Language"
    reader.get("/s/kestrel-pumps?lang=pl", headers={"Accept-Language": "ru"})
    assert publisher.asked == ["/s/kestrel-pumps?lang=pl"]


def test_nothing_of_the_one_who_happens_to_ask_reaches_the_application(reader: Client, publisher: Publisher) -> None:
    reader.get(
        FEED + "?evil=1",
        headers={
            "Cookie": "__Host-avouch=stolen",
            "Authorization": "Bearer avk_x",
            "If-None-Match": '"x"',
            "Range": "bytes=0-1",
            "Origin": "https://evil.example",
            "Referer": "https://evil.example/",
            "Accept-Language": "ru",
        },
    )
    seen = publisher.seen[0]
    for name in ("COOKIE", "AUTHORIZATION", "IF_NONE_MATCH", "RANGE", "ORIGIN", "REFERER", "ACCEPT_LANGUAGE"):
        assert f"HTTP_{name}" not in seen
    assert seen["QUERY_STRING"] == ""


def test_a_cursor_goes_to_the_application_and_is_not_kept(reader: Client, publisher: Publisher, edge: Edge) -> None:
    for _ in range(2):
        answer = reader.get(f"{FEED}?cursor=abc", headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(answer.data) == publisher.body
        assert "Avouch-Scope" not in answer.headers
        known = {"If-None-Match": answer.headers["ETag"], "Accept-Encoding": "gzip"}
        assert reader.get(f"{FEED}?cursor=abc", headers=known).status_code == 304
    assert publisher.asked == [f"{FEED}?cursor=abc"] * 4
    assert len(edge.store.entries) == 0


@pytest.mark.parametrize("status", ["404 NOT FOUND", "410 GONE", "500 INTERNAL SERVER ERROR", "429 TOO MANY REQUESTS"])
def test_refusals_are_passed_on_and_never_kept(reader: Client, publisher: Publisher, edge: Edge, status: str) -> None:
    publisher.status = status
    assert reader.get(FEED).status == status
    assert reader.head(FEED).data == b""
    assert len(publisher.asked) == 2
    assert len(edge.store.entries) == 0


def test_an_answer_that_does_not_say_what_it_was_made_from_is_not_kept(reader: Client, publisher: Publisher) -> None:
    publisher.scope = None
    reader.get(FEED)
    reader.get(FEED)
    assert len(publisher.asked) == 2


def test_an_answer_with_a_cookie_is_not_kept(reader: Client, publisher: Publisher, edge: Edge) -> None:
    publisher.extra = [("Set-Cookie", "session=1")]
    reader.get(FEED)
    assert len(edge.store.entries) == 0


def test_other_addresses_and_methods_are_the_applications_alone(reader: Client, publisher: Publisher) -> None:
    reader.get("/dashboard")
    reader.get("/widgets/v1/avs_kestrel/form?lang=pl")
    reader.post(FEED)
    assert publisher.asked == ["/dashboard", "/widgets/v1/avs_kestrel/form?lang=pl", FEED]


def test_a_new_version_replaces_the_bytes_in_place(reader: Client, publisher: Publisher, edge: Edge) -> None:
    reader.get(FEED)
    publisher.version, publisher.body = 2, b'{"items":["newer"]}'
    assert b"newer" not in reader.get(FEED).data
    edge.refresh(SUPPLIER, 2)
    assert b"newer" in reader.get(FEED).data
    assert len(publisher.asked) == 2


def test_readers_get_the_last_bytes_while_new_ones_are_made(reader: Client, publisher: Publisher, edge: Edge) -> None:
    reader.get(FEED)
    old = publisher.body
    publisher.version, publisher.body = 2, b'{"items":["newer"]}'
    being_made, may_finish = threading.Event(), threading.Event()

    def slow() -> None:
        being_made.set()
        assert may_finish.wait(10)

    publisher.before_answering = slow
    refreshing = threading.Thread(target=edge.refresh, args=(SUPPLIER, 2))
    refreshing.start()
    assert being_made.wait(10)
    assert reader.get(FEED).data == old
    may_finish.set()
    refreshing.join()
    assert reader.get(FEED).data == publisher.body


def test_another_suppliers_news_change_nothing(reader: Client, publisher: Publisher, edge: Edge) -> None:
    reader.get(FEED)
    edge.refresh(OTHER, 9)
    reader.get(FEED)
    assert publisher.asked == [FEED]


def test_an_answer_overtaken_while_it_was_made_is_given_but_not_kept(
    reader: Client, publisher: Publisher, edge: Edge
) -> None:
    # The race: the miss reads version 1, version 2 is announced, only then would version 1 be stored.
    publisher.before_answering = lambda: edge.refresh(SUPPLIER, 2)
    assert reader.get(FEED).status_code == 200
    assert len(edge.store.entries) == 0
    publisher.before_answering = lambda: None
    publisher.version = 2
    reader.get(FEED)
    assert edge.store.entries[FEED].version == 2


def test_an_older_answer_never_replaces_a_newer_one(edge: Edge, publisher: Publisher, reader: Client) -> None:
    reader.get(FEED)
    publisher.version = 3
    edge.refresh(SUPPLIER, 3)
    publisher.version = 2
    edge.refresh(SUPPLIER, 4)  # the application answers with version 2: a lagging reader of the database
    assert edge.store.entries[FEED].version == 3


def test_what_was_taken_down_leaves_the_memory(reader: Client, publisher: Publisher, edge: Edge) -> None:
    reader.get("/r/0190a000-0000-7000-8000-000000000009")
    publisher.status, publisher.scope, publisher.version = "410 GONE", None, 2
    edge.refresh(SUPPLIER, 2)
    assert reader.get("/r/0190a000-0000-7000-8000-000000000009").status_code == 410


def test_while_the_database_is_away_readers_keep_the_last_bytes(
    reader: Client, publisher: Publisher, edge: Edge
) -> None:
    reader.get(FEED)
    publisher.status, publisher.scope = "503 SERVICE UNAVAILABLE", None
    edge.refresh(SUPPLIER, 2)
    assert reader.get(FEED).status_code == 200
    # And the entry is still behind, so the next check tries again.
    assert [key for key, _ in edge.store.behind(SUPPLIER)] == [FEED]


def test_a_refresh_that_changes_nothing_only_notes_the_version(
    reader: Client, publisher: Publisher, edge: Edge
) -> None:
    reader.get(FEED)
    kept = edge.store.entries[FEED]
    publisher.version = 2
    edge.refresh(SUPPLIER, 2)
    assert edge.store.entries[FEED] is kept
    assert kept.version == 2
    assert edge.store.behind(SUPPLIER) == []


def test_the_memory_is_bounded_and_what_was_not_read_for_longest_goes_first(publisher: Publisher) -> None:
    memory = 200_000
    edge = Edge(publisher, origin="https://avouch.test", memory=memory)  # type: ignore[arg-type]
    reader = Client(edge)
    publisher.body = b"x" * 10_000
    popular = "/feeds/avs_popular/reviews.json"
    for number in range(200):
        reader.get(popular)
        reader.get(f"/feeds/avs_{number}/reviews.json")
        assert edge.store.size <= memory
    assert publisher.asked.count(popular) == 1
    assert edge.store.size == sum(entry.size for entry in edge.store.entries.values())


def test_an_answer_too_large_is_given_but_not_kept(
    reader: Client, publisher: Publisher, edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_module, "ENTRY_BYTES", 1000)
    assert reader.get(FEED).status_code == 200
    assert len(edge.store.entries) == 0


def test_a_supplier_with_very_many_pages_has_only_the_most_read_made_again(
    reader: Client, publisher: Publisher, edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_module, "REFRESHED_AT_MOST", 5)
    for number in range(20):
        reader.get(f"/feeds/avs_kestrel/s{number}/reviews.json")
    publisher.asked.clear()
    publisher.version = 2
    edge.refresh(SUPPLIER, 2)
    assert len(publisher.asked) == 5
    assert len(edge.store.entries) == 5


def test_files_under_the_hash_of_their_bytes_are_kept_for_ever(
    reader: Client, publisher: Publisher, edge: Edge
) -> None:
    publisher.scope = None
    publisher.extra = [("Cache-Control", "public, max-age=31536000, immutable")]

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        publisher.asked.append(environ["PATH_INFO"])
        start_response("200 OK", [("Content-Type", "text/css"), ("Cache-Control", "public, max-age=1, immutable")])
        return [b"a{}" * 100]

    client = Client(Edge(app, origin="https://avouch.test"))  # type: ignore[arg-type]
    assert client.get("/assets/abc/x.css").data == client.get("/assets/abc/x.css").data
    assert publisher.asked == ["/assets/abc/x.css"]


def test_many_threads_read_while_versions_change_and_never_see_a_mixture(publisher: Publisher, edge: Edge) -> None:
    stop, faults = threading.Event(), []

    def read() -> None:
        client = Client(edge)
        while not stop.is_set():
            answer = client.get(FEED, headers={"Accept-Encoding": "gzip"})
            body = gzip.decompress(answer.data)
            if len(set(body)) != 1 or answer.headers["Content-Length"] != str(len(answer.data)):
                faults.append(body[:20])

    publisher.body = b"0" * 5000
    readers = [threading.Thread(target=read) for _ in range(4)]
    for thread in readers:
        thread.start()
    for version in range(2, 60):
        publisher.version, publisher.body = version, str(version % 10).encode() * 5000
        edge.refresh(SUPPLIER, version)
    stop.set()
    for thread in readers:
        thread.join()
    assert faults == []
    assert edge.store.entries[FEED].version == 59


def test_what_has_been_heard_of_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_module, "SCOPES_HEARD_AT_MOST", 10)
    store = Store()
    for number in range(100):
        store.hear(f"supplier-{number}", 1)
    assert len(store._heard) == 10


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.8", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=0.001", True),
        ("identity", False),
        ("", False),
        ("x-gzip;q=0.5", True),
    ],
)
def test_which_readers_take_gzip(accepted: str, takes: bool) -> None:
    assert takes_gzip(accepted) is takes


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("fr", "en"),
        ("ru", "ru"),
        ("bg-BG", "bg"),
        ("en;q=0.5, pl;q=0.9", "pl"),
        ("pl;q=bad, ru;q=0.1", "ru"),
        ("rum, plx;q=0.9", "en"),  # longer tags that merely begin alike
        ("*", "en"),
        ("," * 5000, "en"),
    ],
)
def test_the_first_of_our_languages_that_a_browser_names(accepted: str, language: str) -> None:
    assert preferred_language(accepted) == language
