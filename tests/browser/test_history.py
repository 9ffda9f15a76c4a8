"""The texts of late, which a browser keeps: after a restart of the server, in two tabs, without storage."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, expect

from tests.browser.server import free_port, running_app
from tests.browser.visit import DESK, GENERATED, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

ENTRY = "gpt-inside-out-run:"
HOSTILE = "</script><img src=x onerror='window.harmed=1'>${window.harmed=1}"
BLOCKED = """for (const name of ["localStorage", "sessionStorage"]) {
  Object.defineProperty(window, name, { get() { throw new DOMException("no", "SecurityError"); } });
}"""
FULL = (
    """void (Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); })"""
)
KEPT = f"""steps => Object.entries(localStorage).some(([key, text]) =>
  key.startsWith("{ENTRY}") && JSON.parse(text).run.steps.length === steps)"""
"""Whether a text of so many steps is kept: one that was just written is, within a second."""
DROP = """([text, name]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: "application/json" }));
  for (const kind of ["dragover", "drop"]) {
    const event = new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
    document.querySelector("#tokens").dispatchEvent(event);
  }
}"""


@pytest.fixture
def apart(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that has kept nothing yet."""
    context = browser.new_context(viewport=DESK)
    yield context
    context.close()


@pytest.fixture
def open_apart(apart: BrowserContext, app_address: str) -> Iterator[Callable[..., Visit]]:
    """Open pages in that browser, after a script if there is one; at the end none may have gone wrong."""
    opened: list[Visit] = []

    def open_page(script: str = "") -> Visit:
        page = apart.new_page()
        if script:
            page.add_init_script(script)
        opened.append(Visit(page, f"{app_address}?__theme=light"))
        return opened[-1]

    yield open_page
    for visit in opened:
        visit.assert_well()


def rows(visit: Visit) -> Locator:
    return visit.page.locator("#history [data-run]")


def kept(visit: Visit) -> dict[str, Any]:
    """What stands in the storage that the tabs share, by its keys."""
    found: dict[str, str] = visit.page.evaluate("({ ...localStorage })")
    return {key: json.loads(text) for key, text in found.items() if key.startswith(ENTRY)}


def test_after_a_restart_of_the_server_the_texts_come_back_and_step_goes_on(apart: BrowserContext) -> None:
    port = free_port()
    one_format = ("--precision", "exact")  # ready in half the time
    with running_app(*one_format, port=port) as address:
        visit = Visit(apart.new_page(), address)
        page = visit.page
        first = visit.write("The old lighthouse", 4, temperature=0)
        second = visit.write("In the garden", 3, seed=7)
        page.locator("#prompt textarea").fill("Something not yet sent")
        expect(rows(visit)).to_have_count(2)
    with running_app(*one_format, port=port):
        page.goto(address)
        expect(page.locator("#notice")).to_contain_text("2 texts came back from your browser")
        visit.wait_for_tokens(second)
        expect(page.locator("#prompt textarea")).to_have_value("Something not yet sent")
        expect(rows(visit)).to_have_count(2)
        page.locator("#prompt textarea").fill("In the garden")
        page.locator("#step").click()
        expect(page.locator(GENERATED)).to_have_count(4)
        assert visit.tokens()[:-1] == second
        visit.enter("branches")
        page.locator("#branch-tree [data-key]", has_text="lighthouse").click()
        visit.wait_for_tokens(first)
        expect(rows(visit)).to_have_count(2)
        visit.errors.clear()  # the console tells of the requests that found no server


