"""The journey in a real browser: it steps, plays only while it is seen, and tells who listens."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr
import pytest
from playwright.sync_api import Page, expect

from tests.browser.blocks import served
from tests.one_step import SIZES, STEP
from viz.components.journey import Journey, journey_value
from viz.components.token_map import STATIONS, TokenMap, token_map_value

pytestmark = pytest.mark.browser

NAMES = list(STATIONS)
NASTY = replace(STEP, chosen="<img src=x>", leading="${document.title='run'}", u=None)
HEARD = """() => {
  window.heard = [];
  for (const name of ["journey-step", "station-action"]) {
    document.addEventListener(name, ({ detail: one }) => window.heard.push([name, one.station, one.playing]));
  }
}"""
"""Keeps what the journey tells."""
LOOKED = """() => new Promise((done) => {
  const looking = new IntersectionObserver(() => (looking.disconnect(), done()));
  looking.observe(document.querySelector("#journey .controls"));
})"""
"""Waits until the browser has told everybody what is seen now."""


def made() -> gr.Blocks:
    with gr.Blocks(title="Journey") as demo:
        TokenMap(token_map_value(STEP, SIZES))
        with gr.Column(elem_classes=["card"]):
            shown = Journey(journey_value(STEP, SIZES))
        gr.HTML('<div style="height: 3000px"></div>', elem_id="below")
        nasty = gr.Button("Nasty", elem_id="nasty")
        nasty.click(lambda: journey_value(NASTY, SIZES), None, shown, show_progress="hidden")
    return demo


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(made()) as found:
        yield found


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Page]:
    page, errors = browser.new_page(viewport={"width": 1440, "height": 900}), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.clock.install()
    page.goto(f"{address}?__theme=dark")
    page.wait_for_selector("#journey .stop.now")
    page.wait_for_selector("#nasty")
    page.evaluate(HEARD)
    yield page
    page.close()
    assert errors == []


def now(page: Page) -> str:
    return page.locator("#journey .stop.now").get_attribute("data-stop") or ""


def heard(page: Page) -> list[list[Any]]:
    return page.evaluate("window.heard")


def test_steps_go_forth_and_back_by_press_and_key_and_nothing_moves(page: Page) -> None:
    height = page.locator("#journey").bounding_box()["height"]
    assert now(page) == "text" and page.locator("#journey .back").is_disabled()
    page.locator("#journey .forward").click()
    page.keyboard.press("ArrowRight")
    assert now(page) == "embedding"
    assert page.locator("#journey .stop.now math").is_visible()
    assert "576 numbers for each of 8 tokens" in page.locator("#journey .stop.now .shape").inner_text()
    expect(page.locator("#map .here")).to_have_attribute("data-station", "embedding")
    expect(page.locator("#journey [role=status]")).to_contain_text("Embedding. Each token")
    page.keyboard.press("ArrowLeft")
    assert now(page) == "tokens"
    page.keyboard.press("End")
    assert now(page) == "joins" and page.locator("#journey .forward").is_disabled()
    assert page.locator("#journey").bounding_box()["height"] == height
    page.locator("#journey .stop.now .door").click()
    assert heard(page)[-1][:2] == ["station-action", "joins"]
    page.locator("#map [data-station=mlp]").click()
    assert now(page) == "mlp", "a door of the map leads there"
    assert page.locator("#journey :not([inert]) > .text .door").count() == 1, "one door can be reached"


def test_it_plays_only_while_it_is_seen_and_pauses_for_who_steps(page: Page) -> None:
    play = page.locator("#journey .play")
    play.click()
    expect(play).to_contain_text("Pause")
    page.clock.run_for(7100)
    assert now(page) == "tokens" and heard(page)[-1] == ["journey-step", "tokens", True]
    page.evaluate("scrollTo(0, 2500)")
    page.wait_for_function("document.querySelector('#journey').getBoundingClientRect().bottom < 0")
    page.evaluate(LOOKED)
    page.clock.run_for(60_000)
    assert now(page) == "tokens", "nobody saw it"
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_function("document.querySelector('#journey').getBoundingClientRect().top >= 0")
    page.evaluate(LOOKED)
    page.clock.run_for(7100)
    assert now(page) == "embedding"
    page.locator("#journey .forward").click()
    expect(play).to_contain_text("Play")
    page.clock.run_for(60_000)
    assert now(page) == "attention", "who steps has time"
    play.click()
    for _ in NAMES:
        page.clock.run_for(7100)
    assert now(page) == "joins" and heard(page)[-1] == ["journey-step", "joins", False]
    expect(play).to_contain_text("Play again")
    play.click()
    assert now(page) == "text"


def test_tokens_are_shown_and_never_run_and_a_phone_needs_no_scrolling_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    for _ in range(9):
        page.locator("#journey .forward").click()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        fits = "e => e.scrollWidth - e.clientWidth"
        assert page.locator("#journey .stop.now .formula").evaluate(fits) <= 0, now(page)
    page.locator("#nasty").dispatch_event("click")
    expect(page.locator("#journey .stop.now h3")).to_have_text("<img␣src=x>")
    assert now(page) == "joins" and page.title() == "Journey"
    assert page.locator("#journey img").count() == 0
    expect(page.locator("#journey .stop.now h3 bdi")).to_have_attribute("translate", "no")
