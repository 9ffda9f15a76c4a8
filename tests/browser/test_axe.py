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


def severe(visit: Visit) -> list[Any]:
    """Return the serious and critical violations, each with the elements that it is about."""
    context = {"exclude": [[one] for one in GRADIOS_OWN]}
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
    found = {"explore": severe(visit)}
    for room in (room for rooms in ROOMS.values() for room in rooms):
        visit.enter(room)
        found[room] = severe(visit)
    assert {place: violations for place, violations in found.items() if violations} == {}
