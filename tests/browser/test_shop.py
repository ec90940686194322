"""A visitor on the supplier's own page, which allows nothing that a careful supplier would not."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, ConsoleMessage, expect

from demo.stack import Stack


def test_a_visitor_of_the_shop_sees_badge_reviews_and_form_without_one_policy_violation(
    live: Stack, browser: BrowserContext
) -> None:
    page = browser.new_page()
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{live.ports.shop_url}/products/cr-45")
    expect(page.locator("avouch-reviews")).to_contain_text("Trzeci zakup, ta sama jakość")
    expect(page.locator("avouch-badge").first).to_be_visible()
    form = page.frame_locator("avouch-form iframe")
    expect(form.get_by_role("radio")).to_have_count(5)
    assert complaints == []


def test_nobody_waits_for_a_cookie_on_the_suppliers_page(live: Stack, browser: BrowserContext) -> None:
    page = browser.new_page()
    page.goto(f"{live.ports.shop_url}/products/ms-90")
    expect(page.frame_locator("avouch-form iframe").get_by_role("radio")).to_have_count(5)
    assert browser.cookies() == []
