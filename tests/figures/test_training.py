"""Figures of trainings: losses, heads, students, vocabularies, bits a byte, at their numbers."""

import math

import numpy as np
import pytest

from model.training.progress import MEASURES, Point
from model.training.tokenizers import CurvePoint
from tests.figures.samples import THEMES, texts
from viz.figures.bits_per_byte import Measured, bits_per_byte_figure
from viz.figures.figure import Figure
from viz.figures.head_births import head_births_figure, leading
from viz.figures.loss_curves import (
    MOST_POINTS,
    loss_curves_figure,
    optimisation_figure,
    text_losses_figure,
    thinned,
)
from viz.figures.students import students_figure
from viz.figures.theme import Theme
from viz.figures.tokens_per_character import tokens_per_character_figure

LIGHT = THEMES["light"]


def points(count: int) -> list[Point]:
    return [Point(step, 6 - step / count, 1e-3, 1.5, 8200.0, step * 0.25) for step in range(1, count + 1)]


def heads() -> list[tuple[int, dict[str, np.ndarray]]]:
    dice = np.random.default_rng(0)
    return [(step, {name: dice.uniform(0, 1, (2, 3)) for name in MEASURES}) for step in (0, 10, 20)]


def losses(theme: Theme) -> Figure:
    return loss_curves_figure(points(30), [(0, 6.1), (30, 5.2)], chance=math.log(512), steps=40, theme=theme)


def births(theme: Theme) -> Figure:
    return head_births_figure(heads(), steps=40, theme=theme)


def optimisation(theme: Theme) -> Figure:
    return optimisation_figure(points(30), theme=theme)


def students(theme: Theme) -> Figure:
    return students_figure([(0, 6.0), (10, 5.0)], [(0, 6.0), (10, 5.5)], theme=theme)


def vocabularies(theme: Theme) -> Figure:
    return tokens_per_character_figure([CurvePoint(257, 1.0), CurvePoint(512, 0.4)], theme=theme)


def bits(theme: Theme) -> Figure:
    rows = [Measured("<b>early</b>", 4.0, 3.8, 4.3), Measured("late", 2.0, None, None)]
    return bits_per_byte_figure(rows, theme=theme)


def test_the_curves_of_the_loss_stand_at_their_numbers_up_to_the_last_step_that_is_asked_for():
    figure = losses(LIGHT)
    training, validation = figure.data
    assert list(training.x) == list(range(1, 31)) and training.y[-1] == pytest.approx(5.0)
    assert (list(validation.x), list(validation.y)) == ([0, 30], [6.1, 5.2])
    assert validation.line.dash == "dot", "told apart without colour"
    assert figure.layout.shapes[0].y0 == pytest.approx(math.log(512))
    assert figure.layout.xaxis.range == (0, 40) and "nats" in figure.layout.yaxis.title.text


def test_a_loss_that_is_no_number_is_a_gap():
    broken = [*points(3), Point(4, math.nan, 1e-3, math.nan, 1.0, 1.0)]
    assert loss_curves_figure(broken, [], chance=None, theme=LIGHT).data[0].y[-1] is None
    assert optimisation_figure(broken, theme=LIGHT).data[1].y[-1] is None


def test_a_long_training_is_thinned_and_keeps_its_last_point():
    some = thinned(points(5 * MOST_POINTS))
    assert len(some) <= MOST_POINTS + 1 and some[-1].step == 5 * MOST_POINTS


def test_a_step_is_marked_where_it_is_asked_for():
    figure = text_losses_figure([(0, 3.0), (10, 2.0)], marked=10, theme=LIGHT)
    assert figure.layout.shapes[0].x0 == figure.layout.shapes[0].x1 == 10


def test_every_head_has_a_line_in_each_row_and_the_one_that_leads_at_last_is_thick_and_named():
    found = heads()
    figure = births(LIGHT)
    assert len(figure.data) == len(MEASURES) * 6
    for row, measure in enumerate(MEASURES):
        some = figure.data[row * 6 : row * 6 + 6]
        layer, head = leading(found[-1][1][measure])
        assert some[-1].line.width > max(one.line.width for one in some[:-1])
        assert list(some[-1].y) == pytest.approx(
            [scores[measure][layer, head] for _, scores in found], abs=1e-4
        )
        assert any(f"L{layer} H{head}" in text for text in texts(figure))


def test_rows_share_the_steps_and_have_axes_of_their_own():
    figure = optimisation(LIGHT)
    assert [trace.yaxis for trace in figure.data] == ["y", "y2", "y3"]
    assert [trace.y[0] for trace in figure.data] == [1e-3, 1.5, 8200.0]
    domains = [figure.layout[name].domain for name in ("yaxis", "yaxis2", "yaxis3")]
    assert domains[0][0] > domains[1][1] > domains[1][0] > domains[2][1]


def test_both_students_stand_at_their_losses():
    alone, taught = students(LIGHT).data
    assert (list(alone.y), list(taught.y)) == ([6.0, 5.5], [6.0, 5.0])
    assert alone.line.dash == "dot"


def test_a_vocabulary_stands_at_its_tokens_a_character():
    assert list(vocabularies(LIGHT).data[0].x) == [257, 512]
    assert list(vocabularies(LIGHT).data[0].y) == [1.0, 0.4]


def test_bits_a_byte_have_their_intervals_and_the_best_is_marked():
    (dots,) = bits(LIGHT).data
    assert list(dots.x) == [4.0, 2.0]
    assert list(dots.error_x.array) == pytest.approx([0.3, 0]) and dots.error_x.arrayminus[
        0
    ] == pytest.approx(0.2)
    assert list(dots.marker.color) == [LIGHT.quiet, LIGHT.accent]
    assert "&lt;b&gt;early" in bits(LIGHT).layout.yaxis.ticktext[0]


@pytest.mark.parametrize(
    "figure",
    [
        loss_curves_figure([], [], chance=None, theme=LIGHT),
        optimisation_figure([], theme=LIGHT),
        text_losses_figure([], marked=0, theme=LIGHT),
        head_births_figure([], theme=LIGHT),
        students_figure([], [], theme=LIGHT),
        tokens_per_character_figure([], theme=LIGHT),
        bits_per_byte_figure([], theme=LIGHT),
    ],
)
def test_where_there_is_nothing_yet_a_sentence_stands(figure):
    assert not figure.data and texts(figure)
