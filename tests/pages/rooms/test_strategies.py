"""The room of searches: it shows what the model layer finds, and nothing a browser sends hurts."""

import json
import math
from copy import deepcopy
from dataclasses import astuple
from typing import Any

import pytest

from model.lab.beam_search import beam_search
from model.lab.contrastive_search import contrastive_search
from model.lab.diverse_beam_search import diverse_beam_search
from model.sampler.settings import SamplerSettings
from tests.pages.conftest import service_of
from tests.pages.desk import Desk, author_of, sent, told
from viz.components.spelling import shown_piece
from viz.pages.visitor import Visitor
from viz.rooms.strategies.handlers import StrategiesScreen, StrategiesState
from viz.rooms.strategies.room import ONLY, shown_controls
from viz.rooms.strategies.searching import SearchChoice
from viz.words.percent import percent, signed
from viz.words.tokens import display_token

LENGTH = 10


@pytest.fixture(scope="module")
def author(app: Any) -> Visitor:
    """Somebody who has written a short text."""
    return author_of(app, LENGTH)


@pytest.fixture
def desk(app: Any, author: Visitor) -> Desk:
    """A visitor with that text on the page."""
    return Desk(app, deepcopy(author))


@pytest.fixture
def engine(app: Any) -> Any:
    return service_of(app).engine


def searching(desk: Desk, **choice: Any) -> Any:
    return desk.handler("find", "click")(desk.visitor, *astuple(SearchChoice(**choice)))


def press(desk: Desk, **choice: Any) -> list[StrategiesScreen]:
    return list(searching(desk, **choice))


def open_row(desk: Desk, choice: Any) -> Any:
    return desk.handler("found-opened", "select")(desk.visitor, choice, desk.prompt, *desk.values)


def test_the_tree_and_the_sequences_are_those_of_the_model_layer(desk, engine):
    last = press(desk, beams=3, max_new_tokens=5, length_penalty=0.5)[-1]
    *_, found = beam_search(engine, desk.visitor.run.prompt_token_ids, 3, 5, 0.5)
    nodes = {node["id"]: node for column in last.tree["columns"] for node in column}
    assert len(nodes) == len(found.nodes)
    for node in found.nodes:
        shown = nodes[node.id]
        assert (shown["parent"], shown["fate"]) == (node.parent, node.fate)
        assert shown["share"] == percent(math.exp(node.logprob))
        for number in (node.logprob, node.logprob_sum, node.score):
            assert signed(number) in shown["title"]
        assert node.id in [one["id"] for one in last.tree["columns"][node.step]]
    best = {node.id for node in found.path(found.hypotheses[0].node)}
    assert {node["id"] for node in nodes.values() if node["best"]} == best
    for row, one in zip(last.texts["rows"], found.hypotheses, strict=True):
        assert row["tokens"] == [shown_piece(piece) for piece in engine.model.text.pieces(one.token_ids)]
        assert (row["score_text"], row["length"]) == (signed(one.score, 3), 5)
        assert row["logprob_sum"] == one.logprob_sum and row["end"] == "cut"
    assert last.steps is None and "length reached" in last.line and not last.cancel["interactive"]


def test_the_text_on_the_page_is_held_against_the_best_beam(desk, engine):
    run = desk.visitor.run
    last = press(desk, beams=2, max_new_tokens=4)[-1]
    *_, found = beam_search(engine, run.prompt_token_ids, 2, 4)
    whole, beginning = (sum(step.logprob for step in run.steps[:count]) for count in (LENGTH, 4))
    note = last.texts["note"]
    assert f"{signed(whole)} over {LENGTH} tokens ({signed(beginning)} over its first 4)" in note
    assert f"the best beam has {signed(found.hypotheses[0].logprob_sum)} over 4." in note


