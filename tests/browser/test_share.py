"""A link is copied in one browser and opened in another one."""

from playwright.sync_api import Browser, expect

from tests.browser.visit import PATIENT, Visit


def test_a_link_opens_in_another_browser_and_says_that_the_run_is_identical(
    visit: Visit, browser: Browser
) -> None:
    page = visit.page
    text = visit.write("The lighthouse keeper", 6)
    visit.choose(5)
    page.locator("#share").click()
    page.wait_for_function("document.querySelector('#share-link').value.includes('#run=1.')")
    link = page.locator("#share-link").input_value()
    assert len(link) < 700
    expect(page.locator(".share .qr path")).to_be_visible()

    elsewhere = browser.new_context()
    other = elsewhere.new_page()
    other.set_default_timeout(PATIENT)
    other.goto(link)
    expect(other.locator("#notice")).to_contain_text("Identical to the shared run", timeout=PATIENT)
    expect(other.locator('#tokens [data-index="5"]')).to_have_attribute("aria-pressed", "true")
    tokens = other.locator("#tokens button[data-index]:not(.next)")
    assert tokens.all_text_contents() == text
    assert "#run" not in other.url
    other.evaluate("link => { location.hash = link }", "#run=" + link.partition("#run=")[2][:-7])
    expect(other.locator("#notice")).to_contain_text("cannot be opened", timeout=PATIENT)
    assert tokens.all_text_contents() == text
    elsewhere.close()

    visit.choose(4)
    expect(page.locator("#share-link")).to_have_value("")
    expect(page.locator(".share .qr")).to_be_hidden()
    visit.drawer(False)


def test_the_drawer_comes_into_sight_wherever_one_has_scrolled(visit: Visit) -> None:
    page = visit.page
    for button, seen in (
        ("#texts-button", "#branch-tree"),
        ("#share", "#share-link"),
        ("#texts-button", "#branch-tree"),
    ):
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        expect(page.locator("#texts")).not_to_be_in_viewport()
        page.locator(button).click()
        expect(page.locator(seen)).to_be_in_viewport()
        page.locator("#texts").evaluate("drawer => drawer.scrollTop = drawer.scrollHeight")
        visit.drawer(False)
