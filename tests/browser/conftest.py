"""One app and one Chromium for the tests that need the real thing."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.browser.chromium import find_chromium
from tests.browser.server import running_app
from tests.browser.visit import DESK, LONGEST, PATIENT, Visit

expect.set_options(timeout=PATIENT)  # a busy machine is no failure
TELL_WHAT_IS_REFUSED = """addEventListener("securitypolicyviolation", (event) => console.error(
  "refused by the policy:", event.violatedDirective, event.blockedURI, event.sourceFile, event.sample))"""
"""In every page of these tests: one that needs what its policy does not allow is not well."""


@pytest.fixture(scope="session")
def app_address() -> Iterator[str]:
    """The address of the real app with the embedded model, started once for all browser tests."""
    with running_app("--max-new-tokens", str(LONGEST), "--frame-ancestors", "'self' http:") as address:
        yield address


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all of them, and for no other tests: Playwright's loop runs as long as it is there."""
    executable = find_chromium()  # which may ask Playwright, of which there is one at a time
    with sync_playwright() as playwright:
        # Pages of one context share a process, and in it what was compiled of Gradio and Plotly: a load takes
        # two thirds of the time.
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        arguments.append("--renderer-process-limit=1")
        chromium = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """What the pages share: the scripts of Gradio, fetched and compiled once."""
    context = browser.new_context()
    context.set_default_timeout(PATIENT)
    context.add_init_script(TELL_WHAT_IS_REFUSED)
    context.new_page()  # an empty one, with which their process stays
    yield context
    context.close()


@pytest.fixture
def visits(context: BrowserContext, app_address: str) -> Iterator[Any]:
    """Open pages of the app; at the end none may have gone wrong."""
    opened: list[Visit] = []

    def open_page(*, width: int = 1440, mode: str = "light") -> Visit:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        opened.append(Visit(page, f"{app_address}?__theme={mode}"))
        return opened[-1]

    yield open_page
    for visit in opened:
        visit.page.close()
        visit.assert_well()


@pytest.fixture(scope="module")
def kept() -> Iterator[list[Visit]]:
    """The page that tests of a module share, once one of them has asked for it: a load takes seconds.

    Not those of all modules: many of them speak of the example that a page begins with.
    """
    pages: list[Visit] = []
    yield pages
    for visit in pages:
        visit.page.close()


@pytest.fixture
def visit(
    kept: list[Visit], context: BrowserContext, app_address: str, request: pytest.FixtureRequest
) -> Iterator[Visit]:
    """A page as `Visit.begin_anew` leaves it, with the text that the test before it has left there."""
    failed = request.session.testsfailed
    if kept:
        visit = kept.pop()
        visit.begin_anew()
    else:
        page = context.new_page()
        page.set_viewport_size(DESK)
        visit = Visit(page, f"{app_address}?__theme=light")
    yield visit
    if visit.errors or request.session.testsfailed > failed:  # the next test has one of its own
        visit.page.close()
    else:
        kept.append(visit)
    visit.assert_well()
