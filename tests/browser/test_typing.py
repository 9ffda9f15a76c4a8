"""What a person types and presses ends up where it belongs: fields, tables and menus without a model."""

import json
from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from model.sampler.sampling import shape
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from tests.browser.blocks import served
from tests.chains import table
from tests.families import family
from tests.pages.desk import NOWHERE
from viz.components.aria import Aria
from viz.components.next_token import NextTokenBars, next_token_value
from viz.components.take_away import TakeAway
from viz.components.writing_watch import WritingWatch
from viz.pages.example import load_example
from viz.pages.kept import RoomState
from viz.pages.stopping import QUIET, Stopping
from viz.pages.visitor import Visitor
from viz.rooms.branches.branch_tree import BranchTreeOutline, branch_tree_value
from viz.rooms.branches.walking import words_of
from viz.rooms.chain.chain_table import ChainTable
from viz.rooms.replay.replaying import WORK

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


SHOWN = """(text) => {
  document.querySelector("#tokens")?.remove();
  const token = Object.assign(document.createElement("button"), { textContent: text });
  token.dataset.index = "0";
  document.body.append(Object.assign(document.createElement("div"), { id: "tokens" }));
  document.querySelector("#tokens").append(token);
}"""
SETS = """() => {
  window.sets = [];
  document.addEventListener("chain-change", ({ detail }) => window.sets.push(detail.set));
}"""
STOPS = """() => {
  window.stops = 0;
  document.querySelector("#stop").addEventListener("click", () => (window.stops += 1));
}"""
LIT = """() => {
  window.lit = [];
  const cancel = document.querySelector("#cancel");
  const note = () => window.lit.push(!cancel.disabled);
  new MutationObserver(note).observe(cancel, { attributeFilter: ["disabled"] });
}"""
"""Notes whenever Cancel can be pressed, and no longer."""


def made() -> gr.Blocks:
    shaped = shape(np.linspace(3, -3, 40).astype(np.float32), SamplerSettings(top_k=5))
    with gr.Blocks(title="Typing") as demo, gr.Column(elem_classes=["card"]):
        Aria()
        TakeAway()
        WritingWatch()
        gr.Button("Stop", elem_id="stop")
        sent = gr.Button("Open", elem_id="sent")
        gr.Dropdown([5, 10], value=5, interactive=True, elem_id="rows")
        with gr.Tabs(elem_id="rooms") as rooms:
            with gr.Tab("One", id="one"):
                NextTokenBars(next_token_value(shaped, token_of=str, chosen=0, u=0.1, rows=8))
            with gr.Tab("Two", id="two", elem_id="room-two"):
                gr.Number(3, elem_id="length")
                outline = BranchTreeOutline(branch_tree_value(family()))
                chain = ChainTable(table(typical_p=0.9))
                told = gr.Textbox(elem_id="told")
        stoppable()
        news = gr.Button("News", elem_id="news")
        renamed = branch_tree_value(family().named(0, "another"))
        turned = table(typical_p=0.9, top_k=7)
        news.click(lambda: (renamed, turned, "told"), None, [outline, chain, told], show_progress="hidden")
        sent.click(lambda: gr.update(selected="two"), None, rooms, show_progress="hidden")
    return demo


class Wanted(RoomState):
    """Whether each press was wanted when it was answered."""

    def __init__(self) -> None:
        self.each: list[bool] = []


def stoppable() -> None:
    """Lay out a button that begins something, one that ends it, and what was heard of them."""
    example = load_example()
    visitor = gr.State(Visitor(example.run, example.pieces, example.selected, NOWHERE))
    number, heard = gr.Number(5, minimum=0, elem_id="number"), gr.Textbox(elem_id="heard")
    begin = gr.Button("Begin", elem_id="begin")
    cancel = gr.Button("Cancel", elem_id="cancel", interactive=False)

    def begun(visitor: Visitor, number: float) -> Any:
        wanted = visitor.kept.of(Wanted).each
        wanted.append(WORK not in visitor.unwanted)
        visitor.cancel(WORK)
        return json.dumps(wanted), gr.update(interactive=False)

    stopping = Stopping(cancel, visitor, WORK)
    stopping.lit_by([begin.click])
    stopping.unlit_if_refused(begin.click(begun, [visitor, number], [heard, cancel], **QUIET))


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


