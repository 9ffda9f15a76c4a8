"""A page behind a proxy that holds streams back until they end."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.proxy import gathering_proxy
from tests.browser.visit import LONGEST, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]


@pytest.fixture(scope="module")
def gathered(context: BrowserContext, app_address: str) -> Iterator[Visit]:
    """A page that hears of nothing before it has ended."""
    with gathering_proxy(app_address) as address:
        visit = Visit(context.new_page(), f"{address}?__theme=light")
        yield visit
        visit.page.close()


def test_stop_ends_a_text_of_which_nothing_has_arrived_yet(gathered: Visit) -> None:
    page = gathered.page
    before = gathered.tokens()
    gathered.begin_endless()
    expect(page.locator("#stop")).to_be_enabled()
    assert gathered.tokens() == before, "nothing has arrived"
    page.locator("#stop").click()
    expect(page.locator("#stop")).to_be_disabled()
    expect(
        page.locator("#tokens button.generated").first
    ).to_be_attached()  # what was held back is drawn in turn
    assert gathered.generated() < LONGEST
    if gathered.tokens() != before:  # Stop may be heard before the text has begun, which then stays unwritten
        expect(page.locator("#status")).to_contain_text("stopped")


def test_cancel_ends_rollouts_of_which_nothing_has_arrived_yet(gathered: Visit) -> None:
    page = gathered.page
    gathered.enter("rollouts")
    gathered.set("rollout-length", 60)
    page.locator("#roll").click()
    cancel = page.locator("#rollout-cancel")
    expect(cancel).to_be_enabled()
    cancel.click()
    expect(page.locator("#rollout-state")).to_contain_text(re.compile("cancelled", re.IGNORECASE))
    expect(cancel).to_be_disabled()
