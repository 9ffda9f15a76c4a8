import numpy as np
import pytest

from tests.figures.samples import AWKWARD, AWKWARD_SAFE, causal, texts
from viz.figures.attention import MOST_LABELS, attention_heatmap
from viz.figures.theme import LIGHT


def draw(weights, tokens, selected_row=None, **window):
    return attention_heatmap(weights, tokens=tokens, selected_row=selected_row, theme=LIGHT, **window)


def test_cells_are_the_weights_below_the_diagonal_and_blank_above():
    weights = causal(9)
    drawn = draw(weights, ["a"] * 9).data[0].z
    below = np.tri(9, dtype=bool)
    assert np.array_equal(drawn[below], weights[below])
    assert np.isnan(drawn[~below]).all()


def test_a_window_is_blank_where_a_key_comes_after_its_query():
    drawn = draw(np.full((4, 6), 0.1), ["a"] * 20, first_row=10, first_column=8).data[0]
    assert (drawn.x0, drawn.y0, drawn.dx, drawn.dy) == (8, 10, 1, 1)
    assert np.isnan(drawn.z).sum(axis=1).tolist() == [3, 2, 1, 0]


def test_the_colour_scale_always_runs_from_0_to_1():
    heat = draw(causal(5) * 0.01, ["a"] * 5).data[0]
    assert (heat.zmin, heat.zmax) == (0, 1)
    assert list(heat.colorbar.tickvals) == [0, 0.25, 0.5, 0.75, 1]


def test_the_weights_given_are_not_changed():
    weights = np.full((3, 3), 0.5, dtype=np.float32)
    draw(weights, ["a"] * 3)
    assert (weights == 0.5).all()


def test_a_token_that_occurs_twice_has_two_ticks():
    layout = draw(causal(3), ["the", " cat", "the"]).layout
    for axis in (layout.xaxis, layout.yaxis):
        assert list(axis.tickvals) == [0, 1, 2]
        assert list(axis.ticktext) == ["the", "␣cat", "the"]


def test_awkward_tokens_are_visible_and_escaped_on_the_axes_and_in_the_hover():
    axis = draw(causal(len(AWKWARD)), AWKWARD).layout.xaxis
    assert list(axis.ticktext) == AWKWARD_SAFE
    assert list(axis.labelalias.values()) == AWKWARD_SAFE


@pytest.mark.parametrize("size", [1, 24, 25, 64, 96, 400])
def test_labels_never_crowd_and_the_selected_one_is_among_them(size):
    for selected in {0, size // 2, size - 1}:
        axis = draw(causal(size), [" token"] * size, selected).layout.yaxis
        assert len(axis.tickvals) <= MOST_LABELS
        assert selected in axis.tickvals
        assert len(set(np.diff(axis.tickvals))) <= 1
        assert len(axis.labelalias) == size


def test_long_tokens_are_shortened():
    label = draw(causal(1), ["x" * 500]).layout.xaxis.ticktext[0]
    assert len(label) <= 12
    assert label.endswith("…")


def test_time_runs_down_and_to_the_right():
    layout = draw(causal(9), ["a"] * 9).layout
    assert list(layout.yaxis.range) == [8.5, -0.5]
    assert list(layout.xaxis.range) == [-0.5, 8.5]


def test_the_frame_is_at_the_row_of_the_selected_query():
    frame = draw(causal(8)[3:], ["a"] * 8, 5, first_row=3).layout.shapes[0]
    assert (frame.y0, frame.y1) == (4.5, 5.5)
    assert (frame.x0, frame.x1) == (-0.5, 7.5)
    assert frame.line.color == LIGHT.glow


@pytest.mark.parametrize("selected", [None, -1, 2, 8])
def test_a_row_outside_the_window_is_not_framed(selected):
    figure = draw(causal(8)[3:], ["a"] * 8, selected, first_row=3)
    assert len(figure.layout.shapes) == 0
    assert len(texts(figure)) == 1


def test_the_note_names_the_token_that_the_selected_row_chose():
    tokens = [f" t{index}" for index in range(40)]
    assert "chooses “␣t6” here" in texts(draw(causal(40), tokens, 5))
    assert "chooses here" in texts(draw(causal(40), tokens, 39))


def test_the_note_stays_over_the_blank_half_and_points_down_to_a_full_row():
    early, late = (draw(causal(40), ["a"] * 40, row).layout.annotations[-1] for row in (5, 35))
    assert not early.showarrow
    assert late.showarrow
    assert (late.y, late.x, late.ax) == (34.5, 39.5, 39.5)
    assert late.ay < 20


def test_a_window_without_blank_room_has_no_note():
    figure = draw(causal(200)[150:], ["a"] * 200, 190, first_row=150)
    assert len(texts(figure)) == 1
    assert len(figure.layout.shapes) == 1
