"""The room of the layers in Chromium, on the example that every page begins with."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visit import PATIENT, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

LINE = "#lens-line"
HEAT = "#lens-grid .heatmaplayer .hm"


def enter(visit: Visit) -> Page:
    """Open the room, unfold what is folded and wait until it is drawn."""
    page = visit.page
    visit.enter("lens")
    page.wait_for_selector(HEAT, timeout=PATIENT)  # which nobody had to ask for
    for fold in ("attribution", "residual"):
        button = page.locator(f"#{fold}-fold > button")
        if button.get_attribute("aria-expanded") != "true":
            button.click()
    for plot in ("lens", "attribution", "residual"):
        page.wait_for_selector(f"#{plot} .js-plotly-plot .main-svg", timeout=PATIENT)
    expect(page.locator("#heads-moved li")).to_have_count(10, timeout=PATIENT)
    return page


def select(visit: Visit, index: int) -> dict[str, Any]:
    """Click a token and return the lens of it."""
    before = visit.plot("lens")
    visit.choose(index)
    return visit.wait_for_change("lens", before)


def test_the_lens_follows_the_selected_token_and_the_switch_takes_the_difference_apart(
    visit: Visit,
) -> None:
    page = enter(visit)
    lens = select(visit, 12)
    leading, _, _, rank, *_ = lens["data"]
    assert len(leading["x"]) == len(rank["x"]) == 31 and leading["y"][0] == -1
    (row,) = [row for row in visit.table() if "chosen" in row["kind"]]
    assert rank["x"][-1] == int(row["cells"][0].replace("\u00a0", "")), (
        "the top row is the model's own output"
    )
    expect(page.locator("#logit-sum")).to_contain_text("the token in the text")
    total, logit = re.search(r"parts (\S+) [=≈] logit (−?[\d.]+)\.", page.inner_text("#logit-sum")).groups()  # type: ignore[union-attr]
    assert abs(float(total.replace("−", "-")) - float(logit.replace("−", "-"))) < 0.1
    before = visit.plot("attribution")
    page.locator("#against-rival input").check()
    visit.wait_for_change("attribution", before)
    expect(page.locator("#logit-sum")).to_contain_text("most likely other token")


def test_on_a_phone_nothing_is_scrolled_sideways_but_the_grid_in_its_card(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 390, "height": 900})
    page = enter(visit)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    box = page.locator(".lens-grid")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")


def test_the_grid_is_cancelled_computed_and_framed_and_follows_the_keys(visit: Visit) -> None:
    visit.page.locator("#page-tools .tone").click()
    visit.write("Once upon a time", 150, temperature=1, seed=3)  # long enough to be cancelled in its midst
    page = enter(visit)
    expect(page.locator("#lens-compute")).to_be_enabled(timeout=PATIENT)
    page.locator("#lens-options > button").click()
    page.locator("#lens-size label", has_text="whole").click()
    page.locator("#lens-compute").click()
    expect(page.locator("#lens-cancel")).to_be_enabled(timeout=PATIENT)
    page.locator("#lens-cancel").focus()
    page.keyboard.press("Enter")
    expect(page.locator(LINE)).to_contain_text("Cancelled", timeout=PATIENT)
    expect(page.locator("#lens-compute")).to_be_enabled()

    page.locator("#lens-size label", has_text="24").click()
    page.locator("#lens-compute").click()
    expect(page.locator(LINE)).to_contain_text("Left out", timeout=PATIENT)
    expect(page.locator("#lens-compute")).to_be_enabled()
    page.wait_for_selector(HEAT, timeout=PATIENT)
    grid = visit.plot("lens-grid")
    assert (len(grid["data"][0]["z"]), len(grid["data"][0]["z"][0])) == (31, 24)
    (selected,) = visit.pressed()
    assert grid["shapes"][0][:2] == [selected - 1.5, selected - 0.5]
    page.locator("body").press("ArrowLeft")
    moved = visit.wait_for_change("lens-grid", grid)
    assert moved["shapes"][0][:2] == [selected - 2.5, selected - 1.5]
    assert moved["data"][0]["z"] == grid["data"][0]["z"]
