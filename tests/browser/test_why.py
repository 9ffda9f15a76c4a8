"""The rooms of causes in Chromium: something is taken away, with what follows; every head; and a cancel."""

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.browser.visit import PATIENT, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

PHONE: ViewportSize = {"width": 390, "height": 900}


def test_a_head_is_taken_away_and_the_text_without_it_comes_onto_the_page(visit: Visit) -> None:
    page = visit.page
    visit.enter("ablation")
    page.locator("#ablate").click()
    expect(page.locator("#ablation-effect .taken")).to_contain_text(
        "Without head 8 of layer 22", timeout=PATIENT
    )
    expect(page.locator("#ablation-effect tr.asked")).not_to_have_count(0)
    page.locator("#ablate-part label", has_text="A token of the context").click()
    expect(page.locator("#ablate-position")).to_be_visible()
    expect(page.locator("#ablate-layer")).to_be_hidden()
    page.locator("#ablate-write").click()
    expect(page.locator("#ablate-line")).to_contain_text("tokens written", timeout=PATIENT)
    written = page.locator("#ablation-texts dd").nth(1).text_content()
    page.locator("#ablate-put").click()
    expect(page.locator("#notice")).to_contain_text("without", timeout=PATIENT)
    tokens = "".join(visit.tokens())
    assert written and tokens.replace("␣", " ").endswith(written.strip()[-12:])
    page.locator("#undo").click()


def test_every_head_is_measured_and_a_measurement_ends_half_way_on_a_phone_in_the_dark(visit: Visit) -> None:
    page = visit.page
    page.set_viewport_size(PHONE)
    page.locator("#page-tools .tone").click()
    visit.enter("part_effects")
    page.locator("#measure-parts").click()
    expect(page.locator("#measure-parts-line")).to_contain_text("Done", timeout=PATIENT)
    page.wait_for_selector("#part-effects-map .js-plotly-plot .main-svg")
    expect(page.locator("#part-effects-told tbody tr")).to_have_count(5)
    assert len(visit.plot("part-effects-scatter")["data"][0]["x"]) == 270
    page.locator("#measure-parts-scope label", has_text="In the whole text").click()
    page.locator("#measure-parts").click()
    expect(page.locator("#measure-parts-line")).to_contain_text("parts taken away", timeout=PATIENT)
    page.locator("#measure-parts-cancel").click()
    expect(page.locator("#measure-parts-cancel")).to_be_disabled(timeout=PATIENT)
    expect(page.locator("#measure-parts-line")).not_to_contain_text("Done")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
