"""What a newcomer meets on the first screen, counted; and that a slider moves nothing there."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visit import PATIENT, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

MOST_CONTROLS, MOST_WORDS, MOST_SIZES, MOST_STOPS = 16, 120, 5, 6

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
