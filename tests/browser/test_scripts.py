"""Texts of all scripts in Chromium: where tokens stand, how arrows go, what is left alone."""

from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest
from playwright.sync_api import Locator, Page, expect

from model.texts.comparison import Comparison, written_tokens
from model.texts.run import Run, Step
from tests.browser.blocks import served
from tests.browser.visit import ENDLESS, FOLLOW, LONGEST, Visit
from viz.components.spelling import as_pieces
from viz.components.token_strip import StripValue, TokenStrip, strip_value
from viz.rooms.replay.aligned_texts import AlignedText, AlignedTexts, aligned_texts_value
from viz.words.tokens import MARK

pytestmark = pytest.mark.browser

ARABIC_FIRST = ["سلا", "م", " peace", " be", " 1", "2", " عليكم", ".", "\n"]
MIXED = [*ARABIC_FIRST, "Hello", " سلام", " عالم", " world", "\n", "end"]
PERSIAN = ["می", "\u200c", "خواه", "م"]
HAN = ["中", "<0xE6>", "<0xB1>", "<0x89>"]
BROKEN = ["a", "\n\n <0xF0>", "<0x9F>", "<0x98>", "<0x80>"]
"""A token that begins a character behind its line break."""
SIGNS = ["न", "म", "स", "\u094d", "त", "\u0947", " ❤", "\ufe0f"]


GROWN = """() => {
  window.grown = false;
  const strip = document.querySelector("#tokens");
  const look = () => (window.grown ||= !strip.querySelector("button.next"));
  new MutationObserver(look).observe(strip, { subtree: true, childList: true });
}"""
"""Notes whether the strip was ever without the token that would come next: while a text grows."""


def run_of(tokens: list[str]) -> Run:
    steps = tuple(
        Step(at, at, tokens[at], tokens[at], 0.5, -1.0, 0.4, 3, 2.0, 9) for at in range(1, len(tokens))
    )
    return Run("tiny@0", tokens[0], (0,), steps=steps)


def text(tokens: list[str], writing: bool = False) -> StripValue:
    pieces, last = as_pieces(tokens), len(tokens) - 1
    return strip_value(
        pieces, run_of(tokens), selected=last, colour_by="rank", writing=writing, next_token=not writing
    )


def growing() -> Iterator[StripValue]:
    for length in range(1, len(MIXED) + 1):
        yield text(MIXED[:length], writing=length < len(MIXED))


def aligned() -> Any:
    original, other = run_of(["سلام", " يا", " ع", "الم"]), run_of(["سلام", " يا", " b", "الم"])
    comparison = Comparison(original, written_tokens(other))
    return aligned_texts_value(original, [AlignedText("Wild", comparison, "", False)])


def made() -> gr.Blocks:
    texts = {"mixed": MIXED, "persian": PERSIAN, "han": HAN, "signs": SIGNS, "broken": BROKEN}
    with gr.Blocks(title="Scripts") as demo, gr.Column(elem_classes=["card"]):
        strip = TokenStrip()
        AlignedTexts(aligned())
        for name, tokens in texts.items():
            button = gr.Button(name, elem_id=name)
            button.click(lambda tokens=tokens: text(tokens), None, strip, show_progress="hidden")
        gr.Button("grow", elem_id="grow").click(growing, None, strip, show_progress="hidden")
    return demo


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(made()) as found:
        yield found


@pytest.fixture(scope="module")
def page(context: Any, address: str) -> Iterator[Page]:
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.set_viewport_size({"width": 1440, "height": 900})
    opened.goto(address)
    expect(opened.locator("#grow")).to_be_visible()
    yield opened
    opened.close()
    assert errors == []


def show(page: Page, name: str, tokens: list[str]) -> None:
    page.locator(f"#{name}").click()
    expect(page.locator("#tokens button[data-index]")).to_have_count(len(tokens))
    expect(token(page, 0)).to_have_text(tokens[0])


def token(page: Page, index: int) -> Locator:
    return page.locator(f"#tokens button[data-index='{index}']")


