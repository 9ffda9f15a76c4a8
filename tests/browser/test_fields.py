"""What is typed into, on a phone: large enough that no phone zooms into it."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.visit import PATIENT, ROOMS

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

SMALL = """() => {
  const kinds = ["range", "checkbox", "radio", "hidden"];
  const all = [...document.querySelectorAll("input, textarea, select")];
  const fields = all.filter((one) => !kinds.includes(one.type));
  const small = fields.filter((one) => parseFloat(getComputedStyle(one).fontSize) < 16);
  const cut = fields.filter((one) => one.type === "number" && one.value && one.offsetParent);
  const narrow = cut.filter((one) => one.scrollWidth > one.clientWidth);
  const named = (one) => one.closest("[id]").id;
  return { count: fields.length, small: small.map(named), narrow: narrow.map(named) };
}"""


def test_every_field_of_every_room_has_letters_of_16_pixels_and_shows_its_number_on_a_phone(
    visits: Any,
) -> None:
    visit = visits(width=390)
    page = visit.page
    counts = []
    visit.switch("more-settings", True)
    page.locator("#next-token button.name").first.click()
    for room in ("explore", "branches", *ROOMS["inside"], *ROOMS["why"], *ROOMS["lab"], *ROOMS["train"]):
        if room != "explore":
            visit.enter(room)
            visit.unfold(room)
        if room == "chain":
            page.locator("#chain-table summary").click(timeout=PATIENT)
            page.locator("#chain-table li[data-off=typical_p] .switch").click()
            expect(page.locator("#chain-table input[type=number]")).to_have_count(1, timeout=PATIENT)
        found = page.evaluate(SMALL)
        assert (found["small"], found["narrow"]) == ([], []), room
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, room
        counts.append(found["count"])
    assert max(counts) > 12
