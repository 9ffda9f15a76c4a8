"""The room “Who mattered” in Chromium, on the example that every page begins with."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.visit import PATIENT, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

STRIP = "#attribution-strip .strip button"
TOLD = "#attribution-strip .score-told"
LINE = "#attribution-line"


def test_the_context_of_a_token_is_coloured_and_tells_its_numbers(visit: Visit) -> None:
    page = visit.page
    visit.enter("attribution")
    visit.choose(6)
    expect(page.locator("#attribution-told")).to_contain_text("Press Measure", timeout=PATIENT)
    page.locator("#attribution-method label", has_text="Attention rollout").click()
    page.locator("#attribution-measure").click()
    expect(page.locator(LINE)).to_contain_text("Measured", timeout=PATIENT)
    expect(page.locator(STRIP)).to_have_count(6, timeout=PATIENT)
    page.locator(STRIP).nth(1).focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(TOLD)).to_have_text(re.compile(r"at 2: \S+ %$"))
    expect(page.locator("#tokens button[aria-pressed=true]")).to_have_attribute("data-index", "6")
    page.wait_for_selector("#attribution-deletion .js-plotly-plot .main-svg", timeout=PATIENT)
    page.locator("#attribution-method label", has_text="LIME").click()
    expect(page.locator("#attribution-told")).to_contain_text("LIME was not measured", timeout=PATIENT)
    expect(page.locator(STRIP)).to_have_count(0)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
