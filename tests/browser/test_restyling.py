"""What a new token costs the browser: the elements whose style is worked out anew."""

import json

import pytest
from playwright.sync_api import Browser

from tests.browser.visit import Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

WRITTEN = 20
RECALCULATION = "UpdateLayoutTree"


def test_a_new_token_styles_what_it_changes_and_not_the_whole_page(visit: Visit, browser: Browser) -> None:
    """A `:has` that looks into the whole page, for one, makes every token style all of it several times."""
    browser.start_tracing(page=visit.page, categories=["devtools.timeline"])
    visit.write("Once upon a time", WRITTEN, temperature=0)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    styled = [event["args"].get("elementCount", 0) for event in events if event["name"] == RECALCULATION]
    elements = visit.page.locator("*").count()
    assert len(styled) > WRITTEN, "nothing was traced"
    assert sum(styled) / WRITTEN < elements / 2
