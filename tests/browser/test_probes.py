"""The room of probes in Chromium: a ready set, a set of one's own, and a message that loses nothing."""

import pytest
from playwright.sync_api import expect

from tests.browser.visit import PATIENT, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]


def test_a_set_is_measured_and_what_is_wrong_with_another_is_said(visit: Visit) -> None:
    page = visit.page
    visit.enter("probes")
    page.locator("#probes-ready label", has_text="Agreement").click()
    template = page.locator("#probes-template textarea")
    expect(template).to_have_value("The {keys} on the old table")
    page.locator("#probes-start").click()
    rows = page.locator("#probes-table tbody tr")
    expect(page.locator("#probes-line")).to_contain_text("done", timeout=PATIENT)
    expect(rows).to_have_count(6)
    expect(page.locator("#probes-chart .main-svg").first).to_be_visible()
    template.fill("The keys on the old table")
    page.locator("#probes-start").click()
    expect(page.locator("#probes-line [role=alert]")).to_contain_text("no slot", timeout=PATIENT)
    expect(rows).to_have_count(6)
    expect(template).to_have_value("The keys on the old table")
    template.fill("A {x} is")
    page.locator("#probes-fillers textarea").fill("cat\ncar")
    page.locator("#probes-continuations textarea").fill("an animal\na machine")
    page.locator("#probes-start").click()
    expect(rows).to_have_count(2, timeout=PATIENT)
    drawn = "document.querySelector('#probes-chart .js-plotly-plot')._fullData.map(trace => [...trace.x])"
    page.wait_for_function(f"({drawn})[1]?.length === 2 && ({drawn}).length === 2", timeout=PATIENT)
    animal, _ = page.evaluate(drawn)
    assert animal[0] > animal[1], "an animal is likelier after a cat"
    visit.assert_well()
