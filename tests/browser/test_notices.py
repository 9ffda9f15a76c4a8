"""What is said under the sliders comes and goes, and the text below stays where it is."""

import pytest
from playwright.sync_api import expect

from tests.browser.visit import PATIENT, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

TOP = "() => document.querySelector('#tokens').getBoundingClientRect().top + scrollY"
HIDDEN = (
    "() => { const box = document.querySelector('#notice'); return box.scrollHeight - box.clientHeight; }"
)


@pytest.mark.parametrize("width", [1440, 820, 390])
def test_the_text_stays_where_it_is_when_a_notice_or_a_ban_comes_and_goes(visit: Visit, width: int) -> None:
    page = visit.page
    page.set_viewport_size({"width": width, "height": 900})
    visit.write("Once upon a time", 2, temperature=0.8, seed=4)
    notice, banned = page.locator("#notice .notice"), page.locator("#biases .chip")
    expect(notice).to_have_count(0)
    tops = [page.evaluate(TOP)]
    visit.set("temperature", 1.3)
    expect(notice).to_contain_text("sampled with temperature 0.8", timeout=PATIENT)
    assert page.evaluate(HIDDEN) <= 1, "all of it can be read"
    tops.append(page.evaluate(TOP))
    page.locator("#next-token button.name").nth(1).click()
    page.locator("#next-token [data-action=ban]").click()
    expect(banned).to_have_count(1, timeout=PATIENT)
    tops.append(page.evaluate(TOP))
    banned.click()
    page.locator("#next-token button.name").nth(1).click()
    expect(banned).to_have_count(0, timeout=PATIENT)
    visit.set("temperature", 0.8)
    expect(notice).to_have_count(0, timeout=PATIENT)
    tops.append(page.evaluate(TOP))
    assert max(tops) - min(tops) < 0.5
