"""The figures of what parts did: their numbers, their scales, and what is not known yet."""

import numpy as np
import pytest

from tests.figures.samples import THEMES
from viz.figures.figure import Figure
from viz.figures.part_effects import LEAST, effect_map, layer_effects, weight_and_effect, weight_map
from viz.figures.theme import DARK, LIGHT, Theme, contrast

RNG = np.random.default_rng(3)
WEIGHTS = RNG.uniform(0, 1, (5, 4))
CHANGES = RNG.normal(0, 0.3, (5, 4))
CHANGES[0, 1:] = np.nan


def figures(theme: Theme) -> dict[str, Figure]:
    nothing, alone = np.full((3, 2), np.nan), np.full(3, np.nan)
    return {
        "weights": weight_map(WEIGHTS, theme=theme),
        "effects": effect_map(CHANGES, theme=theme),
        "effects of nothing": effect_map(nothing, theme=theme),
        "points": weight_and_effect(WEIGHTS, CHANGES, theme=theme),
        "points of nothing": weight_and_effect(nothing, nothing, theme=theme),
        "layers": layer_effects(CHANGES[:, 0], CHANGES[:, 1], theme=theme),
        "layers of nothing": layer_effects(alone, alone, theme=theme),
    }


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_maps_hold_every_number_and_nothing_lies_in_the_middle_of_the_scale(theme: Theme) -> None:
    drawn = figures(theme)
    (weights,) = drawn["weights"].data
    np.testing.assert_allclose(weights.z, WEIGHTS, atol=1e-6)
    (effects,) = drawn["effects"].data
    np.testing.assert_allclose(effects.z, CHANGES, atol=1e-6)
    assert effects.zmin == -effects.zmax == -np.nanmax(np.abs(CHANGES))
    (nothing,) = drawn["effects of nothing"].data
    assert nothing.zmax == LEAST


def test_points_are_the_heads_that_were_tried() -> None:
    (points,) = figures(LIGHT)["points"].data
    assert len(points.x) == 17
    for x, y, (layer, head) in zip(points.x, points.y, points.customdata, strict=True):
        assert (x, y) == (WEIGHTS[layer, head], CHANGES[layer, head])


def test_bars_are_the_layers_that_were_tried() -> None:
    attentions, mlps = figures(DARK)["layers"].data
    assert list(attentions.x) == list(CHANGES[:, 0])
    assert list(mlps.y) == [1, 2, 3, 4]


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_either_end_of_the_diverging_scale_stands_out_and_its_middle_does_not(theme: Theme) -> None:
    colours = [colour for _, colour in theme.diverging]
    middle = len(colours) // 2
    assert contrast(colours[middle], theme.card) < 1.3
    for end in (colours[0], colours[-1]):
        assert contrast(end, theme.card) > 4.5
    for one in (colours[:middle], colours[:middle:-1]):
        from_card = [contrast(colour, theme.card) for colour in one]
        assert from_card == sorted(from_card, reverse=True)
