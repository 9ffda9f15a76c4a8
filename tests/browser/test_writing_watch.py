"""Writing on a small screen, by keys, and for those who listen."""

import pytest
from playwright.sync_api import expect

from tests.browser.visit import FOLLOW, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

IN_VIEW = """() => {
  const { top, bottom } = document.querySelector("#tokens").getBoundingClientRect();
  return top >= 0 && top < innerHeight * 0.7 && bottom > 0;
}"""


def test_on_a_phone_the_text_comes_into_view_and_stop_stays_in_reach(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 390, "height": 900})
    assert not visit.page.evaluate(IN_VIEW)
    visit.begin("Once upon a time", 200, temperature=0)
    visit.page.wait_for_function(IN_VIEW)
    visit.page.wait_for_function("window.begun")
    stop = visit.page.locator("#stop")
    expect(stop).to_be_in_viewport()
    stop.click()
    expect(visit.page.locator("#status")).to_contain_text("stopped")
    expect(visit.page.locator("#tokens .caret")).to_have_count(0)


def test_keys_write_and_stop_and_begin_and_end_are_told(visit: Visit) -> None:
    visit.page.evaluate(FOLLOW)
    visit.set("max-new-tokens", 200)
    prompt = visit.page.locator("#prompt textarea")
    prompt.fill("Once upon a time")
    prompt.press("Control+Enter")
    told = visit.page.locator("#writing-watch [role=status]")
    expect(told).to_have_text("The text is being written.")
    assert prompt.input_value() == "Once upon a time"
    visit.page.wait_for_function("window.begun")
    visit.page.keyboard.press("Escape")
    expect(visit.page.locator("#status")).to_contain_text("stopped")
    expect(told).to_contain_text("stopped")
