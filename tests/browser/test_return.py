"""A page that is loaded anew, by a person or because the network was gone, has what was on it before."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.visit import GENERATED, PATIENT, Visit
from viz.components.ticket import TICKET

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

BACK = "your texts and settings are as they were"


def reloaded(visit: Visit) -> None:
    visit.page.reload()
    visit.errors.clear()  # Gradio's client tells the console that it was reading when the page went away
    expect(visit.page.locator(".toast-body")).to_contain_text(BACK)


def test_after_a_reload_text_settings_prompt_room_and_undo_are_there_again(visit: Visit) -> None:
    first = visit.write("The old lighthouse", 4, temperature=1.2, seed=7)
    second = visit.write("The old lighthouse keeper", 3)
    visit.page.locator("#prompt textarea").fill("Something not yet sent")
    visit.enter("lens")
    reloaded(visit)
    visit.wait_for_tokens(second)
    visit.page.wait_for_selector("#lens .js-plotly-plot .main-svg")
    expect(visit.page.locator("#prompt textarea")).to_have_value("Something not yet sent")
    expect(visit.page.locator("#temperature input[type=number]")).to_have_value("1.2")
    expect(visit.page.locator("#seed input")).to_have_value("7")
    visit.page.locator("#undo").click()
    visit.wait_for_tokens(first)
    reloaded(visit)  # and again, now that the page is one that came back
    visit.wait_for_tokens(first)
    page = visit.page  # a link opened in the same tab leads to its room and its token, in every panel
    page.goto(f"{visit.address}&page=lab.chain&at=4")
    visit.errors.clear()  # as after a reload
    expect(page.locator("#text-bar [aria-current]")).to_have_attribute("data-at", "4", timeout=PATIENT)
    label = first[4].replace(" ", "␣")
    expect(page.locator("#chain-road")).to_contain_text(label)
    expect(page.locator(".token-map [data-station=joins]")).to_contain_text(label)
    expect(page).to_have_url(re.compile(r"at=4\b"))


def test_a_page_that_goes_before_it_had_its_texts_again_costs_neither_them_nor_what_was_typed(
    visits: Callable[..., Visit],
) -> None:
    visit = visits()
    page, tokens = visit.page, visit.write("In the garden", 4)
    page.locator("#prompt textarea").fill("Something not yet sent")
    ticket = page.evaluate(f"sessionStorage.getItem('{TICKET}')")
    page.route("**/queue/join*", lambda route: route.abort())  # nothing that this page asks for arrives
    page.reload()
    page.wait_for_function(f"ticket => sessionStorage.getItem('{TICKET}') !== ticket", arg=ticket)
    page.unroute("**/queue/join*")
    reloaded(visit)
    visit.wait_for_tokens(tokens)
    expect(page.locator("#prompt textarea")).to_have_value("Something not yet sent")
    visit.errors.clear()


def test_a_press_while_the_network_is_gone_costs_no_text(visits: Callable[..., Visit]) -> None:
    visit = visits()
    tokens = visit.write("In the garden", 4)
    visit.page.context.set_offline(True)
    visit.page.locator("#generate").click()
    expect(visit.page.get_by_text("Connection", exact=False).first).to_be_visible()
    visit.page.context.set_offline(False)
    expect(visit.page.locator(".toast-body")).to_contain_text(BACK)
    visit.wait_for_tokens(tokens)
    visit.errors.clear()  # the console tells of the requests that found no network


def test_the_page_says_by_itself_that_the_network_is_gone_and_back_while_a_text_is_written(
    visits: Callable[..., Visit],
) -> None:
    visit = visits()
    page, line = visit.page, visit.page.locator("#network .network")
    visit.begin_endless()
    page.wait_for_function("window.begun")
    assert line.text_content() == ""
    page.context.set_offline(True)
    expect(line).to_contain_text("cannot be reached")
    page.locator("#prompt textarea").fill("Typed meanwhile")
    page.context.set_offline(False)
    # Where the stream of the text broke, Gradio loads the page anew, which has nothing to say then.
    expect(line).not_to_contain_text("cannot be reached")
    expect(page.locator("#prompt textarea")).to_have_value("Typed meanwhile")
    page.close()
    visit.errors.clear()  # the console tells of the questions that found no answer, for a while


def test_a_stream_that_falls_silent_is_told_although_it_is_no_error(visits: Callable[..., Visit]) -> None:
    visit = visits()
    page, line = visit.page, visit.page.locator("#network .network")
    asked = re.compile("app_id$")
    page.route(re.compile("queue/data"), lambda _: None)  # nothing comes of it, and nothing ends it
    page.route(asked, lambda route: route.fulfill(status=504))  # as a proxy says whose server is not there
    page.locator("#generate").click()
    expect(line).to_contain_text("cannot be reached")
    page.unroute(asked)
    expect(line).to_contain_text("answers again")
    visit.errors.clear()


def test_a_text_that_was_being_written_is_back_as_far_as_it_had_come(visit: Visit) -> None:
    visit.begin_endless()
    visit.page.wait_for_function(f"window.begun && document.querySelectorAll('{GENERATED}').length > 5")
    reloaded(visit)
    there = visit.generated()
    visit.page.locator("#step").click()
    expect(visit.page.locator(GENERATED)).to_have_count(there + 1)
    assert there > 5


def test_another_tab_begins_with_the_example(visit: Visit, visits: Callable[..., Visit]) -> None:
    tokens = visit.write("The old lighthouse", 2)
    other = visits()
    assert other.tokens() != tokens
    expect(other.page.locator(".toast-body")).to_have_count(0)
