"""The edge: a thin WSGI layer before Flask that answers what everybody reads from memory.

Feeds, the loader, lists, badges, assets and hosted pages are the same bytes for everyone, so each is kept with both
encodings ready: status line, header list, body. A hit is a dictionary look-up and nothing else: no lock, no
parsing, no query. A miss goes to Flask, and an answer that says what it was made from (`caching.publish`) is kept.

What keeps it true:
- Keys are made of the path and of the few query parameters a page knows, so a hostile query string can neither
  grow the memory nor put its own answer under somebody else's key. Only 200s are kept. Flask is asked with the
  normalised request (no cookies, no conditions, no unknown parameters), so one visitor's headers cannot shape what
  the next one is given.
- Each answer belongs to a scope (a supplier) and a version. `Listener` hears of newer versions from PostgreSQL and
  has the scope's entries made again, in place: readers meanwhile get the last bytes, never a wait.
- An answer made from an older version than the newest heard of is given out but never kept. (A miss reads version 1;
  version 2 is announced; only then is the answer stored. Without the check version 1 would stay.)
- The memory is bounded in bytes; what was not read for longest goes first.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from app.core.locale import LANGUAGES
from app.core.logs import log
from app.publication.caching import GZIPPED, SCOPE_HEADER, STATIC

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Flask

MEMORY_BYTES: Final = 64 * 2**20  # of one process, for all bodies and their headers
ENTRY_BYTES: Final = 4 * 2**20  # a larger answer is given out but not kept
ENTRY_OVERHEAD: Final = 4096  # reckoned for the headers and objects of one entry
REFRESHED_AT_MOST: Final = 200  # entries of one scope made again at once; the least read of the others are dropped
SCOPES_HEARD_AT_MOST: Final = 50_000  # suppliers whose newest version is remembered
SMALLEST_GZIP: Final = 200  # bytes below which compressing adds more than it takes away

Headers = list[tuple[str, str]]
Environ = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """How the addresses under a prefix are cached.

    `params` are the query parameters that change the answer, with the values they may have; any other is ignored.
    A request with one of `uncached` goes to Flask as it is and is not kept. `speaks` marks pages whose language
    follows the browser: it becomes an explicit `lang`, and the answer varies by Accept-Language.
    """

    pattern: re.Pattern[str]
    params: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    uncached: frozenset[str] = frozenset()
    speaks: bool = False
    cors: bool = False


_LANG = re.compile("|".join(LANGUAGES))
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
RULES: Final = (
    Rule(re.compile(r"/feeds/"), uncached=frozenset({"cursor"}), cors=True),
    Rule(re.compile(r"/widgets/v1/(?:avouch\.js|list\.css)$"), cors=True),
    Rule(
        re.compile(r"/widgets/v1/[^/]+/(?:list|badge)"),
        params={"lang": _LANG, "subject": _SLUG, "theme": re.compile(r"light|dark")},
        cors=True,
    ),
    Rule(re.compile(r"/assets/"), cors=True),
    Rule(re.compile(r"/(?:$|s/|r/|methodology$)"), params={"lang": _LANG}, uncached=frozenset({"cursor"}), speaks=True),
)
# Of one request only, never of the next one.
_PERSONAL: Final = {"set-cookie", "x-request-id", "date", "connection", "server"}
# Made anew for each encoding.
_OWN: Final = {"content-length", "content-encoding", "etag", "vary", "last-modified", "content-digest"}
# What may not reach Flask: it would shape an answer that others will be given. (`Accept` may: it only decides
# how a refusal looks, and refusals are not kept.)
_STRIPPED: Final = (
    "HTTP_COOKIE",
    "HTTP_AUTHORIZATION",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_MATCH",
    "HTTP_IF_UNMODIFIED_SINCE",
    "HTTP_IF_RANGE",
    "HTTP_RANGE",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_ORIGIN",
    "HTTP_REFERER",
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
)


class Variant:
    """An answer in one encoding, ready to go out."""

    __slots__ = ("body", "etag", "headers", "unchanged_headers")

    def __init__(self, body: bytes, headers: Headers, encoding: str | None, vary: str) -> None:
        digest = hashlib.sha256(body).digest()
        self.body = [body]
        # Strong, and its own for each encoding: the same tag on other bytes would corrupt ranges and caches.
        self.etag = f'"{urlsafe_b64encode(digest[:18]).decode()}"'
        repeated = [
            (name, value)
            for name, value in headers
            if name.lower() in {"cache-control", "access-control-allow-origin", "access-control-expose-headers"}
        ]
        self.unchanged_headers: Headers = [*repeated, ("ETag", self.etag), ("Vary", vary)]
        self.headers: Headers = [
            *headers,
            *([("Content-Encoding", encoding)] if encoding else []),
            ("Content-Length", str(len(body))),
            # RFC 9530: whoever keeps a copy of a feed can check it.
            ("Content-Digest", f"sha-256=:{b64encode(digest).decode()}:"),
            ("ETag", self.etag),
            ("Vary", vary),
        ]


class Entry:
    """One address: its two variants, what they were made from, and how to have them made again."""

    __slots__ = ("encoded", "path", "plain", "query", "scope", "size", "used", "version")

    def __init__(
        self, path: str, query: str, plain: Variant, encoded: Variant | None, scope: str, version: int
    ) -> None:
        self.path = path
        self.query = query
        self.plain = plain
        self.encoded = encoded
        self.scope = scope
        self.version = version
        self.used = 0
        bodies = len(plain.body[0]) + (len(encoded.body[0]) if encoded else 0)
        self.size = bodies + ENTRY_OVERHEAD


@dataclass(slots=True)
class Answer:
    """What Flask said to a normalised request."""

    status: str
    headers: Headers
    body: bytes
    gzipped: bytes | None


class Store:
    """Entries by key, bounded in bytes. Reading takes no lock; every change does."""

    def __init__(self, memory: int = MEMORY_BYTES) -> None:
        self.entries: dict[str, Entry] = {}
        self._memory = memory
        self._bytes = 0
        self._tick = 0
        self._heard: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes held."""
        return self._bytes

    def get(self, key: str) -> Entry | None:
        """The entry under `key`. One look-up, and one mark that it was read (races over the mark do no harm)."""
        entry = self.entries.get(key)
        if entry is not None:
            entry.used = self._tick
        return entry

    def put(self, key: str, entry: Entry) -> bool:
        """Keep the entry, unless it is too large or older than what has been heard of its scope."""
        with self._lock:
            if entry.size > ENTRY_BYTES or entry.version < self._heard.get(entry.scope, 0):
                return False
            previous = self.entries.get(key)
            if previous is not None and previous.scope == entry.scope and previous.version > entry.version:
                return False
            # Inside a tick everything counts as read at the same time: exact order would cost a lock on each hit.
            self._tick += 1
            entry.used = self._tick
            self._bytes += entry.size - (previous.size if previous else 0)
            self.entries[key] = entry
            if self._bytes > self._memory:
                self._evict()
            return True

    def drop(self, key: str) -> None:
        """Forget the entry under `key`."""
        with self._lock:
            self._drop(key)

    def hear(self, scope: str, version: int) -> None:
        """Note that `scope` has reached `version`: nothing older is kept from now on."""
        with self._lock:
            if version > self._heard.get(scope, 0):
                self._heard.pop(scope, None)
                self._heard[scope] = version
            while len(self._heard) > SCOPES_HEARD_AT_MOST:
                # The one heard of longest ago. Should an old answer slip in, the fallback check finds it.
                del self._heard[next(iter(self._heard))]

    def scopes(self) -> list[str]:
        """The suppliers of whom anything is kept."""
        with self._lock:
            return list({entry.scope for entry in self.entries.values()} - {STATIC})

    def behind(self, scope: str) -> list[tuple[str, Entry]]:
        """Entries of `scope` older than the newest version heard of, most read first.

        Beyond REFRESHED_AT_MOST they are dropped instead: their next reader has them made.
        """
        with self._lock:
            newest = self._heard.get(scope, 0)
            old = [(key, one) for key, one in self.entries.items() if one.scope == scope and one.version < newest]
            old.sort(key=lambda pair: pair[1].used, reverse=True)
            for key, _ in old[REFRESHED_AT_MOST:]:
                self._drop(key)
            return old[:REFRESHED_AT_MOST]

    def _evict(self) -> None:
        # A tenth at once, so that a full memory does not sort itself at every miss.
        goal = self._memory * 9 // 10
        for key, _ in sorted(self.entries.items(), key=lambda pair: pair[1].used):
            if self._bytes <= goal:
                break
            self._drop(key)

    def _drop(self, key: str) -> None:
        entry = self.entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size


