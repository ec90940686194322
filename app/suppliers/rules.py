"""Pure rules about suppliers: which origins may frame a form, and how names become slugs."""

from __future__ import annotations

import enum
import ipaddress
import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import urlsplit

import idna

MAX_ORIGIN = 300
MAX_ORIGINS = 20

_SHAPE = re.compile(r"(?P<scheme>[a-z]+)://(?P<host>\[[0-9a-f:.]+\]|[^\[\]/?#@\\:]+)(?::(?P<port>[0-9]+))?/?", re.I)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DEFAULT_PORTS = {"https": 443, "http": 80}


class Fault(enum.StrEnum):
    """What is wrong with an origin. Pages say it in the reader's language."""

    EMPTY = "empty"
    SHAPE = "shape"
    SCHEME = "scheme"
    INSECURE = "insecure"
    USER = "user"
    PATH = "path"
    WILDCARD = "wildcard"
    HOST = "host"
    PORT = "port"
    LONG = "long"


class BadOrigin(ValueError):
    """Text that is not an origin which may frame the form."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"not an origin: {fault}")
        self.fault = fault


def parse_origin(text: str) -> str:
    """The one spelling of an origin, `scheme://host[:port]`, as browsers send and compare it.

    It goes into the form's `frame-ancestors`, where a stray blank or semicolon would start another source
    or directive, and a path or wildcard would allow more than was meant. So nothing is guessed: https
    only (http for loopback hosts, to try things out), a host as A-label, no user, path, query or wildcard.
    A single slash at the end is taken, because browsers show one there.

    Raises:
        BadOrigin: saying what is wrong.
    """
    text = text.strip(" \t\r\n")
    if not text:
        raise BadOrigin(Fault.EMPTY)
    if len(text) > MAX_ORIGIN:
        raise BadOrigin(Fault.LONG)
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise BadOrigin(_fault_of(text))
    scheme = match["scheme"].lower()
    if scheme not in _DEFAULT_PORTS:
        raise BadOrigin(Fault.SCHEME)
    host = _host(match["host"])
    if scheme == "http" and not is_loopback(host):
        raise BadOrigin(Fault.INSECURE)
    port = _port(match["port"], scheme)
    return f"{scheme}://{host}{port}"


def origin_of(url: str) -> str | None:
    """The origin of a page's address, or None where it has none that could frame a form."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port is not None else ""
        host = parts.hostname or ""
        return parse_origin(f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}")
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine, by name or address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def slug_of(name: str, *, fallback: str = "supplier") -> str:
    """A name as it stands in an address: ASCII letters, digits and single hyphens, at most 50 of them."""
    folded = "".join(_CYRILLIC.get(char, char) for char in name.casefold())
    ascii_only = unicodedata.normalize("NFKD", folded.replace("ł", "l").replace("ß", "ss"))
    plain = ascii_only.encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].strip("-") or fallback


def in_order(chosen: Sequence[str], known: Sequence[str]) -> list[str]:
    """Those of `known` that were chosen, in the order of `known`, each once."""
    return [one for one in known if one in set(chosen)]


def _fault_of(text: str) -> Fault:
    """Which sentence helps most where the whole shape did not fit."""
    if "*" in text:
        return Fault.WILDCARD
    _, found, rest = text.partition("://")
    if not found:
        return Fault.SHAPE
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    if "@" in authority:
        return Fault.USER
    if len(authority) < len(rest):
        return Fault.PATH
    return Fault.HOST


def _host(text: str) -> str:
    if "*" in text:
        raise BadOrigin(Fault.WILDCARD)
    if text.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(text[1:-1]).compressed}]"
        except ValueError as error:
            raise BadOrigin(Fault.HOST) from error
    try:
        # UTS 46 is what browsers apply, so that the origin they send is the one kept here.
        host = idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise BadOrigin(Fault.HOST) from error
    labels = host.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise BadOrigin(Fault.HOST)
    if _ends_in_number(labels[-1]):
        # Browsers read "127.1" or "0x7f.1" as addresses; only the plain spelling is compared equal to itself.
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError as error:
            raise BadOrigin(Fault.HOST) from error
    if len(labels) < 2 and host != "localhost":
        raise BadOrigin(Fault.HOST)
    return host


def _ends_in_number(label: str) -> bool:
    return label.isdigit() or re.fullmatch("0x[0-9a-f]*", label) is not None


def _port(text: str | None, scheme: str) -> str:
    if text is None:
        return ""
    if text != str(int(text)) or not 1 <= int(text) <= 65535:
        raise BadOrigin(Fault.PORT)
    return "" if int(text) == _DEFAULT_PORTS[scheme] else f":{text}"


_CYRILLIC = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        [
            *("a", "b", "v", "g", "d", "e", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u"),
            *("f", "h", "ts", "ch", "sh", "sht", "a", "y", "", "e", "yu", "ya"),
        ],
        strict=True,
    )
)
