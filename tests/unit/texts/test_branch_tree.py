"""The texts of one page: who left whom, what they share, the way through JSON, and what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.texts.branch_tree import MOST_BRANCHES, MOST_NAME, Branch, BranchTree
from model.texts.comparison import shared
from model.texts.history import MOST_STATES, History
from model.texts.prefix_tree import Segment, prefix_tree
from model.texts.stored_run import stored_run
from tests.families import MODEL, family, run_of, trees

HERE = {"model": MODEL, "vocab_size": 10, "context_length": 20}


def texts(tree: BranchTree) -> list[tuple[int, ...]]:
    return [branch.run.token_ids for branch in tree.branches]


def relations(tree: BranchTree) -> list[tuple[int, int | None, int]]:
    return [(branch.key, branch.parent, branch.at) for branch in tree.branches]


# Changes


def test_a_branch_goes_on_the_page_and_knows_whom_it_left():
    tree = family()
    assert relations(tree) == [(0, None, 0), (1, 0, 2), (2, 1, 3), (3, 0, 1)]
    assert (tree.current, tree.run) == (3, run_of(1, 8))
    assert [(branch.key, depth) for branch, depth in tree.walk()] == [(0, 0), (1, 1), (2, 2), (3, 1)]


def test_a_branch_with_another_beginning_is_refused():
    with pytest.raises(ValueError, match="does not agree with its parent up to position 2"):
        BranchTree.of(run_of(1, 2, 3)).left(run_of(1, 4, 3), 2)
    with pytest.raises(ValueError, match="does not agree"):
        BranchTree.of(run_of(1, 2)).left(run_of(1, 2, 3), 3)


def test_a_text_that_shrinks_below_a_branch_keeps_it_where_they_still_agree():
    tree = family().selected(1).grown(run_of(1, 2))
    assert relations(tree) == [(0, None, 0), (1, 0, 2), (2, 1, 2), (3, 0, 1)]
    assert relations(tree.grown(run_of(9)))[1:3] == [(1, 0, 0), (2, 1, 0)]


@pytest.mark.parametrize(
    ("gone", "left", "current"),
    [
        (1, [(0, None, 0), (2, 0, 2), (3, 0, 1)], 3),
        (0, [(1, None, 0), (2, 1, 3), (3, 1, 1)], 3),
        (3, [(0, None, 0), (1, 0, 2), (2, 1, 3)], 0),
    ],
)
def test_branches_of_a_deleted_one_go_to_its_parent_or_to_the_oldest_of_them(gone, left, current):
    tree = family().without(gone)
    assert relations(tree) == left
    assert tree.current == current


def test_heirs_that_left_late_leave_one_that_left_early_where_the_two_part():
    tree = BranchTree.of(run_of(1, 2, 3)).left(run_of(1, 8), 1).selected(0).left(run_of(1, 2, 9), 2)
    assert relations(tree.without(0)) == [(1, None, 0), (2, 1, 1)]


def test_the_last_branch_cannot_be_deleted_and_an_unknown_one_is_a_key_error():
    with pytest.raises(ValueError, match="last branch"):
        family().without(3).without(2).without(1).without(0)
    for change in (
        lambda tree: tree.without(9),
        lambda tree: tree.selected(9),
        lambda tree: tree.named(9, ""),
    ):
        with pytest.raises(KeyError):
            change(family())


def test_the_neighbours_follow_the_walk_and_end_at_its_ends():
    tree = family().selected(2)
    assert [tree.neighbour(step).current for step in (-9, -1, 0, 1, 9)] == [0, 1, 2, 3, 3]


def test_names_are_trimmed_and_have_a_length():
    assert family().named(2, " Paris\n")[2].name == "Paris"
    with pytest.raises(ValueError, match=f"at most {MOST_NAME}"):
        family().named(2, "x" * (MOST_NAME + 1))


def test_a_full_tree_takes_no_branch_more():
    tree = BranchTree.of(run_of(1))
    while not tree.full:
        tree = tree.started(run_of(1, 2))
    assert len(tree) == MOST_BRANCHES
    with pytest.raises(ValueError, match=f"1 to {MOST_BRANCHES}"):
        tree.started(run_of(1))


@given(trees())
def test_whatever_a_person_does_every_branch_agrees_with_its_parent(tree):
    for branch in tree.branches:
        if branch.parent is not None:
            assert shared(tree[branch.parent].run.token_ids, branch.run.token_ids) >= branch.at
    assert sorted(branch.key for branch, _ in tree.walk()) == sorted(branch.key for branch in tree.branches)
    assert tree[tree.current].run is tree.run


# The tokens that branches share


def merged_texts(tree: BranchTree) -> tuple[Segment, ...]:
    return prefix_tree([branch.run.token_ids for branch in tree.branches])


def test_what_branches_share_is_merged():
    merged = merged_texts(family())
    assert [(one.token_ids, one.start, one.members, one.parent, one.depth) for one in merged] == [
        ((1,), 0, (0, 1, 2, 3), None, 0),
        ((2,), 1, (0, 1, 2), 0, 1),
        ((3, 4), 2, (0,), 1, 2),
        ((5,), 2, (1, 2), 1, 2),
        ((6,), 3, (1,), 3, 3),
        ((7,), 3, (2,), 3, 3),
        ((8,), 1, (3,), 0, 1),
    ]
    assert [one.row for one in merged] == [1.875, 0.75, 0.0, 1.5, 1.0, 2.0, 3.0]


@given(trees())
def test_every_text_can_be_read_along_its_segments(tree):
    merged = merged_texts(tree)
    for index, branch in enumerate(tree.branches):
        own = [one for one in merged if index in one.members]
        assert sum((one.token_ids for one in own), ()) == branch.run.token_ids
        assert [one.parent for one in own] == [None, *(merged.index(one) for one in own[:-1])]
    paths = [(one.parent, one.token_ids[0]) for one in merged]
    assert len(set(paths)) == len(paths), "what begins alike is merged"
    for index, one in enumerate(merged):
        inside = [other for other in merged if other.parent == index]
        ends = [member for member in one.members if len(tree.branches[member].run.token_ids) == one.stop]
        assert inside == [] or len(inside) > 1 or ends, "and nothing is divided without need"


# Undo


def test_every_change_can_be_undone_and_made_again():
    states = [BranchTree.of(run_of(1, 2, 3))]
    history = History(states[0])
    for change in (
        lambda tree: tree.left(run_of(1, 2, 4), 2),
        lambda tree: tree.named(1, "b"),
        lambda tree: tree.without(0),
    ):
        history.change(change(history.now))
        states.append(history.now)
    assert [history.undo() for _ in range(4)] == [True, True, True, False]
    assert history.now == states[0]
    assert [history.redo() for _ in range(4)] == [True, True, True, False]
    assert history.now == states[-1]
    history.undo()
    history.change(states[0])
    assert (history.can_undo, history.can_redo) == (True, False)


@given(st.lists(st.sampled_from(["change", "undo", "redo"]), max_size=30))
def test_history_is_a_position_in_a_list_of_states(moves):
    states, at, history = [0], 0, History(0)
    for number, move in enumerate(moves, start=1):
        if move == "change":
            states, at = [*states[: at + 1], number], at + 1
            history.change(number)
        elif move == "undo":
            at = max(0, at - 1)
            history.undo()
        else:
            at = min(len(states) - 1, at + 1)
            history.redo()
        assert (history.now, history.can_undo, history.can_redo) == (states[at], at > 0, at < len(states) - 1)


def test_history_forgets_the_oldest_states():
    history = History(0)
    for number in range(1, MOST_STATES + 10):
        history.change(number)
    while history.undo():
        pass
    assert history.now == 9


# JSON


@given(trees())
def test_a_tree_is_the_same_after_a_trip_through_json(tree):
    assert BranchTree.from_json(json.loads(json.dumps(tree.to_json())), **HERE) == tree


def changed(path: list, value: object) -> dict:
    """The family as JSON, with another value somewhere."""
    data = json.loads(json.dumps(family().to_json()))
    place = data
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (["runs"], 5, "not a tree of branches"),
        (["runs"], [5], "not a tree of branches"),
        (["runs"], [], "1 to 64 branches, not 0"),
        (["runs"], [{}] * 65, "1 to 64 branches, not 65"),
        (["schema"], 2, "of schema 2, which a newer version wrote"),
        (["model"], "gpt2@1", "written by 'gpt2@1'"),
        (["runs", 1, "run", "model"], "gpt2@1", "written by 'gpt2@1'"),
        (["current"], 7, "calls current"),
        (["current"], None, "current must be a whole number"),
        (["runs", 0, "parent"], 2, "descends from itself"),
        (["runs", 1, "parent"], 1, "descends from itself"),
        (["runs", 1, "parent"], 9, "branch 9, which is not there"),
        (["runs", 1, "parent"], "0", "parent must be a whole number"),
        (["runs", 1, "at"], 3, "does not agree"),
        (["runs", 1, "at"], -1, "at must be a whole number"),
        (["runs", 1, "key"], 0, "same key"),
        (["runs", 1, "name"], 5, "name must be a text"),
        (["runs", 1, "run"], None, "not a run"),
        (["runs", 1, "run"], {}, "not a run"),
        (["runs", 1, "run", "prompt"], 5, "prompt must be a text"),
        (["runs", 1, "run", "precision"], None, "precision must be a text"),
        (["runs", 1, "run", "seed"], -1, "seed"),
        (["runs", 1, "run", "prompt_token_ids"], [float("inf")], "must be a whole number"),
        (["runs", 1, "run", "prompt_token_ids"], [1.0], "must be a whole number"),
        (["runs", 1, "run", "prompt_token_ids"], [10], "from 0 to 9"),
        (["runs", 1, "run", "prompt_token_ids"], [1] * 20, "1 to 20 tokens here"),
        (["runs", 1, "run", "steps", 0, "position"], 7, "says that it is at 7"),
        (["runs", 1, "run", "steps", 0, "token_id"], 1.5, "token_id must be a whole number"),
        (["runs", 1, "run", "steps", 0, "token"], None, "token must be a text"),
        (["runs", 1, "run", "steps", 0, "text"], "\ud800", "half a character"),
        (["runs", 1, "run", "steps", 0, "logprob"], -(10**400), "is no number"),
        (["runs", 1, "run", "steps", 0, "rank"], 10**400, "rank must be a whole number"),
        (["runs", 1, "run", "steps", 0, "u"], 1.0, "not between 0 and 1"),
        (["runs", 1, "run", "steps", 0, "logprob"], float("nan"), "is no number"),
        (["runs", 1, "run", "steps", 0, "forced"], "no", "true or false"),
        (["runs", 1, "run", "steps", 0, "settings"], [1], "settings must be"),
    ],
)
def test_what_is_no_tree_of_this_model_is_refused_by_a_sentence(path, value, why):
    with pytest.raises(ValueError, match=why):
        BranchTree.from_json(changed(path, value), **HERE)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_json_whatever_is_more_than_refused(data):
    for read in (
        lambda: BranchTree.from_json(data, **HERE),
        lambda: BranchTree.from_json({"schema": 1, "runs": [data]}, **HERE),
    ):
        with pytest.raises(ValueError):
            read()


def test_json_nested_a_thousandfold_is_refused_as_well():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    for name in ("schema", "model", "current", "runs"):
        with pytest.raises(ValueError):
            BranchTree.from_json(family().to_json() | {name: deep}, **HERE)


def test_runs_of_a_tree_need_not_share_a_prompt():
    tree = BranchTree.of(run_of(1, 2)).started(run_of(3, 4)).left(run_of(3, 5), 1)
    assert [branch.parent for branch in tree.branches] == [None, None, 1]
    assert [one.token_ids for one in merged_texts(tree)] == [(1, 2), (3,), (4,), (5,)]
    assert BranchTree((Branch(0, run_of(1)), Branch(1, run_of(2))), 1).run.token_ids == (2,)


def test_a_stored_run_is_the_run():
    run = run_of(1, 2, 3)
    assert stored_run(json.loads(json.dumps(run.to_json())), vocab_size=4, context_length=3) == run


@pytest.mark.parametrize("where", ["run", "step"])
def test_a_stored_run_with_a_bias_on_a_token_that_there_is_not_is_refused_with_the_range(where):
    data = run_of(1, 2, 3).to_json()
    of = data if where == "run" else data["steps"][0]
    of["settings"] = {"logit_bias": {"4": 1.0}}
    with pytest.raises(ValueError, match="a token id of logit_bias must be between 0 and 3, not 4"):
        stored_run(data, vocab_size=4, context_length=3)


def test_a_copied_history_has_the_same_past_and_goes_its_own_way():
    first = History(1)
    first.change(2)
    first.change(3)
    first.undo()
    second = first.copy()
    assert second.now == 2 and second.can_undo and second.can_redo
    second.change(4)
    assert (first.now, first.can_redo, second.now, second.can_redo) == (2, True, 4, False)
    second.undo()
    second.undo()
    assert (first.now, second.now, second.can_undo) == (2, 1, False)


def test_a_text_that_was_written_again_word_for_word_is_the_older_branch():
    tree = BranchTree.of(run_of(1, 2, 3)).left(run_of(1, 2, 4), 2).started(run_of(1, 2, 3))
    once = tree.unrepeated()
    assert [branch.key for branch in once.branches] == [0, 1] and once.current == 0
    assert once.unrepeated() is once
    for kept in (
        tree.named(2, "mine"),
        tree.left(run_of(1, 5), 1).selected(2),
        BranchTree.of(run_of(1, 2)).started(run_of(1, 2, finish_reason="stop")),
    ):
        assert kept.unrepeated() is kept
