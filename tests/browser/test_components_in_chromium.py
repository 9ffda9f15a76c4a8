"""The components in a real browser: what a person clicks, types and sees."""

import json
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np
import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from model.sampler.sampling import shape
from model.sampler.settings import SamplerSettings
from model.texts.run import Run, Step
from model.tokenizer.pieces import Piece
from tests.browser.blocks import served
from viz.components.appearance import Appearance
from viz.components.bertviz_frame import BertVizFrame, head_view_value
from viz.components.next_token import NextTokenBars, next_token_value
from viz.components.selection import Selection
from viz.components.token_strip import StripValue, TokenStrip, strip_value

pytestmark = pytest.mark.browser

NASTY = [" <b>bold</b>", "</script>", "${document.title='run'}", "`", "\\u{", "'\"&amp;"]
TEXTS = ["The", " cat", " sat", " on", *NASTY, ".", "\n", "End"]
PROMPT = 3
LAST = len(TEXTS) - 1
SLOW = 0.4
ROOT = "/inside"
HEARD = """() => new Promise((done) => {
  addEventListener("message", () => setTimeout(done), { once: true });
  postMessage({ height: 3999 }, "*");
})"""
"""Sends the page a message as a frame would, and waits until all have heard it."""


def text(texts: list[str], selected: int | None = 4, **changes: Any) -> StripValue:
    pieces = [Piece(token_id, token, token, "text") for token_id, token in enumerate(texts)]
    steps = tuple(
        Step(position, position, texts[position], texts[position], 0.5, -1.0, 0.4, 3, 2.0, 9)
        for position in range(PROMPT, len(texts))
    )
    run = Run("tiny@0", "".join(texts[:PROMPT]), tuple(range(PROMPT)), steps=steps)
    return strip_value(pieces, run, selected=selected, colour_by="surprisal", next_token=True, **changes)


def bars(chosen: int) -> Any:
    logits = np.linspace(3, -3, 40).astype(np.float32)
    shaped = shape(logits, SamplerSettings(top_k=5))
    return next_token_value(shaped, token_of=lambda n: f" <i>{n}", chosen=chosen, u=0.1, rows=8)


def head_view() -> Any:
    weights = np.tril(np.ones((3, 4, 4)))
    return head_view_value(["a", "</script>", "<b>", " d"], weights / weights.sum(-1, keepdims=True), layer=2)


def stream() -> Iterator[StripValue]:
    words = [f" word{n}" for n in range(300)]
    for length in range(240, 301):
        yield text(words[:length], length - 1, writing=length < 300)


def told(event: gr.EventData) -> str:
    return json.dumps([event.index, event.value])


def made() -> gr.Blocks:
    with gr.Blocks(title="Components") as demo:
        appearance, selection = Appearance(), Selection(4)
        with gr.Column(elem_classes=["card"]):
            typed = gr.Textbox(label="prompt", elem_id="prompt")
            gr.Slider(0, 10, 5, label="temperature", elem_id="temperature", interactive=True)
            generate = gr.Button("Generate", elem_id="generate")
            strip = TokenStrip(text(TEXTS))
            table = NextTokenBars(bars(0))
            view = BertVizFrame(head_view())
            refresh, empty = gr.Button("Refresh", elem_id="refresh"), gr.Button("Empty", elem_id="empty")
            selections, looks = gr.Textbox(elem_id="selections"), gr.Textbox(elem_id="looks")
            presses, details = gr.Number(0, elem_id="presses"), gr.Textbox(elem_id="details")
        heard = gr.State([])

        def selected(so_far: list[int], chosen: dict[str, int]) -> tuple[list[int], str, StripValue, Any]:
            time.sleep(SLOW)
            so_far = [*so_far, chosen["index"]]
            return so_far, json.dumps(so_far), text(TEXTS, so_far[-1]), bars(so_far[-1])

        selection.select(
            selected,
            [heard, selection],
            [heard, selections, strip, table],
            trigger_mode="always_last",
            show_progress="hidden",
        )
        strip.select(told, None, details, show_progress="hidden")
        appearance.change(json.dumps, appearance, looks, show_progress="hidden")
        generate.click(lambda n: n + 1, presses, presses, show_progress="hidden")
        refresh.click(stream, None, strip, show_progress="hidden")
        empty.click(lambda: text([], None), None, strip, show_progress="hidden")
        typed.submit(lambda: (text(TEXTS, 5), head_view()), None, [strip, view], show_progress="hidden")
    return demo


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve the page below a path, as behind a proxy."""
    with served(made(), ROOT) as found:
        yield found


class Visit:
    """A page, and what went wrong on it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.errors, self.elsewhere = page, [], []
        self.address = address
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._request(request.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.location["url"].endswith("/favicon.ico"):
            self.errors.append(f"{message.text} {message.location['url']}")

    def _request(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "data:", "blob:", "about:")):
            self.elsewhere.append(url)

    def open(self, mode: str = "light") -> Page:
        self.page.goto(f"{self.address}?__theme={mode}")
        # Gradio mounts a page part by part: what comes last says that all is there.
        for part in ("#tokens button[data-index]", "#refresh", "#empty", "#details textarea"):
            self.page.wait_for_selector(part)
        return self.page


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    made_visit = Visit(page, address)
    yield made_visit
    page.close()
    assert made_visit.errors == [] and made_visit.elsewhere == []


