"""The one way out: every request that leaves for an address somebody else has chosen goes through here.

A discovery document, a JWKS, a webhook: each is a URL that another party may point at our own database,
at a cloud's metadata service, or at a socket that never ends. The guard:

- takes `https` on port 443 or 8443 only, to a proper host name or a plainly written address;
- resolves the name itself, checks *every* address it got, and connects to exactly one of those it
  checked, so that a name that changes between check and connect (rebinding) gains nothing; Host and SNI
  stay the name's;
- follows no redirect, believes no proxy variable, keeps no connection;
- spends at most `total_seconds` on the whole exchange, however slowly the peer drips, and takes at most
  `max_bytes` of body, before as well as after decompression.

`settings().outbound_allow` ("host:port", refused in production) names what the demo and the tests may
reach on loopback, and by plain http.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from functools import cache
from typing import Any

import certifi
import httpcore
import httpx

from app.core.settings import settings
from app.core.text import Unclean, normal_domain

TOTAL_SECONDS = 10.0
CONNECT_SECONDS = 4.0
MAX_BYTES = 1_000_000
MAX_ADDRESSES = 16
PORTS = frozenset({443, 8443})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]

# Written out, because ipaddress on Python 3.11 calls several of them global, and because what a newer
# Python thinks of them should not change what we connect to.
_DENIED_V4 = tuple(
    ipaddress.IPv4Network(net)
    for net in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host service: a public number that answers only from inside
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Of IPv6 only 2000::/3 is given out as global unicast; the rest is denied without being named.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_DENIED_V6 = tuple(
    ipaddress.IPv6Network(net)
    for net in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: carries any IPv4 address
        "3fff::/20",
    )
)
_PLAIN_V4 = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")
# Reading names blocks in C and cannot be interrupted; a few threads take that instead of the caller.
_resolving = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")


class OutboundRefused(httpx.TransportError):
    """The guard will not go there, or will not take what came back. `code` is stable, for logs and tests."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def denied(address: Address) -> bool:
    """Whether an address is anything but an ordinary public unicast one."""
    if isinstance(address, ipaddress.IPv4Address):
        return not address.is_global or any(address in net for net in _DENIED_V4)
    return (
        address.scope_id is not None
        or address not in _GLOBAL_V6
        or not address.is_global
        or any(address in net for net in _DENIED_V6)
    )


