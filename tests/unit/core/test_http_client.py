"""The one way out, tried on real sockets of this machine."""

from __future__ import annotations

import datetime as dt
import gzip
import ipaddress
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.core.http_client import GuardedTransport, OutboundRefused, denied, guarded_client

Handler = Callable[[socket.socket, bytes], None]


def never(host: str, port: int) -> list[str]:
    """A resolver for requests that must be refused before anybody is asked."""
    raise AssertionError(f"{host} was looked up")


# ------------------------------------------------------------------------------------------- the table

URLS = [
    # not https, or another port
    ("http://provider.example/", "scheme"),
    ("ftp://provider.example/", "scheme"),
    ("file:///etc/passwd", "scheme"),
    ("gopher://provider.example/", "scheme"),
    ("https://provider.example:80/", "port"),
    ("https://provider.example:22/", "port"),
    ("https://provider.example:5432/", "port"),
    ("https://provider.example:6379/", "port"),
    ("https://user@provider.example/", "userinfo"),
    ("https://user:pass@provider.example/", "userinfo"),
    ("https://public.example@127.0.0.1/", "userinfo"),
    # spellings of 127.0.0.1 that resolvers understand
    ("https://127.1/", "host"),
    ("https://127.0.1/", "host"),
    ("https://0x7f.1/", "host"),
    ("https://0x7f000001/", "host"),
    ("https://0X7F.0.0.1/", "host"),
    ("https://0177.0.0.1/", "host"),
    ("https://00000177.0.0.1/", "host"),
    ("https://2130706433/", "host"),
    ("https://017700000001/", "host"),
    ("https://127.0.0.1./", "host"),
    ("https://0/", "host"),
    ("https://1.2.3/", "host"),
    ("https://999.1.1.1/", "host"),
    # names without a domain, and names that are none
    ("https://localhost/", "host"),
    ("https://postgres/", "host"),
    ("https://provider_1.example/", "host"),
    ("https://provider..example/", "host"),
    ("https://-provider.example/", "host"),
    ("https://provider.example./", "host"),
]

ADDRESSES = [
    "0.0.0.0",  # noqa: S104  # to be refused
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "4000::1",
]


def test_the_table_holds_eighty_forms() -> None:
    assert len(URLS) + len(ADDRESSES) >= 80


@pytest.mark.parametrize(("url", "code"), URLS)
def test_a_url_that_breaks_the_rules_is_refused_before_anybody_is_asked(url: str, code: str) -> None:
    # httpx itself refuses some of them.
    with (
        guarded_client(allow=(), resolver=never) as client,
        pytest.raises((OutboundRefused, httpx.InvalidURL)) as refusal,
    ):
        client.get(url)
    assert getattr(refusal.value, "code", code) == code


def test_full_width_digits_are_no_way_around() -> None:
    with guarded_client(allow=(), resolver=never) as client, pytest.raises((OutboundRefused, httpx.InvalidURL)):
        client.get("https://１２７.０.０.１/")


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_name_that_leads_to_an_address_of_ours_is_refused(address: str) -> None:
    with (
        guarded_client(allow=(), resolver=lambda _host, _port: [address]) as client,
        pytest.raises(OutboundRefused) as refusal,
    ):
        client.get("https://provider.example/")
    assert refusal.value.code == "address"


@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "[fd00:ec2::254]"])
def test_an_address_of_ours_written_out_is_refused(address: str) -> None:
    with guarded_client(allow=()) as client, pytest.raises(OutboundRefused) as refusal:
        client.get(f"https://{address}/")
    assert refusal.value.code == "address"


def test_one_bad_address_among_good_ones_is_enough() -> None:
    with (
        guarded_client(
            allow=(), resolver=lambda _host, _port: ["93.184.216.34", "2606:4700::1111", "10.0.0.7"]
        ) as client,
        pytest.raises(OutboundRefused) as refusal,
    ):
        client.get("https://provider.example/")
    assert refusal.value.code == "address"


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001::1"])
def test_ordinary_public_addresses_are_allowed(address: str) -> None:
    assert not denied(ipaddress.ip_address(address))


# ------------------------------------------------------------------------------------------- the wire