def test_a_search_can_go_on_from_the_selected_token(desk, engine):
    run = desk.visitor.run
    desk.select(run.steps[2].position)
    last = press(desk, start="selected", beams=2, max_new_tokens=3)[-1]
    *_, found = beam_search(engine, run.token_ids[: run.steps[2].position + 1], 2, 3)
    assert last.texts["rows"][0]["logprob_sum"] == pytest.approx(found.hypotheses[0].logprob_sum, abs=1e-4)
    assert last.tree["root"] == display_token(run.steps[2].token, 9)
    sampled = sum(step.logprob for step in run.steps[3:])
    assert f"{signed(sampled)} over {LENGTH - 3} tokens" in last.texts["note"]
    desk.select(len(run.token_ids))
    assert press(desk, start="selected", beams=1, max_new_tokens=2)[-1].texts["note"] == "", "nothing follows"


def test_one_beam_is_greedy_decoding_and_said_to_be(desk):
    last = press(desk, beams=1, max_new_tokens=LENGTH)[-1]
    assert "greedy decoding" in last.line
    greedy = SamplerSettings(temperature=0.0, top_k=0, top_p=1.0)
    desk.write(max_new_tokens=LENGTH, temperature=0.0)
    assert desk.visitor.run.settings == greedy
    (row,) = last.texts["rows"]
    assert row["tokens"] == [display_token(step.token) for step in desk.visitor.run.steps]


def test_groups_keep_apart_and_are_named(desk, engine):
    choice = {"beams": 4, "groups": 2, "diversity_penalty": 2.0, "max_new_tokens": 4}
    last = press(desk, method="diverse", **choice)[-1]
    prompt = desk.visitor.run.prompt_token_ids
    *_, found = diverse_beam_search(engine, prompt, 4, 2, 4, 2.0)
    assert [row["logprob_sum"] for row in last.texts["rows"]] == [one.logprob_sum for one in found.hypotheses]
    assert {row["end"] for row in last.texts["rows"]} == {"cut · group 1", "cut · group 2"}
    assert "group" in last.tree["columns"][0][0]["title"]


def test_contrastive_search_shows_what_every_step_chose_from(desk, engine):
    last = press(desk, method="contrastive", top_k=3, alpha=0.5, max_new_tokens=4)[-1]
    *_, found = contrastive_search(engine, desk.visitor.run.prompt_token_ids, 4, 3, 0.5)
    assert last.tree is None
    for rows, step in zip(last.steps["steps"], found.steps, strict=True):
        assert rows["position"] == step.position
        for row, one in zip(rows["candidates"], step.candidates, strict=True):
            assert row["penalty"] == pytest.approx(one.penalty, abs=1e-5)
            assert row["score"] == pytest.approx(one.score, abs=1e-5)
            assert row["alike"].endswith(f"at {one.alike}")
            assert row["chosen"] == (one.token_id == step.chosen.token_id)
    (row,) = last.texts["rows"]
    logprob = sum(math.log(step.chosen.probability) for step in found.steps)
    assert row["logprob_sum"] == pytest.approx(logprob, abs=1e-4)
    assert f"contrastive search has {signed(logprob)} over 4." in last.texts["note"]


@pytest.mark.usefixtures("every_step")
def test_the_tree_grows_before_ones_eyes_and_can_be_stopped(desk):
    screens = searching(desk, beams=2, max_new_tokens=8)
    assert next(screens).cancel["interactive"]
    for depth in (1, 2):
        screen = next(screens)
        assert len(screen.tree["columns"]) == depth
        assert {row["end"] for row in screen.texts["rows"]} == {"going on"}
    desk.handler("find-cancel", "click")(desk.visitor)
    *_, last = screens
    assert "stopped" in last.line and len(last.tree["columns"]) == 2 and not desk.visitor.working


@pytest.mark.usefixtures("every_step")
def test_a_closed_page_ends_its_search(desk):
    screens = searching(desk, method="contrastive", max_new_tokens=8)
    next(screens), next(screens)
    desk.visitor.stop()
    *_, last = screens
    assert "stopped" in last.line and len(last.steps["steps"]) == 1


