"""Figures are drawn after all else, in the elements that they have, and nothing that they showed is kept."""

import pytest
from playwright.sync_api import CDPSession, expect

from tests.browser.visit import DESK, PLOTS, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

FRAMED = """() => {
  const framed = () => document.querySelector("#attention .js-plotly-plot").layout.shapes[0].y0;
  const table = document.querySelector("#next-token");
  window.framed = [];
  new MutationObserver(() => window.framed.push(framed())).observe(table, { childList: true, subtree: true });
}"""
"""Notes the row that the heat map frames whenever the table changes."""
HEIGHTS = (
    """(ids) => ids.map((id) => document.querySelector(`#${id} .main-svg`).getBoundingClientRect().height)"""
)
WIDTHS = """(ids) => ids.every((id) => {
  const plot = document.querySelector(`#${id} .js-plotly-plot`);
  return Math.abs(plot._fullLayout.width - plot.clientWidth) <= 1;
})"""
FIRST, CLICKS = 8, 8
MOST_LEFT = 100
"""Elements. One click left 1,400 behind when every figure was made anew."""


def written(visit: Visit) -> None:
    if visit.generated() < 2 * CLICKS:
        visit.write("The capital of France is", 3 * CLICKS, temperature=1, seed=12)


def click(visit: Visit, position: int) -> None:
    visit.choose(position)
    visit.wait_for_row(position)


def elements(session: CDPSession) -> int:
    """Return the nodes of the page that are kept, those that are not in the document too."""
    session.send("HeapProfiler.collectGarbage")
    found = session.send("Performance.getMetrics")["metrics"]
    return next(int(one["value"]) for one in found if one["name"] == "Nodes")


def test_the_table_answers_a_click_before_the_figures_are_drawn_which_takes_longer(visit: Visit) -> None:
    written(visit)
    click(visit, FIRST)
    visit.page.evaluate(FRAMED)
    click(visit, FIRST + 2)
    assert visit.page.evaluate("window.framed[0]") == FIRST - 1.5, "as it was when the table had changed"


def test_clicks_leave_nothing_behind(visit: Visit) -> None:
    written(visit)
    session = visit.page.context.new_cdp_session(visit.page)
    session.send("Performance.enable")
    path = [FIRST + at for at in range(CLICKS)]
    for position in path:  # every figure has been drawn, every table has been as tall as it gets
        click(visit, position)
    before = elements(session)
    for position in reversed(path):
        click(visit, position)
    click(visit, path[-1])
    assert elements(session) - before < MOST_LEFT
    session.detach()


def test_figures_are_as_high_and_as_wide_as_their_places_when_the_window_changes_after_a_click(
    visit: Visit,
) -> None:
    written(visit)
    click(visit, FIRST)
    click(visit, FIRST + 1)
    heights = visit.page.evaluate(HEIGHTS, PLOTS)
    assert min(heights) > 100
    for width in (900, DESK["width"]):
        visit.page.set_viewport_size({"width": width, "height": DESK["height"]})
        visit.page.wait_for_function(WIDTHS, arg=PLOTS)
        assert visit.page.evaluate(HEIGHTS, PLOTS) == heights
    expect(visit.page.locator("#attention .js-plotly-plot")).to_be_visible()


def test_a_figure_that_was_out_of_sight_when_the_window_changed_fits_its_place_when_one_comes_back(
    visit: Visit,
) -> None:
    written(visit)
    visit.turn_to("lab")
    visit.page.set_viewport_size({"width": 900, "height": DESK["height"]})
    visit.turn_to("explore")
    visit.page.wait_for_function(WIDTHS, arg=PLOTS)
