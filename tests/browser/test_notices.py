"""What is said under the shell comes and goes, the text below stays, and what went wrong can be read."""

from collections.abc import Iterator

import gradio as gr
import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.blocks import served
from tests.browser.visit import PATIENT, Visit
from viz.components.notice import Notice
from viz.words.lines import problem, said

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

TOP = "() => document.querySelector('#tokens').getBoundingClientRect().top + scrollY"
HIDDEN = (
    "() => { const box = document.querySelector('#notice'); return box.scrollHeight - box.clientHeight; }"
)


@pytest.mark.parametrize("width", [1440, 820, 390])
def test_the_text_stays_where_it_is_when_a_notice_or_a_ban_comes_and_goes(visit: Visit, width: int) -> None:
    page = visit.page
    page.set_viewport_size({"width": width, "height": 900})
    visit.write("Once upon a time", 2, temperature=0.8, seed=4)
    notice, banned = page.locator("#notice .notice"), page.locator("#biases .chip")
    expect(notice).to_contain_text("Now on Text ")
    assert page.evaluate(HIDDEN) <= 1, "all of it can be read"
    tops = [page.evaluate(TOP)]
    visit.set("temperature", 1.3)
    expect(notice).to_contain_text("sampled with temperature 0.8", timeout=PATIENT)
    assert page.evaluate(HIDDEN) <= 1, "all of it can be read"
    tops.append(page.evaluate(TOP))
    page.locator("#next-token button.name").nth(1).click()
    page.locator("#next-token [data-action=ban]").click()
    expect(banned).to_have_count(1, timeout=PATIENT)
    tops.append(page.evaluate(TOP))
    banned.click()
    page.locator("#next-token button.name").nth(1).click()
    expect(banned).to_have_count(0, timeout=PATIENT)
    visit.set("temperature", 0.8)
    expect(notice).to_have_count(0, timeout=PATIENT)
    tops.append(page.evaluate(TOP))
    assert max(tops) - min(tops) < 0.5


def made() -> gr.Blocks:
    """Return a page whose button is answered twice: by what could not be done, then by what comes late."""
    with gr.Blocks() as demo:
        notice, late = Notice(), gr.Textbox(elem_id="late")
        press = gr.Button("Write", elem_id="press")

        def answers(late: str) -> Iterator[str]:
            yield problem("The prompt is empty.")
            yield late and said(late)

        press.click(answers, late, notice, show_progress="hidden")
    return demo


@pytest.mark.parametrize("late", ["", "This token was sampled with temperature 1."])
def test_what_could_not_be_done_stays_until_the_person_goes_on_whatever_is_answered_late(
    context: BrowserContext, late: str
) -> None:
    with served(made()) as address:
        page = context.new_page()
        page.goto(address)
        page.locator("#late textarea").fill(late)
        told = page.locator("#notice")
        for _ in range(2):
            page.locator("#press").click()
            expect(told).to_have_text("The prompt is empty.")
            page.wait_for_load_state("networkidle")
            expect(told).to_have_text("The prompt is empty.")
            page.keyboard.press("Escape")
            expect(told).to_have_text(late)
        page.close()
