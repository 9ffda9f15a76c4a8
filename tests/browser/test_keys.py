"""The page by keys alone, and what those who listen are told of its parts."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.visit import PATIENT, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

NAMED = "button, [role=button], [role=tab], [role=treeitem], [role=option], [role=switch], [role=link], a"
# Their name holds the words that can be read on them (WCAG 2.5.3): who presses by voice says what is seen.
OTHERWISE = """(named) => {
  const plain = (text) => text.toLowerCase().replace(/[^\\p{L}\\p{N}]/gu, "");
  const read = (one) => {
    const copy = one.cloneNode(true);
    const unread = "title, [aria-hidden=true], [role=img], button, ul";
    for (const other of copy.querySelectorAll(unread)) other.remove();
    return plain(copy.textContent);
  };
  const all = [...document.querySelectorAll(named)];
  const seen = all.filter((one) => one.ariaLabel && one.getClientRects().length);
  const others = seen.filter((one) => !plain(one.ariaLabel).includes(read(one)));
  return others.map((one) => [one.ariaLabel, one.textContent]);
}"""


def tab(page: Page, name: str) -> Locator:
    return page.locator("#rooms-inside > .tab-wrapper").get_by_role("tab", name=name, exact=True)


def test_the_tabs_are_one_stop_and_are_walked_by_arrows_home_and_end(visit: Visit) -> None:
    page = visit.page
    visit.enter("tokens")
    stops = page.locator("#rooms-inside > .tab-wrapper [role=tab][tabindex='0']")
    expect(stops).to_have_count(1)
    expect(stops).to_have_text("Tokens")
    page.locator("#room-tokens-button").focus()
    for key, name in (
        ("ArrowRight", "Attention"),
        ("ArrowLeft", "Tokens"),
        ("ArrowLeft", "Neurons"),
        ("ArrowRight", "Tokens"),
        ("End", "Neurons"),
        ("Home", "Tokens"),
        ("ArrowRight", "Attention"),
    ):
        page.keyboard.press(key)
        expect(tab(page, name)).to_be_focused()
        expect(tab(page, name)).to_have_attribute("aria-selected", "true")
        expect(stops).to_have_text(name)
    panel = page.locator("#room-heads")
    expect(panel).to_be_visible()
    expect(panel).to_have_attribute("aria-labelledby", "room-heads-button")
    selected = page.locator("#tokens [aria-pressed=true]").get_attribute("data-index")
    page.keyboard.press("ArrowRight")
    assert page.locator("#tokens [aria-pressed=true]").get_attribute("data-index") == selected
    inner = page.locator("#room-heads [role=tablist] [role=tab][tabindex='0']")
    tab(page, "Attention").click()
    expect(inner).to_have_count(1, timeout=PATIENT)
    page.locator("#room-heads [role=tablist] [role=tab]").first.click()
    expect(inner).to_be_visible()
    inner.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Model view")).to_be_focused()
    expect(tab(page, "Attention")).to_have_attribute("aria-selected", "true")


def test_what_opens_says_whether_it_is_open(visit: Visit) -> None:
    page = visit.page
    more = page.locator("#more-settings").get_by_role("button")
    expect(more).to_have_attribute("aria-expanded", "false")
    expect(page.locator(".glossary dl")).to_be_hidden()
    more.press("Enter")
    expect(more).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".glossary dl")).to_be_visible()
    texts = page.locator("#texts-button")
    texts.press("Enter")
    expect(texts).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#branch-tree")).to_be_visible()
    texts.press("Enter")
    expect(texts).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#branch-tree")).to_be_hidden()


def test_whatever_is_pressed_has_the_words_that_are_read_on_it_in_its_name(visit: Visit) -> None:
    page = visit.page
    visit.set("max-new-tokens", 6)
    page.locator("#next-token tr:not(.chosen) button.name").first.click()
    page.locator("#next-token [data-action=boost]").click()
    expect(page.locator("#biases .chip")).to_contain_text("+5")
    branches = page.locator("#branch-tree [role=treeitem][aria-label]")
    before = branches.count()
    page.locator("#next-token .token-actions [data-action=branch]").click()
    visit.enter("branches")
    expect(branches).not_to_have_count(before, timeout=PATIENT)  # one text alone makes no tree
    assert page.evaluate(OTHERWISE, NAMED) == []
    visit.drawer(False)
    visit.enter("rollouts")
    visit.set("rollout-length", 12)
    page.get_by_role("button", name="Roll", exact=True).click()
    expect(page.locator("#room-rollouts")).to_contain_text("rollouts are there", timeout=PATIENT)
    assert page.locator("#rollout-tree [role=treeitem]").count() > 9
    assert page.evaluate(OTHERWISE, NAMED) == []
    visit.enter("chain")
    expect(page.locator("#chain-table .chip")).to_have_count(1, timeout=PATIENT)
    assert page.evaluate(OTHERWISE, NAMED) == []
