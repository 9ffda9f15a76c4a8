"""Stop and Cancel before what they stop has begun: while it waits in Gradio's line, or for the engine."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import astuple
from typing import Any

import pytest

from tests.pages.desk import Desk
from viz.pages.visitor import TEXT, Visitor
from viz.pages.writing import Writing
from viz.rooms.strategies.searching import SearchChoice

ROOMS_AT_WORK = {
    "replay": ("replay", ["wild"]),
    "find": ("find", *astuple(SearchChoice())),
    "lens-compute": ("lens",),
    "roll": ("rollout", "prompt", 4, 3, "", None),
    "sweep": ("rollout", "prompt", "temperature", "1, 2", 2, 3),
}
"""By their button: how the ids of their Cancel begin, and what a press sends beside the controls."""


@pytest.fixture
def desk(app: Any, newcomer: Callable[[], Visitor]) -> Desk:
    """A visitor with a short text."""
    desk = Desk(app, newcomer())
    desk.write(max_new_tokens=3)
    return desk


def pressed(desk: Desk, button: str) -> Any:
    """Press a button of a room, whose handler has not begun."""
    _, *sent = ROOMS_AT_WORK[button]
    values = [] if button == "find" else desk.values
    return desk.handler(button, "click")(desk.visitor, *sent, *values)


@pytest.mark.parametrize("button", ROOMS_AT_WORK)
@pytest.mark.parametrize("by", ["cancel", "stop"])
def test_what_is_cancelled_while_it_waits_never_begins_and_the_next_press_does(desk, button, by, forwards):
    waiting = pressed(desk, button)
    cancel = "stop" if by == "stop" else f"{ROOMS_AT_WORK[button][0]}-cancel"
    desk.handler(cancel, "click")(desk.visitor)
    before = len(forwards)
    (screen,) = waiting
    assert "Cancelled before it began." in str(screen) and screen.cancel["interactive"] is False
    assert len(forwards) == before and not desk.visitor.working
    *_, last = pressed(desk, button)
    assert "Cancelled before" not in str(last) and last.cancel["interactive"] is False


@pytest.mark.parametrize("button", ["generate", "more", "score", "again", "step", "try-0"])
def test_a_text_that_is_stopped_while_it_waits_never_begins_and_the_next_press_writes(desk, button):
    before = desk.visitor.run
    waiting = desk.writing(button)
    desk.stop()
    *_, last = waiting
    assert "Stopped before the first token." in last.notice and last.stop["interactive"] is False
    assert desk.visitor.run is before and not desk.visitor.writing
    *_, last = desk.writing(button)
    assert "Stopped before" not in str(last.notice) and len(last.strip["tokens"]) >= 2


def test_a_stop_between_the_last_look_and_the_first_token_is_heard(desk, app, monkeypatch):
    begin = Writing._begin

    def late(self: Writing, visitor: Visitor, *args: Any, **kwargs: Any) -> Any:
        visitor.stop()
        return begin(self, visitor, *args, **kwargs)

    monkeypatch.setattr(Writing, "_begin", late)
    last = desk.write(max_new_tokens=60)[-1]
    assert "stopped" in last.status and len(desk.visitor.run.steps) < 60


def test_a_closed_page_stops_whatever_was_asked_for_on_it(newcomer):
    visitor = newcomer()
    visitor.want("replay", "lens")
    visitor.stop()
    assert visitor.unwanted == {TEXT, "replay", "lens"}
    visitor.want(*visitor.unwanted.copy())
    assert not visitor.unwanted and not deepcopy(visitor).unwanted


# A press that comes to nothing


@pytest.mark.parametrize("typed", [-1, 2**60, None])
def test_a_seed_out_of_range_reaches_whoever_says_which_there_are(desk, app, typed):
    (field,) = [block for block in app.blocks.values() if block.elem_id == "seed"]
    desk.controls["seed"] = field.preprocess(typed)
    *_, last = desk.writing("generate")
    assert "seed must be between 0 and" in last.notice and last.stop["interactive"] is False
    assert "seed must be between 0 and" in str(list(pressed(desk, "roll"))[-1])
    desk.move(seed=desk.controls["seed"])  # and looking goes on


def test_what_the_server_refuses_leaves_the_button_as_it_was(app):
    """A press that fails before its handler has begun is followed by a look at what is under way."""
    looks = [function for function in app.fns.values() if function.trigger_only_on_failure]
    followed = {app.fns[function.trigger_after].name for function in looks}
    assert {"generate", "step", "more", "go_on", "score_text", "throw", "begin_with", "ask"} <= followed
    assert {"replay", "search", "compute", "roll", "sweep"} <= followed
    assert all(not function.queue for function in looks)