def resolve(host: str, port: int) -> list[str]:
    """The system resolver's addresses for `host`, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedTransport(httpx.BaseTransport):
    """An httpx transport that keeps the rules above; safe under any client, redirect-following ones too.

    `allow`: "host:port" entries exempt from scheme, port and address checks (default: the settings').
    """

    def __init__(
        self,
        *,
        allow: Collection[str] | None = None,
        resolver: Resolver = resolve,
        ssl_context: ssl.SSLContext | None = None,
        total_seconds: float = TOTAL_SECONDS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._allow = allow
        self._resolver = resolver
        self._ssl_context = ssl_context
        self._total_seconds = total_seconds
        self._max_bytes = max_bytes

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`, and return the whole answer, read and decompressed; raises httpx.TransportError."""
        deadline = time.monotonic() + self._total_seconds
        backend = _GuardedBackend(self._exempt(request.url), self._resolver, deadline)
        headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"accept-encoding"]
        with (
            _as_httpx_errors(),
            # A pool for one exchange: nothing is kept, so no later request inherits an address or a deadline.
            httpcore.ConnectionPool(
                ssl_context=self._ssl_context or _trusted_authorities(),
                max_connections=1,
                max_keepalive_connections=0,
                network_backend=backend,
            ) as pool,
            pool.stream(
                request.method,
                httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=[*headers, (b"Accept-Encoding", b"gzip")],
                content=request.read() or None,
                # The stream clamps every single wait to what is left of the deadline.
                extensions={"timeout": {}},
            ) as response,
        ):
            return self._read(response)

    def _exempt(self, url: httpx.URL) -> bool:
        """Whether `url` is on the allow list; raises OutboundRefused where it breaks the rules instead."""
        port = url.port or {"https": 443, "http": 80}.get(url.scheme, 0)
        allow = settings().outbound_allow if self._allow is None else self._allow
        if f"{url.host}:{port}" in allow and url.scheme in ("http", "https"):
            return True
        if url.userinfo:
            raise OutboundRefused("userinfo", "The address holds a user name or password.")
        if url.scheme != "https":
            raise OutboundRefused("scheme", "Only https is used.")
        if port not in PORTS:
            raise OutboundRefused("port", "Only the ports 443 and 8443 are used.")
        _check_host(url.host)
        return False

    def _read(self, response: httpcore.Response) -> httpx.Response:
        if 300 <= response.status < 400 and response.status != 304:
            raise OutboundRefused("redirect", "The server answered with a redirect, and none is followed.")
        encodings = [value for name, value in response.headers if name.lower() == b"content-encoding"]
        body = b"".join(self._decoded(response.iter_stream(), b",".join(encodings).strip().lower()))
        headers = [
            (name, value)
            for name, value in response.headers
            if name.lower() not in (b"content-encoding", b"content-length", b"transfer-encoding")
        ]
        return httpx.Response(response.status, headers=headers, content=body)

    def _decoded(self, chunks: Iterable[bytes], encoding: bytes) -> Iterator[bytes]:
        if encoding in (b"", b"identity"):
            yield from self._capped(chunks)
        elif encoding in (b"gzip", b"x-gzip"):
            yield from self._capped(_gunzip(self._capped(chunks), self._max_bytes))
        else:
            raise OutboundRefused("encoding", "The server used a compression that was not asked for.")

    def _capped(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        taken = 0
        for chunk in chunks:
            taken += len(chunk)
            if taken > self._max_bytes:
                raise OutboundRefused("too_large", f"The answer is larger than {self._max_bytes} bytes.")
            yield chunk


def guarded_client(**kwargs: Any) -> httpx.Client:
    """A client that can only leave through the guard; keyword arguments go to GuardedTransport."""
    return httpx.Client(transport=GuardedTransport(**kwargs), trust_env=False, follow_redirects=False)


def guarded_get(url: str, *, accept: str = "application/json") -> httpx.Response:
    """GET `url`; raises httpx.HTTPError where it may not be reached, does not answer or answers too much."""
    with guarded_client() as client:
        try:
            return client.get(url, headers={"Accept": accept})
        except (httpx.InvalidURL, UnicodeError) as error:
            raise OutboundRefused("host", "This is not an address that can be reached.") from error


def _check_host(host: str) -> None:
    """Refuse every host that is not one plainly written name or address.

    The resolver would read 127.1, 0x7f.1, 2130706433, 0177.0.0.1 and full-width digits as addresses.
    """
    if ":" in host:
        try:
            ipaddress.IPv6Address(host)
        except ValueError as error:
            raise OutboundRefused("host", "This is not a host.") from error
        return
    if _PLAIN_V4.fullmatch(host) is not None:
        return
    try:
        plain = normal_domain(host)
    except Unclean as error:
        raise OutboundRefused("host", "This is not a host name.") from error
    if plain != host:
        raise OutboundRefused("host", "The host name is not written plainly.")


class _GuardedBackend(httpcore.NetworkBackend):
    """Connects to a checked address of a name, and to nothing else."""

    def __init__(self, exempt: bool, resolver: Resolver, deadline: float) -> None:
        self._exempt = exempt
        self._resolver = resolver
        self._deadline = deadline
        self._tcp = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  # the deadline decides
        local_address: str | None = None,  # noqa: ARG002  # the system chooses
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("The name has no address.")
        for address in self._addresses(host, port):
            wait = min(CONNECT_SECONDS, _left(self._deadline, httpcore.ConnectTimeout))
            try:
                stream = self._tcp.connect_tcp(str(address), port, wait, socket_options=socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _DeadlineStream(stream, self._deadline)
        raise failure

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        raise OutboundRefused("scheme", "Local sockets are not reached from here.")

    def _addresses(self, host: str, port: int) -> list[Address]:
        pending = _resolving.submit(self._resolver, host, port)
        try:
            texts = pending.result(timeout=_left(self._deadline, httpcore.ConnectTimeout))
        except FutureTimeout as error:
            pending.cancel()
            raise httpcore.ConnectTimeout("The name was not resolved in time.") from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("The name cannot be resolved.") from error
        addresses = [ipaddress.ip_address(text) for text in texts[:MAX_ADDRESSES]]
        # One private address among public ones is an attack or a mistake; neither is worth a try.
        if not self._exempt and any(denied(address) for address in addresses):
            raise OutboundRefused("address", "The name leads to an address that is not public.")
        return addresses


class _DeadlineStream(httpcore.NetworkStream):
    """A stream whose every wait ends at one deadline: a byte a second does not buy another second."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  # the deadline decides
        return self._stream.read(max_bytes, _left(self._deadline, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002  # the deadline decides
        self._stream.write(buffer, _left(self._deadline, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002  # the deadline decides
    ) -> httpcore.NetworkStream:
        wait = _left(self._deadline, httpcore.ConnectTimeout)
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, wait), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float, late: type[httpcore.TimeoutException]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise late("The exchange took too long.")
    return left


def _gunzip(chunks: Iterable[bytes], step: int) -> Iterator[bytes]:
    """Unpack without ever holding more than about `step` bytes that nobody has counted yet."""
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        for chunk in chunks:
            while chunk:
                yield unpacker.decompress(chunk, step)
                chunk = unpacker.unconsumed_tail  # what did not fit into this step
    except zlib.error as error:
        raise OutboundRefused("encoding", "The answer is not valid gzip.") from error
    if not unpacker.eof:
        raise OutboundRefused("encoding", "The compressed answer ends too early.")


@cache
def _trusted_authorities() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


# The most specific first: the first that fits is taken.
_ERRORS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.ReadTimeout, httpx.ReadTimeout),
    (httpcore.WriteTimeout, httpx.WriteTimeout),
    (httpcore.TimeoutException, httpx.PoolTimeout),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.ProtocolError, httpx.RemoteProtocolError),
    (httpcore.NetworkError, httpx.NetworkError),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
)


@contextmanager
def _as_httpx_errors() -> Iterator[None]:
    try:
        yield
    except tuple(ours for ours, _ in _ERRORS) as error:
        theirs = next(theirs for ours, theirs in _ERRORS if isinstance(error, ours))
        raise theirs(str(error)) from error
