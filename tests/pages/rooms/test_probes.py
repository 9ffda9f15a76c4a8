"""The room of probes: it shows what the model layer measures, and whatever is typed costs nothing."""

import math
import re
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model.lab.contrast_sets import ContrastSet, Probe, measuring
from tests.pages.conftest import AbsentModel
from tests.pages.desk import Desk, author_of
from tests.pages.hostile import LETTERS, MARKUP, VALUES
from viz.pages.visitor import Visitor
from viz.rooms.probes.handlers import ProbesScreen, ProbesState, offered
from viz.rooms.probes.typed_set import MOST_CONTINUATIONS, MOST_FILLERS, SETS, ready_set, typed_set
from viz.words.percent import percent, signed

SET = ("in {the} on", "a\nthe\nan", "the\nin a")


@pytest.fixture(scope="module")
def author(app: Any) -> Visitor:
    """Somebody who has written a short text."""
    return author_of(app, 30)


@pytest.fixture
def desk(app: Any, author: Visitor) -> Desk:
    """A visitor with that text on the page."""
    return Desk(app, deepcopy(author))


def measuring_on(desk: Desk, *typed: Any, spaced: Any = True, reference: Any = "") -> Any:
    return desk.handler("probes-start", "click")(desk.visitor, *typed, spaced, reference, *desk.values)


def press(desk: Desk, *typed: Any, **more: Any) -> list[ProbesScreen]:
    return list(measuring_on(desk, *(typed or SET), **more))


def redraw(desk: Desk, reference: Any) -> ProbesScreen:
    shown: ProbesScreen = desk.handler("probes-reference", "change")(desk.visitor, reference, *desk.values)
    return shown


def truth(desk: Desk) -> Probe:
    contrast = ContrastSet("in {the} on", ("a", "the", "an"), (" the", " in a"))
    *_, probe = measuring(desk.service.engine, contrast)
    return probe


def cells(table: str) -> list[list[str]]:
    rows = re.findall(r"<tr.*?</tr>", table)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


def test_the_table_and_the_chart_are_those_of_the_model_layer(desk):
    last, probe = press(desk)[-1], truth(desk)
    head, *rows = cells(last.table)
    assert [re.sub("<.*?>", "", one) for one in head] == ["filler", "the", "in a"]
    for row, filler, logprobs, against in zip(
        rows, probe.fillers, probe.logprobs, probe.against(), strict=True
    ):
        assert row[0] == f"<bdi>{filler}</bdi>"
        for cell, logprob, odds in zip(row[1:], logprobs, against, strict=True):
            assert f"<b>{percent(math.exp(logprob))}</b>" in cell
            assert ("+" if odds >= 0 else "") + signed(odds) in cell
    drawn = [list(trace["x"]) for trace in last.chart.traces]
    np.testing.assert_allclose(np.array(drawn).T, probe.logprobs, atol=1e-9)
    assert "done" in last.line and not last.cancel["interactive"]
    assert "this model, in float32" in last.findings and "mean of all fillers" in last.findings


def test_the_widest_contrast_is_told(desk):
    findings, probe = press(desk)[-1].findings, truth(desk)
    odds = probe.log_odds
    column = int(np.ptp(odds, axis=0).argmax())
    high, low = odds[:, column].argmax(), odds[:, column].argmin()
    told = re.sub("<.*?>", "", findings)
    share = percent(math.exp(probe.logprobs[high, column]))
    assert f"for {('the', 'in a')[column]}: {share} after {probe.fillers[high]}" in re.sub("[⁨⁩]", "", told)
    assert percent(math.exp(probe.logprobs[low, column])) in told


def test_a_filler_can_be_what_the_others_are_compared_with(desk):
    last, probe = press(desk, reference=" The ")[-1], truth(desk)
    assert 'class="reference"><th scope="row"><bdi>the</bdi>' in last.table
    assert signed(probe.against(1)[0, 0]) in cells(last.table)[1][1]
    assert cells(last.table)[2][1].count("+0.00") == 1
    mean = redraw(desk, "")
    assert "reference" not in mean.table and "mean of all" in mean.findings
    assert 'class="reference"' in redraw(desk, "an").table
    assert "not one of the fillers" in redraw(desk, "zebra").line
    assert "not one of the fillers" in press(desk, reference="zebra")[-1].line


def test_without_a_space_continuations_follow_as_they_are_typed(desk):
    press(desk, "in {}", "a\nthe", " on\n\n,", spaced=False)
    probe = desk.visitor.kept.of(ProbesState).probe
    assert probe.contrast.continuations == (" on", ",")
    press(desk, "in {}  ", "a\nthe", " on \n,")
    assert desk.visitor.kept.of(ProbesState).probe.contrast.continuations == (" on", " ,")