def title(page: Page, index: int) -> str:
    return token(page, index).get_attribute("title") or ""


def lefts(boxes: Locator) -> list[float]:
    found: list[float] = boxes.evaluate_all("all => all.map((one) => one.getBoundingClientRect().left)")
    return found


def places(page: Page) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = page.locator("#tokens button[data-index]").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect()).map(({ left, top }) => [left, top])"
    )
    return found


def pressed(page: Page) -> str | None:
    return page.locator("#tokens [aria-pressed=true]").get_attribute("data-index")


def test_boxes_stand_where_a_browser_would_put_their_letters(page: Page) -> None:
    show(page, "mixed", MIXED)
    left = lefts(page.locator("#tokens button[data-index]"))
    peace, be, one, two, aleikum, stop = left[2:8]
    assert left[0] > left[1] > left[2], "Arabic runs to the left"
    assert peace < be < one < two < left[1], "English and numbers within it run to the right"
    assert stop < aleikum < peace
    hello, salam, alam, world = left[9:13]
    assert hello < alam < salam < world, "and Arabic within English to the left"
    lines = page.locator("#tokens .line")
    assert lines.evaluate_all("all => all.map((one) => one.dir)") == ["rtl", "ltr", "ltr"]
    right = "one => one.getBoundingClientRect().right"
    assert abs(lines.first.evaluate(right) - token(page, 0).evaluate(right)) < 4, "a line begins on the right"


def test_a_text_that_grows_ends_as_if_it_had_come_at_once(page: Page) -> None:
    show(page, "mixed", MIXED)
    at_once = places(page)
    show(page, "persian", PERSIAN)
    expect(page.locator("#tokens .line")).to_have_count(1)
    page.evaluate(GROWN)
    page.locator("#grow").click()
    page.wait_for_function("window.grown")
    expect(page.locator("#tokens button.next")).to_have_count(1)
    expect(page.locator("#tokens .line")).to_have_count(3)
    assert places(page) == at_once


def test_arrows_go_the_way_that_the_line_is_read(page: Page) -> None:
    show(page, "mixed", MIXED)
    token(page, 1).click()
    page.keyboard.press("ArrowLeft")
    assert pressed(page) == "2"
    page.keyboard.press("ArrowLeft")
    assert pressed(page) == "3", "through English words as well: nobody is caught between two runs"
    page.keyboard.press("ArrowRight")
    assert pressed(page) == "2"
    token(page, 10).click()
    page.keyboard.press("ArrowRight")
    assert pressed(page) == "11"


def test_letters_join_over_the_edge_of_a_token_and_the_invisible_is_a_small_mark(page: Page) -> None:
    show(page, "persian", PERSIAN)
    joiner = "(button, side) => getComputedStyle(button.querySelector('[dir]'), side).content"
    assert token(page, 2).evaluate(joiner, "::after") == '"\u200d"'
    assert token(page, 3).evaluate(joiner, "::before") == '"\u200d"'
    assert token(page, 0).evaluate(joiner, "::after") == "none", "not over the mark"
    assert token(page, 2).text_content() == "خواه" and token(page, 1).text_content() == MARK
    assert "U+200C ZERO WIDTH NON-JOINER" in title(page, 1)
    left = token(page, 2).evaluate("one => one.getBoundingClientRect().left")
    right = token(page, 3).evaluate("one => one.getBoundingClientRect().right")
    assert abs(left - right) < 0.5, "nothing parts the letters"


def test_bytes_are_explained_where_they_appear(page: Page) -> None:
    show(page, "han", HAN)
    for index in (1, 2, 3):
        assert f"byte {index} of 3 of \u2068汉\u2069" in title(page, index) and "UTF-8" in title(page, index)
    assert token(page, 1).text_content() == "<0xE6>" and token(page, 3).text_content() == "汉"
    assert "byte" not in title(page, 0)


def test_bytes_read_alike_before_and_behind_a_line_break(page: Page) -> None:
    show(page, "broken", BROKEN)
    tail = page.locator("#tokens .tail[data-of='1']")
    assert tail.text_content() == " <0xF0>"
    found = [box.locator(".byte").all_text_contents() for box in (tail, token(page, 2))]
    assert found == [["<0xF0>"], ["<0x9F>"]]


