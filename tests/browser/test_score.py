"""A text that is scored, and what is taken away from the page, in Chromium."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Download, Page, expect

from model.network.language_model import LanguageModel
from tests.browser.saved import told
from tests.browser.visit import OVER, PATIENT, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

STRANGE = "=_ 中文🦙 <b>&lt;\n+1 -2 Schifffahrtsgesellschaftskapitän"
TEXT = "Two quick <b>cats</b>, two quick cats"
QUERY = "query (token that looks)"
WORDS = "two-quick-b-cats-b"
KEYS_ALONE = """[...document.querySelectorAll('.gradio-container .block[id] .js-plotly-plot')]
  .filter((plot) => plot.offsetParent && plot.querySelector('.modebar-btn[data-title^="Download plot"]'))
  .map((plot) => plot.closest('.block[id]').querySelectorAll(':scope > .take-away:not([hidden])').length)
  .every((menus) => menus === 1)"""


def score(visit: Visit, text: str) -> Page:
    """Let a text be read, and wait for what is found."""
    page = visit.page
    visit.enter("score")
    page.locator("#prompt textarea").fill(text)
    visit.press("score")
    page.wait_for_function(OVER)  # what stood there may say the same of another text
    expect(page.locator("#status")).to_contain_text("scored, nothing was written", timeout=PATIENT)
    page.wait_for_selector("#score-ratios .js-plotly-plot .main-svg")
    return page


def taken(page: Page, block: str, kind: str) -> Download:
    """Save something with the keys alone."""
    menu = page.locator(f"#{block} > .take-away")
    opener, button = menu.locator("> button"), menu.locator(f"[data-kind={kind}]")
    if not button.is_visible():
        opener.focus()
        page.keyboard.press("Enter")
    button.focus()
    with page.expect_download() as caught:
        page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(button).to_be_hidden()
    return caught.value


def rows_of(download: Download) -> list[dict[str, str]]:
    with Path(download.path()).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def numbers(values: list[str]) -> list[float]:
    return [float(value) for value in values]


def test_saving_is_there_after_redraws_for_heat_maps_and_for_the_run(visit: Visit) -> None:
    page = visit.page
    visit.write("Once upon a time there was", 3, temperature=0.8, seed=4)
    page.set_viewport_size({"width": 390, "height": 900})
    page.locator("#page-tools .tone").click()
    page.wait_for_function(KEYS_ALONE)
    page.locator("#tokens [data-index='3']").click()
    visit.wait_for_row(3)
    page.wait_for_function(KEYS_ALONE)
    cells = visit.plot("attention")["data"][0]["z"]
    heat = rows_of(taken(page, "attention", "csv"))
    names = list(heat[0])
    assert [name.endswith("label") for name in names] == [False, True, False, True, False]
    at = {(int(row[names[2]]), int(row[names[0]])): row[names[4]] for row in heat}
    assert len(at) == len(cells) ** 2 and at[0, 1] == "", "no query looks ahead"
    assert float(at[5, 3]) == pytest.approx(cells[5][3])
    run = taken(page, "tokens", "json")
    assert json.loads(Path(run.path()).read_text())["prompt"] and run.suggested_filename.endswith(".json")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_text_is_scored_and_its_figures_and_numbers_are_taken_away(visit: Visit) -> None:
    page = score(visit, TEXT)
    assert "".join(visit.tokens()) == TEXT
    assert page.locator("#tokens button.forced").count() == 0
    expect(page.locator("#score-facts .facts > div")).to_have_count(4)
    page.wait_for_function(KEYS_ALONE)

    for block in ("timeline", "score-ranks"):
        name = f"gpt-inside-out-{block}-{WORDS}"
        png, svg = taken(page, block, "png"), taken(page, block, "svg")
        assert [one.suggested_filename for one in (png, svg)] == [f"{name}.png", f"{name}.svg"]
        assert Path(png.path()).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        drawn = ElementTree.parse(svg.path()).getroot()
        assert drawn.tag == "{http://www.w3.org/2000/svg}svg" and len(list(drawn.iter())) > 20
        assert taken(page, block, "csv").suggested_filename == f"{name}.csv"
        assert "rgb(255, 255, 255)" in Path(svg.path()).read_text(), "the card lies behind the picture"
    clear = page.evaluate("document.querySelector('#timeline .js-plotly-plot').layout.paper_bgcolor")
    assert clear.replace(" ", "") == "rgba(0,0,0,0)", "and the page is as it was"

    bars = visit.plot("score-ranks")["data"][0]
    ranks = rows_of(taken(page, "score-ranks", "csv"))
    assert numbers([row["tokens"] for row in ranks]) == bars["y"]
    assert ranks[0]["rank of the token: label"] == "1–10"
    surprisal = visit.plot("timeline")["data"][0]
    steps = rows_of(taken(page, "timeline", "csv"))
    assert numbers([row["position"] for row in steps]) == surprisal["x"]
    assert numbers([row["surprisal (bits)"] for row in steps]) == pytest.approx(surprisal["y"], abs=1e-4)
    assert "".join(row["token"] for row in steps) == "".join(TEXT.partition(" ")[1:]), "spaces as they are"

    shown = visit.table()
    table = rows_of(taken(page, "next-token", "csv"))
    assert [int(row["token_id"]) for row in table if row["token_id"]] == [row["id"] for row in shown]
    assert sum(numbers([row["probability"] for row in table])) == pytest.approx(1)


def test_files_hold_the_tokens_themselves_whole_and_not_escaped(
    visit: Visit, embedded_model: LanguageModel
) -> None:
    text = embedded_model.text
    tokens = [text.token(token_id) for token_id in embedded_model.encode(STRANGE)]
    assert any(token.startswith("<0x") for token in tokens), "bytes that are no character by themselves"
    page = score(visit, STRANGE)
    expect(page.locator("#tokens button[data-index]:not(.next)")).to_have_count(len(tokens))
    page.wait_for_function(KEYS_ALONE)
    assert [told(row["token"]) for row in rows_of(taken(page, "timeline", "csv"))] == tokens[1:]
    visit.switch("read-mode", False)
    visit.choose(2)
    visit.wait_for_row(2)  # the figures are of this text
    page.wait_for_function(KEYS_ALONE)
    heat = rows_of(taken(page, "attention", "csv"))
    queries = {int(row[QUERY]): told(row[f"{QUERY}: label"]) for row in heat}
    assert list(queries.values()) == tokens
    bands = {told(row["trace"]) for row in rows_of(taken(page, "temperature-sweep", "csv"))}
    shown = [row for row in rows_of(taken(page, "next-token", "csv")) if row["token_id"]]
    assert all(told(row["token"]) == text.token(int(row["token_id"])) for row in shown)
    assert {told(row["token"]) for row in shown[:3]} <= bands


CHAT = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"


def test_step_goes_on_behind_a_scored_chat_and_its_file_holds_the_special_tokens(
    visits: Callable[..., Visit],
) -> None:
    page = score(visits(), CHAT)
    given = page.locator("#tokens button[data-index]:not(.next)").count()
    page.locator("#step").click()
    expect(page.locator("#status")).to_contain_text(f"{given} given + 1 written", timeout=PATIENT)
    assert page.locator("#prompt textarea").input_value() == CHAT
    run = json.loads(Path(taken(page, "tokens", "json").path()).read_text())
    typed = run["prompt"] + "".join(step.get("typed", step["text"]) for step in run["steps"][:-1])
    assert (run["prompt"], typed) == ("<|im_start|>", CHAT)
    page.locator("#model summary").click()
    expect(page.get_by_text("Tokens that end a text: <|im_end|> (2)")).to_be_visible()
    page.locator("#model summary").click()
