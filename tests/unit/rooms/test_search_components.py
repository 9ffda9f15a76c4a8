"""A search as it is drawn: lines that do not cross, the best path marked, the numbers the search's own."""

import json
import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.lab.beam_search import BeamSearch
from model.lab.beams import Hypothesis, Node
from model.lab.contrastive_search import Candidate, ContrastiveStep
from viz.rooms.strategies.beam_tree import MOST_NODES, BeamTree, beam_tree_value, laid_out
from viz.rooms.strategies.contrastive_steps import contrastive_steps_value
from viz.rooms.strategies.found_texts import FoundTexts, found_texts_value
from viz.words.tokens import isolated


def node(number: int, parent: int | None, step: int, *, logprob: float = -1.0, fate: str = "kept") -> Node:
    return Node(number, parent, number % 5, logprob, logprob, 0.0, logprob, step, fate)


@st.composite
def trees(draw: st.DrawFn) -> list[Node]:
    nodes: list[Node] = []
    parents: list[int | None] = [None]
    for step in range(draw(st.integers(1, 4))):
        here = [
            node(len(nodes) + index, draw(st.sampled_from(parents)), step, logprob=-draw(st.floats(0, 9)))
            for index in range(draw(st.integers(1, 6)))
        ]
        nodes += here
        parents = [one.id for one in here]
    return nodes


@given(trees())
def test_no_two_lines_of_the_tree_cross_and_no_node_is_lost(nodes):
    columns = laid_out(nodes)
    assert sorted(one.id for column in columns for one in column) == [one.id for one in nodes]
    rows = {one.id: row for column in columns for row, one in enumerate(column)} | {None: 0}
    for column in columns:
        for upper, lower in pairwise(column):
            assert rows[upper.parent] <= rows[lower.parent]
            if upper.parent == lower.parent:
                assert upper.score >= lower.score


@given(trees())
def test_columns_that_were_drawn_stay_as_the_tree_grows(nodes):
    before = [one for one in nodes if one.step < nodes[-1].step]
    assert laid_out(nodes)[:-1] == laid_out(before)


@pytest.fixture
def search() -> BeamSearch:
    nodes = (
        node(0, None, 0, logprob=math.log(0.5)),
        node(1, None, 0, fate="pruned"),
        node(2, 0, 1, logprob=-0.25, fate="finished"),
    )
    found = (
        Hypothesis((0, 2), -0.471, -0.943, True, 2),
        Hypothesis((0, 3), -0.9, -1.8, False, 0),
    )
    return BeamSearch(nodes, found, None)


def test_the_tree_has_the_numbers_of_the_search_and_its_best_path(search):
    value = beam_tree_value(search, root=" is", token_of=" t{}".format)
    assert value["root"] == "␣is" and value["note"] == "" and value["growing"]
    assert not beam_tree_value(replace(search, finish_reason="length"), root="", token_of=str)["growing"]
    (kept, pruned), (finished,) = value["columns"]
    assert [kept["best"], pruned["best"], finished["best"]] == [True, False, True]
    assert [kept["fate"], pruned["fate"], finished["fate"]] == ["kept", "pruned", "finished"]
    assert (kept["text"], kept["share"]) == ("␣t0", "50.0 %")
    assert "logprob −0.25 nats" in finished["title"] and finished["parent"] == 0
    assert "group" not in finished["title"]
    assert json.dumps(value)


def test_a_large_tree_leaves_out_what_was_dropped_and_says_so():
    kept = [node(0, None, 0)]
    nodes = [kept[0]]
    for step in range(1, MOST_NODES // 2 + 2):
        nodes += [
            node(len(nodes), kept[-1].id, step),
            node(len(nodes) + 1, kept[-1].id, step, fate="pruned"),
        ]
        kept.append(nodes[-2])
    value = beam_tree_value(BeamSearch(tuple(nodes), (), None), root="", token_of=str)
    assert [len(column) for column in value["columns"]] == [1] * len(kept)
    assert str(len(nodes) - len(kept)) in value["note"]
    assert len(json.dumps(value)) < 300_000


def test_words_are_not_cut_on_their_way_to_the_browser(search):
    value = beam_tree_value(search, root="", token_of=lambda _: " extraordinarily")
    assert value["columns"][0][0]["text"] == "␣extraordinarily"


def test_sequences_are_told_best_first_with_their_numbers(search):
    value = found_texts_value(search.hypotheses, token_of=" t{}".format, growing=True, note="so")
    first, second = value["rows"]
    assert (first["tokens"], first["length"]) == (["␣t0", "␣t2"], 2)
    assert (first["score_text"], first["logprob_sum_text"]) == ("−0.471", "−0.94")
    assert (first["end"], second["end"]) == ("finished", "going on") and value["note"] == "so"
    ended = found_texts_value(search.hypotheses, token_of=str, growing=False, groups=2)
    assert [row["end"] for row in ended["rows"]] == ["finished · group 1", "cut · group 1"]
    assert '"here": "found-texts"' in FoundTexts().js_on_load


def test_the_candidates_of_contrastive_search_have_their_numbers_and_one_is_chosen():
    candidates = (Candidate(4, 0.5, 0.75, 1, -0.25), Candidate(5, 0.25, 0.125, 0, 0.1))
    steps = [ContrastiveStep(2, candidates, candidates[1]), ContrastiveStep(3, candidates[:1], candidates[0])]
    value = contrastive_steps_value(steps, (8, 9), " t{}".format)
    (first, second), (last,) = (step["candidates"] for step in value["steps"])
    assert [step["position"] for step in value["steps"]] == [2, 3]
    assert (first["chosen"], second["chosen"], last["chosen"]) == (False, True, True)
    assert (second["probability_text"], second["penalty_text"], second["score_text"]) == (
        "25.0 %",
        "0.125",
        "0.100",
    )
    assert (first["alike"], second["alike"]) == (f"{isolated('␣t9')} at 1", f"{isolated('␣t8')} at 0")


def test_an_empty_search_draws_nothing_of_a_tree():
    value = beam_tree_value(BeamSearch((), (), "context"), root=" is", token_of=str)
    assert value["columns"] == []
    assert BeamTree().value is None
