import json
import re

import numpy as np
import pytest

from model.interior.score_histograms import entropy_histogram, ratio_histogram
from model.lab.rollout_statistics import FirstToken, RolloutStatistics
from model.sampler.effects import RankedCurve, TemperatureSweep
from model.sampler.settings import SamplerSettings
from tests.figures import (
    test_chain,
    test_contrast,
    test_hiding_curves,
    test_layers,
    test_neuron_effects,
    test_neurons,
    test_part_effects,
    test_patching,
    test_training,
)
from tests.figures.samples import AWKWARD, THEMES, causal, curve, reread, steps, sweep
from viz.figures.attention import attention_heatmap
from viz.figures.diversity import Tried, diversity_figure
from viz.figures.first_tokens import first_tokens_figure
from viz.figures.ranked_probability import ranked_probability_figure
from viz.figures.score_histograms import entropy_figure, rank_figure, ratio_figure
from viz.figures.temperature_sweep import temperature_sweep_figure
from viz.figures.theme import base_figure, placeholder
from viz.figures.timeline import timeline

SETTINGS = SamplerSettings(temperature=0.7, top_k=40, top_p=0.9, min_p=0.05, repetition_penalty=1.1)
EMPTY_SWEEP = TemperatureSweep(np.array([0.5, 1.0]), np.array([], dtype=np.intp), np.empty((2, 0)))
EMPTY_CURVE = RankedCurve(np.array([], dtype=np.intp), *[np.array([])] * 3, cuts=())


def attention(size, theme):
    return attention_heatmap(causal(size), tokens=[" token"] * size, selected_row=size - 1, theme=theme)


FIGURES = {
    "losses": test_training.losses,
    "heads being born": test_training.births,
    "optimisation": test_training.optimisation,
    "students": test_training.students,
    "vocabularies": test_training.vocabularies,
    "bits a byte": test_training.bits,
    "hiding curves": test_hiding_curves.draw,
    "timeline of nothing": lambda theme: timeline([], selected=None, theme=theme),
    "timeline of 1": lambda theme: timeline(steps(1), selected=8, theme=theme),
    "timeline of 64": lambda theme: timeline(steps(64), selected=20, theme=theme),
    "timeline of 400": lambda theme: timeline(steps(400), selected=20, theme=theme),
    "attention of nothing": lambda theme: attention_heatmap(
        np.empty((0, 0)), tokens=[], selected_row=None, theme=theme
    ),
    "attention of 1": lambda theme: attention(1, theme),
    "attention of 64": lambda theme: attention(64, theme),
    "attention of 96": lambda theme: attention(96, theme),
    "attention of awkward tokens": lambda theme: attention_heatmap(
        causal(10), tokens=AWKWARD, selected_row=2, theme=theme
    ),
    "sweep of nothing": lambda theme: temperature_sweep_figure(
        EMPTY_SWEEP, labels=[], temperature=1.0, chosen=None, theme=theme
    ),
    "sweep of 1": lambda theme: temperature_sweep_figure(
        sweep(1), labels=["a"], temperature=1.0, chosen=0, theme=theme
    ),
    "sweep of 10": lambda theme: temperature_sweep_figure(
        sweep(10), labels=AWKWARD, temperature=0.7, chosen=3, theme=theme
    ),
    "ranking of nothing": lambda theme: ranked_probability_figure(
        EMPTY_CURVE, settings=SETTINGS, theme=theme
    ),
    "ranking": lambda theme: ranked_probability_figure(curve(SETTINGS), settings=SETTINGS, theme=theme),
    "first tokens of nothing": lambda theme: first_tokens_figure([], [], theme=theme),
    "first tokens": lambda theme: first_tokens_figure(
        [FirstToken(index, 1, 0.1, 0.02, 0.3, 0.1) for index in range(10)], AWKWARD, theme=theme
    ),
    "diversity of nothing": lambda theme: diversity_figure([], setting="temperature", theme=theme),
    "diversity": lambda theme: diversity_figure(
        [Tried(str(n), RolloutStatistics(4, 8, 2.0, -n, 3.0, 0.5, n / 9, 4), n < 8) for n in range(1, 9)],
        setting="temperature",
        theme=theme,
    ),
    "stages": lambda theme: test_chain.stages(theme, chosen=1, dice=3),
    "ladder of the dice": lambda theme: test_chain.cumulative(theme, chosen=5),
    "throws": test_chain.throws,
    "convergence of throws": test_chain.convergence,
    **test_layers.FIGURES,
    "neurons": test_neurons.draw,
    **{
        f"parts: {name}": lambda theme, name=name: test_part_effects.figures(theme)[name]
        for name in test_part_effects.figures(THEMES["light"])
    },
    **test_patching.FIGURES,
    **test_contrast.FIGURES,
    **test_neuron_effects.FIGURES,
    "ranks": lambda theme: rank_figure([90, 20, 5, 1], theme=theme),
    "ranks of nothing": lambda theme: rank_figure([0, 0, 0, 0], theme=theme),
    "ratios": lambda theme: ratio_figure(ratio_histogram([0.1, 1.0]), theme=theme),
    "entropies of 1": lambda theme: entropy_figure(entropy_histogram([3.0], 49_152), theme=theme),
    "placeholder": lambda theme: placeholder("Nothing yet", theme=theme),
}
every_figure = pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
every_theme = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


@every_theme
@every_figure
def test_every_figure_survives_the_way_to_the_browser(draw, theme):
    read = reread(draw(theme))
    assert read["layout"]["paper_bgcolor"] == read["layout"]["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert read["layout"]["height"] > 100
    assert read["layout"]["uirevision"]


@every_theme
@every_figure
def test_plotly_knows_every_property_of_a_figure_and_changes_no_number_of_it(draw, theme):
    figure = draw(theme)
    checked = json.loads(figure.checked().to_json())
    assert checked["data"] == json.loads(figure.to_json())["data"]


def test_a_property_that_plotly_does_not_know_is_refused():
    figure = base_figure(theme=THEMES["light"], height=200)
    figure.add_bar(x=[1], hight=[2])
    with pytest.raises(ValueError, match="hight"):
        figure.checked()


@every_figure
def test_every_figure_is_well_below_100_kb(draw):
    assert len(draw(THEMES["light"]).to_json().encode()) < 90_000


@every_figure
def test_hover_templates_have_no_braces_but_their_own_variables(draw):
    for trace in draw(THEMES["light"]).data:
        template = re.sub(
            r"%\{(x|y|z|fullData\.name|customdata\[\d\])(:[+,.\w%]+)?\}", "", trace.hovertemplate or ""
        )
        assert not re.search(r"[{}]", template)


@every_figure
def test_no_text_of_a_figure_is_left_unfilled(draw):
    figure = draw(THEMES["dark"])
    texts = [annotation.text for annotation in figure.layout.annotations]
    texts += [axis.title.text or "" for axis in (figure.layout.xaxis, figure.layout.yaxis)]
    assert not any(re.search(r"\{[a-z_]+\}", text.replace("%{x}", "")) for text in texts)


@every_figure
def test_a_finger_on_a_figure_scrolls_the_page(draw):
    assert draw(THEMES["light"]).layout.dragmode is False


def test_the_same_numbers_give_the_same_figure():
    for draw in FIGURES.values():
        assert draw(THEMES["light"]).to_json() == draw(THEMES["light"]).to_json()
