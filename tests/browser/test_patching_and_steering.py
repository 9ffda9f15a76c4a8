"""Patching and steering in Chromium: a cell of the map is pressed; a steered text comes onto the page."""

import pytest
from playwright.sync_api import expect

from tests.browser.visit import PATIENT, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]


def test_a_pressed_cell_is_patched_and_the_text_says_the_clean_answer(visit: Visit) -> None:
    page = visit.page
    visit.enter("patching")
    page.locator("#patching-try-opposites").click()
    expect(page.locator("#patching-corrupted textarea")).to_have_value("The opposite of big is")
    page.locator("#patching-patch").click()
    expect(page.locator("#patching-line")).to_have_text("60 places patched.", timeout=PATIENT)
    map_of = page.locator("#patching-map .nsewdrag").first
    map_of.scroll_into_view_if_needed()
    box = map_of.bounding_box()
    assert box is not None
    # The token that differs is the fourth of five, and layers stand from the bottom to the top.
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.85 * box["height"])
    page.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + 0.85 * box["height"])
    expect(page.locator("#patching-line")).to_contain_text("Written", timeout=PATIENT)
    expect(page.locator("#patching-texts .patched b")).to_contain_text("cold")
    expect(page.locator("#patching-texts .corrupted b")).to_contain_text("small")
    expect(page.locator("#patching-column input")).to_have_value("3 · ␣hot / ␣big")


def test_a_steered_text_comes_onto_the_page(visit: Visit) -> None:
    page = visit.page
    visit.enter("steering")
    page.locator("#steering-try-sea").click()
    expect(page.locator("#steering-away textarea")).to_have_value("A story about the city, streets and cars")
    page.locator("#steering-steer").click()
    expect(page.locator("#steering-line")).to_contain_text("same dice in every column", timeout=PATIENT)
    last = page.locator("#steered-texts section").nth(2)
    written = last.locator("b").text_content()
    last.locator("button.open").click()
    expect(page.locator("#notice")).to_contain_text("0.50 toward", timeout=PATIENT)
    assert written and "".join(visit.tokens()).replace("␣", " ").endswith(written.strip()[-12:])
    page.locator("#undo").click()
