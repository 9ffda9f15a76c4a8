import itertools

import numpy as np
import pytest

from model.sampler.settings import SamplerSettings
from tests.figures.samples import curve, sweep, texts
from viz.figures.band_labels import CHARACTER_WIDTH, PHONE_WIDTH, staggered
from viz.figures.ranked_probability import ranked_probability_figure
from viz.figures.temperature_sweep import temperature_sweep_figure
from viz.figures.theme import LIGHT

ALL_CUTS = SamplerSettings(temperature=0.8, top_k=40, top_p=0.9, min_p=0.05)


def draw(settings):
    return ranked_probability_figure(curve(settings), settings=settings, theme=LIGHT)


def lines(figure):
    return [shape.x0 for shape in figure.layout.shapes if shape.type == "line" and shape.x0 == shape.x1]


def test_curves_are_the_probabilities_and_the_cumulative_mass():
    figure, numbers = draw(ALL_CUTS), curve(ALL_CUTS)
    probability, cumulative, model = figure.data
    assert np.array_equal(probability.x, numbers.ranks)
    assert np.allclose(probability.y, numbers.probabilities)
    assert np.allclose(cumulative.y, numbers.cumulative)
    assert np.allclose(model.y, numbers.model_probabilities)


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        (SamplerSettings(temperature=1.0), 2),
        (SamplerSettings(temperature=0.5), 3),
        (SamplerSettings(temperature=1.0, repetition_penalty=1.3), 3),
    ],
)
def test_the_models_own_curve_is_drawn_only_where_it_differs(settings, count):
    figure = draw(settings)
    assert len(figure.data) == count
    assert ("model’s own" in texts(figure)[0]) == (count == 3)


def test_every_cut_is_a_line_just_after_the_last_rank_it_kept():
    cuts = curve(ALL_CUTS).cuts
    assert len(cuts) == 3
    assert lines(draw(ALL_CUTS)) == sorted(cut.kept + 0.5 for cut in cuts)


def test_where_xtc_excluded_leading_tokens_a_line_says_where_the_choice_begins():
    settings = SamplerSettings(temperature=0.8, top_k=40, xtc_probability=1.0, xtc_threshold=0.01)
    excluded = curve(settings).excluded
    figure = draw(settings)
    assert excluded > 0 and min(lines(figure)) == excluded + 0.5 and "XTC from here" in texts(figure)
    (left,) = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert left.x0 == excluded + 0.5 and left.x1 > left.x0


def test_every_cut_is_named_with_its_value():
    assert {"top-k 40", "top-p 0.9", "min-p 0.05"} <= set(texts(draw(ALL_CUTS)))


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        (ALL_CUTS, None),
        (SamplerSettings(temperature=1.0, top_k=0, top_p=1.0), 5000),
        (SamplerSettings(temperature=0.0), 1),
    ],
)
def test_the_shaded_region_ends_after_the_last_token_kept(settings, kept):
    region = next(shape for shape in draw(settings).layout.shapes if shape.type == "rect")
    assert region.x1 == (kept or curve(settings).cuts[-1].kept) + 0.5


def test_greedy_is_named_and_keeps_one():
    figure = draw(SamplerSettings(temperature=0.0, min_p=0.1))
    assert "greedy keeps 1" in texts(figure)
    assert lines(figure) == [1.5]


def test_the_min_p_floor_is_drawn_at_its_share_of_the_leading_probability():
    floor = 0.05 * curve(ALL_CUTS).probabilities[0]
    assert floor in [shape.y0 for shape in draw(ALL_CUTS).layout.shapes]
    assert f"min-p floor {floor:.2%}" in texts(draw(ALL_CUTS))


def test_the_rank_axis_is_logarithmic_with_whole_powers_of_ten():
    axis = draw(ALL_CUTS).layout.xaxis
    assert axis.type == "log"
    assert list(axis.tickvals) == [1, 10, 100, 1000]


def test_both_figures_of_the_panel_share_their_side_margins_and_height():
    sampled = temperature_sweep_figure(sweep(1), labels=["a"], temperature=1.0, chosen=None, theme=LIGHT)
    one, other = draw(ALL_CUTS).layout, sampled.layout
    assert (one.margin.l, one.margin.r, one.height) == (other.margin.l, other.margin.r, other.height)


@pytest.mark.parametrize(
    "ends", list(itertools.combinations_with_replacement([0.18, 0.4, 0.9, 1.6, 3.0, 4.6], 3))
)
def test_cut_labels_never_overlap_even_on_a_phone(ends):
    names = ["min-p 0.05", "top-p 0.95", "top-k 40"]
    places = staggered(ends, names, low=-0.1, high=4.75)
    scale = 4.85 / PHONE_WIDTH
    spans = []
    for end, name, (line, anchor) in zip(ends, names, places, strict=True):
        width = len(name) * CHARACTER_WIDTH * scale
        start = end if anchor == "left" else end - width
        assert start + width <= 4.75
        spans.append((line, start, start + width))
    for (line, a, b), (other, c, d) in itertools.combinations(spans, 2):
        assert line != other or b <= c or d <= a
