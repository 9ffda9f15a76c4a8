"""What a person types and presses ends up where it belongs: fields, tables and menus without a model."""

from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from model.run import SamplerSettings
from model.sampling import shape
from tests.browser.blocks import served
from viz.components.aria import Aria
from viz.components.next_token import NextTokenBars, next_token_value
from viz.components.take_away import TakeAway
from viz.components.writing_watch import WritingWatch

pytestmark = pytest.mark.browser

TYPE_AT_ONCE = """(open) => new Promise((done) => {
  const watcher = new MutationObserver(look);
  function look() {
    const field = document.querySelector("#length input");
    if (!field?.checkVisibility({ visibilityProperty: true })) return;
    watcher.disconnect();
    field.value = "12";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    let frames = 0;
    const wait = () => (frames++ < 20 ? requestAnimationFrame(wait) : done(field.value));
    wait();
  }
  watcher.observe(document.body, { subtree: true, childList: true, attributes: true });
  document.querySelector(open).click();
})"""
"""Opens a room and types into its field as soon as that is seen; gives what stands there a while later."""


def made() -> gr.Blocks:
    shaped = shape(np.linspace(3, -3, 40).astype(np.float32), SamplerSettings(top_k=5))
    with gr.Blocks(title="Typing") as demo, gr.Column(elem_classes=["card"]):
        Aria()
        TakeAway()
        WritingWatch()
        presses = gr.Number(0, elem_id="presses")
        gr.Button("Stop", elem_id="stop").click(lambda n: n + 1, presses, presses, show_progress="hidden")
        sent = gr.Button("Open", elem_id="sent")
        gr.Dropdown([5, 10], value=5, elem_id="rows")
        with gr.Tabs(elem_id="rooms") as rooms:
            with gr.Tab("One", id="one"):
                NextTokenBars(next_token_value(shaped, token_of=str, chosen=0, u=0.1, rows=8))
            with gr.Tab("Two", id="two", elem_id="room-two"):
                gr.Number(3, elem_id="length")
        sent.click(lambda: gr.update(selected="two"), None, rooms, show_progress="hidden")
    return demo


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(made()) as found:
        yield found


@pytest.fixture
def page(context: Any, address: str) -> Iterator[Page]:
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(address)
    expect(opened.locator("#next-token button.name")).to_have_count(8)
    yield opened
    opened.close()
    assert errors == []


@pytest.mark.parametrize("opened_by", ["[role=tab][id^=room-two]", "#sent"])
def test_what_is_typed_into_a_room_as_soon_as_it_is_seen_stays(page: Page, opened_by: str) -> None:
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 8})
    assert page.evaluate(TYPE_AT_ONCE, opened_by) == "12"
