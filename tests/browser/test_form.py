"""Rita writes a review on the supplier's own page, another site than ours, in browsers of every habit."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Frame, FrameLocator, Page, Route, expect

from demo.stack import Stack
from tests.waiting import until

TEXT = "Two years in our booster station, day and night, and one seal changed."
SKU = "KP-45"


def order_code(live: Stack) -> str:
    """The token in the review link of a fresh order, as the supplier's system gets it."""
    facts = live.facts()
    answer = httpx.post(
        f"{live.ports.web_url}/api/v1/purchases",
        headers={"Authorization": f"Bearer {facts['api_key']}"},
        json={
            "reference": f"PO-{uuid.uuid4().hex[:10]}",
            "date": "2026-01-15",
            "buyer": {"name": "Brightwater Utilities", "domains": ["brightwater.example"]},
            "subjects": [next(iter(facts["subjects"]))],
        },
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["links"][0]["url"].partition("=avt_")[2])


@dataclass
class Rita:
    """A reviewer, her browser, and the page that she is on."""

    live: Stack
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    @property
    def form(self) -> FrameLocator:
        return self.page.frame_locator("avouch-form iframe")

    @property
    def frame(self) -> Frame:
        return next(frame for frame in self.page.frames if "/form" in frame.url)

    def listens(self) -> None:
        def heard(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                self.complaints.append(message.text)

        self.page.on("console", heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def comes(self, code: str | None = None) -> None:
        """Open the shop's page, with or without the link from an order."""
        path = f"/review#avouch=avt_{code}" if code else "/products/cr-45"
        self.page.goto(f"{self.live.ports.shop_url}{path}")
        expect(self.form.get_by_label("Title")).to_be_visible()

    def writes(self, title: str = "Quiet, and it keeps its pressure", name: str = "Rita S.") -> None:
        """All up to the step in which she proves."""
        self.form.get_by_label("4 Very good").check()
        self.form.get_by_label("Title").fill(title)
        self.form.get_by_label("Your experience").fill(TEXT)
        self.form.get_by_role("button", name="Continue").click()
        self.form.get_by_label("The name that readers see").fill(name)
        self.form.get_by_role("button", name="Continue").click()
        expect(self.form.get_by_role("button", name="Send review")).to_be_visible()

    def signs_in(self, email: str) -> None:
        """Through the pop-up and the provider."""
        with self.context.expect_page() as opened:
            self.form.get_by_role("button", name="Sign in to prove who you are").click()
        window = opened.value
        window.get_by_role("button", name=re.compile("Sign in with")).click()
        window.get_by_label("Or anybody else, by e-mail address").fill(email)
        window.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.form.locator("[data-state=author]")).to_contain_text("proven:")

    def mails(self, address: str) -> list[dict[str, Any]]:
        """What reached her mailbox, newest first."""
        found = httpx.get(f"{self.live.ports.mails_url}/mails.json").json()
        return [mail for mail in found if address in mail["to"]]


@pytest.fixture
def rita(live: Stack, browser: BrowserContext) -> Iterator[Rita]:
    """Rita, at her desk. Whatever her browser's console complains of fails the test."""
    page = browser.new_page()
    someone = Rita(live, browser, page)
    someone.listens()
    yield someone
    assert someone.complaints == []


def address() -> str:
    """A colleague at the buying company whom nobody has seen before."""
    return f"rita.{uuid.uuid4().hex[:8]}@brightwater.example"


def test_she_writes_proves_and_sends_and_the_page_around_knows_only_that(rita: Rita) -> None:
    code = order_code(rita.live)
    rita.page.add_init_script(
        "window.heard = []; addEventListener('message', (e) => heard.push(JSON.stringify(e.data)));"
    )
    rita.comes(code)
    # The code has left the address before anything else on the page could copy it.
    assert "avt_" not in rita.page.url
    expect(rita.form.get_by_role("heading", level=1)).to_contain_text("Review ")
    rita.writes()
    expect(rita.form.locator("[data-state=purchase]")).to_contain_text("Purchase proven: order code")
    expect(rita.form.locator("[data-purchase]")).to_contain_text("Brightwater Utilities")
    rita.signs_in(address())
    expect(rita.form.locator("[data-state=affiliation]")).to_contain_text("Affiliation proven: work e-mail address")
    rita.form.get_by_role("button", name="Send review").click()
    expect(rita.form.get_by_role("heading", name="We have your review")).to_be_visible()
    expect(rita.form.get_by_role("link", name="Follow, change or withdraw it")).to_have_attribute(
        "href", re.compile(r"/me/open/avf_")
    )

    heard = rita.page.evaluate("heard")
    assert {re.sub(r"\d+", "0", message) for message in heard} == {
        '{"avouch":0,"type":"ready"}',
        '{"avouch":0,"type":"height","height":0}',
        '{"avouch":0,"type":"submitted"}',
    }
    # Not one cookie was needed in the frame; those of the pop-up are our own, first-party.
    assert all(cookie["domain"] == "localhost" for cookie in rita.context.cookies())


def test_the_mailed_link_shows_the_number_and_proves_from_another_window(rita: Rita) -> None:
    her = address()
    rita.comes()
    rita.writes()
    rita.form.get_by_text("Or get a link by e-mail").click()
    rita.form.get_by_label("Work e-mail address").fill(her)
    rita.form.get_by_role("button", name="Send me the link").click()
    number = rita.form.locator("[data-match-number]")
    expect(number).to_have_text(re.compile(r"^\d\d$"))

    def link() -> str | None:
        links = (link for mail in rita.mails(her) for link in mail["links"])
        return next((link for link in links if "/v/mail/avm_" in link), None)

    window = rita.context.new_page()
    window.goto(str(until(link, seconds=150)))
    window.get_by_label(number.inner_text(), exact=True).check()
    window.get_by_role("button", name="Yes, I am writing it").click()
    window.wait_for_url(re.compile("/v/done"))
    window.close()
    rita.page.bring_to_front()
    expect(rita.form.locator("[data-state=author]")).to_contain_text("Author proven: link by e-mail")


def test_without_a_mouse(rita: Rita) -> None:
    rita.comes()
    keyboard = rita.page.keyboard
    rita.form.get_by_label("1 Poor").focus()
    for _ in range(4):
        keyboard.press("ArrowRight")
    expect(rita.form.get_by_label("5 Excellent")).to_be_checked()
    keyboard.press("Tab")
    keyboard.type("Easy to service")
    keyboard.press("Tab")
    keyboard.type("Short")
    rita.form.get_by_role("button", name="Continue").press("Enter")
    summary = rita.form.locator("#error-summary")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Write at least 20 characters")
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(rita.form.get_by_label("Your experience")).to_be_focused()
    keyboard.press("End")
    keyboard.type(": one hour for a seal, with two people and no crane.")
    expect(rita.form.locator("#e-text")).to_be_hidden()
    rita.form.get_by_role("button", name="Continue").press("Enter")
    expect(rita.form.locator("#s-about")).to_be_focused()
    keyboard.press("Tab")
    keyboard.type("Rita S.")
    # Enter in a line goes on, it does not send.
    keyboard.press("Enter")
    expect(rita.form.locator("#s-prove")).to_be_focused()
    rita.form.get_by_role("button", name="Send review").press("Enter")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("who you are")


def test_a_reload_brings_everything_back(rita: Rita) -> None:
    rita.comes()
    rita.form.get_by_label("2 Fair").check()
    rita.form.get_by_label("Title").fill("Loud at first")
    rita.form.get_by_label("Your experience").fill("مضخة جيدة 👩‍🔧 and then some English")
    expect(rita.form.locator("#save-state")).to_contain_text(re.compile(r"Saved \d\d:\d\d"))
    rita.page.reload()
    expect(rita.form.get_by_label("Title")).to_have_value("Loud at first")
    expect(rita.form.get_by_label("Your experience")).to_have_value("مضخة جيدة 👩‍🔧 and then some English")
    expect(rita.form.get_by_label("2 Fair")).to_be_checked()


def test_a_server_that_fails_costs_no_word(live: Stack, browser: BrowserContext) -> None:
    rita = Rita(live, browser, browser.new_page())
    failing = {"on": True}

    def fail(route: Route) -> None:
        if failing["on"]:
            route.fulfill(status=503, content_type="application/problem+json", body='{"code":"unavailable"}')
        else:
            route.continue_()

    page = rita.page
    page.route("**/v/drafts**", fail)
    facts = live.facts()
    subject = next(iter(facts["subjects"].values()))
    page.goto(f"{live.ports.web_url}/widgets/v1/{facts['site']}/form?subject={subject}")
    page.get_by_label("Title").fill("Typed while all was down")
    expect(page.locator("#save-state")).to_contain_text("Not saved yet")
    page.reload()
    expect(page.get_by_label("Title")).to_have_value("Typed while all was down")
    failing["on"] = False
    expect(page.locator("#save-state")).to_contain_text("Saved", timeout=40_000)
    page.reload()
    expect(page.get_by_label("Title")).to_have_value("Typed while all was down")


def test_two_windows_ask_which_text_to_keep(rita: Rita) -> None:
    rita.comes()
    rita.form.get_by_label("Title").fill("From the first window")
    expect(rita.form.locator("#save-state")).to_contain_text("Saved")
    other = Rita(rita.live, rita.context, rita.context.new_page())
    other.comes()
    expect(other.form.get_by_label("Title")).to_have_value("From the first window")
    other.form.get_by_label("Title").fill("From the second window")
    expect(other.form.locator("#save-state")).to_contain_text("Saved")
    with other.page.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok):
        other.form.get_by_label("What is good").fill("Spare parts")
    rita.form.get_by_label("Title").fill("From the first window, later")
    expect(rita.form.locator("#conflict")).to_be_visible()
    expect(rita.form.get_by_label("Title")).to_have_value("From the first window, later")
    rita.form.get_by_role("button", name="The text in this window").click()
    expect(rita.form.locator("#save-state")).to_contain_text("Saved")
    rita.page.reload()
    expect(rita.form.get_by_label("Title")).to_have_value("From the first window, later")
    # The refused save is an error to the browser's console, and expected here.
    rita.complaints.clear()


