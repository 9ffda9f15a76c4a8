"""The room of MLPs and neurons: what it shows is what the model layer measures at the selected token."""

import re
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model.interventions.effect import read_clean
from model.interventions.limits import MOST_TOKENS
from model.interventions.neuron_effects import mlp_effects, neuron_effects
from tests.pages.desk import Desk, author_of
from tests.pages.hostile import VALUES
from viz.pages import work as work_module
from viz.pages.visitor import Visitor
from viz.rooms.neuron_effects.handlers import NeuronEffectsScreen
from viz.server.pace import Pace
from viz.words.percent import percent


@pytest.fixture(scope="module")
def author(app: Any) -> Visitor:
    """Somebody who has written a short text."""
    return author_of(app, 8)


@pytest.fixture
def desk(app: Any, author: Visitor) -> Desk:
    """A visitor with that text on the page."""
    return Desk(app, deepcopy(author))


def pressed(desk: Desk, where: Any = "step", layer: Any = 1) -> Any:
    return desk.handler("neuron-effects-start", "click")(desk.visitor, where, layer, *desk.values)


def press(desk: Desk, *typed: Any) -> list[NeuronEffectsScreen]:
    return list(pressed(desk, *typed))


@pytest.mark.parametrize("where", ["step", "text"])
def test_the_figures_are_those_of_the_model_layer(desk, where):
    position = desk.visitor.run.steps[4].position
    desk.select(position)
    last, model = press(desk, where)[-1], desk.service.model
    ids = desk.visitor.run.token_ids
    clean, start = read_clean(model, ids[:position]), position - 1 if where == "step" else 0
    *_, mlps = mlp_effects(model, clean, ids[position], start)
    np.testing.assert_allclose(last.mlps.traces[0]["x"], [one.change for one in mlps], atol=1e-5)
    found = neuron_effects(model, clean, 1, ids[position], start)
    dots, diamonds = last.neurons.traces
    np.testing.assert_allclose(dots["y"], found.estimates, atol=1e-5)
    assert diamonds["x"] == list(found.leading)
    np.testing.assert_allclose(diamonds["y"], [one.change for one in found.exact], atol=1e-5)
    told = re.sub("<.*?>", "", last.told)
    share = percent(float(clean.logits.softmax(-1)[ids[position]]))
    assert f"at position {position}, to which the model gives {share}" in told
    assert "done" in last.line and not last.cancel["interactive"]


def test_past_the_end_of_the_text_the_likeliest_token_is_asked_about(desk):
    ids = desk.visitor.run.token_ids
    desk.select(len(ids))
    last = press(desk)[-1]
    token_id = int(read_clean(desk.service.model, ids).logits.argmax())
    own = desk.service.model.text.token(token_id)
    assert last.mlps.plan["meta"]["titles"]["x"] == f"change of the log-probability of “{own}” (nats)"


@pytest.mark.parametrize(
    ("where", "layer", "said"),
    [
        ("magic", 1, "Choose where"),
        (None, 1, "Choose where"),
        ("step", 99, "layer must be"),
        ("step", "x", "layer"),
    ],
)
def test_bad_values_are_answered_with_a_sentence(desk, where, layer, said):
    last = press(desk, where, layer)[-1]
    assert said in last.line and "alert" in last.line and not desk.visitor.working


@pytest.mark.parametrize("value", VALUES)
def test_whatever_a_browser_sends_is_answered(desk, value):
    for screens in (press(desk, value, 1), press(desk, "step", value)):
        assert "could not be computed" not in screens[-1].line


def test_nothing_comes_before_the_first_token_and_a_long_text_is_refused(desk):
    desk.select(0)
    assert "Nothing comes before" in press(desk)[-1].line
    run = desk.visitor.run
    desk.visitor.run = replace(run, prompt_token_ids=(5,) * (MOST_TOKENS + 1), steps=())
    desk.visitor.selected = MOST_TOKENS + 1
    assert "there are 513" in press(desk)[-1].line
    desk.visitor.run, desk.visitor.writing = run, True
    assert "Press Stop first" in press(desk)[-1].line


def test_it_can_be_cancelled_and_a_second_press_is_refused(desk, monkeypatch):
    monkeypatch.setattr(work_module, "UPDATE_SECONDS", 0.0)
    monkeypatch.setattr(Pace, "interval", 0.0)
    screens = pressed(desk)
    assert next(screens).cancel["interactive"]
    next(screens)
    assert "still at work" in press(desk)[-1].line
    desk.handler("neuron-effects-cancel", "click")(desk.visitor)
    *_, last = screens
    assert "stopped" in last.line and last.neurons is None and not desk.visitor.working
