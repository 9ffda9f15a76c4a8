"""The room of rollouts in Chromium, with the mouse and with keys alone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visit import PATIENT, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

STATE = "#rollout-state"


def wait_for_the_end(page: Page) -> None:
    expect(page.locator(STATE)).to_contain_text("are there", timeout=PATIENT)
    expect(page.locator("#roll")).to_be_enabled()


def sweep(visit: Visit) -> None:
    """Sweep over a value that is none, and then over two temperatures."""
    page = visit.page
    values = page.locator("#rollout-values input, #rollout-values textarea").first
    values.fill("0.2, hot")
    page.locator("#sweep").click()
    expect(page.locator(f"{STATE} .problem")).to_contain_text("'hot' is no number", timeout=PATIENT)
    assert values.input_value() == "0.2, hot"
    values.fill("2, 0.2")
    visit.set("rollout-each", 4)
    page.locator("#sweep").click()
    wait_for_the_end(page)
    expect(page.locator("#diversity .main-svg").first).to_be_visible(timeout=PATIENT)
    (line,) = visit.plot("diversity")["data"]
    assert len(line["x"]) == 2 and line["x"][0] > line["x"][1], "the cooler texts are the likelier ones"


def test_rollouts_are_counted_drawn_listed_swept_over_and_opened(visit: Visit) -> None:
    page = visit.page
    visit.write("My favourite word is the", 1, temperature=0.8, seed=4)
    visit.enter("rollouts")
    expect(page.locator(STATE)).to_contain_text("Nothing has been rolled yet")
    expect(page.locator("#rollout-tree")).to_be_hidden()
    visit.set("rollout-length", 3)
    page.locator("#rollout-count label", has_text="16").click()
    page.locator("#rollout-guess-share input").fill("0")
    page.locator("#roll").click()
    wait_for_the_end(page)
    expect(page.locator("#rollout-texts li")).to_have_count(16)
    expect(page.locator("#first-tokens .main-svg").first).to_be_visible(timeout=PATIENT)
    bars, dots = visit.plot("first-tokens")["data"]
    assert len(bars["x"]) == 12 and bars["x"] == sorted(bars["x"], reverse=True)
    assert all(round(16 * share, 6) == round(16 * share) for share in dots["x"])
    trunk = page.locator("#rollout-tree [data-branch]").evaluate_all(
        "all => all.map((one) => one.getAttribute('aria-label').split('\\n'))"
    )
    assert trunk and all("of 16 rollouts" in count for _, count, _ in trunk)
    expect(page.locator("#rollout-facts")).to_contain_text("3.0 tokens")
    expect(page.locator("#rollout-guessed")).to_contain_text("you guessed 0 %")

    sweep(visit)

    text = page.locator("#rollout-texts li .text").nth(4).text_content() or ""
    page.locator("#rollout-texts button").nth(4).click()
    expect(page.locator("#notice")).to_contain_text("Now on “Rollout 5”", timeout=PATIENT)
    expect(page.locator("#tokens button.generated")).to_have_count(3)
    assert "".join(visit.tokens()).endswith(text.replace("↵", ""))
    page.locator("#notice [data-undo]").click()  # as that at the top of the page does
    expect(page.locator("#tokens button.generated")).not_to_have_count(3, timeout=PATIENT)


def test_keys_alone_roll_cancel_half_way_and_walk_the_tree(visit: Visit) -> None:
    page = visit.page
    visit.enter("rollouts")
    page.locator("#rollouts-options button").focus()
    if not page.locator("#rollout-count").is_visible():
        page.keyboard.press("Enter")
    page.locator("#rollout-count label", has_text="64").click()
    page.locator("#rollout-length input[type=number]").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("16")
    while not page.evaluate("document.activeElement.id === 'roll'"):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#rollout-cancel")).to_be_enabled(timeout=PATIENT)
    expect(page.locator(STATE)).to_contain_text(re.compile(r"([3-9]|\d\d) of 64 rollouts"), timeout=PATIENT)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "rollout-cancel"
    page.keyboard.press("Enter")
    expect(page.locator(STATE)).to_contain_text("cancelled", timeout=PATIENT)
    kept = int(re.search(r"cancelled: (\d+) of 64", page.locator(STATE).inner_text())[1])  # type: ignore[index]
    assert 3 <= kept < 64
    expect(page.locator("#rollout-texts li")).to_have_count(kept)

    page.locator("#rollout-tree [data-branch='0']").focus()
    expect(page.locator("#rollout-tree .told")).to_contain_text(f"of {kept} rollouts")
    first = page.locator("#rollout-tree .told").inner_text()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#rollout-tree .told")).not_to_have_text(first)
    assert page.evaluate("document.activeElement.getAttribute('role')") == "treeitem"
    page.keyboard.press("ArrowUp")
    expect(page.locator("#rollout-tree .told")).to_have_text(first)