def test_a_used_code_is_said_and_the_text_stays(rita: Rita) -> None:
    code = order_code(rita.live)
    rita.comes(code)
    rita.writes()
    rita.signs_in(address())
    rita.form.get_by_role("button", name="Send review").click()
    expect(rita.form.get_by_role("heading", name="We have your review")).to_be_visible()

    again = Rita(rita.live, rita.context, rita.context.new_page())
    again.comes(code)
    again.form.get_by_label("Title").fill("A second time")
    expect(again.form.locator("[data-token-problem]")).to_contain_text("already been sent")
    expect(again.form.get_by_label("Title")).to_have_value("A second time")


def test_a_window_held_back_by_the_browser_leaves_a_link(rita: Rita) -> None:
    rita.comes()
    rita.writes()
    rita.frame.evaluate("window.open = () => null")
    rita.form.get_by_role("button", name="Sign in to prove who you are").click()
    link = rita.form.get_by_role("link", name="Open the sign-in page")
    expect(link).to_be_focused()
    with rita.context.expect_page() as opened:
        link.click()
    expect(opened.value.get_by_role("heading", level=1)).to_contain_text("Are you writing this review?")


def test_only_the_site_s_own_pages_may_frame_it(live: Stack, browser: BrowserContext) -> None:
    page = browser.new_page()
    site = live.facts()["site"]
    # The mail catcher is another origin on this machine, and none of the site's.
    page.goto(live.ports.mails_url)
    answer = httpx.get(f"{live.ports.web_url}/widgets/v1/{site}/form")
    assert f"frame-ancestors {live.ports.shop_url}" in answer.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer.headers
    assert live.ports.mails_url not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_nothing_stands_in_anybody_s_way(live: Stack, chromium: Browser, theme: str, width: int) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 844},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        has_touch=width < 500,
    )
    try:
        rita = Rita(live, context, context.new_page())
        site = live.facts()["site"]
        slug = next(iter(live.facts()["subjects"].values()))
        page = rita.page
        page.goto(f"{live.ports.web_url}/widgets/v1/{site}/form?subject={slug}&theme={theme}&lang=en")
        page.get_by_role("button", name="Continue").click()
        _no_violations(page)
        page.get_by_label("4 Very good").check()
        page.get_by_label("Title").fill("Quiet")
        page.get_by_label("Your experience").fill(TEXT)
        page.get_by_role("button", name="Continue").click()
        page.get_by_label("The name that readers see").fill("Rita S.")
        _no_violations(page)
        page.get_by_role("button", name="Continue").click()
        page.get_by_text("Or get a link by e-mail").click()
        page.get_by_text("I have a code from my order").click()
        expect(page.locator("[data-missing]")).to_contain_text("who you are")
        _no_violations(page)
        # One finger is enough: no sideways scrolling, targets of 44 px.
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for button in page.get_by_role("button").filter(visible=True).all():
            box = button.bounding_box()
            assert box
            assert box["height"] >= 44 or "link" in (button.get_attribute("class") or ""), button.inner_text()
    finally:
        context.close()


def _no_violations(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_the_page_around_does_not_jump(live: Stack, browser: BrowserContext) -> None:
    page = browser.new_page()
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => { for (const e of list.getEntries())"
        " if (!e.hadRecentInput) shift += e.value }).observe({type: 'layout-shift', buffered: true});"
    )
    page.goto(f"{live.ports.shop_url}/products/cr-45")
    expect(page.frame_locator("avouch-form iframe").get_by_label("Title")).to_be_visible()
    expect(page.locator("avouch-reviews article").first).to_be_visible()
    assert page.evaluate("shift") < 0.01
