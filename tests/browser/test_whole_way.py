"""A review's whole way, as people walk it: the shop, the proof, the mailbox, the desk, the readers, and back."""

from __future__ import annotations

import re
import uuid
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, expect

from demo.stack import Stack
from tests.browser.test_form import Rita, address, order_code
from tests.waiting import until


def feed(live: Stack) -> dict[str, Any]:
    """What the supplier's site pulls."""
    found: dict[str, Any] = httpx.get(
        f"{live.ports.web_url}/feeds/{live.facts()['site']}/reviews.json", follow_redirects=False
    ).json()
    return found


def item(live: Stack, title: str) -> dict[str, Any] | None:
    """The feed's item with this title."""
    return next((one for one in feed(live)["items"] if one["title"] == title), None)


def mona(live: Stack, chromium: Browser) -> Page:
    """The moderator at her desk, signed in."""
    page = chromium.new_context(locale="en-GB").new_page()
    page.set_default_timeout(15_000)
    page.goto(f"{live.ports.web_url}/sign-in")
    page.get_by_label("E-mail address").fill("mona@kestrel-pumps.example")
    page.get_by_label("Password", exact=True).fill(live.facts()["password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/dashboard"))
    return page


def follow_link(rita: Rita, her: str) -> str:
    """The link in her mail by which she follows her review."""

    def found() -> str | None:
        links = (link for mail in rita.mails(her) for link in mail["links"])
        return next((link for link in links if "/me/open/avf_" in link), None)

    return str(until(found, seconds=60))


def test_from_the_shop_to_the_feed_and_back(live: Stack, chromium: Browser, browser: BrowserContext) -> None:
    rita = Rita(live, browser, browser.new_page())
    title = f"Held through the flood {uuid.uuid4().hex[:6]}"
    her = address()

    # She has no order link: author and affiliation can be proven, the purchase cannot, so a person must look.
    rita.comes()
    rita.writes(title)
    rita.signs_in(her)
    rita.form.get_by_role("button", name="Send review").click()
    expect(rita.form.get_by_role("heading", name="We have your review")).to_be_visible()
    assert item(live, title) is None

    desk = mona(live, chromium)

    def waits() -> bool:
        desk.goto(f"{live.ports.web_url}/dashboard/moderation")
        return desk.get_by_role("link", name=title).is_visible()

    until(waits, seconds=30)
    desk.get_by_role("link", name=title).click()
    expect(desk.get_by_text("hidden until you have ruled")).to_be_visible()
    desk.keyboard.press("a")
    until(lambda: item(live, title) is not None, seconds=10)

    found = item(live, title)
    assert found is not None
    assert found["_avouch"]["proofs"]["author"]["status"] == "proven"
    assert found["_avouch"]["proofs"]["purchase"]["status"] == "not_proven"

    # The shop shows it: in the list, and counted in the badge. No process was started again. (A reader who has
    # not been here before: browsers may keep a feed for a minute, as it says.)
    reader = chromium.new_context(locale="en-GB").new_page()
    reader.set_default_timeout(15_000)
    reader.goto(f"{live.ports.shop_url}/products/cr-45")
    expect(reader.locator("avouch-reviews").get_by_text(title).first).to_be_visible()
    count = httpx.get(f"{live.ports.web_url}/feeds/{live.facts()['site']}/summary.json").json()["rating"]["count"]
    reader.goto(f"{live.ports.shop_url}/")
    expect(reader.locator("avouch-badge").first).to_contain_text(f"{count} reviews")

    # The hosted page says what was proven and what was not.
    reader.goto(found["url"])
    expect(reader.get_by_role("heading", level=1)).to_contain_text(title)
    expect(reader.get_by_text("not proven").first).to_be_visible()

    # She changes her words by the mailed link: the old ones stand until the new ones are ruled on.
    reader.goto(follow_link(rita, her))
    reader.get_by_role("link", name=re.compile("Change")).click()
    reader.get_by_label("Title").fill(title + ", twice")
    reader.get_by_role("button", name=re.compile("Send")).click()
    expect(reader.get_by_text(title + ", twice").first).to_be_visible()
    assert item(live, title) is not None

    # She withdraws: within moments nobody reads it any more, and the feed says so.
    reader.get_by_role("link", name=re.compile("Withdraw")).click()
    reader.get_by_role("button", name=re.compile("Withdraw")).click()
    until(lambda: item(live, title) is None, seconds=10)
    assert found["id"] in str(feed(live)["_avouch"]["removed"])
    assert httpx.get(found["url"]).status_code == 410


def test_with_the_order_link_all_three_hold_and_policy_publishes_at_once(
    live: Stack, chromium: Browser, browser: BrowserContext
) -> None:
    rita = Rita(live, browser, browser.new_page())
    title = f"Ordered, fitted, forgotten {uuid.uuid4().hex[:6]}"
    rita.comes(order_code(live))
    rita.writes(title)
    rita.signs_in(address())
    rita.form.get_by_role("button", name="Send review").click()
    expect(rita.form.get_by_role("heading", name="We have your review")).to_be_visible()
    until(lambda: item(live, title) is not None, seconds=15)
    proofs = (item(live, title) or {})["_avouch"]["proofs"]
    assert {proof["status"] for proof in proofs.values()} == {"proven"}
    assert proofs["purchase"]["method"] == "purchase_token"
