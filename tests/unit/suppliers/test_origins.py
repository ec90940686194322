"""Which origins may frame a form: exact ones, and nothing that could mean more than it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.suppliers.rules import BadOrigin, Fault, is_loopback, origin_of, parse_origin, slug_of


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://kestrel.example", "https://kestrel.example"),
        ("https://www.kestrel.example", "https://www.kestrel.example"),
        ("  https://kestrel.example\n", "https://kestrel.example"),
        ("https://kestrel.example/", "https://kestrel.example"),
        ("HTTPS://Kestrel.Example", "https://kestrel.example"),
        ("https://kestrel.example:443", "https://kestrel.example"),
        ("https://kestrel.example:8443", "https://kestrel.example:8443"),
        ("https://pumpy-żuraw.example", "https://xn--pumpy-uraw-1ub.example"),
        ("https://насосы.example", "https://xn--80ak6aebo.example"),
        ("https://ＫＥＳＴＲＥＬ.example", "https://kestrel.example"),  # full-width letters
        ("https://192.0.2.7", "https://192.0.2.7"),
        ("https://[2001:db8:0:0::7]:444", "https://[2001:db8::7]:444"),
        ("http://localhost", "http://localhost"),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:5001", "http://localhost:5001"),
        ("http://shop.localhost:5001", "http://shop.localhost:5001"),
        ("http://127.0.0.1:5001", "http://127.0.0.1:5001"),
        ("http://[::1]:5001", "http://[::1]:5001"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(typed: str, kept: str) -> None:
    if typed.startswith("https://pumpy") or "насосы" in typed:
        kept = "https://" + typed.removeprefix("https://").encode("idna").decode()
    assert parse_origin(typed) == kept
    assert parse_origin(kept) == kept


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", Fault.EMPTY),
        ("   ", Fault.EMPTY),
        ("kestrel.example", Fault.SHAPE),
        ("//kestrel.example", Fault.SHAPE),
        ("https:kestrel.example", Fault.SHAPE),
        ("*", Fault.WILDCARD),
        ("https://*", Fault.WILDCARD),
        ("https://*.kestrel.example", Fault.WILDCARD),
        ("https://kestrel.example:*", Fault.WILDCARD),
        ("http://kestrel.example", Fault.INSECURE),
        ("http://127.0.0.1.kestrel.example", Fault.INSECURE),
        ("http://localhost.kestrel.example", Fault.INSECURE),
        ("http://192.168.0.7", Fault.INSECURE),
        ("ftp://kestrel.example", Fault.SCHEME),
        ("javascript://kestrel.example", Fault.SCHEME),
        ("data://kestrel.example", Fault.SCHEME),
        ("https://kestrel.example/shop", Fault.PATH),
        ("https://kestrel.example//", Fault.PATH),
        ("https://kestrel.example?x=1", Fault.PATH),
        ("https://kestrel.example#top", Fault.PATH),
        ("https://kestrel.example\\evil", Fault.PATH),
        ("https://alice@kestrel.example", Fault.USER),
        ("https://alice:secret@kestrel.example", Fault.USER),
        ("https://kestrel.example@evil.example", Fault.USER),
        ("https://", Fault.HOST),
        ("https://:443", Fault.HOST),
        ("https://kestrel", Fault.HOST),
        ("https://kestrel..example", Fault.HOST),
        ("https://-kestrel.example", Fault.HOST),
        ("https://kestrel_pumps.example", Fault.HOST),
        ("https://kestrel.example; script-src *", Fault.WILDCARD),
        ("https://kestrel.example;script-src", Fault.HOST),
        ("https://kestrel.example https://evil.example", Fault.PATH),
        ("https://kestrel.example,evil.example", Fault.HOST),
        ("https://kestrel.example'", Fault.HOST),
        ("https://kes\ttrel.example", Fault.HOST),
        ("https://kes\u2028trel.example", Fault.HOST),
        ("https://127.1", Fault.HOST),
        ("https://0x7f.1", Fault.HOST),
        ("https://2130706433", Fault.HOST),
        ("https://0177.0.0.1", Fault.HOST),
        ("https://1.2.3.4.5", Fault.HOST),
        ("https://[::1", Fault.HOST),
        ("https://[kestrel.example]", Fault.HOST),
        ("https://[fe80::1%25eth0]", Fault.HOST),
        ("https://kestrel.example:0", Fault.PORT),
        ("https://kestrel.example:65536", Fault.PORT),
        ("https://kestrel.example:0443", Fault.PORT),
        ("https://kestrel.example:٤٤٣", Fault.HOST),
        ("https://" + "a" * 300 + ".example", Fault.LONG),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(typed: str, fault: Fault) -> None:
    with pytest.raises(BadOrigin) as refused:
        parse_origin(typed)
    assert refused.value.fault is fault


@given(st.text(max_size=60) | st.from_regex(r"https?://[ -~]{1,40}", fullmatch=True))
def test_whatever_is_taken_is_safe_in_a_header(typed: str) -> None:
    try:
        origin = parse_origin(typed)
    except BadOrigin:
        return
    scheme, _, rest = origin.partition("://")
    assert scheme in {"https", "http"}
    assert rest.isascii()
    assert not set(rest) & set(" \t\r\n;,*'\"/\\@?#")
    assert parse_origin(origin) == origin


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://kestrel.example/shop?x=1#y", "https://kestrel.example"),
        ("https://kestrel.example:443/", "https://kestrel.example"),
        ("http://[::1]:5001/shop", "http://[::1]:5001"),
        ("http://kestrel.example/shop", None),
        ("mailto:alice@kestrel.example", None),
        ("https://kestrel.example:99999/", None),
    ],
)
def test_a_page_has_the_origin_that_a_browser_would_name(url: str, origin: str | None) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_loopback_hosts_are_this_machine(host: str) -> None:
    assert is_loopback(host)
    assert not is_loopback(f"{host}.example".replace("[", "").replace("]", ""))


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Kestrel Pumps", "kestrel-pumps"),
        ("  Kestrel -- Pumps!  ", "kestrel-pumps"),
        ("Müller & Söhne GmbH", "muller-sohne-gmbh"),
        ("Łożyska Żuraw", "lozyska-zuraw"),
        ("Насосный завод", "nasosnyy-zavod"),
        ("株式会社", "supplier"),
        ("!!!", "supplier"),
        ("a" * 80, "a" * 50),
    ],
)
def test_a_name_becomes_a_slug_that_can_be_read_aloud(name: str, slug: str) -> None:
    assert slug_of(name) == slug
