"""Contrast sets and the degeneration of a text, as they are drawn."""

import numpy as np
import pytest

from model.lab.degeneration import HIGH_SHARE, LOW_BITS, NGRAM, WINDOW, symptoms
from tests.figures.samples import AWKWARD, AWKWARD_SAFE, THEMES, texts
from viz.figures.contrast import COLOURS, MARKS, contrast_figure
from viz.figures.degeneration import said_before_figure, sliding_entropy_figure
from viz.figures.theme import LIGHT, contrast

LOGPROBS = np.array([[-1.0, -4.0], [-2.0, -3.0], [-6.5, -0.5]])
LOOPING = [*range(100, 130), *[1, 2, 3, 4, 5] * 10]
TOKENS = [AWKWARD[one % len(AWKWARD)] for one in LOOPING]
ENTROPIES = [5.0] * 20 + [0.1] * 40


def draw(theme, logprobs=LOGPROBS, fillers=("a", "b", "a"), continuations=(" he", " she")):
    return contrast_figure(logprobs, fillers, continuations, theme=theme)


def before(theme, ids=LOOPING):
    return said_before_figure(symptoms(ids, ENTROPIES[: len(ids)]), TOKENS, theme=theme)


def entropy(theme, entropies=ENTROPIES):
    return sliding_entropy_figure(symptoms(LOOPING, entropies), TOKENS, theme=theme)


FIGURES = {
    "contrast": draw,
    "contrast of nothing": lambda theme: draw(theme, LOGPROBS[:0], ()),
    "contrast of one": lambda theme: draw(theme, LOGPROBS[:1, :1], ("a",), (" he",)),
    "contrast of awkward words": lambda theme: draw(
        theme, -np.arange(1.0, 101).reshape(10, 10), AWKWARD, AWKWARD
    ),
    "said before": before,
    "said before in a short text": lambda theme: before(theme, LOOPING[:5]),
    "sliding entropy": entropy,
    "sliding entropy of nothing": lambda theme: entropy(theme, []),
}


def test_each_mark_is_a_logprob_at_its_filler():
    first, second = draw(LIGHT).data
    assert list(first.x) == [-1.0, -2.0, -6.5] and list(second.x) == [-4.0, -3.0, -0.5]
    assert list(first.y) == list(second.y) == [0, 1, 2]
    assert [row[1] for row in first.customdata] == ["36.8 %", "13.5 %", "0.15 %"]
    low, high = draw(LIGHT).layout.xaxis.range
    assert low < -6.5 and high > -0.5
    spans = [(line.x0, line.x1, line.y0) for line in draw(LIGHT).layout.shapes]
    assert spans == [(-4.0, -1.0, 0), (-3.0, -2.0, 1), (-6.5, -0.5, 2)]


def test_fillers_that_look_alike_keep_their_rows_and_are_escaped():
    figure = draw(LIGHT, -np.ones((10, 1)), AWKWARD, (" he",))
    assert [label.strip() for label in figure.layout.yaxis.ticktext] == AWKWARD_SAFE
    assert list(figure.layout.yaxis.tickvals) == list(range(10))


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_no_two_of_twelve_continuations_look_alike_and_all_are_seen(theme):
    figure = draw(theme, -np.ones((1, 12)), ("a",), [str(n) for n in range(12)])
    looks = {(trace.marker.color, trace.marker.symbol) for trace in figure.data}
    assert len(looks) == 12 and len(MARKS) * len(COLOURS[False]) >= 12
    assert all(contrast(trace.marker.color, theme.card) >= 3 for trace in figure.data)
    assert len(texts(figure)) == 3, "four in a line of the key"


def test_the_line_of_what_was_said_before_ends_at_everything_and_its_beginning_is_marked():
    found, figure = symptoms(LOOPING, ENTROPIES), before(LIGHT)
    (line,) = figure.data
    assert list(line.x) == list(range(WINDOW + NGRAM - 2, len(LOOPING))) and line.y[-1] == 1.0
    bound, begins = figure.layout.shapes
    assert (bound.y0, bound.y1) == (HIGH_SHARE, HIGH_SHARE)
    assert begins.x0 == begins.x1 == found.repeats_from


def test_entropy_stands_at_the_positions_of_the_whole_text():
    found, figure = symptoms(LOOPING, ENTROPIES), entropy(LIGHT)
    (line,) = figure.data
    assert list(line.x) == list(range(20 + WINDOW - 1, 80))
    assert line.y[0] == 5.0 and line.y[-1] == pytest.approx(0.1)
    bound, begins = figure.layout.shapes
    assert bound.y0 == LOW_BITS and begins.x0 == found.sure_from
    assert figure.layout.yaxis.range[1] > 5
    assert not entropy(LIGHT, [4.0] * 60).layout.shapes[1:], "nothing to mark"