class Edge:
    """A WSGI application before another one."""

    def __init__(self, inner: WSGIApplication, *, origin: str, memory: int = MEMORY_BYTES) -> None:
        self.inner = inner
        self.store = Store(memory)
        self._origin = urlsplit(origin)
        self._begin: Callable[[], None] | None = None

    @classmethod
    def before(cls, app: Flask) -> Edge:
        """The edge before `app`, kept fresh by a listener that starts with the first request.

        Not earlier: threads and connections do not survive the fork of a web process.
        """
        from app.core.settings import EXTENSION
        from app.publication.listener import Listener

        settings = app.extensions[EXTENSION]
        edge = cls(app, origin=settings.external_url)
        edge.listen_with(Listener(edge, settings.database_url))
        return edge

    def listen_with(self, listener: Any) -> None:
        """Have `listener.ensure()` called with every miss; a hit never waits for it."""
        self._begin = listener.ensure

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method == "GET" or method == "HEAD":
            if not environ.get("QUERY_STRING"):
                entry = self.store.get(environ["PATH_INFO"])
                if entry is not None:
                    return respond(entry, environ, start_response)
            rule = rule_for(environ["PATH_INFO"])
            if rule is not None:
                return self._through(rule, environ, start_response)
        elif method == "OPTIONS":
            rule = rule_for(environ["PATH_INFO"])
            if rule is not None and rule.cors:
                return preflight(start_response)
        return self.inner(environ, start_response)

    def refresh(self, scope: str, version: int) -> None:
        """`scope` has reached `version`: make again, in place, whatever is older."""
        self.store.hear(scope, version)
        for key, entry in self.store.behind(scope):
            try:
                self._make_again(key, entry)
            except Exception as error:
                # The old bytes stay for now; the next check finds the entry still behind and tries again.
                log.warning("edge refresh failed", exc_info=error)

    def _through(self, rule: Rule, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer an address that may be kept and was not found by its bare path."""
        if self._begin is not None:
            self._begin()
        path: str = environ["PATH_INFO"]
        parameters = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True, max_num_fields=None)
        if any(name in rule.uncached for name, _ in parameters):
            return self._pass_uncached(environ, start_response)
        query = normal_query(rule, parameters, environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        key = f"{path}?{query}" if query else path
        entry = self.store.get(key)
        if entry is not None:
            return respond(entry, environ, start_response)
        answer = self._ask(normalised(environ, path, query))
        made = make_entry(path, query, rule, answer)
        if made is None:
            return give(answer, environ, start_response)
        self.store.put(key, made)
        return respond(made, environ, start_response)

    def _pass_uncached(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a page behind a cursor: made for this reader, answered like every other, not kept."""
        path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
        rule = rule_for(path)
        language = environ.get("HTTP_ACCEPT_LANGUAGE")
        request = normalised(environ, path, query)
        if language is not None:
            request["HTTP_ACCEPT_LANGUAGE"] = language
        answer = self._ask(request)
        made = make_entry(path, query, rule, answer) if rule else None
        if made is None:
            return give(answer, environ, start_response)
        return respond(made, environ, start_response)

    def _make_again(self, key: str, old: Entry) -> None:
        rule = rule_for(old.path)
        answer = self._ask(normalised(self._environ(), old.path, old.query))
        made = make_entry(old.path, old.query, rule, answer) if rule else None
        if made is not None:
            made.used = old.used
            if made.plain.etag == old.plain.etag and made.version >= old.version:
                # The same bytes at a newer version: nothing to copy, nothing to count.
                old.version = made.version
            elif not self.store.put(key, made):
                log.warning("edge refresh overtaken", path=old.path)
        elif answer.status.startswith(("3", "404", "410")):
            # It is gone or moved. After any other failure the old bytes stay: stale is better than nothing.
            self.store.drop(key)

    def _ask(self, environ: WSGIEnvironment) -> Answer:
        """Call Flask and gather its answer."""
        caught: list[Any] = []
        parts: list[bytes] = []

        def start(status: str, headers: Headers, _exc_info: object = None) -> Callable[[bytes], object]:
            caught[:] = [status, headers]
            return parts.append

        result = self.inner(environ, start)
        try:
            parts.extend(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        status, headers = caught
        gzipped = environ.get(GZIPPED)
        return Answer(status, headers, b"".join(parts), gzipped if isinstance(gzipped, bytes) else None)

    def _environ(self) -> Environ:
        """A request of our own, as a reader under the external address would send it."""
        host = self._origin.netloc
        https = self._origin.scheme == "https"
        return {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "SERVER_NAME": self._origin.hostname or "localhost",
            "SERVER_PORT": str(self._origin.port or (443 if https else 80)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": host,
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self._origin.scheme,
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }


def rule_for(path: str) -> Rule | None:
    """The rule that an address falls under, or None: it is Flask's alone."""
    for rule in RULES:
        if rule.pattern.match(path):
            return rule
    return None


def normal_query(rule: Rule, parameters: list[tuple[str, str]], accept_language: str) -> str:
    """The query with only what the rule knows, each name once, in one order."""
    kept: dict[str, str] = {}
    for name, value in parameters:
        allowed = rule.params.get(name)
        if allowed is not None and name not in kept and allowed.fullmatch(value):
            kept[name] = value
    if rule.speaks and "lang" not in kept:
        kept["lang"] = preferred_language(accept_language)
    return urlencode(sorted(kept.items()))


def preferred_language(accept_language: str) -> str:
    """The first of our languages by the browser's own order; English where it names none."""
    best, weight = LANGUAGES[0], 0.0
    for part in accept_language[:200].split(","):
        tag, _, parameter = part.strip().partition(";")
        try:
            q = float(parameter.strip()[2:]) if parameter.strip().startswith("q=") else 1.0
        except ValueError:
            continue
        language = tag.strip()[:2].lower()
        if language in LANGUAGES and tag.strip()[2:3] in {"", "-"} and q > weight:
            best, weight = language, q
    return best


def normalised(environ: Mapping[str, Any], path: str, query: str) -> Environ:
    """The request as Flask may see it: a plain GET without anything of the one who happens to ask."""
    result = {name: value for name, value in environ.items() if name not in _STRIPPED}
    result |= {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, "wsgi.input": io.BytesIO()}
    # The raw addresses still hold the query as it came; a server's file wrapper hands files past us.
    for name in ("REQUEST_URI", "RAW_URI", "wsgi.file_wrapper"):
        result.pop(name, None)
    return result


def make_entry(path: str, query: str, rule: Rule, answer: Answer) -> Entry | None:
    """The answer made ready in both encodings, or None where it may not be kept."""
    scope, version = scope_of(answer)
    if scope is None or not answer.status.startswith("200"):
        return None
    headers = [(n, v) for n, v in answer.headers if n.lower() not in _PERSONAL | _OWN and n != SCOPE_HEADER]
    if any(name.lower() == "set-cookie" for name, _ in answer.headers):
        # A cookie in a public answer is a programming error; kept, it would give one visitor's session to all.
        log.error("public answer with a cookie", path=path)
        return None
    vary = "Accept-Encoding, Accept-Language" if rule.speaks else "Accept-Encoding"
    plain = Variant(answer.body, headers, None, vary)
    gzipped = answer.gzipped if answer.gzipped is not None else squeeze(answer)
    encoded = Variant(gzipped, headers, "gzip", vary) if gzipped is not None else None
    return Entry(path, query, plain, encoded, scope, version)


def scope_of(answer: Answer) -> tuple[str | None, int]:
    """Whose answer it is and from which version, as the view said; (None, 0) where it may not be kept."""
    stated = header(answer.headers, SCOPE_HEADER)
    if stated is None:
        # Files under the hash of their bytes can never change.
        return (STATIC, 0) if "immutable" in (header(answer.headers, "Cache-Control") or "") else (None, 0)
    scope, _, version = stated.partition(":")
    return scope, int(version or 0)


def squeeze(answer: Answer) -> bytes | None:
    """The body compressed, or None where that is not worth it (short, or an image that is compressed already)."""
    content_type = header(answer.headers, "Content-Type") or ""
    textual = content_type.startswith("text/") or any(kind in content_type for kind in ("json", "xml", "javascript"))
    if not textual or len(answer.body) < SMALLEST_GZIP:
        return None
    return gzip.compress(answer.body, 6, mtime=0)


def respond(entry: Entry, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The prepared answer in the encoding that the reader takes; 304 where the reader has it already."""
    variant = entry.plain
    if entry.encoded is not None:
        accepted = environ.get("HTTP_ACCEPT_ENCODING")
        if accepted is not None and takes_gzip(accepted):
            variant = entry.encoded
    known = environ.get("HTTP_IF_NONE_MATCH")
    # Dates have whole seconds and two versions may share one, so there is no Last-Modified and
    # If-Modified-Since is ignored: it would let a review that was taken down live on in a copy.
    if known is not None and (variant.etag in known or known.strip() == "*"):
        # Lists are copied because the server may change the one it is given (PEP 3333).
        start_response("304 Not Modified", variant.unchanged_headers[:])
        return ()
    start_response("200 OK", variant.headers[:])
    return () if environ["REQUEST_METHOD"] == "HEAD" else variant.body


def takes_gzip(accept_encoding: str) -> bool:
    """Whether the reader takes gzip (RFC 9110 § 12.5.3)."""
    if "gzip" not in accept_encoding:
        return False
    if ";" not in accept_encoding:
        return True
    for part in accept_encoding.split(","):
        name, _, parameter = part.partition(";")
        if name.strip().lower() in {"gzip", "x-gzip"}:
            return re.fullmatch(r"q=0(\.0*)?", parameter.strip()) is None
    return False


def give(answer: Answer, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """An answer that is not kept (an error, a redirect), as Flask made it."""
    headers = [(name, value) for name, value in answer.headers if name != SCOPE_HEADER]
    start_response(answer.status, headers)
    return () if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]


def preflight(start_response: StartResponse) -> Iterable[bytes]:
    """Leave for any origin to read with conditions of its own (`If-None-Match` is not on CORS's safe list)."""
    start_response(
        "204 No Content",
        [
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"),
            ("Access-Control-Allow-Headers", "If-None-Match"),
            ("Access-Control-Max-Age", "86400"),
            ("Cache-Control", "public, max-age=86400"),
        ],
    )
    return ()


def header(headers: Headers, name: str) -> str | None:
    """The value of a header, or None."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)
