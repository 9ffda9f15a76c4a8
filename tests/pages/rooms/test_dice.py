"""The room of the dice, as the app's own handlers draw it for a visitor."""

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np
import pytest

from model.sampler.throws import MOST_THROWS, throw
from tests.pages.conftest import AbsentModel
from tests.pages.desk import Desk, changed
from viz.components.token_map import STATIONS
from viz.rooms.dice.throwing import DiceState
from viz.words.tokens import display_token

PANELS = {"cumulative", "thrown", "throws", "convergence"}
XTC = {"order": None, "values": {"xtc_probability": 0.5, "xtc_threshold": 0.01}, "logit_bias": {}}


@pytest.fixture
def desk(app: Any, newcomer: Callable[[], Any]) -> Desk:
    """A visitor who has written six tokens and opened the room."""
    desk = Desk(app, newcomer())
    desk.write(max_new_tokens=6, temperature=1.0, top_k=20, top_p=0.9)
    desk.open("room-dice")
    return desk


def press(desk: Desk, button: str) -> Any:
    return desk.handler(button, "click")(desk.visitor, *desk.values)


def test_the_room_is_drawn_when_it_is_open_and_only_then(desk):
    assert changed(desk.open("room-dice")) == PANELS
    assert changed(desk.select(4)) >= PANELS | {"bars"}
    desk.open("room-chain")
    assert not changed(desk.select(5)) & PANELS


def test_dice_are_drawn_where_they_were_thrown_and_else_it_is_said_why_not(desk):
    def title(screen: Any) -> str:
        return str(screen.cumulative.layout.annotations[0].text)

    assert "falls on" in title(desk.select(4))
    assert "Part of the prompt" in title(desk.select(1))
    assert "Not drawn yet" in title(desk.select(len(desk.visitor.run.token_ids)))
    first = desk.select(0)
    assert first.thrown == "" and "Nothing comes before" in title(first)
    assert "problem" in press(desk, "throw-one").notice


def test_the_last_throw_stands_in_large_letters_and_before_any_that_of_the_text(desk, tiny):
    screen, step = desk.select(4), desk.visitor.run.step_at(4)
    assert f"u = {step.u:.3f}" in screen.thrown and "the throw of the text" in screen.thrown
    assert f"{escape(display_token(step.token))}</bdi>" in screen.thrown
    screen = press(desk, "throw-hundred")
    now = desk.visitor.kept.of(DiceState).throws
    assert f"u = {now.last_u:.3f}" in screen.thrown and "the last throw" in screen.thrown
    assert f"{escape(display_token(tiny.text.token(now.last)))}</bdi>" in screen.thrown
    for place in (1, len(desk.visitor.run.token_ids)):
        assert "u = " not in desk.select(place).thrown, "nobody threw there"


def test_the_room_can_be_looked_at_before_there_is_a_model(newcomer, open_app):
    desk = Desk(open_app(AbsentModel()), newcomer())
    assert changed(desk.open("room-dice")) == PANELS
    assert "100 throws" in press(desk, "throw-hundred").thrown


def test_the_station_of_the_map_opens_this_room_and_the_sampler_s_the_other(desk):
    assert (STATIONS["sampler"], STATIONS["dice"]) == (("lab", "chain"), ("lab", "dice"))


def test_throws_add_up_until_the_step_or_the_settings_change(desk):
    for button, total in (("throw-one", 1), ("throw-hundred", 101), ("throw-many", 10_101)):
        screen = press(desk, button)
        assert changed(screen) == {"thrown", "throws", "convergence"}
        assert desk.visitor.kept.of(DiceState).throws.total == total
    assert "10\u00a0101 throws" in desk.open("room-dice").thrown
    assert "Nothing thrown" in desk.move(top_p=0.5).thrown
    assert "10\u00a0101 throws" in desk.move(top_p=0.9).thrown, (
        "what was thrown there is known until others are"
    )
    assert "Nothing thrown" in desk.select(3).thrown
    press(desk, "throw-one")
    assert desk.visitor.kept.of(DiceState).throws.total == 1
    assert "Nothing thrown" in press(desk, "throw-forget").thrown
    assert desk.visitor.kept.of(DiceState).throws is None


def test_throwing_ends_at_a_million(desk):
    press(desk, "throw-one")
    state = desk.visitor.kept.of(DiceState)
    state.throws = throw(state.throws, MOST_THROWS - 11, np.random.default_rng(1))
    screen = press(desk, "throw-many")
    assert desk.visitor.kept.of(DiceState).throws.total == MOST_THROWS and "are enough" in screen.thrown


def test_throws_throw_the_coin_too_and_say_so(desk):
    desk.write(chain=XTC, top_p=1.0)
    desk.select(4)
    screen = press(desk, "throw-hundred")
    throws = desk.visitor.kept.of(DiceState).throws
    assert len(throws.falls) == 2 and throws.falls[0].chance == 0.5
    assert "the mean over both of its sides" in screen.thrown
    plain = desk.move(chain=None)
    assert "both of its sides" not in plain.thrown
