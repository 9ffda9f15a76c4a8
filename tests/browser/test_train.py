"""A GPT of one's own in Chromium: trained, loaded anew meanwhile, asked at each checkpoint, opened."""

import re

from playwright.sync_api import expect

from tests.browser.visit import PATIENT, Visit


def test_what_cannot_be_trained_is_told_in_a_sentence_and_nothing_is_lost(visit: Visit) -> None:
    page = visit.page
    visit.enter("data")
    page.locator("#data-source label", has_text="My own text").click()
    page.locator("#data-own textarea").fill("One line.")
    page.locator("#data-look").click()
    expect(page.locator("#data-shown")).to_contain_text("a model needs 200 at least")
    visit.enter("pretraining")
    page.locator("#pretraining-prompts textarea").fill("")
    page.locator("#pretraining-begin").click()
    expect(page.locator("#pretraining-line")).to_contain_text("There must be 1 to 6 prompts")
    visit.enter("data")
    expect(page.locator("#data-own textarea")).to_have_value("One line.")
    visit.assert_well()


def test_a_gpt_is_trained_on_the_page_and_opened_in_explore(visit: Visit) -> None:
    page = visit.page
    visit.enter("pretraining")
    page.locator("#pretraining-preset label", has_text="Sorting").click()
    expect(page.locator("#pretraining-summary")).to_contain_text("Llama, 2 layers")
    visit.unfold("pretraining")
    for name, value in {"steps": 10, "batch": 4, "evaluate-every": 5}.items():
        visit.set(f"pretraining-{name}", value)
    expect(page.locator("#pretraining-summary")).to_contain_text("10 steps")
    page.locator("#pretraining-begin").click()
    expect(page.locator("#pretraining-stop")).to_be_enabled(timeout=PATIENT)

    page.reload()  # the training goes on, and the page, which is where it was, knows it again
    visit.errors.clear()  # of streams that were open when the page was loaded anew
    line = page.locator("#pretraining-line")
    expect(line).to_contain_text("learned for all of its steps", timeout=2 * PATIENT)
    expect(page.locator("#pretraining-samples tbody tr")).to_have_count(3)
    curve = visit.plot("pretraining-curves")["data"][0]
    assert curve["x"] == list(range(1, 11))

    visit.enter("timelapse")
    expect(page.locator("#timelapse-training input")).to_have_value(re.compile("Sorting"))
    page.locator("#timelapse-prompt textarea").fill("dacb>")
    page.locator("#timelapse-watch").click()
    expect(page.locator("#timelapse-line")).to_contain_text("3 checkpoints asked", timeout=PATIENT)
    expect(page.locator("#timelapse-written tbody tr")).to_have_count(3)
    page.locator("#timelapse-take [data-model]").click()
    expect(page.locator("#places [data-page=explore]")).to_have_attribute("aria-current", "page")
    expect(page.locator("#model-menu select")).to_have_value(re.compile("^trained:"), timeout=PATIENT)
    expect(page.locator("#model")).to_contain_text("2 layers", timeout=PATIENT)
    tokens = visit.write("dacb>", 6, temperature=1)
    assert tokens[:5] == list("dacb>") and len(tokens) > 5
    visit.assert_well()
