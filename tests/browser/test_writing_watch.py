"""Writing on a small screen, by keys, and for those who listen."""

import pytest
from playwright.sync_api import expect

from tests.browser.visit import ENDLESS, FOLLOW, LONGEST, Visit
from viz.components.writing_watch import MOST_SECONDS

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

IN_VIEW = """() => {
  const { top, bottom } = document.querySelector("#tokens").getBoundingClientRect();
  return top >= 0 && top < innerHeight * 0.7 && bottom > 0;
}"""

WATCH_WRITE = """() => {
  window.firstSeen = null; // whether Write could be pressed when it came back
  const write = document.querySelector("#generate");
  const look = () => { if (write.offsetParent) window.firstSeen ??= getComputedStyle(write).pointerEvents; };
  new MutationObserver(look).observe(document.body, { subtree: true, attributes: true, childList: true });
}"""


def test_on_a_phone_the_text_comes_into_view_and_stop_stays_in_reach(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 390, "height": 900})
    assert not visit.page.evaluate(IN_VIEW)
    visit.begin_endless()
    visit.page.wait_for_function(IN_VIEW)
    visit.page.wait_for_function("window.begun")
    stop = visit.page.locator("#stop")
    expect(stop).to_be_in_viewport()
    stop.click()
    expect(visit.page.locator("#status")).to_contain_text("stopped")
    expect(visit.page.locator("#tokens .caret")).to_have_count(0)


def test_a_press_of_stop_that_comes_too_late_writes_no_other_text(visit: Visit) -> None:
    visit.begin_endless()
    visit.page.wait_for_function("window.begun")
    visit.page.evaluate(WATCH_WRITE)
    visit.page.locator("#stop").click()
    expect(visit.page.locator("#status")).to_contain_text("stopped")
    visit.page.wait_for_function(
        "getComputedStyle(document.querySelector('#generate')).pointerEvents === 'auto'"
    )
    assert visit.page.evaluate("window.firstSeen") == "none"


def test_keys_write_and_stop_and_begin_and_end_are_told(visit: Visit) -> None:
    visit.page.evaluate(FOLLOW)
    visit.set("max-new-tokens", LONGEST)
    visit.set("temperature", 0)
    prompt = visit.page.locator("#prompt textarea")
    prompt.fill(ENDLESS)
    prompt.press("Control+Enter")
    told = visit.page.locator("#writing-watch [role=status]")
    expect(told).to_have_text("The text is being written.")
    assert prompt.input_value() == "Once upon a time"
    visit.page.wait_for_function("window.begun")
    visit.page.keyboard.press("Escape")
    expect(visit.page.locator("#status")).to_contain_text("stopped")
    expect(told).to_contain_text("stopped")


HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_hidden_tab_asks_for_as_little_as_there_is_and_for_all_once_it_is_seen(visit: Visit) -> None:
    page = visit.page
    visit.begin_endless()
    page.wait_for_function("window.begun")
    for hidden, seconds in ((True, f"{MOST_SECONDS:g}"), (False, "0")):
        told = f'"pause":{seconds}}}'
        with page.expect_request(
            lambda request, told=told: told in (request.post_data or "").replace(" ", "")
        ):
            page.evaluate(HIDE, hidden)
    page.evaluate("delete document.hidden")
    page.locator("#stop").click()
    expect(page.locator("#status")).to_contain_text("stopped")


def test_a_browser_that_is_too_busy_asks_for_fewer_updates(visit: Visit) -> None:
    page = visit.page
    visit.begin_endless()
    page.wait_for_function("window.begun")
    with page.expect_request(lambda request: '"pause":0.' in (request.post_data or "").replace(" ", "")):
        page.evaluate("() => { const end = performance.now() + 1000; while (performance.now() < end); }")
    page.locator("#stop").click()
    expect(page.locator("#status")).to_contain_text("stopped")
