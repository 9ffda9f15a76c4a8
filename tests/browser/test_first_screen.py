"""What a newcomer meets: a text before all else, a first screen of counted parts, and nothing that moves."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.visit import PATIENT, PLOTS, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

MOST_CONTROLS, MOST_WORDS, MOST_SIZES, MOST_STOPS = 16, 120, 5, 7
MOST_SHIFT = 0.05
"""Of the window times the way that things moved in it while the page was loaded: see web.dev/articles/cls."""
NEAR = 3
"""Pixels by which a token may jump when the page takes over; less than one sees."""

# Of what is seen in the window, beside the shell, the tokens and the table. A slider counts once with its
# number, as do chips of which one is chosen; what shows up only where one points does not count.
COUNT = """() => {
  const seen = (one) => {
    const box = one.getBoundingClientRect();
    if (!box.width || !box.height || box.top >= innerHeight || box.bottom <= 0) return false;
    for (let at = one; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.visibility === "hidden" || style.display === "none" || style.opacity === "0") return false;
      if (style.clipPath !== "none" && box.width <= 2) return false;
    }
    return !one.closest("#shell, .strip, table, .modebar, script, style, svg, textarea, .sr-only");
  };
  const controls = new Set();
  for (const one of document.querySelectorAll("button, input, textarea, select, a[href]")) {
    const field = one.matches("input, textarea, select");
    const shown = one.matches("textarea") ? one.parentElement : one;
    if (one.disabled || !seen(shown)) continue;
    controls.add((field ? one.closest(".block[id]")?.id : "") || one.id || one.textContent);
  }
  const words = [], sizes = new Set(), walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim();
    if (!text || !seen(walk.currentNode.parentElement)) continue;
    words.push(...text.split(/\\s+/));
    sizes.add(getComputedStyle(walk.currentNode.parentElement).fontSize);
  }
  return { controls: [...controls], words, sizes: [...sizes] };
}"""
MOVED = """
window.moved = [];
const name = ({ node }) => (node ? `${node.nodeName} ${node.id} ${node.className}` : "gone");
new PerformanceObserver((list) => {
  for (const { hadRecentInput, value, sources } of list.getEntries()) {
    if (!hadRecentInput) window.moved.push([value, ...sources.map(name)]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""
TOKENS = """(within) => Array.from(document.querySelectorAll(`${within} .strip button`), (one) => {
  const { x, y, width } = one.getBoundingClientRect();
  return { text: one.textContent, title: one.title, at: [x, y, width] };
})"""
ROWS = """(within) => Array.from(document.querySelectorAll(`${within} table.next tr`), (row) => ({
  read: Array.from(row.cells, (cell) => cell.textContent), kind: row.className, title: row.title,
  at: [row.getBoundingClientRect().x, row.getBoundingClientRect().y],
}))"""
WATCHED = """{
  const [made, Watched] = [new WeakSet(), Proxy];
  window.Proxy = function (target, handler) {
    made.add(target);
    return new Watched(target, handler);
  };
  window.watched = (part) => [part, ...part].some((one) => made.has(one));
}"""
"""Notes what Gradio's scripts watch for changes."""
FIRST = ".first-paint"
PLACES = """["prompt", "tokens", "next-token", "timeline"].map(
  (id) => document.getElementById(id).getBoundingClientRect().top)"""


def stops_before_the_text(page: Page) -> list[str]:
    """Return what Tab stops at from the top of the page to the line with the text."""
    page.evaluate("document.activeElement.blur()")
    stops: list[str] = []
    while len(stops) <= MOST_STOPS:
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#text-bar') !== null"):
            break
        stops.append(page.evaluate("document.activeElement.outerHTML.slice(0, 60)"))
    return stops


def early(context: BrowserContext, address: str, width: int) -> tuple[Page, list[Route]]:
    """Return a page as it is before Gradio's scripts have come, and what holds them back."""
    page, held = context.new_page(), list[Route]()
    page.set_viewport_size({"width": width, "height": 900})
    page.add_init_script(MOVED)
    page.route("**/assets/index-*.js", lambda route: held.append(route))
    page.goto(address, wait_until="commit")
    return page, held


def test_the_first_screen_keeps_to_its_budget_and_stays_where_it_is(visits: Callable[..., Visit]) -> None:
    visit = visits()
    page = visit.page
    page.mouse.move(5, 5)
    counted = page.evaluate(COUNT)
    assert len(counted["controls"]) <= MOST_CONTROLS, counted["controls"]
    assert len(counted["words"]) <= MOST_WORDS, counted["words"]
    assert len(counted["sizes"]) <= MOST_SIZES, counted["sizes"]
    assert len(stops_before_the_text(page)) <= MOST_STOPS
    before = page.evaluate(PLACES)
    visit.set("temperature", 1.7)
    expect(page.locator("#notice .notice")).to_be_visible(timeout=PATIENT)
    assert page.evaluate(PLACES) == before, "nothing moves when a slider does"


@pytest.mark.parametrize("width", [1440, 390])
def test_the_text_is_there_before_gradio_stays_where_it_is_and_a_click_on_a_token_is_answered_then(
    context: BrowserContext, app_address: str, width: int
) -> None:
    page, held = early(context, f"{app_address}?__theme=light", width)
    chosen = page.locator(f"{FIRST} table.next tr.chosen")
    expect(chosen).to_contain_text("lost")
    page.locator(f"{FIRST} [data-index='9']").click()
    expect(chosen).to_contain_text("the")  # answered though no script of Gradio has come
    first: list[dict[str, Any]] = page.evaluate(TOKENS, FIRST)
    answer: list[dict[str, Any]] = page.evaluate(ROWS, FIRST)
    assert page.locator(FIRST).get_attribute("aria-hidden") == "true", "screen readers are read it once"
    for route in held:
        route.continue_()
    page.wait_for_function(
        "document.querySelector('#attention .js-plotly-plot')?.layout?.shapes?.[0]?.y0 === 7.5"
    )
    expect(page.locator("#tokens [aria-pressed=true]")).to_have_attribute("data-index", "9")
    expect(page.locator(FIRST)).to_have_count(0)
    tokens = page.evaluate(TOKENS, "#tokens")
    assert [(one["text"], one["title"]) for one in first] == [(one["text"], one["title"]) for one in tokens]
    rows = page.evaluate(ROWS, "#next-token")
    assert [one["read"] for one in answer] == [one["read"] for one in rows]
    assert [one["kind"] for one in answer] == [one["kind"] for one in rows]
    for before, after in zip([*first, *answer], [*tokens, *rows], strict=True):
        assert before["at"] == pytest.approx(after["at"], abs=NEAR)
    for plot in PLOTS:
        page.wait_for_selector(f"#{plot} .js-plotly-plot .main-svg")
    expect(page.locator("#model")).to_contain_text("layers")
    moved = page.evaluate("window.moved")
    assert sum(value for value, *_ in moved) < MOST_SHIFT, moved
    page.close()


def test_a_click_whose_answer_does_not_come_shows_no_table_of_another_token_and_is_answered_in_the_end(
    context: BrowserContext, app_address: str
) -> None:
    page, held = early(context, f"{app_address}?__theme=light", 1440)
    page.route("**/first-answers.json", lambda route: route.abort())
    expect(page.locator(f"{FIRST} table.next")).to_have_count(1)
    page.locator(f"{FIRST} [data-index='9']").click()
    expect(page.locator(f"{FIRST} table.next")).to_have_count(0)
    for route in held:
        route.continue_()
    expect(page.locator("#next-token tr.chosen")).to_contain_text("the")
    page.close()


def test_who_comes_back_or_follows_a_link_to_a_room_is_not_shown_the_first_text(
    context: BrowserContext, app_address: str
) -> None:
    page, held = early(context, f"{app_address}?page=lab.chain", 1440)
    page.wait_for_function("document.readyState !== 'loading' || document.querySelector('gradio-app')")
    expect(page.locator(FIRST)).to_have_count(0)
    page.evaluate("sessionStorage.setItem('gpt-inside-out-ticket', 'of a page before')")
    page.goto(app_address, wait_until="commit")
    expect(page.locator("gradio-app")).to_have_count(1)
    expect(page.locator(FIRST)).to_have_count(0)
    assert len(held) == 2, "Gradio's scripts have not come meanwhile"
    page.close()


def test_gradio_reads_what_components_are_and_events_do_without_watching_it_for_changes(
    context: BrowserContext, app_address: str
) -> None:
    page = context.new_page()
    page.add_init_script(WATCHED)
    page.goto(app_address)
    page.wait_for_selector("#tokens button[data-index]")
    parts = ("footer_links", "components", "dependencies")
    watched = "part => window.watched(window.gradio_config[part])"
    assert [part for part in parts if page.evaluate(watched, part)] == ["footer_links"]
    page.close()
