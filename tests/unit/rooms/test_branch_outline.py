"""The outline of the branches: what is shared is written once, and the numbers are the run's."""

import json
import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings

from model.texts.branch_tree import BranchTree
from model.texts.given import AS_IT_IS
from model.texts.likelihood import Likelihood
from model.texts.run import Step
from tests.families import family, run_of, trees
from viz.components.branch_choice import BranchChoice
from viz.components.download import Download
from viz.rooms.branches.branch_tree import MINUS, MOST_TEXT, BranchTreeOutline, branch_tree_value
from viz.words.tokens import isolated


def step(position: int, text: str = "a", logprob: float = -1.0, **changes: bool) -> Step:
    return Step(position, 3, text, text, 0.25, logprob, 0.5, 1, 2.0, 3, **changes)


def shape(tree: BranchTree) -> list[tuple[int, int | None]]:
    return [(row["level"], row["key"]) for row in branch_tree_value(tree)["rows"]]


def test_what_several_share_stands_once_above_them():
    assert shape(family()) == [(0, None), (1, None), (2, 0), (2, None), (3, 1), (3, 2), (1, 3)]


def test_a_text_that_ends_where_others_go_on_has_a_row_of_its_own():
    tree = BranchTree.of(run_of(1, 2, 3)).left(run_of(1, 2), 2).left(run_of(1, 2), 2)
    assert shape(tree) == [(0, None), (1, 1), (1, 2), (1, 0)]
    ended = branch_tree_value(tree)["rows"][1]
    assert (ended["fork"], ended["prompt"], ended["text"]) == (None, "", "")


def test_equal_texts_have_a_row_each():
    assert shape(BranchTree.of(run_of(1, 2)).started(run_of(1, 2))) == [(0, None), (1, 0), (1, 1)]


def test_what_two_prompts_share_is_nobodys_choice():
    tree = BranchTree.of(run_of(1, 2, 3, prompt=2)).started(run_of(1, 4, 3, prompt=2))
    assert shape(tree) == [(0, 0), (0, 1)]


@settings(max_examples=40)
@given(trees())
def test_every_branch_has_one_row_and_the_current_one_is_marked(tree):
    rows = branch_tree_value(tree)["rows"]
    assert sorted(row["key"] for row in rows if row["key"] is not None) == sorted(
        branch.key for branch in tree.branches
    )
    assert [row["key"] for row in rows if row["current"]] == [tree.current]
    for above, row in pairwise(rows):
        assert row["level"] <= above["level"] + 1 and (above["key"] is None) == (
            row["level"] == above["level"] + 1
        )
    json.dumps(rows, allow_nan=False)


def test_a_fork_says_its_token_and_the_models_own_probability():
    run = replace(run_of(1, 2), steps=(step(1, " at", math.log(0.25)),))
    other = replace(
        run_of(1), steps=(replace(step(1, "\n", math.log(0.5), forced=True), token_id=4), step(2, "b"))
    )
    (_, first, second) = branch_tree_value(BranchTree.of(run).left(other, 1))["rows"]
    assert (first["fork"]["token"], first["fork"]["probability"]) == ("␣at", "25.0 %")
    assert (second["fork"]["token"], second["fork"]["forced"], second["text"]) == ("↵", True, "b")
    assert "by hand" in second["fork"]["title"] and "by hand" not in first["fork"]["title"]


def test_a_fork_between_two_given_texts_was_put_there_by_nobody():
    one, other = (
        replace(run_of(1), settings=AS_IT_IS, steps=(replace(step(1, text, forced=True), token_id=at),))
        for at, text in ((4, " a"), (5, " b"))
    )
    (_, *forks) = branch_tree_value(BranchTree.of(one).left(other, 1))["rows"]
    for row in forks:
        assert not row["fork"]["forced"] and "part of the text that was given" in row["fork"]["title"]


def test_numbers_of_a_branch_are_those_of_its_tokens():
    run = replace(run_of(1), steps=(step(1, logprob=-1.0), step(2, logprob=-2.5)))
    (row,) = branch_tree_value(BranchTree.of(run))["rows"]
    assert row["facts"] == f"2 tokens · mean logprob {MINUS}1.75 nats"
    assert f"{MINUS}3.50 in all" in row["title"] and f"{math.exp(1.75):.1f}" in row["title"]
    assert "0 tokens" in branch_tree_value(BranchTree.of(run_of(1)))["rows"][0]["facts"]


def test_long_stretches_are_cut_where_nothing_is_told():
    run = replace(run_of(1), steps=tuple(step(1 + index, f"w{index} ") for index in range(200)))
    (row,) = branch_tree_value(BranchTree.of(run))["rows"]
    assert len(row["text"]) <= MOST_TEXT + 1 and row["text"].startswith("w0 w1")
    shared = branch_tree_value(BranchTree.of(run).started(run))["rows"][0]
    assert shared["text"].startswith("w0") and shared["text"].endswith("w199 "), "the fork is at its end"


def test_comparing_with_nothing_itself_or_what_is_gone_shows_nothing():
    for key in (None, 3, 99):
        value = branch_tree_value(family(), key)
        assert value["comparison"] is None and not any(row["compared"] for row in value["rows"])


def test_a_comparison_says_where_two_texts_part():
    tree = BranchTree.of(run_of(1, 2, 3)).left(run_of(1, 2), 2)
    value = branch_tree_value(tree, 0)["comparison"]
    common, ours, theirs = value["parts"]
    assert f"the end of the text here, “{isolated('a')}”" in value["say"]
    assert [part["tokens"] for part in value["parts"]] == ["1", "0", "1"]
    assert (common["text"], ours["text"], theirs["text"], theirs["shared"]) == ("pa", "", "a", "pa")
    assert (ours["logprob"], ours["perplexity"]) == ("0.00", "–")
    same = branch_tree_value(BranchTree.of(run_of(1, 2)).started(run_of(1, 2)), 0)["comparison"]
    assert "the same" in same["say"]
    apart = BranchTree.of(run_of(1, 2)).started(run_of(2, 2, prompt=1))
    value = branch_tree_value(apart, 0)["comparison"]
    assert "share nothing" in value["say"] and value["parts"][1]["text"] == "pa"


@pytest.mark.parametrize(("logprob", "perplexity"), [(-1.0, math.e), (-1e300, math.inf), (0.0, 1.0)])
def test_perplexity_is_the_exponential_of_the_mean_surprise(logprob, perplexity):
    assert Likelihood.of([step(1, logprob=logprob)] * 3).perplexity == pytest.approx(perplexity)
    assert Likelihood.of([]).perplexity is None and Likelihood.of([]).mean_logprob is None


@pytest.mark.parametrize("component", [BranchTreeOutline, BranchChoice, Download])
def test_no_value_becomes_markup_or_part_of_a_template(component):
    made = component(render=False)
    assert "innerHTML" not in made.js_on_load and "{{" not in made.html_template
