"""The real app in a real Chromium: write, ask why, move the sampler, stop, step, look at attention."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest
from gradio_client import Client
from playwright.sync_api import expect

from tests.browser.visit import GENERATED, LONGEST, PATIENT, Visit
from tests.patience import EVERY_REQUEST, PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

PROMPT = "The capital of France is"
SIZE = 5
"""Tokens of the prompt."""
LONG = 24
"""New tokens that take longer than a page needs to be drawn a few times."""
FIGURES = ("timeline", "attention", "temperature-sweep", "ranked-probability")

Visits = Callable[..., Visit]


@pytest.fixture(scope="module")
def client(app_address: str) -> Any:
    client = Client(app_address, verbose=False, analytics_enabled=False, httpx_kwargs=EVERY_REQUEST)
    yield client
    client.close()


def cells(visit: Visit) -> Any:
    """Return the heatmap as an array, blank cells as 0."""
    rows = visit.plot("attention")["data"][0]["z"]
    return np.nan_to_num(
        np.array([[0 if cell is None else cell for cell in row] for row in rows], dtype=float)
    )


def test_the_text_grows_and_panels_explain_any_of_its_tokens(visit: Visit) -> None:
    page = visit.page
    tokens = visit.write(PROMPT, LONG, temperature=1, seed=12)
    assert tokens[:SIZE] == ["The", " capital", " of", " France", " is"] and visit.generated() == LONG
    counts = page.evaluate("window.counts")
    grown = counts[counts.index(min(counts)) :]
    assert grown == sorted(grown) and len(grown) > 3, f"the text grows before one's eyes: {counts}"
    assert visit.pressed() == [SIZE + LONG - 1], "the selection followed the newest token"

    seen = {}
    for position in (SIZE + 1, SIZE + 6):
        page.locator(f"#tokens [data-index='{position}']").click()
        visit.wait_for_row(position)
        assert visit.pressed() == [position] and visit.row_of_attention() == position - 1
        (chosen,) = [row for row in visit.table() if "chosen" in row["kind"]]
        assert chosen["cells"][1].startswith(tokens[position].replace(" ", "␣").strip())
        seen[position] = {name: visit.plot(name) for name in FIGURES} | {"rows": visit.table()}
    first, second = seen.values()
    assert {name for name in first if first[name] != second[name]} == {*FIGURES, "rows"}

    for key, step in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        visit.wait_for_row(SIZE + 6 + step)
        assert visit.pressed() == [SIZE + 6 + step]
    assert visit.tokens() == tokens


def test_moving_temperature_changes_the_panels_and_not_the_text_until_generate(visit: Visit) -> None:
    tokens = visit.write(PROMPT, 6, temperature=1, seed=3)
    notice = visit.page.locator("#notice")
    expect(notice).to_contain_text("Now on Text ")
    before, rows = visit.plot("temperature-sweep"), visit.table()
    visit.set("temperature", 0.2)
    after = visit.wait_for_change("temperature-sweep", before)
    expect(notice).to_contain_text("sampled with temperature 1;")
    assert after["shapes"] != before["shapes"], "the marker moved"
    assert [row["cells"][3] for row in visit.table()][:5] == [row["cells"][3] for row in rows][:5], (
        "the model's"
    )
    assert [row["cells"][4] for row in visit.table()] != [row["cells"][4] for row in rows], "the sampler's"
    assert visit.tokens() == tokens
    visit.generate()
    visit.end()
    expect(notice).to_contain_text("Now on Text ")
    assert visit.generated() == 6


def test_stop_ends_a_text_in_its_midst_step_adds_one_and_undo_takes_it_back(visit: Visit) -> None:
    page = visit.page
    visit.begin_endless()
    # Until it has begun, another text stands there; and it is soon over.
    page.wait_for_function(f"window.begun && document.querySelectorAll('{GENERATED}').length > 3")
    page.locator("#stop").click()
    expect(page.locator("#status")).to_contain_text("stopped", timeout=PATIENT)
    expect(page.locator("#stop")).to_be_disabled()
    stopped = visit.generated()
    assert 4 <= stopped < LONGEST
    expect(page.locator("#status")).to_contain_text(f"{stopped} written")
    page.locator("#step").click()
    expect(page.locator("#tokens button.generated")).to_have_count(stopped + 1, timeout=PATIENT)
    page.locator("#undo").click()
    expect(page.locator("#tokens button.generated")).to_have_count(stopped, timeout=PATIENT)


def test_an_example_and_other_dice_write_at_once_and_those_go_on_from_a_cut(visit: Visit) -> None:
    page = visit.page
    visit.set("max-new-tokens", 4)
    visit.set("seed", 4)
    page.locator("#try-1").click()
    expect(page.locator(GENERATED)).to_have_count(4, timeout=PATIENT)
    assert page.locator("#prompt textarea").input_value() == PROMPT
    expect(page.locator("#seed input")).to_have_value("4")
    expect(page.locator("#stop")).to_be_disabled()
    page.locator(GENERATED).first.click()
    page.locator("#cut").click()
    expect(page.locator(GENERATED)).to_have_count(1)
    kept = visit.tokens()
    visit.press("again")
    longer = visit.end()
    assert longer[: len(kept)] == kept
    assert len(kept) < len(longer) <= len(kept) + 4, "other dice may end a text early"
    expect(page.locator("#stop")).to_be_disabled()
    expect(page.locator("#seed input")).not_to_have_value("4")
    visit.press("again")
    assert visit.end()[: len(kept) - 1] == kept[:-1]
    assert 1 <= visit.generated() <= 4
    expect(page.locator("#stop")).to_be_disabled()


def test_two_visitors_who_write_at_once_get_what_each_would_get_alone(
    visit: Visit, visits: Visits, client: Any
) -> None:
    wishes = [("The capital of France is", 5), ("Water boils at", 11)]
    both = [visit, visits()]
    for one, (prompt, seed) in zip(both, wishes, strict=True):
        one.begin(prompt, 16, temperature=1, seed=seed)
    for one, (prompt, seed) in zip(both, wishes, strict=True):
        expect(one.page.locator("#tokens button.generated").nth(12)).to_be_attached(timeout=PATIENT)
        tokens = one.end()
        alone = client.predict(prompt, 16, temperature=1, seed=seed, api_name="/generate")
        shown = [step["text"] for step in alone["steps"]]
        assert [token.replace("↵", "\n").replace("␣", " ") for token in tokens[-len(shown) :]] == shown


def test_a_text_is_written_in_the_numbers_that_were_chosen_and_keeps_them(visit: Visit) -> None:
    status, chips = visit.page.locator("#status"), visit.page.locator("#precision label")
    told = str(visit.page.locator("#model").text_content()).strip().split(" · ")
    fast, *others = next(part for part in told if "float32" in part).split(" / ")
    if not others:  # a machine on which nothing is faster than float32
        expect(chips.locator("input").first).to_be_disabled()
        return
    visit.switch("more-settings", True)
    chips.filter(has_text="Exact").click()
    visit.write(PROMPT, 3, temperature=1, seed=3)
    expect(status).to_contain_text("3 written · float32")
    chips.filter(has_text="Fast").click()
    visit.page.locator("#step").click()
    expect(status).to_contain_text("4 written · float32", timeout=PATIENT)
    visit.generate()
    visit.end()
    expect(status).to_contain_text(f"3 written · {fast}")


def test_layer_head_mean_and_hide_first_change_the_heatmap(visit: Visit, client: Any) -> None:
    visit.write(PROMPT, 2, temperature=0, seed=3)
    text = PROMPT + "".join(
        step["text"] for step in client.predict(PROMPT, 2, temperature=0, api_name="/generate")["steps"]
    )

    def expected(layer: int, head: int) -> Any:
        return np.array(client.predict(text, layer, head, api_name="/attention")["weights"])

    now = visit.plot("attention")
    for change, layer, head in (
        (lambda: visit.page.locator("#hide-first input").uncheck(), 9, -1),
        (lambda: visit.set("layer", 4), 4, -1),
        (lambda: visit.page.locator("#mean-heads input").uncheck(), 4, 0),
        (lambda: visit.set("head", 7), 4, 7),
    ):
        change()
        now = visit.wait_for_change("attention", now)
        assert np.abs(cells(visit) - expected(layer, head)).max() < 1e-4
    visit.page.locator("#hide-first input").check()
    visit.wait_for_change("attention", now)
    assert not cells(visit)[:, 0].any() and np.abs(cells(visit)[1:].sum(axis=1) - 1).max() < 1e-4


def test_colour_search_and_bertviz(visit: Visit) -> None:
    page = visit.page
    visit.write(PROMPT, 6, temperature=1, seed=3)
    tint = "() => Array.from(document.querySelectorAll('#tokens .generated'), (one) => one.style.cssText)"
    before = page.evaluate(tint)
    page.locator("#colour-by label", has_text="entropy").click()
    page.wait_for_function(
        f"before => JSON.stringify(({tint})()) !== before", arg=json.dumps(before, separators=(",", ":"))
    )
    page.locator("#search input, #search textarea").first.fill("Paris")
    expect(page.locator("#found tr[data-token-id]").first).to_contain_text("Paris")
    names = [row["cells"][1] for row in visit.table("found")]
    assert "␣Paris" in names and all("paris" in name.casefold() for name in names)
    page.get_by_role("tab", name="BertViz").click()
    frame = page.frame_locator("#bertviz iframe")
    expect(frame.locator("svg line").first).to_be_attached(timeout=PATIENT)
    assert frame.locator("svg text").count() == 2 * (SIZE + 6)
    assert frame.locator("svg line").count() > 100
    for name in ("head", "mean-heads", "hide-first", "whole-text"):
        expect(page.locator(f"#{name}")).to_be_hidden()
    expect(page.locator("#own-switches")).to_be_visible()
    page.locator("#tab-heatmap-button").click()
    expect(page.locator("#hide-first")).to_be_visible()
    expect(page.locator("#own-switches")).to_be_hidden()


def test_a_prompt_of_markup_is_shown_and_not_run(visit: Visit) -> None:
    title = visit.page.title()
    run = "document.title='run'"
    prompt = f'<img src=x onerror="{run}"><script>{run}</script>${{{run}}}'
    tokens = visit.write(prompt, 2, temperature=0)
    assert "".join(tokens).startswith("<img src=x onerror=")
    assert visit.page.locator("#tokens img, #tokens script, #attention img, #status img").count() == 0
    visit.page.locator("#tokens [data-index='3']").click()
    visit.wait_for_row(3)
    assert visit.page.title() == title


def test_what_cannot_be_used_is_named_and_the_page_works_on(visit: Visit) -> None:
    tokens, prompt, notice = (
        visit.tokens(),
        visit.page.locator("#prompt textarea"),
        visit.page.locator("#notice"),
    )
    prompt.fill("")
    visit.page.locator("#generate").click()
    expect(notice).to_contain_text("The prompt is empty", timeout=PATIENT)
    assert visit.tokens() == tokens
    visit.write("Hello", 2, seed=3)
    visit.page.locator("#seed input").fill("")
    visit.page.locator("#step").click()
    expect(notice).to_contain_text("seed must be between", timeout=PATIENT)
    assert visit.generated() == 2 and prompt.input_value() == "Hello"
    visit.set("seed", 4)
    visit.page.locator("#step").click()
    expect(visit.page.locator("#tokens button.generated")).to_have_count(3, timeout=PATIENT)


def test_a_phone_shows_the_page_without_scrolling_sideways_in_the_dark_and_in_the_light(
    visits: Visits,
) -> None:
    visit = visits(width=390, mode="dark")
    page = visit.page
    for dark in (True, False):
        assert page.evaluate("document.body.classList.contains('dark')") is dark
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.locator("#page-tools .tone").click()
    visit.write(PROMPT, 8, temperature=1, seed=3)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_page_is_whole_without_other_machines(app_address: str) -> None:
    """No address of another machine is even named as a script, style or font."""
    page = httpx.get(app_address, timeout=PATIENCE).text
    for mark in ('src="http', 'rel="stylesheet" href="http', "fonts.googleapis", "cdn."):
        assert mark not in page.replace(app_address.rstrip("/"), ""), mark
