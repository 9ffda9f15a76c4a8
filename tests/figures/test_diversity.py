import math

import pytest

from model.lab.rollout_statistics import RolloutStatistics
from tests.figures.samples import texts
from viz.figures.diversity import Tried, diversity_figure
from viz.figures.theme import DARK, LIGHT


def tried(label, logprob, distinct, *, whole=True, now=False):
    return Tried(label, RolloutStatistics(16, 80, 5.0, logprob, 3.0, 0.4, distinct, 15), whole, now)


POINTS = [tried("0.2", -1.0, 0.3), tried("0.8", -1.8, 0.7, now=True), tried("1.8", -4.0, 0.95, whole=False)]
NOTHING = Tried("2", RolloutStatistics(0, 0, *[math.nan] * 5, 0), whole=False)


def draw(points=POINTS, theme=LIGHT):
    return diversity_figure(points, setting="temperature", theme=theme)


def test_points_are_distinct_2_against_the_mean_logprob_in_the_order_of_the_values():
    (line,) = draw([*POINTS, NOTHING]).data
    assert (list(line.x), list(line.y)) == ([-1.0, -1.8, -4.0], [0.3, 0.7, 0.95])
    assert list(line.text) == ["<b>0.2</b>", "<b>0.8</b>", "<b>1.8</b>"]
    assert "lines" in line.mode, "they are connected"


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_page_s_own_value_glows_and_a_cancelled_one_is_hollow(theme):
    figure = draw(theme=theme)
    assert list(figure.data[0].marker.color) == [theme.accent, theme.glow, theme.card]
    assert {"the page’s sampler", "not all rollouts"} <= {
        part.split("</span>\u2009")[1] for part in texts(figure)[0].split("\u2003")
    }
    assert "sampler" not in texts(draw(POINTS[:1]))[0]


def test_points_close_together_have_their_labels_on_two_sides():
    close = draw([tried("1", -2.0, 0.5), tried("1.1", -2.01, 0.505), tried("5", -6.0, 0.9)]).data[0]
    assert close.textposition[0] != close.textposition[1]


def test_without_a_token_there_is_a_sentence():
    assert draw([NOTHING]).data == ()
    assert texts(draw([]))
