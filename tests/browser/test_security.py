"""The page where it is least welcome: eight tabs of one browser, a bare frame, hostile texts."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Frame, FrameLocator, Page, expect

from tests.browser.visit import GENERATED, Visit
from tests.pages.hostile import MARKUP

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

TABS = 8
"""Two more than the connections that a browser opens to one host."""
HOSTILE = " ".join(MARKUP[:6])
REFUSED = """async (elsewhere) => {
  window.refused = new Set();
  addEventListener("securitypolicyviolation", (event) => window.refused.add(event.violatedDirective));
  const script = document.createElement("script");
  script.textContent = "window.harmed = 1";
  document.body.append(script);
  document.body.insertAdjacentHTML("beforeend", `<img src="${elsewhere}" onerror="window.harmed = 1">`);
  await fetch(elsewhere).catch(() => null);
}"""
GOES = """() => new Promise((told) => {
  navigator.sendBeacon = (address) => told(String(address));
  dispatchEvent(new Event("pagehide"));
})"""
"""A page that goes, and what it says then: no test hears of what a page sends when it has gone."""
KINDS = ["connect-src", "img-src", "script-src-attr", "script-src-elem"]


def write(page: Page | FrameLocator, prompt: str) -> None:
    page.locator("#tokens button[data-index]").first.wait_for()
    expect(page.locator("#model")).to_contain_text("layers")
    length = page.locator("#max-new-tokens input[type=number]")
    length.fill("5")
    length.blur()
    page.locator("#prompt textarea").fill(prompt)
    page.locator("#generate").click()


def test_eight_tabs_of_one_browser_each_write_a_text(context: BrowserContext, app_address: str) -> None:
    tabs = [context.new_page() for _ in range(TABS)]
    for number, tab in enumerate(tabs):
        tab.goto(app_address)
        write(tab, f"In tab {number}")
    for number, tab in enumerate(tabs):
        expect(tab.locator("#tokens")).to_have_text(re.compile(f"In.tab.{number}"))
        expect(tab.locator(GENERATED)).to_have_count(5)
    assert re.search(r"/presence/\w+/gone$", tabs[0].evaluate(GOES))
    for tab in tabs:
        tab.close()


def test_in_a_frame_without_origin_cookies_and_storage_a_text_is_written(
    context: BrowserContext, app_address: str
) -> None:
    around = f"{app_address}around"
    page = context.new_page()
    frame = f'<iframe sandbox="allow-scripts" src="{app_address}" width="1200" height="800"></iframe>'
    page.route(around, lambda route: route.fulfill(content_type="text/html", body=frame))
    page.goto(around)
    inside = page.frame_locator("iframe")
    write(inside, "The cat sat")
    expect(inside.locator(GENERATED)).to_have_count(5)
    frames: list[Frame] = page.frames[1:]
    assert frames[0].evaluate("self.origin") == "null"
    page.close()


def test_scripts_pictures_and_answers_of_others_are_refused(
    context: BrowserContext, app_address: str
) -> None:
    page = context.new_page()
    page.goto(app_address)
    page.evaluate(REFUSED, "http://127.0.0.1:9/x.png")
    page.wait_for_function("kinds => kinds.every((one) => window.refused.has(one))", arg=KINDS)
    assert page.evaluate("window.harmed === undefined")
    page.close()


def test_hostile_texts_and_addresses_are_shown_and_never_run(
    context: BrowserContext, app_address: str, visits: Callable[..., Visit]
) -> None:
    visit = visits()
    visit.page.goto(f"{app_address}?page=%3Cscript%3Ewindow.harmed=1%3C/script%3E&at=-4")
    visit.ready()
    visit.page.wait_for_url(lambda url: "at=" not in url)  # no text has such a token
    tokens = visit.write(HOSTILE, 4)
    assert "".join(tokens).replace("\u202f", " ").startswith("<script>window")
    for room in ("tokens", "chain", "branches"):
        visit.enter(room)
    assert all(frame.evaluate("window.harmed === undefined") for frame in visit.page.frames)
