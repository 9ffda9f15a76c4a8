"""The branches in a real Chromium: leave a text, walk among the roads by keyboard, undo, save and open."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.visit import PATIENT, Visit
from viz.rooms.branches.branch_tree import MOST_BYTES

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

PROMPT = "The capital of France is"
SIZE = 5
"""Tokens of the prompt."""

Visits = Callable[..., Visit]


@pytest.fixture
def forked(visits: Visits) -> Visit:
    """A page with the example, 0, a text, 1, and a branch that left it at its second token, 2."""
    visit = visits()
    page = visit.page
    expect(page.locator("#texts-button")).to_contain_text("(1)")
    visit.write(PROMPT, 4, temperature=1, seed=12)
    expect(page.locator("#texts-button")).to_contain_text("(2)")
    visit.enter("branches")
    expect(branches(visit)).to_have_count(2)
    visit.choose(SIZE + 1)
    (chosen,) = wait_for_table(visit, SIZE + 1)
    (first, *_) = [row["id"] for row in visit.table() if row["id"] != chosen["id"]]
    page.locator(f"#next-token tr[data-token-id='{first}'] button.take").click()
    expect(branches(visit)).to_have_count(3, timeout=PATIENT)
    expect(page.locator("#status")).to_contain_text("6 written", timeout=PATIENT)
    return visit


def branches(visit: Visit) -> Locator:
    return visit.page.locator("#branch-tree [data-key]")


def current(visit: Visit) -> Locator:
    return visit.page.locator("#branch-tree [aria-selected=true]")


def wait_for_table(visit: Visit, position: int) -> list[dict[str, Any]]:
    """Wait until the table speaks of the token at a position, and return the row of it."""
    token = visit.tokens()[position]
    flag = visit.page.locator("#next-token tr.chosen td.token")
    expect(flag).to_contain_text(token.replace(" ", "␣"))
    return [row for row in visit.table() if "chosen" in row["kind"]]


def test_a_branch_leaves_and_the_keyboard_walks_names_deletes_and_takes_back(forked: Visit) -> None:
    page = forked.page
    assert forked.pressed() == [SIZE + 1], "the selection stays where the road was left"
    expect(page.locator(f"#tokens [data-index='{SIZE + 1}'].forced")).to_be_attached()
    branch = forked.tokens()
    expect(current(forked)).to_have_attribute("data-key", "2")

    current(forked).focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#branch-tree [data-key='1']")).to_be_focused()
    page.keyboard.press("Enter")
    expect(current(forked)).to_have_attribute("data-key", "1")
    expect(page.locator("#tokens button.generated")).to_have_count(4)
    old = forked.tokens()
    assert old[: SIZE + 1] == branch[: SIZE + 1] and old[SIZE + 1] != branch[SIZE + 1]
    expect(page.locator("#branch-tree [data-key='1']")).to_be_focused()

    page.keyboard.press("F2")
    page.keyboard.type("the <b>old</b> road")
    page.keyboard.press("Enter")
    expect(page.locator("#branch-tree [data-key='1'] .name")).to_have_text("the <b>old</b> road")
    expect(page.locator("#redo")).to_be_disabled()
    page.keyboard.press("Delete")
    expect(branches(forked)).to_have_count(2)
    expect(current(forked)).to_have_attribute("data-key", "2")
    page.locator("#undo").click()
    expect(branches(forked)).to_have_count(3)
    expect(current(forked)).to_have_attribute("data-key", "1")
    assert forked.tokens() == old
    page.locator("#redo").click()
    expect(branches(forked)).to_have_count(2)


def test_branches_are_saved_opened_again_and_compared(forked: Visit, tmp_path: Path) -> None:
    page = forked.page
    branch = forked.tokens()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save all texts").click()
    name = waiting.value.suggested_filename
    assert name.startswith("gpt-inside-out-texts-the-capital-of-france-is-20") and name.endswith(".json")
    saved = tmp_path / name
    waiting.value.save_as(saved)
    assert len(json.loads(saved.read_text(encoding="utf-8"))["runs"]) == 3

    forked.write("Hello", 2)
    expect(branches(forked)).to_have_count(4)
    chooser = page.locator("#branch-tree input[type=file]")
    chooser.set_input_files(saved)
    expect(page.locator("#notice")).to_contain_text("Opened a file of 3 texts")
    expect(branches(forked)).to_have_count(3)
    assert forked.tokens() == branch

    page.locator("#branch-tree [data-key='1'] .compare").click()
    passages = page.locator("#branch-tree .passage")
    expect(passages).to_have_count(2)
    shared = passages.locator(".common").all_text_contents()
    assert shared[0] == shared[1] == "".join(branch[: SIZE + 1])

    for content, message in ((b"{}", "cannot be opened"), (b"no", "not JSON")):
        chooser.set_input_files({"name": "a.json", "mimeType": "application/json", "buffer": content})
        expect(page.locator("#notice")).to_contain_text(message)
    large = b" " * (MOST_BYTES + 1)
    chooser.set_input_files({"name": "a.json", "mimeType": "application/json", "buffer": large})
    expect(page.locator("#branch-tree [role=alert]")).to_contain_text("too large")
    expect(branches(forked)).to_have_count(3)
