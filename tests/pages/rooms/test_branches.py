"""The branches of a page, as the app's own handlers make, walk, name, delete, compare, save and open them."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from model.texts import branch_tree
from model.texts.branch_tree import BranchTree
from tests.pages.conftest import written
from tests.pages.desk import Desk, Screen, changed, everything, shown, told
from tests.tiny import EOS
from viz.pages import roads
from viz.pages.controls import Controls
from viz.pages.example import load_example
from viz.pages.scene import stored_scene
from viz.rooms.branches.branch_tree import MOST_BYTES, branch_tree_value
from viz.rooms.branches.panels import BranchesState
from viz.words.branches import now_on
from viz.words.tokens import display_token

SIZE = 2
"""Tokens of the prompt."""


class Wanderer(Desk):
    """A visitor who goes from text to text."""

    def __init__(self, app: Any, visitor: Any) -> None:
        super().__init__(app, visitor)
        self.controls["max_new_tokens"] = 6

    def go_on(self, token_id: Any) -> list[Screen]:
        choice = {"action": "branch", "token_id": token_id}
        handler = self.handler("branch-choice", "submit")
        return list(handler(self.visitor, self.prompt, choice, *self.values))

    def leave(self, position: int, token_id: int) -> Screen:
        """Go on from a position with a token and return the page at the end."""
        self.select(position)
        return self.go_on(token_id)[-1]

    def act(self, action: Any, **choice: Any) -> Screen:
        return self.handler("branch-choice", "select")(
            self.visitor, self.prompt, {"action": action, **choice}, *self.values
        )

    def save(self, what: str) -> tuple[Any, str]:
        return self.handler("branch-choice", "download")(self.visitor, {"action": "save", "what": what})

    @property
    def texts(self) -> dict[int, tuple[int, ...]]:
        return {branch.key: branch.run.token_ids for branch in self.visitor.tree.branches}

    @property
    def ids(self) -> tuple[int, ...]:
        return self.visitor.run.token_ids


def other(token_id: int) -> int:
    """Another token of the vocabulary, a printable one."""
    return 65 if token_id != 65 else 66


def ends(screen: Screen) -> list[int]:
    """The branches of the outline, in its order."""
    return [row["key"] for row in screen.tree["rows"] if row["key"] is not None]


def here(screen: Screen) -> int:
    (row,) = [row for row in screen.tree["rows"] if row["current"]]
    return row["key"]


@pytest.fixture
def desk(app: Any, newcomer: Callable[[], Any]) -> Wanderer:
    return Wanderer(app, newcomer())


@pytest.fixture
def forked(desk: Wanderer) -> Wanderer:
    """A text, 0, and a branch, 1, that leaves it at position 4; the branch is on the page."""
    desk.write(seed=3)
    desk.leave(4, other(desk.ids[4]))
    return desk


# Making


def test_the_stored_example_is_the_first_text_and_another_model_begins_a_tree_of_its_own(desk):
    screen = everything(stored_scene(load_example(), Controls(), ""), Controls())
    assert ends(screen) == [0] and here(screen) == 0 and screen.tree["alone"]
    desk.write()
    assert desk.visitor.tree.run is desk.visitor.run and len(desk.visitor.tree) == 1
    back = desk.press("undo")
    assert desk.visitor.run is load_example().run and here(back) == 0
    assert (back.undo["interactive"], back.redo["interactive"]) == (False, True)
    again = desk.press("redo")
    assert len(written(desk.visitor.run)) == 6
    assert (again.undo["interactive"], again.redo["interactive"]) == (True, False)


def test_each_generate_is_a_text_and_step_and_continue_make_it_longer(desk):
    desk.write(seed=1)
    first = desk.ids
    screen = desk.write(seed=2)[-1]
    assert ends(screen) == [0, 1] and here(screen) == 1 and desk.texts[0] == first
    desk.write("step")
    desk.write("more")
    assert len(desk.texts[1]) == SIZE + 6 + 1 + 6 and desk.texts[1] == desk.ids
    assert [branch.parent for branch in desk.visitor.tree.branches] == [None, None]


def test_a_token_that_a_person_put_there_was_drawn_with_no_dice_and_no_settings(forked):
    assert forked.visitor.run.step_at(4).forced and forked.visitor.selected == 4
    assert forked.move(seed=9).notice == forked.move(temperature=0.5).notice == ""
    assert "sampled with temperature 1" in forked.select(5).notice, "the dice chose what follows it"


def test_a_branch_keeps_the_old_road_and_stays_at_the_token_where_it_left(desk, tiny):
    desk.write(seed=3)
    old = desk.ids
    token_id = other(old[4])
    desk.select(4)
    first, *_, last = desk.go_on(token_id)
    assert desk.texts == {0: old, 1: desk.ids} and desk.ids[:5] == (*old[:4], token_id)
    assert len(desk.ids) == 5 + 6, "as many new tokens as the length says"
    assert (first.strip["selected"], last.strip["selected"], desk.visitor.selected) == (4, 4, 4)
    assert first.strip["tokens"][4]["forced"] and not first.strip["tokens"][3]["forced"]
    for screen in (first, last):
        (row,) = [row for row in screen.bars["rows"] if row["chosen"]]
        assert row["token_id"] == token_id, "the table speaks of the new token at once"
    assert [here(screen) for screen in (first, last)] == [1, 1]
    branch = desk.visitor.tree[1]
    assert (branch.parent, branch.at) == (0, 4)
    (fork,) = [row["fork"] for row in last.tree["rows"] if row["key"] == 1]
    assert fork["forced"] and fork["token"] == display_token(tiny.text.token(token_id))


def test_what_the_two_texts_share_is_not_computed_again(desk, forwards):
    desk.write(seed=3)
    desk.select(5)
    forwards.clear()
    desk.go_on(other(desk.ids[5]))
    assert sum(forwards) == 1 + 6, "the token put there and each new one; the last for the panels"


def test_past_the_end_a_token_is_added_to_the_text_itself(desk):
    desk.write(seed=3)
    old = desk.ids
    desk.leave(len(old), 65)
    assert desk.ids[: len(old) + 1] == (*old, 65) and list(desk.texts) == [0]
    desk.press("undo")
    assert desk.ids == old


def test_going_on_from_the_token_that_stands_there_leaves_it_as_it_was_drawn(desk):
    desk.write(seed=3)
    old = desk.visitor.run
    desk.controls["seed"] = 4
    desk.leave(4, old.token_ids[4])
    assert desk.ids[:5] == old.token_ids[:5] and desk.texts[0] == old.token_ids
    assert desk.visitor.run.steps[2] == old.steps[2] and not desk.visitor.run.steps[2].forced


def test_cutting_keeps_the_whole_text_unless_another_branch_has_it(forked):
    whole = forked.ids
    forked.select(6)
    forked.press("cut")
    assert forked.ids == whole[:7] and forked.texts[1] == whole and len(forked.texts) == 3
    forked.select(5)
    forked.press("cut")
    assert forked.ids == whole[:6] and len(forked.texts) == 3, "nothing more is lost"
    forked.write("step", seed=9)
    assert forked.texts[1] == whole and forked.texts[2] == forked.ids and len(forked.ids) == 7
    for _ in range(3):
        forked.press("undo")
    assert forked.ids == whole and len(forked.texts) == 2


@pytest.mark.parametrize("position", [0, 1])
def test_a_token_of_the_prompt_cannot_be_replaced(desk, position):
    desk.write()
    before = desk.texts
    screen = desk.leave(position, 65)
    assert "edit the prompt" in screen.notice and changed(screen) == {"notice", "stop"}
    assert desk.texts == before


@pytest.mark.parametrize("token_id", [None, "65", True, 6.5, [1], -1, 10**9])
def test_what_is_no_token_changes_nothing(desk, token_id):
    desk.write()
    before = desk.visitor.tree
    desk.select(3)
    screens = desk.go_on(token_id)
    assert all("cannot go on" in screen.notice for screen in screens)
    assert desk.visitor.tree is before and not desk.visitor.writing


def test_a_text_of_another_model_has_no_branches_here(desk):
    (screen,) = desk.go_on(65)
    assert "wrote this text" in screen.notice and desk.visitor.run is load_example().run


def test_a_branch_can_be_stopped_and_what_it_has_is_kept(desk, brake):
    desk.write(seed=3)
    desk.select(4)
    brake.pull()
    handler = desk.handler("branch-choice", "submit")
    token_id = other(desk.ids[4])
    screens = handler(desk.visitor, desk.prompt, {"token_id": token_id}, *desk.values)
    next(screens)
    for action, choice in (("walk", {"key": 0}), ("delete", {"key": 0})):
        assert "Press Stop first" in desk.act(action, **choice).notice
    for button in ("undo", "redo", "cut"):
        assert "Press Stop first" in desk.press(button).notice
    assert "Press Stop first" in desk.act("open", text="{}").notice
    desk.stop()
    brake.release()
    assert "stopped" in list(screens)[-1].status
    assert desk.texts[1] == desk.ids and desk.ids[4] == token_id and len(desk.ids) < 11


def test_an_error_of_the_engine_leaves_tree_and_page_in_agreement(desk, monkeypatch):
    desk.write(seed=3)
    old = desk.ids

    def broken(*_: Any) -> None:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr("model.network.network.Network.forward", broken)
        desk.prompt = "something that nobody wrote"
        assert "out of memory" in desk.write()[-1].notice
    assert desk.visitor.tree.run is desk.visitor.run and desk.texts[0] == old
    desk.press("undo")
    assert desk.ids == old


# Walking, naming, deleting


def test_walking_puts_a_branch_on_the_page_at_the_token_where_the_two_part(forked):
    screen = forked.act("walk", key=0)
    assert forked.ids == forked.texts[0] and here(screen) == 0
    assert changed(screen) >= {"strip", "bars", "timeline", "tree", "status", "prompt"}
    assert forked.visitor.selected == 4 and screen.strip["selected"] == 4
    assert len(screen.strip["tokens"]) == len(forked.ids) == len(forked.visitor.pieces)
    forked.prompt = "half typed"
    assert "prompt" not in changed(forked.act("walk", key=1)), "what was typed is not overwritten"


def test_walking_to_a_text_of_another_prompt_selects_its_first_written_token(desk):
    desk.write()
    desk.prompt = "one era"
    desk.write()
    screen = desk.act("walk", key=0)
    assert screen.prompt == "in the" and desk.visitor.selected == SIZE
    assert [row["level"] for row in screen.tree["rows"]] == [0, 0], "what prompts share is nobody's choice"


def test_a_name_is_kept_as_it_was_typed_and_can_be_undone(forked):
    name = "<b>the sea</b>"
    screen = forked.act("name", key=0, name=f"  {name} ")
    assert {row["name"] for row in screen.tree["rows"]} == {name, ""}
    assert "strip" not in changed(screen) and screen.undo["interactive"]
    undone = forked.press("undo")
    assert forked.visitor.tree[0].name == "" and "the same" in undone.notice
    forked.press("redo")
    assert forked.visitor.tree[0].name == name
    depth = forked.visitor.history.can_redo
    forked.act("name", key=0, name=name)
    forked.press("undo")
    assert not depth and forked.visitor.tree[0].name == "", "the same name again is no change"


def test_a_name_that_is_given_while_a_text_is_written_is_kept_with_the_text(desk, brake):
    desk.write(seed=3)
    brake.pull()
    screens = desk.writing("generate", seed=4)
    next(screens)
    for key, name in ((0, "old"), (1, "new")):
        rows = desk.act("name", key=key, name=name).tree["rows"]
        assert name in {row["name"] for row in rows}
    brake.release()
    written = list(screens)[-1]
    assert {row["name"] for row in written.tree["rows"]} >= {"old", "new"}
    assert "length reached" in written.status and len(desk.texts) == 2
    desk.press("undo")
    assert len(desk.texts) == 1 and desk.visitor.tree[0].name == "", "with the text, in one step"
    desk.press("redo")
    assert [branch.name for branch in desk.visitor.tree.branches] == ["old", "new"]


@pytest.mark.parametrize("name", ["x" * 81, 5, None, "\ud800"])
def test_a_name_that_cannot_be_taken_is_refused(forked, name):
    before = forked.visitor.tree
    screen = forked.act("name", key=0, name=name)
    assert "cannot be taken" in screen.notice and changed(screen) == {"notice", "tree"}
    assert forked.visitor.tree is before
    assert screen.tree == branch_tree_value(before), "the browser has shown it already"


def test_deleting_is_undone_and_the_last_text_stays(forked):
    texts = forked.texts
    screen = forked.act("delete", key=1)
    assert forked.texts == {0: texts[0]} and forked.ids == texts[0] and here(screen) == 0
    assert "Undo brings it back" in screen.notice
    refusal = forked.act("delete", key=0)
    assert "last text" in refusal.notice and forked.texts == {0: texts[0]}
    back = forked.press("undo")
    assert forked.texts == texts and forked.ids == texts[1] and here(back) == 1
    forked.press("redo")
    assert forked.texts == {0: texts[0]}
    elsewhere = forked.press("undo") and forked.act("delete", key=0)
    assert "strip" not in changed(elsewhere) and forked.ids == texts[1], "the page stays where it is"


def test_undo_and_redo_say_when_there_is_nothing(desk):
    assert "nothing to undo" in desk.press("undo").notice
    assert "nothing to make again" in desk.press("redo").notice


@pytest.mark.parametrize("key", [None, "0", 99, -1, 0.5, [0]])
@pytest.mark.parametrize("action", ["walk", "name", "delete"])
def test_a_branch_that_is_not_there_is_named_and_nothing_changes(forked, action, key):
    before = forked.visitor.tree
    assert "no longer there" in forked.act(action, key=key, name="a").notice
    assert forked.visitor.tree is before


@pytest.mark.parametrize("action", ["", "explode", None, 5, ["walk"]])
def test_what_is_no_action_does_nothing(forked, action):
    assert changed(forked.act(action, key=0)) == set()


# Comparing


def test_two_branches_are_compared_from_where_they_part(forked):
    screen = forked.act("compare", key=0)
    assert changed(screen) == {"tree"}
    common, ours, theirs = screen.tree["comparison"]["parts"]
    run, old = forked.visitor.tree[1].run, forked.visitor.tree[0].run
    assert common["text"] == run.prompt + run.steps[0].text + run.steps[1].text
    for part, one in ((ours, run), (theirs, old)):
        written = [EOS if step.token == EOS else step.text for step in one.steps[2:]]
        assert part["text"] == "".join(written), "an end of text is there by its name"
    total = sum(step.logprob for step in old.steps[2:])
    assert theirs["logprob"] == f"{total:.2f}".replace("-", "\u2212") and theirs["tokens"] == "4"
    assert "position 4" in screen.tree["comparison"]["say"]
    walked = forked.act("walk", key=0)
    assert forked.visitor.kept.of(BranchesState).compared == 1, "the two change places"
    assert walked.tree["comparison"]["parts"][1]["text"] == theirs["text"]
    assert forked.act("compare", key=None).tree["comparison"] is None
    forked.act("compare", key=1)
    assert forked.act("delete", key=1).tree["comparison"] is None


# Saving and opening


def test_saved_branches_open_as_they_were(forked, app, newcomer):
    forked.act("name", key=1, name="the other road")
    value, notice = forked.save("branches")
    assert notice == "" and value["stem"] == "gpt-inside-out-texts-in-the"
    stranger = Wanderer(app, newcomer())
    stranger.write(seed=8)
    own = stranger.texts
    screen = stranger.act("open", text=value["text"])
    assert stranger.visitor.tree == forked.visitor.tree and stranger.ids == forked.ids
    assert "2 texts" in screen.notice and ends(screen) == [0, 1] and here(screen) == 1
    assert len(screen.strip["tokens"]) == len(forked.ids)
    stranger.press("undo")
    assert stranger.texts == own
    stranger.press("redo")
    stranger.write("step")
    assert stranger.texts[1][: len(forked.ids)] == forked.ids, "it can be written on"


def test_a_saved_text_opens_beside_the_others(forked, app, newcomer):
    value, _ = forked.save("text")
    assert value["stem"] == "gpt-inside-out-text-in-the"
    assert json.loads(value["text"]) == json.loads(json.dumps(forked.visitor.run.to_json()))
    stranger = Wanderer(app, newcomer())
    stranger.write(seed=8)
    stranger.act("open", text=value["text"])
    assert stranger.visitor.run == forked.visitor.run and len(stranger.texts) == 2


def test_the_example_can_be_saved_before_any_model_is_there_and_is_foreign_to_another(desk):
    value, _ = desk.save("branches")
    assert value["stem"].startswith("gpt-inside-out-texts-the-old-lighthouse-keeper")
    assert BranchTree.of(load_example().run).to_json() == json.loads(value["text"])
    text, _ = desk.save("text")
    for saved in (value, text):
        assert "SmolLM2-135M-Instruct wrote that text" in desk.act("open", text=saved["text"]).notice
    assert desk.visitor.run is load_example().run


def test_words_of_a_file_that_are_not_the_tokens_own_are_not_believed(forked):
    data = json.loads(forked.save("text")[0]["text"])
    data["steps"][0] |= {"token": "lie", "text": "<script>"}
    forked.act("open", text=json.dumps(data))
    assert forked.visitor.run.steps[0].text != "<script>"
    assert [step.token for step in forked.visitor.run.steps] == [
        piece.token for piece in forked.visitor.pieces[SIZE:]
    ]


def cyclic(data: dict[str, Any]) -> None:
    data["runs"][0] |= {"parent": 1, "at": 4}


def crowded(data: dict[str, Any]) -> None:
    data["runs"] = [{**data["runs"][0], "key": key} for key in range(65)]


def foreign(data: dict[str, Any]) -> None:
    data["model"] = "gpt2@0123"


def elsewhere(data: dict[str, Any]) -> None:
    data["runs"][0]["run"]["precision"] = "int3"


def unlikely(data: dict[str, Any]) -> None:
    data["runs"][0]["run"]["steps"][0]["logprob"] = 1e299


def unranked(data: dict[str, Any]) -> None:
    data["runs"][0]["run"]["steps"][0]["rank"] = 0


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (cyclic, "descends from itself"),
        (crowded, "1 to 64 branches"),
        (foreign, "gpt2 wrote that text"),
        (elsewhere, "number format int3"),
        (unlikely, "logprob"),
        (unranked, "rank"),
        (dict.clear, "cannot be opened"),
    ],
)
def test_a_file_that_is_no_tree_of_this_model_is_refused_and_nothing_is_lost(forked, spoil, message):
    data = json.loads(forked.save("branches")[0]["text"])
    spoil(data)
    before = forked.visitor.tree
    screen = forked.act("open", text=json.dumps(data))
    assert changed(screen) == {"notice"} and message in screen.notice and "is kept" in screen.notice
    assert forked.visitor.tree is before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("{'a': 1}", "not JSON"),
        ("[" * 100_000, "kept"),
        ("null", "cannot be opened"),
        ('{"runs": {}}', "cannot be opened"),
        (None, "too large"),
        (5, "too large"),
        (" " * (MOST_BYTES + 1), "too large"),
    ],
    ids=["empty", "python", "deep", "null", "no list", "none", "number", "huge"],
)
def test_a_file_that_is_none_of_ours_is_refused(forked, text, message):
    before = forked.visitor.tree
    screen = forked.act("open", text=text)
    assert changed(screen) == {"notice"} and message in screen.notice
    assert forked.visitor.tree is before


def test_a_file_that_is_too_large_to_open_again_is_saved_all_the_same(forked, monkeypatch):
    monkeypatch.setattr("viz.rooms.branches.walking.MOST_BYTES", 1000)
    value, notice = forked.save("branches")
    assert len(value["text"]) > 1000 and "delete some texts" in notice


@pytest.mark.parametrize("what", ["everything", None])
def test_nothing_else_is_saved(desk, what):
    value, notice = desk.save(what)
    assert not shown(value) and notice == ""


# A full tree


def test_a_full_tree_makes_room_for_a_new_text_and_says_so_and_refuses_branches(forked, monkeypatch):
    monkeypatch.setattr(branch_tree, "MOST_BRANCHES", 2)
    monkeypatch.setattr(roads, "MOST_BRANCHES", 2)
    texts = forked.texts
    refusal = forked.leave(5, other(forked.ids[5]))
    assert "Delete some" in refusal.notice and forked.texts == texts and not forked.visitor.writing
    forked.select(6)
    assert "Delete some" in forked.press("cut").notice and forked.ids == texts[1]
    screen = forked.write(seed=5)[-1]
    assert "Now on Text 3 · Undo The tree was full. “Text 1”" in told(screen)
    assert list(forked.texts) == [1, 2] and forked.texts[1] == texts[1]
    forked.press("undo")
    assert forked.texts == texts
    for key in texts:
        forked.act("name", key=key, name=f"mine {key}")
    refusal = forked.write(seed=6)[-1]
    assert changed(refusal) == {"notice", "stop"} and "all of them have names" in refusal.notice
    assert forked.texts == texts


def test_a_text_that_is_written_again_into_a_full_tree_also_says_which_text_made_room(forked, monkeypatch):
    monkeypatch.setattr(branch_tree, "MOST_BRANCHES", 2)
    monkeypatch.setattr(roads, "MOST_BRANCHES", 2)
    forked.write(seed=5)
    said = told(forked.write(seed=5)[-1])
    assert "It is the same text again" in said and "The tree was full. “Text 2”" in said


# Which text one is on


def test_whatever_makes_another_text_says_which_one_it_is_with_undo_beside_it(forked):
    """The texts are 0 and 1; what follows makes the next ones."""
    assert told(forked.write("generate", seed=5)[-1]) == "Now on Text 3 · Undo"
    assert told(forked.write("again")[-1]) == "Now on Text 4 · Undo"
    forked.select(SIZE + 1)
    screen = forked.leave(SIZE + 1, other(forked.ids[SIZE + 1]))
    assert told(screen) == "Now on Text 5 · Undo" and "data-undo" in screen.notice
    assert forked.write("step")[-1].notice == forked.write("more")[-1].notice == "", "it is the same text"
    forked.prompt = "one era"
    assert told(forked.write("step")[-1]) == "Now on Text 6 · Undo", "of another prompt"


def test_a_text_that_is_written_again_says_so_and_what_would_make_another(forked):
    assert told(forked.write("generate", seed=5)[-1]) == "Now on Text 3 · Undo"
    same = told(forked.write("generate", seed=5)[-1])
    assert same.startswith(
        "Now on Text 3 · Undo It is the same text again: the same prompt, settings and seed"
    )
    assert same.endswith("“Again” throws other dice.")
    forked.write("generate", temperature=0.0)
    greedy = told(forked.write("generate", temperature=0.0)[-1])
    assert "It is the same text again" in greedy and "dice" not in greedy, "for none are thrown"


def test_the_seed_that_again_has_set_leaves_the_notice_of_the_new_text(forked):
    written = forked.write("again")
    seed = next(screen.seed for screen in written if isinstance(screen.seed, int))
    assert changed(forked.move(seed=seed)) == set()
    assert "dice" in told(forked.move(seed=seed + 1))


def test_the_notice_shows_no_markup_of_a_name(forked):
    forked.act("name", key=1, name="<b>mine</b>")
    assert "“&lt;b&gt;mine&lt;/b&gt;” (Text 2)" in now_on(forked.visitor.branch)


def test_the_whole_tree_travels_in_less_than_300_kb(forked):
    run = forked.visitor.run
    tree = BranchTree.of(run)
    for number in range(63):
        step = replace(run.steps[2], token_id=number, token="x" * 30, text="x" * 300)
        tree = tree.selected(0).left(replace(run, steps=(*run.steps[:2], step)), 4, "n" * 80)
    forked.visitor.history.change(tree)
    screen = forked.act("walk", key=1)
    assert forked.payload("branch-choice", "select", screen) < 300_000
