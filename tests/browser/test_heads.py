"""The room of the heads in a real Chromium: find a head, open it, and look at it in BertViz's views."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.visit import PATIENT, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

PROMPT = "The cat sat on the mat. The dog sat on the"
OPENED = "#head-grid .cell[aria-selected=true]"

Visits = Callable[..., Visit]


def enter(visit: Visit) -> None:
    visit.write(PROMPT, 4, temperature=1, seed=3)
    visit.enter("heads")
    expect(visit.page.locator("#head-grid .cell").first).to_be_visible(timeout=PATIENT)


def opened(visit: Visit) -> list[str]:
    """Return layer and head of the opened square, of the sliders, and of the title."""
    marked = visit.page.locator(OPENED)
    sliders = [visit.page.locator(f"#{name} input[type=number]").input_value() for name in ("layer", "head")]
    data = [marked.get_attribute(f"data-{name}") for name in ("layer", "head")]
    title = re.findall(r"\d+", visit.page.locator("#head-told-card h2").inner_text())
    assert data == sliders == title
    return sliders


def wait_for_head(visit: Visit, layer: Any, head: Any) -> None:
    title = visit.page.locator("#head-told-card h2")
    expect(title).to_have_text(f"Layer {layer}, head {head}", timeout=PATIENT)
    selected = visit.page.locator(f"{OPENED}[data-layer='{layer}'][data-head='{head}']")
    expect(selected).to_have_count(1, timeout=PATIENT)


def test_the_previous_token_head_is_two_clicks_away(visit: Visit) -> None:
    page = visit.page
    enter(visit)
    page.locator("#quantity label", has_text="previous token").click()
    expect(page.locator("#head-grid .caption")).to_contain_text("previous-token head", timeout=PATIENT)
    first = page.locator("#head-grid .top-heads button").first
    layer, head = (first.get_attribute(f"data-{name}") for name in ("layer", "head"))
    share = float(first.locator(".value").inner_text().split()[0]) / 100
    before = visit.plot("head-map")
    first.click()
    wait_for_head(visit, layer, head)
    assert opened(visit) == [layer, head] and not page.locator("#mean-heads input").is_checked()
    cells = np.array(visit.wait_for_change("head-map", before)["data"][0]["z"], dtype=float)
    assert abs(np.diag(cells, -1).mean() - share) < 0.001, "the mean of what the heatmap shows"

    page.locator(OPENED).focus()
    expect(page.locator("#head-told")).to_contain_text(f"Layer {layer}, head {head}")
    down = int(layer) - 1 if int(layer) else 1
    page.keyboard.press("ArrowUp" if int(layer) else "ArrowDown")
    expect(page.locator("#head-told")).to_contain_text(f"Layer {down}, head {head}")
    page.keyboard.press("Enter")
    wait_for_head(visit, down, head)
    page.locator("#head-thumbnails button").nth(2).click()
    wait_for_head(visit, down, 2)
    visit.turn_to("explore")
    expect(page.locator("#layer input[type=number]")).to_have_value(str(down))


def test_bertviz_s_views_work_in_their_frames_on_a_phone_in_the_dark(visit: Visit) -> None:
    page = visit.page
    page.set_viewport_size({"width": 390, "height": 900})
    page.locator("#page-tools .tone").click()
    visit.set("layer", 9)  # whichever the test before has opened
    enter(visit)
    page.get_by_role("tab", name="Model view").click()
    model = page.frame_locator("#model-view iframe")
    expect(model.locator("html.dark svg line").first).to_be_attached(timeout=PATIENT)
    model.locator("svg > g > rect:last-child").first.dispatch_event("click")
    expect(model.locator("text.detail")).to_have_text(re.compile(r"Layer 6, Head 0"))  # beside layer 9
    page.get_by_role("tab", name="Neuron view").click()
    neuron = page.frame_locator("#neuron-view iframe")
    row = neuron.locator("#expanded #leftText g").nth(5)
    expect(row).to_be_attached(timeout=PATIENT)
    row.dispatch_event("mouseover")
    products = neuron.locator("#expanded .dotproduct[data-value]")
    expect(products).to_have_count(neuron.locator("#expanded #leftText g").count())
    assert len({products.nth(index).get_attribute("data-value") for index in range(6)}) == 6
    assert page.locator("#neuron-view iframe").get_attribute("sandbox") == "allow-scripts"
    assert page.evaluate("document.documentElement.scrollWidth") == 390
