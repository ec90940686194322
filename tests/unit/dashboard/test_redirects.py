"""Where a sign-in may lead to: sixty ways to try to lead it elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dashboard.redirects import inside

ROOTS = ("/dashboard", "/join")


@pytest.mark.parametrize(
    ("target", "there"),
    [
        ("/dashboard", "/dashboard"),
        ("/dashboard/", "/dashboard"),
        ("/dashboard/settings/sites", "/dashboard/settings/sites"),
        ("/dashboard/reviews?state=open&page=2", "/dashboard/reviews?state=open&page=2"),
        ("/dashboard/reviews?q=a%20b", "/dashboard/reviews?q=a+b"),
        ("/dashboard/reviews?q=%2F%2Fevil.example", "/dashboard/reviews?q=%2F%2Fevil.example"),
        ("/dashboard/reviews#top", "/dashboard/reviews"),
        ("/join/avi_abc", "/join/avi_abc"),
    ],
)
def test_a_page_of_ours_is_reached(target: str, there: str) -> None:
    assert inside(target, ROOTS) == there


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "/",
        "dashboard",
        "./dashboard",
        "../dashboard",
        "/other",
        "/dashboardevil",
        "/dashboard.evil.example",
        "/dashboard@evil.example",
        "//evil.example",
        "//evil.example/dashboard",
        "///evil.example",
        "////evil.example",
        "//dashboard",
        "/\\evil.example",
        "\\/evil.example",
        "\\\\evil.example",
        "/\\/evil.example",
        "/dashboard\\..\\..\\evil.example",
        "/dashboard/\\evil.example",
        "https://evil.example",
        "https://evil.example/dashboard",
        "http:evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https:///evil.example",
        "HTTPS://EVIL.EXAMPLE",
        "hTTps:dashboard",
        "javascript:alert(1)",
        "javascript://dashboard/%0aalert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,hello",
        "vbscript:msgbox",
        "mailto:eve@evil.example",
        "file:///etc/passwd",
        "blob:https://evil.example/1",
        "/%2f%2fevil.example",
        "/%2fevil.example",
        "%2f%2fevil.example",
        "/dashboard/%2e%2e/%2e%2e/evil",
        "/dashboard/../evil",
        "/dashboard/./x",
        "/dashboard/..",
        "/dashboard/%00",
        "/dashboard//evil.example",
        "/dashboard/%5cevil.example",
        "/dashboard/%0d%0aLocation:%20https://evil.example",
        "/dashboard\r\nLocation: https://evil.example",
        "/dashboard\nx",
        "/dash\tboard",
        "\t//evil.example",
        " //evil.example",
        " /dashboard",
        "/dashboard ",
        "\x00/dashboard",
        "/\t/evil.example",
        "/\n/evil.example",
        "ht\ntps://evil.example",
        "\u2028//evil.example",
        "／／evil.example",  # full-width slashes
        "/dashboard/\uff0e\uff0e",
        "/．．/evil",
        "//evil.example@avouch.test/dashboard",
        "https://avouch.test/dashboard",
        "https://avouch.test@evil.example/dashboard",
        "//[::1]/dashboard",
        "//[bad",
        "http://[bad",
        "/dashboard;//evil.example",
        "?next=//evil.example",
        "#//evil.example",
        "/dashboard" + "/a" * 300,
        "/dashboard?" + "&".join("a=1" for _ in range(10)) + "\\",
    ],
)
def test_anywhere_else_is_not(target: str | None) -> None:
    assert inside(target, ROOTS) is None


@given(st.text(max_size=80) | st.from_regex(r"/dashboard[ -~]{0,40}", fullmatch=True))
def test_whatever_comes_out_begins_below_a_root_and_can_be_read_in_one_way_only(target: str) -> None:
    try:
        there = inside(target, ROOTS)
    except ValueError:
        pytest.fail("a bad target is refused, it raises nothing")
    if there is None:
        return
    path = there.partition("?")[0]
    assert path in ROOTS or path.startswith(tuple(f"{root}/" for root in ROOTS))
    assert "//" not in path
    assert not set(there) & set("\\\r\n\t @<>\"'")