def test_a_second_press_does_not_start_another(desk):
    screens = searching(desk, max_new_tokens=3)
    next(screens)
    assert "still at work" in press(desk)[0].line
    assert "done" in list(screens)[-1].line


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"method": "magic"}, "Choose a method"),
        ({"method": None}, "Choose a method"),
        ({"method": ["beam"]}, "Choose a method"),
        ({"start": 3}, "Choose a method"),
        ({"beams": 0}, "beams must be between 1 and 8"),
        ({"beams": 9}, "beams must be between 1 and 8"),
        ({"beams": "4"}, "beams must be between"),
        ({"beams": None}, "beams must be between"),
        ({"beams": 2.5}, "a whole number"),
        ({"max_new_tokens": 0}, "max_new_tokens must be between 1 and 60"),
        ({"max_new_tokens": 61}, "max_new_tokens must be between 1 and 60"),
        ({"max_new_tokens": math.nan}, "max_new_tokens must be between"),
        ({"length_penalty": 9}, "length_penalty must be between"),
        ({"method": "diverse", "groups": 3}, "divide the 4 beams"),
        ({"method": "diverse", "groups": None}, "groups must be between"),
        ({"method": "diverse", "diversity_penalty": -1}, "diversity_penalty must be between"),
        ({"method": "contrastive", "top_k": 0}, "top_k must be between"),
        ({"method": "contrastive", "alpha": "x"}, "alpha must be between"),
    ],
)
def test_bad_values_are_answered_with_a_sentence(desk, choice, said):
    screens = press(desk, **choice)
    assert said in screens[-1].line and "alert" in screens[-1].line
    assert not desk.visitor.working and desk.visitor.kept.of(StrategiesState).search is None


def test_there_must_be_a_text_of_this_model_that_is_not_growing(desk, app, newcomer):
    desk.visitor.writing = True
    assert "Press Stop first" in press(desk)[0].line
    desk.visitor.writing = False
    assert "wrote this text" in press(Desk(app, newcomer()))[0].line


def test_an_opened_sequence_is_a_forced_run_and_undo_returns(desk):
    before = desk.visitor.run
    desk.select(before.steps[1].position)
    row = press(desk, start="selected", beams=3, max_new_tokens=4)[-1].texts["rows"][1]
    screen = open_row(desk, {"index": 1})
    run = desk.visitor.run
    assert run.steps[:2] == before.steps[:2]
    assert [step.forced for step in run.steps] == [False, False, *[True] * 4]
    assert sum(step.logprob for step in run.steps[2:]) == pytest.approx(row["logprob_sum"], abs=1e-4)
    assert told(screen) == "Now on “Beam search” (Text 2) · Undo"
    assert screen.strip["selected"] == len(run.token_ids) - 1
    desk.press("undo")
    assert desk.visitor.run is before


@pytest.mark.parametrize("choice", [None, {}, {"index": 99}, {"index": -1}, {"index": "0"}, "0"])
def test_a_sequence_that_is_not_there_opens_nothing(desk, choice):
    before = desk.visitor.run
    open_row(desk, choice)
    press(desk, max_new_tokens=2)
    open_row(desk, choice)
    assert desk.visitor.run is before


def test_controls_are_shown_with_the_methods_that_they_belong_to(desk, app):
    shown = {
        method: {name for name, one in zip(ONLY, shown_controls(method), strict=True) if one["visible"]}
        for method in ("beam", "diverse", "contrastive")
    }
    assert shown["beam"] == {"beams", "length_penalty"}
    assert shown["diverse"] == shown["beam"] | {"groups", "diversity_penalty"}
    assert shown["contrastive"] == {"top_k", "alpha"}


def test_the_largest_searches_of_the_page_fit_into_an_update(desk, app):
    (function,) = [one for one in app.fns.values() if one.fn == desk.handler("find", "click")]
    for choice in (
        {"beams": 8, "max_new_tokens": 60},
        {"method": "contrastive", "top_k": 16, "max_new_tokens": 60},
    ):
        last = press(desk, **choice)[-1]
        assert "length reached" in last.line
        assert (
            sum(len(sent(part, value)) for part, value in zip(function.outputs, last, strict=True)) < 300_000
        )


def test_values_are_plain_json(desk):
    for method in ("beam", "contrastive"):
        last = press(desk, method=method, max_new_tokens=3)[-1]
        assert json.loads(json.dumps([last.tree, last.steps, last.texts]))
