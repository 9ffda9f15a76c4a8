"""Two rooms of the lab in Chromium: a replay beside the text and a beam search, on a phone in both themes."""

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.browser.visit import PATIENT, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

PROMPT = "The capital of France is"
LENGTH = 8
PHONE: ViewportSize = {"width": 390, "height": 900}


def assert_no_wider_than_the_page(visit: Visit) -> None:
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"


def test_two_replays_and_a_beam_search_are_shown_opened_and_undone(visit: Visit) -> None:
    page = visit.page
    page.set_viewport_size(PHONE)
    page.locator("#page-tools .tone").click()
    original = visit.write(PROMPT, LENGTH, temperature=0.8, seed=3)

    visit.enter("replay")
    page.locator("#replay").click()  # Greedy and Wild are ticked
    expect(page.locator("#replay-line")).to_contain_text("replayed", timeout=PATIENT)
    rows = page.locator("#replays tbody tr")
    expect(rows).to_have_count(3)
    assert rows.locator("th").all_text_contents() == ["Original", "Greedy", "Wild"]
    cells = rows.nth(0).locator("td").all_text_contents()
    assert [cell.replace("␣", " ") for cell in cells] == original[-LENGTH:]
    expect(page.locator("#replays td.parted").first).to_be_attached()
    expect(page.locator("#replays .reason").first).to_contain_text("the dice showed u = 0.")
    box = page.locator("#replays .aligned-box")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth"), "long texts scroll in their own box"
    assert_no_wider_than_the_page(visit)

    rows.nth(0).locator("td button").nth(2).click()
    page.wait_for_function("document.querySelector('#tokens [aria-pressed=true]')?.dataset.index === '7'")

    rows.nth(2).locator("th button").click()  # the name leads to the button that opens
    assert page.evaluate("document.activeElement.dataset.open") == "2"
    wild = rows.nth(2).locator("td").count()
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("Now on “Wild” (Text ", timeout=PATIENT)
    assert visit.generated() == wild and visit.tokens() != original
    page.locator("#undo").click()
    visit.wait_for_tokens(original)


def test_a_beam_search_grows_a_tree_whose_best_sequence_can_be_opened(visit: Visit) -> None:
    page = visit.page
    page.set_viewport_size(PHONE)
    visit.write(PROMPT, LENGTH, temperature=0.8, seed=3)
    visit.enter("strategies")
    visit.set("find-max-new-tokens", 6)
    page.locator("#find").click()
    expect(page.locator("#find-line")).to_contain_text("done", timeout=PATIENT)
    best = page.locator("#beam-tree .tree .node.best")
    expect(best).to_have_count(1 + 6)
    texts = page.locator("#found-texts tbody tr")
    expect(texts).to_have_count(4)
    expect(page.locator("#found-texts .compared")).to_contain_text("the best beam has −")
    sequence = texts.nth(0).locator("td.text span").all_text_contents()
    assert len(sequence) == 6
    box = page.locator("#beam-tree .tree-box")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth"), "the tree scrolls in its own box"
    assert_no_wider_than_the_page(visit)
    texts.nth(0).locator("button.open").click()
    expect(page.locator("#notice")).to_contain_text("Now on “Beam search” (Text ", timeout=PATIENT)
    assert visit.generated() == 6

    page.locator("#find-method label", has_text="Contrastive").click()
    expect(page.locator("#find-alpha")).to_be_visible()
    expect(page.locator("#find-beams")).not_to_be_visible()