@pytest.mark.parametrize("why", ["a value", "too many events"])
def test_cancel_is_not_left_lit_where_the_press_itself_is_refused(page: Page, why: str) -> None:
    page.evaluate(LIT)
    if why == "a value":
        page.locator("#number input").fill("-1")
        page.locator("#number input").blur()
    else:
        page.route("**/queue/join*", lambda route: route.fulfill(status=429, json={"detail": "no"}), times=1)
    page.locator("#begin").click()
    page.wait_for_function("window.lit.length > 1")
    assert page.evaluate("window.lit") == [True, False]


def test_a_press_is_wanted_before_what_it_begins_is_heard_of(page: Page) -> None:
    for told in ("[true]", "[true, true]"):  # the first one leaves behind that it was cancelled
        page.locator("#begin").click()
        expect(page.locator("#heard textarea")).to_have_value(told)


def test_escape_closes_what_is_open_and_stops_the_text_only_the_next_time(page: Page) -> None:
    page.evaluate(STOPS)
    page.locator("#next-token button.name").nth(1).click()
    expect(page.locator("#next-token .token-actions")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#next-token .token-actions")).to_have_count(0)
    page.locator("#next-token .take-away > button").click()
    expect(page.locator("#next-token .kinds")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#next-token .kinds")).not_to_be_visible()
    page.locator("#rows input").click()
    expect(page.locator("[role=option]")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator("[role=option]")).to_have_count(0)
    assert page.evaluate("window.stops") == 0
    page.keyboard.press("Escape")
    assert page.evaluate("window.stops") == 1


def naming(page: Page) -> Locator:
    """Begin to rename a branch; return its field."""
    page.locator("[role=tab][id^=room-two]").click()
    item = page.locator("#branch-tree [data-key='1']")
    expect(item).to_be_visible()
    item.press("F2")
    return page.locator("#branch-tree input.naming")


def news(page: Page) -> None:
    """Let the server send another tree meanwhile, and wait until it is there."""
    page.evaluate("document.querySelector('#news').click()")
    expect(page.locator("#told textarea")).to_have_value("told")


def test_a_name_that_an_input_method_composes_is_left_alone_and_what_came_meanwhile_is_drawn(
    page: Page,
) -> None:
    field, keyboard = naming(page), page.context.new_cdp_session(page)
    keyboard.send("Input.imeSetComposition", {"text": "にほ", "selectionStart": 2, "selectionEnd": 2})
    field.evaluate("one => (window.composed = one)")
    news(page)
    assert field.evaluate("one => one === window.composed") and field.input_value() == "にほ"
    keyboard.send("Input.insertText", {"text": "日本"})
    expect(page.locator("#branch-tree [data-key='0'] .name")).to_have_text("another")
    expect(field).to_be_focused()
    expect(field).to_have_value("日本")


def test_the_caret_stays_where_it_is_in_a_name_while_the_tree_is_drawn_anew(page: Page) -> None:
    field = naming(page)
    page.keyboard.type("abcd")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    news(page)
    expect(page.locator("#branch-tree [data-key='0'] .name")).to_have_text("another")
    page.keyboard.type("X")
    expect(field).to_have_value("abXd")


def test_a_number_of_the_chain_is_taken_once_it_is_typed_and_not_when_the_table_is_drawn_anew(
    page: Page,
) -> None:
    page.evaluate(SETS)
    page.locator("[role=tab][id^=room-two]").click()
    field = page.locator("#chain-table input[data-key='type typical_p']")
    field.click()
    field.press("Control+a")
    page.keyboard.type("0.5")
    news(page)
    assert page.evaluate("window.sets") == [] and field.input_value() == "0.5"
    page.keyboard.type("5")
    page.keyboard.press("Tab")
    assert page.evaluate("window.sets") == [{"typical_p": 0.55}]


NAMED = {
    "हिन्दी में ": "-हिन्दी-में",
    "ภาษาไทยนี้ ดี": "-ภาษาไทยนี้-ดี",
    "سَلَامٌ, World_1!": "-سَلَامٌ-world_1",
    "e\u0301te\u0301 \U00010400" + "\U00010400" * 30: "-e\u0301te\u0301-" + "\U00010428" * 20,
}
"""Texts and the words of theirs that files are named by: whole, with all marks on their letters."""


def test_files_are_named_by_whole_words_of_any_script_in_the_browser_as_on_the_server(page: Page) -> None:
    page.locator("#next-token .take-away > button").click()
    for text, words in NAMED.items():
        assert words_of(Run("tiny@0", text, (0,))) == words
        page.evaluate(SHOWN, text)
        with page.expect_download() as waiting:
            page.locator("#next-token [data-kind=csv]").click()
        assert waiting.value.suggested_filename == f"gpt-inside-out-next-token{words}.csv"
