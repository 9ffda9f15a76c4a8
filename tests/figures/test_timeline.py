import numpy as np
import pytest

from tests.figures.samples import AWKWARD, AWKWARD_SAFE, steps
from viz.figures.theme import DARK, LIGHT
from viz.figures.timeline import timeline


def test_bars_are_the_surprisal_of_the_steps_at_their_positions():
    run = steps(12, first=8)
    bars = timeline(run, selected=None, theme=LIGHT).data[0]
    assert list(bars.x) == list(range(8, 20))
    assert list(bars.y) == [step.surprisal_bits for step in run]


@pytest.mark.parametrize("count", [1, 12, 400])
def test_each_level_of_the_entropy_line_spans_its_bar(count):
    run = steps(count, first=3)
    line = timeline(run, selected=None, theme=LIGHT).data[1]
    assert line.line.shape == "hv"
    assert list(line.x[:-1]) == [step.position - 0.5 for step in run]
    assert line.x[-1] == run[-1].position + 0.5
    assert list(line.y[:-1]) == [step.entropy_bits for step in run]


def test_the_selected_position_has_its_bar_in_the_accent():
    run = steps(12, first=8)
    figure = timeline(run, selected=11, theme=DARK)
    bar = figure.data[1]
    assert (list(bar.x), list(bar.y)) == ([11], [run[3].surprisal_bits])
    assert bar.marker.color == DARK.accent
    assert (figure.layout.shapes[0].x0, figure.layout.shapes[0].x1) == (10.5, 11.5)


@pytest.mark.parametrize("selected", [None, 0, 7, 20, -1])
def test_a_selection_outside_the_steps_highlights_nothing(selected):
    figure = timeline(steps(12, first=8), selected=selected, theme=LIGHT)
    assert len(figure.layout.shapes) == 0
    assert all(bar.marker.color != LIGHT.accent for bar in figure.data if bar.type == "bar")


def test_hovering_names_every_step_and_escapes_its_token():
    figure = timeline(steps(len(AWKWARD), tokens=AWKWARD), selected=None, theme=LIGHT)
    assert [row[0] for row in figure.data[-1].customdata] == AWKWARD_SAFE
    assert [row[3] for row in figure.data[-1].customdata] == list(range(1, len(AWKWARD) + 1))


@pytest.mark.parametrize(("first", "count"), [(0, 1), (0, 5), (8, 36), (200, 400), (7, 1000), (13, 1)])
def test_ticks_are_few_whole_and_inside_the_axis(first, count):
    axis = timeline(steps(count, first=first), selected=None, theme=LIGHT).layout.xaxis
    assert 1 <= len(axis.tickvals) <= 7
    assert all(isinstance(tick, int) and first <= tick < first + count for tick in axis.tickvals)
    assert sum("position" in text for text in axis.ticktext) == 1


def test_the_axis_reaches_over_the_highest_bar_and_line():
    run = steps(40)
    top = timeline(run, selected=None, theme=LIGHT).layout.yaxis.range[1]
    assert top > max(np.max([s.surprisal_bits for s in run]), np.max([s.entropy_bits for s in run]))
