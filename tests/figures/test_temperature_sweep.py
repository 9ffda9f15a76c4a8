import numpy as np
import pytest

from tests.figures.samples import AWKWARD, AWKWARD_SAFE, THEMES, sweep, texts
from viz.figures.temperature_sweep import temperature_sweep_figure
from viz.figures.theme import LIGHT, contrast

LABELS = [" a", " the", "<b>", "\n", " an", " x"]


def draw(temperature=0.8, chosen=0, theme=LIGHT, labels=LABELS):
    return temperature_sweep_figure(
        sweep(len(labels)), labels=labels, temperature=temperature, chosen=chosen, theme=theme
    )


def test_bands_are_the_probabilities_and_their_stack_sums_to_1():
    figure, numbers = draw(), sweep()
    bands = np.array([band.y for band in figure.data])
    assert np.allclose(bands[:-1].T, numbers.probabilities, atol=1e-6)
    assert np.allclose(bands.sum(axis=0), 1, atol=1e-6)
    assert {band.stackgroup for band in figure.data} == {"probability"}
    assert np.allclose(figure.data[0].x, numbers.temperatures, atol=1e-4)


def test_names_are_escaped_and_the_last_band_is_all_others():
    names = [band.name for band in draw(labels=AWKWARD).data]
    assert names == [*AWKWARD_SAFE, "all others"]


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_the_band_of_the_chosen_token_is_the_only_one_in_the_accent(theme):
    fills = [band.fillcolor for band in draw(chosen=2, theme=theme).data]
    assert [fill == theme.accent_fill for fill in fills] == [False, False, True, False, False, False, False]
    assert theme.accent_fill not in [band.fillcolor for band in draw(chosen=None, theme=theme).data]


@pytest.mark.parametrize(("temperature", "at"), [(0.8, 0.8), (0.0, 0.05), (5.0, 2.0)])
def test_the_marker_is_at_the_temperature_or_the_edge_nearest_to_it(temperature, at):
    marker = draw(temperature).layout.shapes[0]
    assert marker.x0 == marker.x1 == pytest.approx(at)
    assert marker.line.color == LIGHT.glow


def test_temperature_0_says_greedy_and_claims_no_percentages():
    said = texts(draw(0.0))
    assert "temperature 0: greedy" in said
    assert not any("%" in text for text in said)


def test_labels_carry_the_probability_at_the_marker():
    numbers = sweep()
    share = np.interp(0.8, numbers.temperatures, numbers.probabilities[:, 0])
    assert f"␣a {share:.0%}" in texts(draw())


@pytest.mark.parametrize("temperature", [0.0, 0.05, 0.3, 0.8, 1.0, 1.6, 2.0, 4.0])
def test_labels_stand_inside_their_own_band_and_read_well_on_it(temperature):
    for theme in THEMES.values():
        figure = draw(temperature, chosen=1, theme=theme)
        tops = np.cumsum([band.y for band in figure.data], axis=0)
        names = [band.name for band in figure.data]
        for label in figure.layout.annotations[1:]:
            index = next(i for i, name in enumerate(names) if label.text.startswith(name))
            column = int(np.argmin(np.abs(figure.data[0].x - label.x)))
            below = tops[index - 1][column] if index else 0.0
            assert below + 0.03 < label.y < tops[index][column] - 0.03
            assert contrast(label.font.color, figure.data[index].fillcolor) >= 4.5


def test_a_thin_band_has_no_label():
    thin = sweep().probabilities[:, 5].max()
    assert thin < 0.1
    assert not any("␣x" in text for text in texts(draw()))
