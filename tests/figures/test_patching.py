"""The map of activation patching: its numbers, its scale, and its places."""

import numpy as np
import pytest

from tests.figures.samples import AWKWARD, AWKWARD_SAFE, THEMES
from viz.figures.figure import Figure
from viz.figures.patching import heads_figure, positions_figure, reach
from viz.figures.theme import Theme

CLEAN = ["The", " capital", " of", " Italy", " is"]
CORRUPTED = ["The", " capital", " of", " Japan", " is"]
VALUES = np.array([[0, 0, 0, 1.0, 0.1], [0, 0, 0, 0.4, -0.3], [0, 0, 0, np.nan, np.nan]], dtype=np.float32)


def draw(theme: Theme, first: int = 0, chosen: tuple[int, int] | None = None) -> Figure:
    return positions_figure(
        VALUES, site="residual", clean=CLEAN, corrupted=CORRUPTED, first=first, chosen=chosen, theme=theme
    )


def awkward(theme: Theme) -> Figure:
    return positions_figure(
        np.full((2, len(AWKWARD)), 0.5), site="mlp", clean=AWKWARD, corrupted=AWKWARD[::-1], first=0,
        chosen=None, theme=theme,
    )  # fmt: skip


def large(theme: Theme) -> Figure:
    tokens = [" token"] * 66
    return positions_figure(
        np.random.default_rng(1).normal(0, 1, (30, 66)), site="attention", clean=tokens, corrupted=tokens,
        first=2, chosen=(3, 40), theme=theme,
    )  # fmt: skip


def heads(theme: Theme) -> Figure:
    return heads_figure(np.linspace(-0.2, 0.1, 12).reshape(3, 4), chosen=(2, 1), theme=theme)


def nothing(theme: Theme) -> Figure:
    return heads_figure(np.empty((0, 0)), chosen=None, theme=theme)


FIGURES = {
    "patching of positions": draw,
    "patching of awkward tokens": awkward,
    "patching of many positions": large,
    "patching of heads": heads,
    "patching of nothing": nothing,
}
every_theme = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


@every_theme
def test_the_map_has_every_value_and_zero_in_the_middle_of_its_colours(theme: Theme) -> None:
    (heat,) = draw(theme).data
    np.testing.assert_array_equal(np.asarray(heat.z), VALUES)
    assert (heat.zmin, heat.zmax) == (-1, 1)
    scale = dict(heat.colorscale)
    assert scale[0.5] == dict(theme.diverging)[0.5]


def test_a_token_that_differs_is_named_in_both_prompts_and_stands_out() -> None:
    figure = draw(THEMES["light"])
    labels = list(figure.layout.xaxis.ticktext)
    assert "␣Italy / ␣Japan" in labels[3] and "<b" in labels[3]
    assert labels[2] == "␣of" and list(figure.layout.xaxis.tickvals) == [0, 1, 2, 3, 4]
    places = figure.plan["meta"]["places"]["x"]
    assert places["3"] == " Italy /  Japan" and places["4"] == " is"


def test_tokens_are_safe_in_labels() -> None:
    labels = list(awkward(THEMES["light"]).layout.xaxis.ticktext)
    assert f"{AWKWARD_SAFE[0]} / {AWKWARD_SAFE[-1]}" in labels[0]


def test_the_map_can_begin_later_and_frames_the_chosen_place() -> None:
    figure = draw(THEMES["dark"], first=2, chosen=(1, 3))
    (heat,) = figure.data
    assert heat.x0 == 2 and np.asarray(heat.z).shape == (3, 3)
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (2.5, 3.5, 0.5, 1.5)
    assert not draw(THEMES["dark"], first=2, chosen=(1, 0)).layout.shapes, "a place that is not on it"


def test_labels_of_a_long_map_keep_apart_and_heads_are_numbered() -> None:
    assert len(large(THEMES["light"]).layout.xaxis.tickvals) <= 32
    assert heads(THEMES["light"]).layout.xaxis.title.text == "head"


@pytest.mark.parametrize(
    ("largest", "end"), [(0.0, 0.05), (0.04, 0.05), (0.3, 0.5), (1.001, 1.0), (-1.4, 2.0), (30.0, 2.0)]
)
def test_the_scale_ends_where_all_values_fit_but_for_outliers(largest: float, end: float) -> None:
    assert reach(np.array([0.0, np.nan, largest])) == end
    assert reach(np.array([np.nan])) == 0.05
