"""The room of the heads, as the app's own handlers draw it for a visitor."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model.interior import head_memory
from model.interior.head_quantities import QUANTITIES, head_quantities, patterns, ranked
from tests.pages.conftest import service_of
from tests.pages.desk import DRAWING, Desk, changed, seen
from viz.pages.controls import Controls
from viz.pages.example import load_example
from viz.pages.scene import stored_scene
from viz.rooms.heads.head_grid import unit_of, value_text

PANELS = {"head_grid", "head_told", "head_map"}
MOST_BYTES = 300_000


@pytest.fixture
def desk(app: Any, newcomer: Callable[[], Any]) -> Desk:
    """A visitor who has written twelve tokens and opened the room."""
    desk = Desk(app, newcomer())
    desk.write(max_new_tokens=12)
    desk.open("room-heads")
    return desk


@pytest.fixture
def internals(app: Any, desk: Desk) -> Any:
    """What the model computed on that text."""
    run = desk.visitor.run
    return service_of(app).read(run.token_ids, run.precision)


def texts(screen: Any) -> list[list[str]]:
    return [[cell["text"] for cell in row] for row in screen.head_grid["cells"]]


def as_text(values: Any, quantity: str) -> list[list[str]]:
    return [["" if np.isnan(v) else value_text(float(v), unit_of(quantity)) for v in row] for row in values]


def choose_key(desk: Desk, key: Any) -> Any:
    desk.controls["head_choice"] = {"key": key}
    return desk.handler("head-choice", "submit")(desk.visitor, *desk.values)


def test_the_room_is_drawn_when_it_is_open_and_only_then(desk):
    assert changed(desk.open("room-heads")) == PANELS | {"thumbnails"}
    assert changed(desk.select(4)) >= PANELS | {"bars"}
    desk.open("page-explore")
    assert not changed(desk.select(5)) & PANELS and "attention" in changed(desk.move(layer=0))


@pytest.mark.parametrize("of_step", [False, True])
def test_every_number_is_that_of_the_model_layer(desk, internals, of_step):
    desk.select(9)
    choose_key(desk, 2)
    desk.move(of_step=of_step)
    query = 8 if of_step else None
    found = head_quantities(internals, QUANTITIES, len(desk.visitor.run.token_ids), query=query, key=2)
    for quantity, values in found.items():
        screen = desk.move(quantity=quantity)
        assert texts(screen) == as_text(values, quantity)
        best = [one for one in ranked(values)[:10] if not np.isnan(one[2])]
        listed = [(one["layer"], one["head"], one["text"]) for one in screen.head_grid["top"]]
        assert listed == [(layer, head, value_text(v, unit_of(quantity))) for layer, head, v in best]
        assert bool(screen.head_grid["empty"]) == (not best)


def test_another_quantity_computes_nothing(desk, monkeypatch):
    desk.move(quantity="entropy")
    monkeypatch.setattr(head_memory, "head_quantities", None)
    assert texts(desk.move(quantity="distance")) != texts(desk.move(quantity="previous_token"))
    desk.move(quantity="entropy")


def test_of_the_step_alone_the_grid_follows_the_selected_token(desk):
    desk.move(of_step=True)
    assert texts(desk.select(6)) != texts(desk.select(9))
    assert (
        "first token" in desk.select(1).head_grid["empty"]
        and "nothing but itself" in desk.select(0).head_grid["empty"]
    )
    assert desk.select(1).head_grid["top"] == [] and texts(desk.select(1))[0][0] == ""


def test_the_chosen_key_defaults_to_the_end_of_the_prompt_and_takes_no_nonsense(desk):
    grid = desk.move(quantity="token").head_grid
    prompt = len(desk.visitor.run.prompt_token_ids)
    assert grid["key"] == prompt - 1 and len(grid["keys"]) == prompt + 12
    assert choose_key(desk, 1).head_grid["key"] == 1
    assert choose_key(desk, 10**9).head_grid["key"] == prompt + 11
    assert choose_key(desk, -5).head_grid["key"] == 0
    for nonsense in ("3", True, None, [1], 1.5):
        assert choose_key(desk, nonsense).head_grid["key"] == prompt - 1
    desk.move(of_step=True)
    desk.select(3)
    assert "before the chosen token" in choose_key(desk, 9).head_grid["empty"]


def test_an_open_head_is_marked_told_and_drawn_with_its_first_token(desk, internals):
    assert desk.move(layer=2).head_grid["opened"] == [2]
    desk.controls |= {"mean_heads": False, "hide_first": True}
    screen = desk.move(head=3)
    assert screen.head_grid["opened"] == [2, 3] and screen.thumbnails["opened"] == 3
    assert "Layer 2, head 3" in screen.head_told
    weights = np.array(screen.head_map.data[0].z)
    expected = internals.attention(2, 3, len(desk.visitor.run.token_ids))
    assert np.nanmax(np.abs(np.tril(weights) - expected)) < 1e-6
    assert not np.isnan(weights[:, 0]).any() and weights[1:, 0].any()


def test_numbers_told_of_an_open_head_are_those_of_the_grid(desk):
    desk.controls["mean_heads"] = False
    cell = texts(desk.move(quantity="distance"))[1][0]
    assert f"<b>{cell}</b>" in desk.move(head=0).head_told


def test_pictures_are_the_patterns_of_the_layer(desk, internals):
    value = desk.move(layer=2).thumbnails
    expected = patterns(internals, 2, len(desk.visitor.run.token_ids))
    for picture, pattern in zip(value["pictures"], expected, strict=True):
        levels = np.frombuffer(base64.b64decode(picture), np.uint8).reshape(value["size"], -1)
        assert np.abs((levels / 255.0) ** 2 - pattern).max() < 0.005


def test_only_the_open_view_is_drawn_and_says_what_it_leaves_out(desk):
    screen = desk.open("tab-model-view")
    assert "model_view" in changed(screen) and not changed(screen) & {"thumbnails", "neuron_view"}
    assert (
        "layers 0 to 2 of 3" in screen.model_view["note"]
        and "Tokens 2 to 13 of 14" in screen.model_view["note"]
    )
    desk.controls["mean_heads"] = False
    screen = desk.open("tab-neuron-view")
    assert "layer 1, head 0" in screen.neuron_view["note"] and "All 14 tokens" in screen.neuron_view["note"]
    assert "RoPE" not in screen.neuron_view["note"]
    assert "neuron_view" in changed(desk.select(5)) and "model_view" not in changed(desk.select(6))
    assert "thumbnails" in changed(desk.open("tab-thumbnails"))


def test_a_long_text_shows_a_window_and_no_update_is_large(desk):
    desk.write(max_new_tokens=60)
    for tab in ("tab-thumbnails", "tab-model-view", "tab-neuron-view"):
        assert desk.payload(tab, "select", desk.open(tab)) < MOST_BYTES
        assert desk.payload("layer", "change", desk.move(layer=1)) < MOST_BYTES
    note = desk.open("tab-model-view").model_view["note"]
    assert "Tokens 50 to 61 of 62" in note
    assert re.search(r"Tokens \d+ to \d+ of 62", desk.open("tab-neuron-view").neuron_view["note"])
    assert "up to 2 neighbouring" in desk.open("tab-thumbnails").thumbnails["note"]


def test_a_layer_or_head_that_is_not_there_breaks_nothing(desk):
    desk.controls["mean_heads"] = False
    for wrong in ({"layer": 99}, {"head": -7}, {"layer": 1.5}, {"layer": "x"}, {"head": None}):
        usual = {name: desk.controls.get(name, 0) for name in wrong}
        for tab in ("tab-thumbnails", "tab-model-view", "tab-neuron-view"):
            desk.open(tab)
            screen = desk.move(**wrong)
            assert changed(screen) >= PANELS
            json.dumps(screen.head_grid)
        desk.move(**usual)


def test_nothing_of_the_room_is_drawn_while_a_text_is_written_but_at_its_end(desk):
    *growing, last = desk.write(max_new_tokens=8)
    assert not any(changed(screen) & PANELS for screen in growing)
    assert changed(last) >= PANELS | {"thumbnails"}


def test_before_the_model_is_there_the_room_says_so():
    controls = Controls()
    scene = replace(stored_scene(load_example(), controls, "Still loading."), room="heads")
    drawn = seen(DRAWING.opened(scene, controls))
    assert drawn.head_grid["empty"] == "Still loading." and drawn.head_grid["cells"] == []
    assert drawn.thumbnails is None