def test_lines_that_are_empty_or_there_twice_are_left_out_and_counted(desk):
    last = press(desk, "in {}", "a\n\n  \nthe\na\n\n", "on\r\nin")[-1]
    assert "left out, being empty or there twice: 3" in last.line
    assert len(cells(last.table)) == 3


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("", "a", "b"), "template is empty"),
        ((" \n", "a", "b"), "template is empty"),
        (("in the on", "a", "b"), "no slot"),
        (("in {the on", "a", "b"), "no slot"),
        (("in {} and {x}", "a", "b"), "2 slots"),
        (("x" * 300 + "{}", "a", "b"), "302 characters, at most 300"),
        (("in {}", "", "b"), "Nothing stands in “fillers, one a line”"),
        (("in {}", "\n \n", "b"), "Nothing stands in “fillers"),
        (("in {}", "a", None), "Nothing stands in “continuations"),
        (("in {}", "\n".join(map(str, range(MOST_FILLERS + 1))), "b"), "25, at most 24"),
        (("in {}", "a", "\n".join(map(str, range(MOST_CONTINUATIONS + 1)))), "13, at most 12"),
        (("in {}", "a" * 61, "b"), "61 characters, at most 60"),
        (("in {}", "a" * 30_000, "b"), "30,000 characters"),
        (("x " * 60 + "{}", "a" * 50, "b"), "at most 128 fit"),
        (("in {}", "a\ud800", "b"), "cannot be read"),
    ],
)
def test_what_is_no_set_is_answered_with_a_sentence_and_what_was_measured_stays(desk, typed, said):
    press(desk)
    before = desk.visitor.kept.of(ProbesState).probe
    last = press(desk, *typed)[-1]
    assert said in last.line and "alert" in last.line
    assert desk.visitor.kept.of(ProbesState).probe is before and not desk.visitor.working
    assert last.table == ProbesScreen().table, "the table stays as it is"


def test_a_continuation_that_runs_into_the_prompt_is_told(desk):
    last = press(desk, "{} t", "in", "he", spaced=False)[-1]
    assert "cannot be told apart" in last.line


@pytest.mark.parametrize("bad", [*MARKUP, *LETTERS])
def test_hostile_texts_are_shown_and_never_run(desk, bad):
    last = press(desk, "in {}", f"a\n{bad[:60]}", f"b\n{bad[:60]}")[-1]
    for value in (last.table, last.findings, last.line):
        if isinstance(value, str):
            assert not re.search(r"<(script|img|svg|iframe|a |object|form|style)", value)


@pytest.mark.parametrize("value", VALUES)
def test_whatever_a_browser_sends_is_answered(desk, value):
    for screens in (
        press(desk, value, "a", "b"),
        press(desk, "in {}", value, "b"),
        press(desk, "in {}", "a", value),
        press(desk, "in {}", "a", "b", spaced=value, reference=value),
    ):
        assert isinstance(screens[-1].line, str)
        assert "could not be computed" not in screens[-1].line
    redraw(desk, value)
    offered(value)


@pytest.mark.usefixtures("every_step")
def test_it_comes_filler_by_filler_and_can_be_cancelled(desk):
    screens = measuring_on(desk, *SET)
    assert next(screens).cancel["interactive"]
    assert "0 of 3" in next(screens).line
    first = next(screens)
    assert "1 of 3" in first.line and len(cells(first.table)) == 2
    assert "still at work" in press(desk)[-1].line
    desk.handler("probes-cancel", "click")(desk.visitor)
    *_, last = screens
    assert "stopped" in last.line and not desk.visitor.working and len(cells(last.table)) < 4


def test_ready_sets_fill_the_fields_and_are_sets():
    for name in SETS:
        template, fillers, continuations, spaced = offered(name)
        assert (template, fillers, continuations) == ready_set(name) and spaced is True
        typed = typed_set(template, fillers, continuations, spaced)
        assert typed.left_out == 0 and len(typed.contrast.fillers) >= 6
    assert all(isinstance(one, dict) for one in offered("nothing"))


def test_the_text_on_the_page_is_looked_at_when_the_room_is_opened(desk):
    screen = desk.open("room-probes")
    run = desk.visitor.run
    assert screen.probes_entropy.traces[0]["x"][-1] == len(run.token_ids) - 1
    mean = sum(step.entropy_bits for step in run.steps[-16:]) / 16
    assert screen.probes_entropy.traces[0]["y"][-1] == pytest.approx(mean)
    assert "seq-rep-4" in screen.probes_verdict


def test_a_text_that_loops_is_told_where_and_how_often(desk):
    ids = (70, 71, 72, 73, *(80, 81, 82) * 10)
    run = replace(desk.visitor.run, prompt_token_ids=ids, steps=())
    desk.visitor.show(run, tuple(desk.service.model.text.pieces(ids)))
    told = re.sub("<.*?>", "", desk.open("room-probes").probes_verdict)
    assert "from position 4 on" in told and "comes 10 times" in told and "tokens of one turn: 3" in told
    assert "at positions 4 and 19 (its tokens: 15)" in told
    assert "No sign of it" not in told


def test_before_a_model_has_loaded_the_example_is_looked_at(open_app, newcomer):
    desk = Desk(open_app(AbsentModel()), newcomer())
    screen = desk.open("room-probes")
    assert "distinct-2" in screen.probes_verdict and screen.probes_entropy.traces
    assert "loading" in press(desk)[-1].line.lower()


def test_what_was_measured_is_redrawn_in_the_colours_of_the_page(desk):
    assert redraw(desk, "") == ProbesScreen()
    press(desk)
    light = redraw(desk, "").chart.to_json()
    desk.controls["appearance"] = {"dark": True}
    assert redraw(desk, "").chart.to_json() != light