def test_a_sign_without_its_letter_can_be_seen_and_pressed(page: Page) -> None:
    show(page, "signs", SIGNS)
    for index in range(len(SIGNS)):
        box = token(page, index).bounding_box()
        assert box is not None and box["width"] > 3
    assert token(page, 3).text_content() == "◌\u094d" and token(page, 7).text_content() == MARK


def test_texts_beside_each_other_go_on_the_way_they_are_read(page: Page) -> None:
    rows = page.locator("#replays tbody tr")
    first, second, third = lefts(rows.first.locator("td"))
    assert first > second > third and lefts(rows.first.locator("th"))[0] > first
    other = rows.nth(1).locator("td").nth(1).locator("[dir]")
    assert other.evaluate("one => getComputedStyle(one).direction") == "ltr", "each token has its own"


# The whole app

ARABIC = "مرحبا بالعالم"

TRANSLATED = """() => {
  const places = [".strip button", "#next-token .name", "#next-token bdi", ".js-plotly-plot text"];
  return places.filter((place) => {
    const found = Array.from(document.querySelectorAll(place));
    const left = (one) => one.closest("[translate]")?.getAttribute("translate") === "no";
    return !found.length || !found.every(left);
  });
}"""
PRESS = """([key, more]) => (document.activeElement ?? document.body).dispatchEvent(
  new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }))"""

COUNT = """() => {
  window.presses = 0;
  document.getElementById("generate").addEventListener("click", () => (window.presses += 1));
}"""


@pytest.mark.embedded
@pytest.mark.parametrize("width", [1440, 390])
def test_prompt_and_strip_of_an_arabic_text_run_from_right_to_left(visit: Visit, width: int) -> None:
    page = visit.page
    page.set_viewport_size({"width": width, "height": 900})
    visit.write(ARABIC, 3, temperature=0)
    prompt = page.locator("#prompt textarea")
    assert prompt.get_attribute("dir") == "auto"
    assert prompt.evaluate("one => getComputedStyle(one).direction") == "rtl"
    (first, top), (second, same) = places(page)[:2]
    assert second < first and abs(top - same) < 4
    page.wait_for_function(f"({TRANSLATED})().length === 0")
    token(page, 3).click()
    page.keyboard.press("ArrowLeft")
    assert visit.pressed() == [4]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"


@pytest.mark.embedded
def test_keys_of_an_input_method_neither_begin_nor_end_a_text(visit: Visit) -> None:
    page = visit.page
    visit.set("max-new-tokens", LONGEST)
    visit.set("temperature", 0)
    prompt = page.locator("#prompt textarea")
    prompt.fill(ENDLESS)
    prompt.focus()
    told = page.locator("#writing-watch [role=status]")
    page.evaluate(COUNT)
    for more in ({"isComposing": True, "ctrlKey": True}, {"keyCode": 229, "ctrlKey": True}):
        page.evaluate(PRESS, ["Enter", more])
    assert page.evaluate("window.presses") == 0, "a press of Generate is made at once, or never"
    visit.generate()
    expect(told).to_have_text("The text is being written.")
    page.wait_for_function("window.begun")
    for more in ({"isComposing": True}, {"keyCode": 229}):
        page.evaluate(PRESS, ["Escape", more])
    count = page.evaluate("window.counts.at(-1) ?? 0")
    page.wait_for_function("before => window.counts.at(-1) > before", arg=count)
    page.evaluate(PRESS, ["Escape", {}])
    expect(page.locator("#status")).to_contain_text("stopped")


@pytest.mark.embedded
def test_space_on_the_empty_page_scrolls_it_and_writes_nothing(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 390, "height": 900})
    page, before = visit.page, visit.tokens()
    page.evaluate(FOLLOW)
    page.keyboard.press("Space")
    page.wait_for_function("window.scrollY > 0")
    assert not page.evaluate("window.begun") and visit.tokens() == before
