"""What MLPs and neurons did for a token, as it is drawn."""

import numpy as np
import pytest

from model.interventions.effect import Effect
from model.interventions.neuron_effects import NeuronEffects
from tests.figures.samples import AWKWARD
from viz.figures.neuron_effects import mlp_effects_figure, neuron_effects_figure
from viz.figures.theme import LIGHT

CHANGES = (-2.0, 0.5, -0.1)
ESTIMATES = np.array([0.1, -0.4, 0.0, 0.3, 0.05, -0.2])
EXACT = tuple(Effect(7, -1.0, -1.0 + change, 0.1, ()) for change in (-0.5, 0.25))


def mlps(theme, changes=CHANGES, token=" Paris"):
    return mlp_effects_figure(changes, token=token, theme=theme)


def neurons(theme, token=" Paris"):
    return neuron_effects_figure(NeuronEffects(3, 7, 0, ESTIMATES, (1, 3), EXACT), token=token, theme=theme)


FIGURES = {
    "effects of MLPs": mlps,
    "effects of no MLP": lambda theme: mlps(theme, ()),
    "effects of one MLP": lambda theme: mlps(theme, (0.0,)),
    "effects of neurons": neurons,
    **{f"effects on {token!r}": lambda theme, token=token: mlps(theme, token=token) for token in AWKWARD[:3]},
}


def test_each_bar_is_the_change_without_an_mlp_and_its_colour_says_for_or_against():
    bars = mlps(LIGHT).data[0]
    assert list(bars.x) == list(CHANGES) and list(bars.y) == [0, 1, 2]
    assert list(bars.marker.color) == [LIGHT.accent, LIGHT.glow, LIGHT.accent]
    low, high = mlps(LIGHT).layout.xaxis.range
    assert low < -2 and high > 0.5


def test_every_neuron_has_its_estimate_and_the_leading_ones_what_they_did():
    dots, diamonds = neurons(LIGHT).data
    assert list(dots.y) == pytest.approx(list(ESTIMATES)) and list(dots.x) == list(range(6))
    assert list(diamonds.x) == [1, 3] and list(diamonds.y) == pytest.approx([-0.5, 0.25])
    joined = [(line.x0, line.y0, line.y1) for line in neurons(LIGHT).layout.shapes]
    assert joined == [(1, -0.4, pytest.approx(-0.5)), (3, 0.3, pytest.approx(0.25))]
    low, high = neurons(LIGHT).layout.yaxis.range
    assert low < -0.5 and high > 0.3
