"""What axe-core, the reference of automatic accessibility checks, finds on every page and in every room."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.visit import ROOMS, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

GRADIOS_OWN = ("footer", ".modebar", ".block > .empty")
"""What this project does not draw."""
SEVERE = ("serious", "critical")
SETTLED = """() => {
  const cancels = [...document.querySelectorAll("[id$=-cancel]")];
  const computing = cancels.some((one) => one.offsetParent && !one.disabled);
  return !computing && !document.getAnimations().some(({ playState }) => playState === "running");
}"""
"""Nothing changes any more while it is looked at."""


def severe(visit: Visit, within: str = "body") -> list[Any]:
    """Return the serious and critical violations, each with the elements that it is about.

    Args:
        visit: the page.
        within: selector of the part that is looked at.
    """
    context = {"include": [[within]], "exclude": [[one] for one in GRADIOS_OWN]}
    found = Axe().run(visit.page, context=context, options={"resultTypes": ["violations"]})
    return [
        (one["id"], [node["target"] for node in one["nodes"]])
        for one in found.response["violations"]
        if one["impact"] in SEVERE
    ]


def test_explore_has_no_serious_violation_with_all_that_opens_open(visits: Callable[..., Visit]) -> None:
    visit = visits()
    for switch in ("more-settings", "more-tries", "journey-switch"):
        visit.switch(switch, True)
    visit.drawer(True)
    assert severe(visit) == []


def test_no_room_has_a_serious_violation_in_the_dark(visits: Callable[..., Visit]) -> None:
    visit = visits(mode="dark")
    found = {"explore": severe(visit)}  # what is on every page is looked at here
    for room in (room for rooms in ROOMS.values() for room in rooms):
        visit.enter(room)
        visit.unfold(room)
        if room == "lens":
            visit.page.wait_for_selector("#lens-grid .js-plotly-plot .main-svg")  # computed without a press
        visit.page.wait_for_function(SETTLED)
        found[room] = severe(visit, f"#room-{room}")
    assert {place: violations for place, violations in found.items() if violations} == {}