@contextmanager
def serving(handler: Handler, context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """A server on loopback that hands each connection's request head to `handler`; its port and what it heard."""
    heard: list[bytes] = []

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                wire = self.request if context is None else context.wrap_socket(self.request, server_side=True)
                head = b""
                while b"\r\n\r\n" not in head and (part := wire.recv(65536)):
                    head += part
                heard.append(head)
                handler(wire, head)
                wire.close()
            except OSError:
                pass  # the client hung up, as it should

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1]), heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def answer(body: bytes, *headers: str, status: str = "200 OK") -> Handler:
    """Answers with this body."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]

    def handler(wire: socket.socket, _head: bytes) -> None:
        wire.sendall("\r\n".join(lines).encode() + body)

    return handler


def client_for(port: int, host: str = "provider.test", **options: object) -> httpx.Client:
    """A client that may reach this one loopback port under a name, through a resolver of its own."""
    return guarded_client(**{"allow": [f"{host}:{port}"], "resolver": lambda _host, _port: ["127.0.0.1"], **options})


def test_an_allowed_host_is_reached_under_its_own_name() -> None:
    with (
        serving(answer(b'{"ok": true}', "Content-Type: application/json")) as (port, heard),
        client_for(port) as client,
    ):
        response = client.get(f"http://provider.test:{port}/jwks?x=1", headers={"Accept": "application/json"})
    assert response.json() == {"ok": True}
    assert heard[0].startswith(b"GET /jwks?x=1 HTTP/1.1\r\n")
    assert f"Host: provider.test:{port}".encode() in heard[0]


def test_a_post_with_a_form_arrives_whole() -> None:
    with serving(answer(b"{}")) as (port, heard), client_for(port) as client:
        client.post(f"http://provider.test:{port}/token", data={"code": "x" * 2000})
    assert b"Content-Length: 2005" in heard[0]


def test_the_name_is_resolved_once_so_a_second_answer_changes_nothing() -> None:
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    with serving(answer(b"{}")) as (port, _), client_for(port, resolver=rebinding) as client:
        assert client.get(f"http://provider.test:{port}/").status_code == 200
    assert asked == ["provider.test"]


def test_a_name_that_turns_private_between_two_requests_is_refused_the_second_time() -> None:
    # The first request fails too, for nothing listens there; what matters is why the second one does.
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    with guarded_client(allow=(), resolver=lambda _host, _port: next(answers)) as client:
        for _ in range(2):
            with pytest.raises(OutboundRefused) as refusal:
                client.get("https://provider.example/")
            assert refusal.value.code == "address"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("target", ["http://169.254.169.254/latest/meta-data/", "/elsewhere", "https://other.example/"])
def test_no_redirect_is_followed(status: str, target: str) -> None:
    with (
        serving(answer(b"", f"Location: {target}", status=status)) as (port, heard),
        client_for(port) as client,
        pytest.raises(OutboundRefused) as refusal,
    ):
        client.get(f"http://provider.test:{port}/", follow_redirects=True)
    assert refusal.value.code == "redirect"
    assert len(heard) == 1


def test_a_slow_drip_ends_at_the_deadline() -> None:
    stop = threading.Event()

    def drip(wire: socket.socket, _head: bytes) -> None:
        wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not stop.wait(0.02):
            wire.sendall(b"x")

    began = time.monotonic()
    with serving(drip) as (port, _), client_for(port, total_seconds=0.4) as client, pytest.raises(httpx.ReadTimeout):
        client.get(f"http://provider.test:{port}/")
    stop.set()
    assert time.monotonic() - began < 2


def test_slow_headers_end_at_the_deadline() -> None:
    stop = threading.Event()

    def drip(wire: socket.socket, _head: bytes) -> None:
        wire.sendall(b"HTTP/1.1 200 OK\r\n")
        while not stop.wait(0.02):
            wire.sendall(b"X-Pad: 1\r\n")

    with serving(drip) as (port, _), client_for(port, total_seconds=0.4) as client, pytest.raises(httpx.TransportError):
        client.get(f"http://provider.test:{port}/")
    stop.set()


def test_endless_preliminary_answers_end_at_the_deadline() -> None:
    def chatter(wire: socket.socket, _head: bytes) -> None:
        while True:
            wire.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)

    with (
        serving(chatter) as (port, _),
        client_for(port, total_seconds=0.4) as client,
        pytest.raises(httpx.TransportError),
    ):
        client.get(f"http://provider.test:{port}/")


def test_a_resolver_that_hangs_ends_at_the_deadline() -> None:
    stop = threading.Event()

    def hanging(_host: str, _port: int) -> list[str]:
        stop.wait(5)
        return ["127.0.0.1"]

    began = time.monotonic()
    with client_for(8443, resolver=hanging, total_seconds=0.2) as client, pytest.raises(httpx.ConnectTimeout):
        client.get("https://provider.test:8443/")
    stop.set()
    assert time.monotonic() - began < 2


def test_a_name_nobody_knows_is_a_connection_that_failed() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror("unknown")

    with guarded_client(allow=(), resolver=unknown) as client, pytest.raises(httpx.ConnectError):
        client.get("https://provider.example/")


def test_a_long_body_is_not_read_to_its_end() -> None:
    sent = 0

    def pour(wire: socket.socket, _head: bytes) -> None:
        nonlocal sent
        wire.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(5000):
            wire.sendall(b"2710\r\n" + b"x" * 10_000 + b"\r\n")
            sent += 10_000

    with serving(pour) as (port, _), client_for(port) as client, pytest.raises(OutboundRefused) as refusal:
        client.get(f"http://provider.test:{port}/")
    assert refusal.value.code == "too_large"
    assert sent < 20_000_000


def test_a_gzip_bomb_is_not_unpacked_to_its_end() -> None:
    bomb = gzip.compress(b"\0" * 300_000_000, compresslevel=9)
    assert len(bomb) < 1_000_000
    began = time.monotonic()
    with (
        serving(answer(bomb, "Content-Encoding: gzip")) as (port, _),
        client_for(port) as client,
        pytest.raises(OutboundRefused) as refusal,
    ):
        client.get(f"http://provider.test:{port}/")
    assert refusal.value.code == "too_large"
    assert time.monotonic() - began < 2


def test_honest_gzip_is_unpacked() -> None:
    body = b'{"keys": []}' * 1000
    with serving(answer(gzip.compress(body), "Content-Encoding: gzip")) as (port, _), client_for(port) as client:
        response = client.get(f"http://provider.test:{port}/")
    assert response.content == body
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"x", "br"),
        (b"x", "deflate"),
        (gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), "gzip, gzip"),
        (b"not gzip", "gzip"),
        (gzip.compress(b"x" * 1000, mtime=0)[:-8], "gzip"),
    ],
)
def test_compression_that_was_not_asked_for_or_is_broken_is_refused(body: bytes, encoding: str) -> None:
    with (
        serving(answer(body, f"Content-Encoding: {encoding}")) as (port, _),
        client_for(port) as client,
        pytest.raises(OutboundRefused) as refusal,
    ):
        client.get(f"http://provider.test:{port}/")
    assert refusal.value.code == "encoding"


@pytest.mark.parametrize("wire_bytes", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
def test_what_is_not_http_is_an_error_httpx_knows(wire_bytes: bytes) -> None:
    with (
        serving(lambda wire, _head: wire.sendall(wire_bytes)) as (port, _),
        client_for(port) as client,
        pytest.raises(httpx.TransportError),
    ):
        client.get(f"http://provider.test:{port}/")


def test_proxies_named_in_the_environment_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(b"proxied")) as (proxy, heard), serving(answer(b"direct")) as (port, _):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        with client_for(port) as client:
            assert client.get(f"http://provider.test:{port}/").text == "direct"
    assert heard == []


# ------------------------------------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for provider.test, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "provider.test")])
    moment = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - dt.timedelta(days=1))
        .not_valid_after(moment + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("provider.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path: Path = tmp_path_factory.mktemp("tls") / "pair.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=str(path))


def test_the_certificate_is_checked_against_the_name_not_the_address(
    tls: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server, trusting = tls
    with serving(answer(b"sealed"), server) as (port, _):
        with client_for(port, ssl_context=trusting) as client:
            assert client.get(f"https://provider.test:{port}/").text == "sealed"
        with client_for(port, host="other.test", ssl_context=trusting) as client, pytest.raises(httpx.ConnectError):
            client.get(f"https://other.test:{port}/")
        with client_for(port) as client, pytest.raises(httpx.ConnectError):
            client.get(f"https://provider.test:{port}/")  # signed by nobody we trust


def test_it_carries_other_clients_too() -> None:
    with serving(answer(b"{}")) as (port, _):
        transport = GuardedTransport(allow=[f"provider.test:{port}"], resolver=lambda _host, _port: ["127.0.0.1"])
        with httpx.Client(transport=transport) as client:
            assert client.get(f"http://provider.test:{port}/").status_code == 200
            with pytest.raises(OutboundRefused):
                client.get("https://127.0.0.1/")