def pressed(page: Page) -> list[str]:
    return page.eval_on_selector_all("#tokens [aria-pressed=true]", "all => all.map((e) => e.dataset.index)")


def said(page: Page, last: int) -> list[int]:
    """Wait until the server has heard of a selection, and return all it has heard of."""
    box = page.locator("#selections textarea")
    page.wait_for_function(
        "last => JSON.parse(document.querySelector('#selections textarea').value || '[]').at(-1) === last",
        arg=last,
    )
    return json.loads(box.input_value())


def test_a_click_is_shown_at_once_and_told_to_the_server(visit: Visit) -> None:
    page = visit.open()
    assert pressed(page) == ["4"]
    page.locator("#tokens [data-index='7']").click()
    assert pressed(page) == ["7"] and page.locator("#selections textarea").input_value() == ""
    assert said(page, 7) == [7]
    expect(page.locator("#details textarea")).to_have_value(json.dumps([7, TEXTS[7]]))
    expect(page.locator("#next-token tr.chosen")).to_have_attribute("data-token-id", "7")


def test_arrows_move_the_selection_from_anywhere_but_fields(visit: Visit) -> None:
    page = visit.open()
    page.keyboard.press("ArrowRight")
    assert pressed(page) == ["5"]
    for field in ("#prompt textarea", "#temperature input[type=range]"):
        page.locator(field).focus()
        page.keyboard.press("ArrowLeft")
        assert pressed(page) == ["5"]
    page.locator("#tokens [data-index='1']").click()
    page.keyboard.press("ArrowLeft")
    assert pressed(page) == ["1"], "position 0 has no prediction"
    page.keyboard.press("End")
    assert pressed(page) == [str(LAST)]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    # The token that would come next is the last stop.
    expect(page.locator("#tokens button.next")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Home")
    assert pressed(page) == [str(PROMPT)]
    assert page.evaluate("document.activeElement.dataset.index") == str(PROMPT)
    page.keyboard.press("Alt+ArrowRight")
    assert pressed(page) == [str(PROMPT)], "combinations belong to the browser"


def test_rapid_presses_end_where_they_should_and_slow_answers_do_not_pull_back(visit: Visit) -> None:
    page = visit.open()
    page.evaluate(
        "() => { window.seen = []; const strip = document.querySelector('#tokens');"
        " new MutationObserver(() => { const on = strip.querySelector('[aria-pressed=true]');"
        " if (on) window.seen.push(Number(on.dataset.index)); })"
        " .observe(strip, {subtree: true, attributeFilter: ['aria-pressed']}); }"
    )
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(90)
    page.keyboard.press("ArrowRight")
    assert pressed(page) == ["8"]
    heard = said(page, 8)
    expect(page.locator("#next-token tr.chosen")).to_have_attribute("data-token-id", "8")
    assert pressed(page) == ["8"] and heard == sorted(heard) and len(heard) < 5
    seen = page.evaluate("window.seen")
    assert seen == sorted(seen), "the selection never went back"


def test_space_scrolls_the_page_and_presses_only_the_button_in_focus(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 900, "height": 300})
    page = visit.open()
    page.keyboard.press("Space")
    page.wait_for_function("window.scrollY > 0")
    page.locator("#tokens [data-index='6']").focus()
    page.keyboard.press("Space")
    assert said(page, 6) == [6]
    expect(page.locator("#presses input")).to_have_value("0")


