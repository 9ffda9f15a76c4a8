"""The map in a real browser: doors that open by press and by key, one line high, and on a phone."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr
import pytest
from playwright.sync_api import Page, expect

from tests.browser.blocks import served
from tests.one_step import SIZES, STEP
from viz.components.token_map import STATIONS, TokenMap, token_map_value

pytestmark = pytest.mark.browser

NAMES = list(STATIONS)
NASTY = replace(STEP, chosen="${document.title='run'}", leading="<img src=x>", read=("</script>", " שלום"))
OPEN = "[role=tab][aria-selected=true]"
HEAR = """() => {
  window.heard = [];
  document.addEventListener("station-action", (event) => window.heard.push(event.detail));
}"""


def made() -> gr.Blocks:
    with gr.Blocks(title="Map") as demo:
        with gr.Column(elem_classes=["card"], elem_id="place"):
            shown = TokenMap(token_map_value(STEP, SIZES, opened="attention"))
        nasty = gr.Button("Nasty", elem_id="nasty")
        nasty.click(
            lambda: token_map_value(NASTY, SIZES, opened="attention"), None, shown, show_progress="hidden"
        )
    return demo


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(made()) as found:
        yield found


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Page]:
    page, errors = browser.new_page(viewport={"width": 1440, "height": 900}), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}?__theme=light")
    page.wait_for_selector("#map [data-station]")
    page.evaluate(HEAR)
    yield page
    page.close()
    assert errors == []


def opened(page: Page) -> list[str]:
    return page.eval_on_selector_all(f"#map {OPEN}", "all => all.map((e) => e.dataset.station)")


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.dataset.station")


def wide(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def test_stations_are_doors_for_presses_and_keys(page: Page) -> None:
    names = page.eval_on_selector_all("#map [data-station]", "all => all.map((e) => e.dataset.station)")
    assert names == NAMES and opened(page) == ["attention"]
    assert page.locator("#map .layers [data-station]").count() == 3
    assert page.locator("#map [tabindex='0']").count() == 1, "one stop for Tab"
    page.locator("#map [data-station=mlp]").click()
    assert opened(page) == ["mlp"], "at once"
    assert page.evaluate("window.heard.at(-1)") == {"station": "mlp", "page": "inside", "room": "neurons"}
    page.keyboard.press("ArrowRight")
    assert (focused(page), opened(page)) == ("stream", ["mlp"]), "arrows move, and open nothing"
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    assert focused(page) == "text", "round and round"
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    assert focused(page) == "joins" and page.locator("#map [tabindex='0']").count() == 1
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    assert opened(page) == ["dice"]
    assert page.evaluate("window.heard.at(-1)") == {"station": "dice", "page": "lab", "room": "dice"}
    assert page.evaluate("window.heard.length") == 2
    page.evaluate(
        "document.dispatchEvent(new CustomEvent('room-opened', {detail: {page: 'inside', room: 'lens'}}))"
    )
    assert opened(page) == ["stream"], "it follows who opens a room otherwise"
    page.evaluate("document.dispatchEvent(new CustomEvent('room-opened', {detail: {page: 'x', room: 'y'}}))")
    assert opened(page) == []


def test_numbers_change_where_they_stand_and_no_token_runs(page: Page) -> None:
    page.locator("#map [data-station=tokens]").focus()
    page.evaluate("window.before = document.querySelector('#map [data-station=joins]')")
    box = page.locator("#map [data-station=stream]").bounding_box()
    page.locator("#nasty").dispatch_event("click")
    title = page.locator("#map [data-station=joins] .title")
    expect(title).to_contain_text("${document")
    assert page.title() == "Map" and page.locator("#map img").count() == 0
    assert page.evaluate("window.before.isConnected") and focused(page) == "tokens"
    assert page.locator("#map [data-station=stream]").bounding_box() == box, "nothing moved"
    text = page.locator("#map [data-station=text] bdi")
    expect(text).to_have_attribute("translate", "no")
    expect(text).to_have_attribute("dir", "auto")


def test_one_line_high_and_on_a_phone_it_goes_sideways(page: Page) -> None:
    page.evaluate("document.querySelector('#place').classList.add('slim')")
    assert page.locator("#map .token-map").bounding_box()["height"] <= 44
    page.set_viewport_size({"width": 390, "height": 800})
    for slim in ("add", "remove"):
        page.evaluate(f"document.querySelector('#place').classList.{slim}('slim')")
        assert wide(page) <= 0
        page.locator("#map [data-station=text]").focus()
        page.keyboard.press("End")
        box = page.locator("#map [data-station=joins]").bounding_box()
        page.wait_for_function(
            "document.querySelector('#map [data-station=joins]').getBoundingClientRect().right < 390"
        )
        assert box is not None and box["height"] >= 24
    assert page.evaluate("scrollY") == 0
