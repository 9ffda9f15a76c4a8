"""English words are called English, by whatever language a browser asks for, and no bare key is read out."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.visit import PATIENT, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

LISTEN = """() => {
  window.heard = [];
  const hear = () => {
    for (const one of document.querySelectorAll("[role=status], [role=alert], [aria-live]")) {
      const text = one.textContent.trim();
      if (text && text !== window.heard.at(-1)) window.heard.push(text);
    }
  };
  new MutationObserver(hear).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
KEYS = """() => {
  const named = [...document.querySelectorAll("*")].flatMap((one) =>
    ["aria-label", "title", "placeholder", "alt"].map((name) => one.getAttribute(name) ?? ""));
  const all = [...document.querySelectorAll(".gradio-container *:not(style)")];
  const texts = all.filter((one) => !one.children.length).map((one) => one.textContent.trim());
  return [...named, ...texts, ...window.heard].filter((text) => /^[a-z_]+(\\.[a-z_]+)+$/.test(text));
}"""


@pytest.mark.parametrize("locale", ["de-DE", "ar", "ja-JP"])
def test_whatever_the_browser_speaks_the_page_says_that_it_is_english_and_is(
    browser: Browser, app_address: str, locale: str
) -> None:
    context = browser.new_context(locale=locale)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(app_address)
    expect(page.locator("#generate")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"
    expect(page.locator("footer")).to_contain_text("Built with Gradio")
    expect(page.locator("footer .settings")).to_have_count(0)
    assert errors == []
    context.close()


def test_what_is_read_out_and_every_name_are_words_and_no_keys(visit: Visit) -> None:
    visit.page.evaluate(LISTEN)
    visit.write("The capital of France is", 4, temperature=0)
    visit.page.wait_for_function("window.heard.includes('Done.')", timeout=PATIENT)
    assert visit.page.evaluate(KEYS) == []