def test_tokens_are_shown_and_never_run(visit: Visit) -> None:
    page = visit.open()
    shown = page.eval_on_selector_all("#tokens button[data-index]", "all => all.map((e) => e.textContent)")
    assert shown == [token.replace("\n", "↵") for token in TEXTS]
    assert (
        page.title() == "Components"
        and page.locator("#tokens b, #next-token i:not(.raw, .shaped)").count() == 0
    )
    expect(page.locator("#next-token td.token").first).to_contain_text("␣<i>0")


def test_tab_stops_at_the_strip_once(visit: Visit) -> None:
    page = visit.open()
    stops = page.eval_on_selector_all("#tokens button", "all => all.filter((e) => e.tabIndex === 0).length")
    assert stops == 1


def test_an_update_keeps_focus_and_listeners(visit: Visit) -> None:
    page = visit.open()
    page.locator("#tokens [data-index='6']").focus()
    page.locator("#empty").dispatch_event("click")
    expect(page.locator(".strip-empty")).to_be_visible()
    page.locator("#prompt textarea").press("Enter")
    expect(page.locator("#tokens [data-index='5'][aria-pressed=true]")).to_be_visible()
    page.locator("#tokens [data-index='6']").focus()
    page.locator("#prompt textarea").evaluate(
        "box => box.dispatchEvent(new KeyboardEvent('keypress', {key: 'Enter'}))"
    )
    page.locator("#tokens [data-index='6']").click()
    assert said(page, 6) == [6]
    assert page.evaluate("document.activeElement.dataset.index") == "6"


def test_three_hundred_tokens_stream_within_their_own_box(visit: Visit) -> None:
    page = visit.open()
    page.locator("#refresh").dispatch_event("click")
    expect(page.locator("#tokens [data-index='299'].generated")).to_be_attached()
    expect(page.locator("#tokens .caret")).to_have_count(0)
    strip = page.locator("#tokens .strip")
    assert strip.evaluate("e => e.scrollHeight - e.scrollTop - e.clientHeight") < 60, "it follows the end"
    assert strip.evaluate("e => e.scrollHeight > e.clientHeight")
    assert page.evaluate("window.scrollY") == 0, "the page stays where it is"
    assert pressed(page) == ["299"]


def test_words_are_not_broken_between_their_tokens(visit: Visit) -> None:
    page = visit.open()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('#tokens .word')).whiteSpaceCollapse")
        is not None
    )
    words = page.eval_on_selector_all("#tokens .word", "all => all.map((e) => e.textContent)")
    assert words[:4] == ["The", " cat", " sat", " on"]


def test_bertviz_draws_in_its_frame_offline_and_below_a_path(visit: Visit) -> None:
    page = visit.open("dark")
    frame = page.frame_locator("#bertviz iframe")
    expect(frame.locator("svg text")).to_have_count(8)
    assert frame.locator("svg text").all_text_contents()[:4] == ["a", "</script>", "<b>", "␣d"]
    expect(frame.locator("html.dark")).to_have_count(1)
    page.evaluate("document.body.classList.remove('dark')")
    expect(frame.locator("html.dark")).to_have_count(0)
    frame_box = page.locator("#bertviz iframe")
    page.wait_for_function("parseFloat(document.querySelector('#bertviz iframe').style.height) < 300")
    assert frame_box.get_attribute("sandbox") == "allow-scripts" and frame_box.get_attribute("title")
    page.evaluate(HEARD)
    assert frame_box.evaluate("e => parseFloat(e.style.height)") < 300, "only the frame sets its height"


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_is_wider_than_the_page(visit: Visit, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 800})
    page = visit.open()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    card = page.locator(".card").bounding_box()
    assert card is not None and card["x"] + card["width"] <= width


@pytest.mark.parametrize("width", [1440, 960, 820, 390, 360])
def test_the_table_shows_all_its_columns_at_every_width(visit: Visit, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 800})
    page = visit.open()
    page.wait_for_selector(".next-token table.next")
    for scroll in page.locator(".next-token .scroll").all():
        assert scroll.evaluate("e => e.scrollWidth - e.clientWidth") <= 0


def test_python_hears_whether_the_page_is_dark(visit: Visit) -> None:
    page = visit.open("dark")
    looks = page.locator("#looks textarea")
    expect(looks).to_have_value('{"dark": true}')
    page.evaluate("document.body.classList.remove('dark')")
    expect(looks).to_have_value('{"dark": false}')
    page.evaluate("document.body.classList.add('dark')")
    expect(looks).to_have_value('{"dark": true}')
