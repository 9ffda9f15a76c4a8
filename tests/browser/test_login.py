"""The form for the password, by itself and inside a page of another site."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.browser.chromium import find_chromium
from tests.pages.conftest import TINY_LIMITS, LoadedModel, close, service_of
from viz.explore import build_app
from viz.launch import launch_arguments

pytestmark = pytest.mark.browser

AROUND = "http://localhost:9/"
"""The address of another site: the app is at 127.0.0.1."""


@pytest.fixture(scope="module")
def guarded(tiny_gpt2: Any) -> Iterator[str]:
    """The address of an app that asks for a password."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    app = build_app(LoadedModel(tiny_gpt2), TINY_LIMITS)
    app.launch(
        server_name="127.0.0.1",
        prevent_thread_lock=True,
        quiet=True,
        auth=("ann", "secret"),
        **launch_arguments(AROUND.rstrip("/")),
    )
    yield app.local_url
    app.close(verbose=False)
    close(service_of(app))


@pytest.fixture(scope="module")
def other_browser(browser: Browser) -> Iterator[Browser]:
    """A Chromium that blocks cookies of third parties, and lets a page hold one of this machine."""
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    arguments += ["--test-third-party-cookie-phaseout", "--disable-features=LocalNetworkAccessChecks"]
    chromium = browser.browser_type.launch(executable_path=find_chromium(), args=arguments)
    yield chromium
    chromium.close()


def log_in(form: Page | FrameLocator) -> None:
    form.get_by_label("username").fill("ann")
    form.get_by_label("password").fill("secret")
    form.get_by_role("button", name="Login").click()


def test_inside_another_site_the_form_says_that_no_cookie_is_kept_and_opens_in_a_tab_of_its_own(
    other_browser: Browser, guarded: str
) -> None:
    context = other_browser.new_context()
    frame = f'<h1>A course</h1><iframe src="{guarded}" width="800" height="600"></iframe>'
    context.route(AROUND, lambda route: route.fulfill(content_type="text/html", body=frame))
    page = context.new_page()
    page.goto(AROUND)
    form = page.frame_locator("iframe")
    note = form.locator("#no-cookies")
    expect(note).to_contain_text("keeps no cookies for this page while it stands inside another site")
    with page.expect_response(lambda response: response.url.endswith("/login")) as answer:
        log_in(form)
    assert answer.value.status == 200, "the password is right"
    expect(note).to_be_visible()
    expect(form.get_by_label("password")).to_have_value("")
    with context.expect_page() as opened:
        note.get_by_role("link").click()
    tab = opened.value
    expect(tab.locator("#no-cookies")).to_have_count(0)
    log_in(tab)
    expect(tab.locator("#prompt textarea")).to_be_visible()
    context.close()


def test_where_cookies_are_kept_nothing_is_said_and_the_password_opens_the_page(
    browser: Browser, guarded: str
) -> None:
    page = browser.new_page()
    page.goto(guarded)
    expect(page.get_by_label("password")).to_be_visible()
    assert page.locator("#no-cookies, .first-paint").count() == 0
    assert page.context.cookies() == [], "the probe leaves none"
    log_in(page)
    expect(page.locator("#prompt textarea")).to_be_visible()
    assert page.locator("#no-cookies").count() == 0
    page.close()


def test_a_browser_without_any_cookies_is_told_to_allow_them(browser: Browser, guarded: str) -> None:
    page = browser.new_page()
    page.add_init_script("Object.defineProperty(document, 'cookie', { get: () => '', set: () => {} })")
    page.goto(guarded)
    expect(page.locator("#no-cookies")).to_contain_text("Allow them for this address")
    assert page.locator("#no-cookies a").count() == 0
    page.close()
