"""A saved page in a real Chromium: opened from disk with the network off, it answers as the page did."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.visit import PATIENT, READ_TABLE, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

PROMPT = '</script><script>window.ran=1</script><!-- <img src=x onerror="window.ran=1"> שלום'
COLUMNS = 5
"""Of the table that both have: what can be done with a token is the page's alone."""
Visits = Callable[..., Visit]


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[[Path], Page]]:
    """Open a file from disk, without a network; nothing may go wrong there nor be asked of anybody."""
    context = browser.new_context(offline=True, color_scheme="light")
    wrong: list[str] = []

    def open_file(path: Path) -> Page:
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request", lambda request: wrong.append(request.url) if request.url != path.as_uri() else None
        )
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]", timeout=PATIENT)
        return page

    yield open_file
    context.close()
    assert wrong == []


def rows(page: Page) -> list[Any]:
    return [(row["id"], row["cells"][:COLUMNS]) for row in page.evaluate(READ_TABLE, "next-token")]


def pressed(page: Page) -> int:
    return int(page.locator("#tokens button[aria-pressed=true]").get_attribute("data-index") or -1)


def test_a_saved_page_answers_from_disk_as_the_page_did(
    visits: Visits, opened: Callable[[Path], Page], tmp_path: Path
) -> None:
    visit = visits()
    visit.write(PROMPT, 4, seed=5)
    live = visit.page
    last = len(visit.tokens()) - 1
    expected = {}
    for position in (last - 2, last):
        visit.choose(position)
        visit.wait_for_row(position)
        expected[position] = rows(live)
    visit.drawer(True)
    with live.expect_download(timeout=PATIENT) as waiting:
        live.locator("#save-replay").click()
    path = tmp_path / waiting.value.suggested_filename
    assert path.name.startswith("gpt-inside-out-replay-") and path.suffix == ".html"
    waiting.value.save_as(path)

    page = opened(path)
    assert page.locator("#tokens button[data-index]").count() == last + 1
    assert pressed(page) == last and rows(page) == expected[last]
    page.locator(f"#tokens button[data-index='{last - 2}']").click()
    assert pressed(page) == last - 2 and rows(page) == expected[last - 2]
    ahead = "ArrowRight" if page.locator("#tokens .line").first.get_attribute("dir") == "ltr" else "ArrowLeft"
    page.keyboard.press(ahead)
    assert pressed(page) == last - 1
    page.keyboard.press("Home")
    assert pressed(page) == 1
    page.locator("#looked [data-to='0']").click()
    assert pressed(page) == 0

    assert page.locator("html.dark").count() == 0
    page.locator("#dark").click()
    assert page.locator("html.dark").count() == 1

    page.locator("#play").click()
    expect(page.locator("#play")).to_have_attribute("aria-pressed", "false", timeout=PATIENT)
    assert page.locator("#tokens button[data-index]").count() == last + 1 and pressed(page) == last
    assert page.evaluate("window.ran") is None and page.locator("#replay img").count() == 0
    assert page.evaluate("getComputedStyle(document.querySelector('#next-token .bar i')).width") != "0px"
