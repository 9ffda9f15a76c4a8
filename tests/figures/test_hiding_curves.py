"""Curves of hidden tokens: the numbers stand where they are, whatever the method is called."""

import numpy as np
import pytest

from tests.figures.samples import THEMES, reread, texts
from viz.figures.figure import Figure
from viz.figures.hiding_curves import HidingCurve, hiding_curves_figure
from viz.figures.theme import Theme

SHARES = np.array([0, 0.5, 1])


def curve(name: str, *values: float) -> HidingCurve:
    return HidingCurve(name, SHARES, np.array(values, dtype=float))


def draw(theme: Theme, *, shown_again: bool = False, difference: bool = False) -> Figure:
    return hiding_curves_figure(
        curve("LIME", -1, -3, -6),
        [curve("Occlusion", -1, -4, -6), curve("<b>", -1, -2, -6)],
        curve("Random order", -1, -3.5, -6),
        shown_again=shown_again,
        difference=difference,
        theme=theme,
    )


def test_every_curve_stands_at_its_numbers_and_the_chosen_one_on_top() -> None:
    data = reread(draw(THEMES["light"]))["data"]
    assert [trace["name"] for trace in data] == ["Occlusion", "<b>", "Random order", "LIME"]
    last = draw(THEMES["light"]).data[-1]
    assert list(last.x) == [0, 0.5, 1] and list(last.y) == [-1, -3, -6]
    assert data[-1]["line"]["width"] > max(trace["line"]["width"] for trace in data[:-1])
    assert data[2]["line"]["dash"] == "dot", "told apart without colour"


@pytest.mark.parametrize(
    ("shown_again", "difference", "x", "y"),
    [(False, False, "hidden", "logprob"), (True, True, "shown again", "logit difference")],
)
def test_axes_say_what_is_done_and_in_which_unit(shown_again: bool, difference: bool, x: str, y: str) -> None:
    layout = draw(THEMES["dark"], shown_again=shown_again, difference=difference).layout
    assert x in layout.xaxis.title.text and y in layout.yaxis.title.text and "nats" in layout.yaxis.title.text


def test_where_nothing_was_measured_a_sentence_stands() -> None:
    figure = hiding_curves_figure(
        None, [curve("LIME", 1, 2, 3)], None, shown_again=False, difference=False, theme=THEMES["light"]
    )
    assert not figure.data and "Measure" in " ".join(texts(figure))
