import pytest

from model.lab.rollout_statistics import FirstToken
from tests.figures.samples import AWKWARD, AWKWARD_SAFE, texts
from viz.figures.first_tokens import first_tokens_figure
from viz.figures.theme import LIGHT

ROWS = [
    FirstToken(3, 8, 0.5, 0.28, 0.72, 0.55),
    FirstToken(5, 8, 0.5, 0.28, 0.72, 0.2),
    FirstToken(7, 0, 0.0, 0.0, 0.19, 0.1),
]


def draw(rows=ROWS, labels=(" a", " a", " b")):
    return first_tokens_figure(rows, labels, theme=LIGHT)


def test_bars_are_probabilities_and_dots_the_shares_with_their_bands():
    bars, dots = draw().data
    assert list(bars.x) == [0.55, 0.2, 0.1] and list(dots.x) == [0.5, 0.5, 0.0]
    numbers = (dots.x, dots.error_x.arrayminus, dots.error_x.array)
    ends = [(x - less, x + more) for x, less, more in zip(*numbers, strict=True)]
    assert [end for pair in ends for end in pair] == pytest.approx([0.28, 0.72, 0.28, 0.72, 0.0, 0.19])
    assert [row[1] for row in dots.customdata] == [8, 8, 0]


def test_a_band_that_misses_its_probability_glows_and_is_explained():
    figure = draw()
    assert list(figure.data[1].marker.color) == [LIGHT.accent, LIGHT.glow, LIGHT.accent]
    assert "misses" in texts(figure)[0]
    assert "misses" not in texts(draw(ROWS[:1], [" a"]))[0]


def test_tokens_that_look_alike_keep_their_rows_and_are_escaped():
    assert list(draw().layout.yaxis.tickvals) == [0, 1, 2]
    shown = draw([ROWS[0]] * len(AWKWARD), AWKWARD).layout.yaxis.ticktext
    assert [label.strip() for label in shown] == AWKWARD_SAFE


def test_the_axis_holds_every_band_and_every_bar():
    assert draw().layout.xaxis.range[1] >= 0.72
    sure = FirstToken(1, 16, 1.0, 0.8, 1.0, 1.0)
    assert draw([sure], ["a"]).layout.xaxis.range == (0, 1.0)
    unseen = FirstToken(1, 0, 0.0, 0.0, 1.0, 0.3)
    assert draw([unseen], ["a"]).layout.xaxis.range == (0, 1.0)
