"""The rooms of the sampler and of the dice in Chromium, on the example that every page begins with."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.visit import PATIENT, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

Visits = Callable[..., Visit]
USUAL = ["temperature", "top_k", "top_p"]
TITLE = "() => document.querySelector('#cumulative .js-plotly-plot')?.layout?.annotations?.[0]?.text || ''"


def enter(visit: Visit) -> Page:
    """Open the room and wait until it is drawn."""
    page = visit.page
    visit.enter("chain")
    page.wait_for_selector("#chain-table tr[data-stage]")
    return page


def enter_dice(visit: Visit) -> Page:
    """Open the room of the dice by its station on the map, and wait until it is drawn."""
    page = visit.page
    page.locator("#map [data-station=dice]").click()
    expect(page.locator("#room-dice-button")).to_have_attribute("aria-selected", "true")
    page.wait_for_function(f"({TITLE})().includes('falls on')", timeout=PATIENT)
    return page


def order(page: Page) -> list[str]:
    return page.locator("#chain-table tr[data-stage]").evaluate_all(
        "all => all.map((row) => row.dataset.stage)"
    )


def handle(page: Page, stage: str) -> Locator:
    return page.locator(f"#chain-table tr[data-stage={stage}] .handle")


def show_all_stages(page: Page) -> None:
    """Unfold those that are off."""
    if page.locator("#chain-table details[open]").count() == 0:
        page.locator("#chain-table summary").click()


def choose_careful(visit: Visit) -> None:
    """Press a preset on Explore."""
    visit.turn_to("explore")
    visit.page.locator("#presets label").filter(has_text="Careful").click()
    expect(visit.page.locator("#presets label.selected")).to_contain_text("Careful")


def settle(page: Page) -> None:
    """Wait for the answer to what was changed in the table."""
    expect(page.locator("#chain-table .waiting")).to_have_count(0, timeout=PATIENT)


def test_stages_are_moved_by_key_and_by_pointer_and_set_back(visit: Visit) -> None:
    page = enter(visit)
    says = page.locator("#chain-table .order-says")
    assert order(page) == USUAL
    handle(page, "temperature").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert order(page) == ["top_k", "top_p", "temperature"], "at once"
    settle(page)
    assert order(page) == ["top_k", "top_p", "temperature"]
    expect(handle(page, "temperature")).to_be_focused()
    expect(says).not_to_contain_text("This is the usual order")
    expect(says).to_contain_text("same dice")
    expect(page.locator("#notice")).to_contain_text("order")

    held, aim = handle(page, "top_p"), handle(page, "top_k")
    held.scroll_into_view_if_needed()
    start, end = held.bounding_box(), aim.bounding_box()
    assert start and end
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(start["x"] + 8, end["y"] - 2, steps=5)
    page.mouse.up()
    assert order(page) == ["top_p", "top_k", "temperature"]
    settle(page)
    assert order(page) == ["top_p", "top_k", "temperature"]

    show_all_stages(page)
    page.locator("#chain-table li[data-off=typical_p] .switch").click()
    expect(page.locator("#chain-table tr[data-stage=typical_p] input")).to_have_value("0.9", timeout=PATIENT)
    page.locator("#chain-table tr[data-stage=top_k] .switch").click()
    expect(page.locator("#top-k input[type=number]")).to_have_value("0")
    expect(page.locator("#chain-table tr[data-stage=top_k]")).to_have_count(0, timeout=PATIENT)
    page.locator("#chain-table .reset").click()
    expect(page.locator("#chain-table .reset")).to_have_count(0, timeout=PATIENT)
    assert order(page) == ["temperature", "top_p"]
    handle(page, "top_p").press("ArrowUp")
    choose_careful(visit)
    enter(visit)
    expect(page.locator("#chain-table tr[data-stage=top_k] .dialled")).to_have_text("20", timeout=PATIENT)
    expect(page.locator("#chain-table .reset")).to_have_count(0, timeout=PATIENT)
    assert order(page) == USUAL, "a preset is a whole sampler"


def test_a_stage_with_a_second_number_is_set_in_two_fields_and_says_what_its_coin_showed(
    visit: Visit,
) -> None:
    page = enter(visit)
    show_all_stages(page)
    page.locator("#chain-table li[data-off=xtc_probability] .switch").click()
    row = page.locator("#chain-table tr[data-stage=xtc_probability]")
    fields = row.locator("input[type=number]")
    expect(fields).to_have_count(2, timeout=PATIENT)
    assert [field.input_value() for field in fields.all()] == ["0.5", "0.1"]
    expect(row.locator(".note")).to_contain_text("The coin of XTC showed")
    fields.nth(1).fill("0.03")
    fields.nth(1).press("Enter")
    expect(page.locator("#notice")).to_contain_text("XTC off", timeout=PATIENT)
    fields.nth(0).fill("1")
    fields.nth(0).press("Enter")
    expect(row.locator(".note")).to_contain_text("it acts, excluded tokens:", timeout=PATIENT)
    expect(page.locator("#next-token")).to_contain_text("coin = ")
    expect(row.locator("input").nth(1)).to_have_value("0.03")
    row.locator(".switch").click()
    expect(row).to_have_count(0, timeout=PATIENT)
    page.locator("#chain-table li[data-off=xtc_probability] .switch").click()
    expect(row.locator("input").nth(1)).to_have_value("0.03", timeout=PATIENT)


def test_the_same_u_falls_on_another_token_when_a_slider_moves(visit: Visit) -> None:
    page = enter_dice(visit)
    # The dice fall on the token of the text.
    page.wait_for_function(f"({TITLE})().includes('falls on') && !({TITLE})().includes('stands')")
    before = page.evaluate(TITLE)
    visit.turn_to("explore")
    visit.set("temperature", 0.05)
    enter_dice(visit)
    page.wait_for_function(f"({TITLE})().includes('in the text stands')", timeout=PATIENT)
    after = page.evaluate(TITLE)
    assert after.split(" falls on ")[0] == before.split(" falls on ")[0], "the same u"
    flipped = page.locator("#next-token tr.dice .name").text_content()
    assert flipped and flipped in after


def assert_no_wider_than_the_phone(page: Page) -> None:
    assert (page.evaluate("document.documentElement.scrollWidth"), page.evaluate(WIDER)) == (390, [])


def test_one_throw_stands_in_large_letters_and_moves_nothing(visit: Visit) -> None:
    page = visit.page
    enter_dice(visit)
    shown = page.locator("#thrown .one-throw")
    expect(shown).to_contain_text("the throw of the text")
    before = page.evaluate(CARD)
    page.locator("#throw-one").click()
    expect(shown).to_contain_text("the last throw", timeout=PATIENT)
    page.locator("#throw-hundred").click()
    expect(page.locator("#thrown")).to_contain_text("101 throws", timeout=PATIENT)
    assert len(visit.plot("throws")["data"]) == 2
    assert shown.evaluate("one => parseFloat(getComputedStyle(one).fontSize)") >= 28
    assert page.evaluate(CARD) == before, "of the figures under it"
    page.set_viewport_size({"width": 390, "height": 900})
    assert_no_wider_than_the_phone(page)


def test_ban_and_ask_why_on_a_phone(visits: Visits) -> None:
    visit = visits(width=390)
    page = visit.page
    name = page.locator("#next-token tr.chosen button.name")
    token = str(name.text_content())
    name.focus()
    page.keyboard.press("Enter")
    assert page.locator("#next-token .token-actions button").all_text_contents() == ["Ban", "Boost"]
    ban = page.locator("#next-token [data-action=ban]")
    expect(ban).to_have_attribute("aria-pressed", "false")
    ban.click()
    expect(ban).to_have_attribute("aria-pressed", "true", timeout=PATIENT)
    above = page.locator("#biases .chip")
    expect(above).to_have_text(f"{token} ×")
    expect(page.locator("#biases")).to_contain_text("Banned:")
    visit.enter("chain")
    chips = page.locator("#chain-table .chip")
    expect(chips).to_contain_text("banned", timeout=PATIENT)
    expect(chips).to_contain_text(token)
    expect(page.locator("#chain-road li.cut")).to_contain_text("banned by hand")
    expect(page.locator("#chain-table tr.cuts")).to_have_attribute("data-stage", "logit_bias")
    assert_no_wider_than_the_phone(page)
    above.click()
    expect(chips).to_have_count(0, timeout=PATIENT)
    expect(page.locator("#biases")).to_be_hidden()
    visit.turn_to("explore")
    expect(ban).to_have_attribute("aria-pressed", "false")
    ban.click()
    expect(above).to_have_count(1, timeout=PATIENT)
    ban.click()
    expect(above).to_have_count(0, timeout=PATIENT)
    expect(ban).to_have_attribute("aria-pressed", "false")
    page.locator("#next-token [data-action=boost]").click()
    expect(above).to_contain_text(f"{token} +5", timeout=PATIENT)
    page.locator("#presets label").filter(has_text="Balanced").click()
    expect(page.locator("#biases")).to_be_hidden(timeout=PATIENT)


CARD = "() => document.querySelector('#cumulative').getBoundingClientRect().top"
WIDER = """() => Array.from(document.querySelectorAll(".gradio-container .card")).map((card) =>
  card.getBoundingClientRect()).filter((box) => box.right > innerWidth + 1).map((box) => box.right)"""