def test_texts_are_renamed_deleted_brought_back_opened_and_saved_together(
    open_apart: Callable[..., Visit], tmp_path: Path
) -> None:
    visit = open_apart()
    page = visit.page
    visit.enter("history")
    expect(page.locator("#history")).to_contain_text("Nothing yet")
    first = visit.write(HOSTILE, 2, temperature=0)
    second = visit.write("In the garden", 2, temperature=0)
    expect(rows(visit)).to_have_count(2)
    expect(rows(visit).first).to_contain_text("In the garden")
    row = rows(visit).nth(1)
    expect(row).to_contain_text(HOSTILE)
    row.locator(".rename").click()
    page.keyboard.type("the <b>hostile</b> one")
    page.keyboard.press("Enter")
    expect(row.locator(".name")).to_have_text("the <b>hostile</b> one ")
    expect(row.locator(".rename")).to_be_focused()

    row.locator(".delete").click()
    expect(rows(visit)).to_have_count(1)
    page.locator("#history .said .undo").click()
    expect(rows(visit)).to_have_count(2)
    row.locator(".open").click()
    expect(page.locator("#notice")).to_contain_text("Opened a text")
    visit.wait_for_tokens(first)

    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save the list").click()
    saved = tmp_path / "all.json"
    waiting.value.save_as(saved)
    assert [one["name"] for one in json.loads(saved.read_text("utf-8"))["runs"]] == [
        "",
        "the <b>hostile</b> one",
    ]
    page.locator("#history .clear").click()
    expect(page.locator("#history .no")).to_be_focused()
    page.locator("#history .yes").click()
    expect(rows(visit)).to_have_count(0)
    assert kept(visit) == {}
    page.evaluate(DROP, [saved.read_text("utf-8"), "all.json"])
    expect(page.locator("#notice")).to_contain_text("Opened a file of 2 texts")
    visit.wait_for_tokens(second)
    assert page.evaluate("window.harmed") is None


def test_two_tabs_share_the_list_and_neither_costs_the_other_a_text(open_apart: Callable[..., Visit]) -> None:
    one, other = open_apart(), open_apart()
    one.write("The old lighthouse", 2, temperature=0)
    expect(rows(other)).to_have_count(1)
    other.write("In the garden", 2, temperature=0)
    expect(rows(one)).to_have_count(2)
    one.page.locator("#step").click()
    expect(one.page.locator(GENERATED)).to_have_count(3)
    one.page.wait_for_function(KEPT, arg=3)
    expect(rows(other)).to_have_count(2)
    assert sorted(len(entry["run"]["steps"]) for entry in kept(one).values()) == [2, 3], (
        "it grew in its place"
    )


def test_where_the_browser_keeps_nothing_the_page_works_and_says_so(open_apart: Callable[..., Visit]) -> None:
    visit = open_apart(BLOCKED)
    visit.enter("history")
    assert len(visit.write("In the garden", 2, temperature=0)) == 5
    expect(visit.page.locator("#history")).to_contain_text("keeps nothing for this page")


def test_what_somebody_put_into_the_storage_by_hand_does_nothing_and_a_full_one_is_said_to_be_so(
    open_apart: Callable[..., Visit],
) -> None:
    visit = open_apart()
    page = visit.page
    tokens = visit.write("In the garden", 2, temperature=0)
    page.wait_for_function(KEPT, arg=2)
    (entry,) = kept(visit).values()
    run = entry["run"]
    step = run["steps"][0]
    bad = {
        "no-json": "{",
        "deep": "[" * 50_000,
        "null": "null",
        "no-run": json.dumps({"at": 1, "name": "", "run": 5}),
        "no-date": json.dumps({**entry, "at": 1e300}),
        "long-name": json.dumps({**entry, "name": "x" * 999}),
        "foreign": json.dumps({**entry, "run": {**run, "model": f"{HOSTILE}@0"}}),
        "wild": json.dumps(
            {**entry, "name": HOSTILE, "run": {**run, "steps": [{**step, "token_id": 10**9}]}}
        ),
    }
    for name, text in bad.items():
        page.evaluate("([key, text]) => localStorage.setItem(key, text)", [ENTRY + name, text])
    page.evaluate("sessionStorage.setItem('gpt-inside-out-page', '{\"texts\": [{\"id\": 5}, null]}')")
    page.reload()
    visit.errors.clear()  # Gradio's client tells the console that it was reading when the page went away
    visit.wait_for_tokens(tokens)
    visit.enter("history")
    expect(rows(visit)).to_have_count(3)
    expect(page.locator("#history [data-run=foreign] .open")).to_be_disabled()
    expect(page.locator("#history [data-run=foreign]")).to_contain_text("cannot be opened")
    page.locator("#history [data-run=wild] .open").click()
    expect(page.locator("#notice")).to_contain_text("cannot be opened")
    assert visit.tokens() == tokens and page.evaluate("window.harmed") is None
    page.evaluate(FULL)
    visit.write("The old lighthouse", 2, temperature=0)
    expect(page.locator("#history .said")).to_contain_text("no more room")
