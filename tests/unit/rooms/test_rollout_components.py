"""The tree of rollouts and their list as values for the browser, and the numbers that a person types."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.lab.rollout_statistics import rollout_tree
from model.numbers import OutOfRange
from tests.rolled import rollout
from viz.rooms.rollouts.rollout_texts import rollout_texts_value
from viz.rooms.rollouts.rollout_tree import FULL, LABEL, cells, rollout_tree_value
from viz.rooms.rollouts.swept_values import swept_values
from viz.server.service import Trouble
from viz.words.tokens import isolated

TEXTS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=5), min_size=1, max_size=12)


def drawn(texts, left_out=0):
    nodes = rollout_tree([rollout(*text) for text in texts])
    return nodes, rollout_tree_value(nodes, rollouts=len(texts), left_out=left_out)


def test_branches_tell_how_many_take_them_and_are_as_wide():
    nodes, value = drawn([(1, 2), (3, 4, 5), (3, 4, 6), (3, 4, 6)])
    by_label = {branch["label"]: branch for branch in value["branches"]}
    assert (by_label["34"]["times"], by_label["12"]["times"]) == ("×3", "")
    assert by_label["34"]["thick"] == pytest.approx(FULL * 0.75)
    assert by_label["34"]["title"].splitlines()[1:] == [
        "3 of 4 rollouts (75.0 %)",
        "probability of beginning so: 25.0 %",
    ]
    assert [branch["parent"] for branch in value["branches"]] == [node.parent for node in nodes]


@given(TEXTS)
def test_children_begin_where_their_parent_ends_and_nothing_overlaps(texts):
    _, value = drawn(texts)
    branches = value["branches"]
    for branch in branches:
        before = None if branch["parent"] is None else branches[branch["parent"]]
        if before is not None:
            assert branch["from_x"] == before["x"] + before["length"] < branch["x"]
            assert abs(branch["from_y"] - before["y"]) <= before["thick"] / 2
        assert branch["x"] + branch["length"] <= value["width"]
        assert LABEL <= branch["y"] <= value["height"] - branch["thick"] / 2
        for other in branches:
            beside = (
                branch["x"] < other["x"] + other["length"] and other["x"] < branch["x"] + branch["length"]
            )
            if other is not branch and beside:
                above, below = sorted((branch, other), key=lambda one: one["y"])
                assert above["y"] + above["thick"] / 2 <= below["y"] - below["thick"] / 2 - LABEL + 1e-6


def test_a_tree_says_what_it_leaves_out_and_nothing_is_no_tree():
    _, whole = drawn([(1,), (2,)])
    _, part = drawn([(1,), (2,)], left_out=40)
    assert "of 42" in part["note"] and "of" not in whole["note"].split("many")[0]
    assert rollout_tree_value([], rollouts=3) is None


def test_a_branch_without_a_text_is_named_by_its_tokens():
    node = replace(rollout_tree([rollout(1, 2), rollout(1, 2)])[0], text="")
    (named,) = rollout_tree_value([node], rollouts=2, token_of="<{}>".format)["branches"]
    (unnamed,) = rollout_tree_value([node], rollouts=2)["branches"]
    assert (named["label"], named["times"]) == ("<1><2>", "×2") and named["title"].startswith(
        isolated("<1><2>") + "\n"
    )
    assert unnamed["label"] == "(no visible text)"


def test_names_of_branches_part_words_with_spaces_and_long_labels_end_with_a_whole_word():
    text = " a keeper who climbed the stairs of his lighthouse every evening"
    node = replace(rollout_tree([rollout(1)])[0], text=text)
    (branch,) = rollout_tree_value([node], rollouts=1)["branches"]
    assert branch["title"].splitlines()[0] == isolated("␣" + text[1:])
    assert branch["label"] == "␣a keeper who climbed the stairs of his…"
    (endless,) = rollout_tree_value([replace(node, text="x" * 90)], rollouts=1)["branches"]
    assert endless["label"] == "x" * 43 + "…"


def test_wide_characters_take_two_cells():
    assert cells("ab") == 2 and cells("日本😀") == 6


def test_the_list_shows_line_breaks_numbers_from_1_and_that_there_is_no_text():
    one, two = rollout_texts_value([(0, " a\nb", -1.256), (4, "", None)])["texts"]
    assert (one["index"], one["text"], one["logprob"], one["name"]) == (
        0,
        " a↵b",
        "−1.26 nats",
        "open rollout 1",
    )
    assert (two["index"], two["text"], two["logprob"]) == (4, "(no text)", "–")


@given(
    st.lists(st.sampled_from([0.2, 0.5, 1.0, 1.25, 2.0]), min_size=2, max_size=30).filter(
        lambda many: len(set(many)) > 1
    )
)
def test_values_are_read_in_their_order_each_once(values):
    for between in (", ", ";", " "):
        assert swept_values(between.join(map(str, values)), "temperature") == tuple(sorted(set(values)))


def test_no_top_k_at_all_comes_last():
    assert swept_values("0, 5 1", "top_k") == (1, 5, 0)
    assert swept_values("0, 1", "temperature") == (0, 1)


@pytest.mark.parametrize(
    "text",
    [None, 3, "", "0.5", "0.5, 0.50", "a, b", "0.2, 0.5°", "0.2 0.5 " * 30, ", ".join(map(str, range(13)))],
)
def test_values_that_make_no_sweep_are_refused_with_a_sentence(text):
    with pytest.raises(Trouble, match="commas"):
        swept_values(text, "top_k" if str(text).startswith("0, 1, 2") else "temperature")


@pytest.mark.parametrize(
    ("text", "setting"), [("0.2, 9", "temperature"), ("nan, 1", "temperature"), ("1, 2.5", "top_k")]
)
def test_values_outside_the_setting_are_refused(text, setting):
    with pytest.raises(OutOfRange, match=setting):
        swept_values(text, setting)
