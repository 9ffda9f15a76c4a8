"""What a newcomer is led to: the first click, then the road not taken. Each is marked until it was done."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.visit import PATIENT, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

HINT = "() => document.querySelector('.gradio-container').dataset.hint"
ACCENT = """() => {
  const { color } = getComputedStyle(document.querySelector(".invites .say"));
  return color === getComputedStyle(document.querySelector("button.take")).color;
}"""
TOPS = """() => ["#tokens", "#next-token tbody"].map(
  (one) => document.querySelector(one).getBoundingClientRect().top
)"""


def test_one_hint_leads_to_a_token_one_to_another_road_and_each_goes_for_good(
    browser: Browser, app_address: str
) -> None:
    context = browser.new_context()  # in which nobody has been
    context.set_default_timeout(PATIENT)
    visit = Visit(context.new_page(), f"{app_address}?__theme=light&at=12")
    page = visit.page
    visit.wait_for_row(12)  # which a link has chosen, and nobody clicked
    hint = page.locator("#next-token .hint")
    tops: list[Any] = [page.evaluate(TOPS)]
    assert page.evaluate(HINT) == "ask" and page.evaluate(ACCENT)
    expect(hint).to_be_hidden()
    visit.choose(10)
    visit.wait_for_row(10)
    assert page.evaluate(HINT) == "take" and not page.evaluate(ACCENT)
    expect(hint).to_be_visible()
    tops.append(page.evaluate(TOPS))
    visit.set("max-new-tokens", 2)
    page.evaluate("window.scrollTo(0, 0)")
    page.locator("#next-token button.take").first.click()
    page.wait_for_function(f"({HINT})() === ''")
    expect(hint).to_be_hidden()
    assert tops[0] == tops[1], "nothing moves when a hint comes or goes"
    visit.errors.clear()  # Gradio's client tells the console that it was reading when the page went away
    page.reload()
    visit.ready()
    assert page.evaluate(HINT) == ""
    context.close()
