import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.interior.attention_view import strongest
from tests.figures.samples import AWKWARD, causal, texts
from viz.figures.attention_overview import MOST_SQUARES, attention_overview, block_of
from viz.figures.theme import LIGHT


def draw(size, selected=None, tokens=None):
    return attention_overview(
        causal(size), tokens=tokens or [f" {at}" for at in range(size)], selected_row=selected, theme=LIGHT
    )


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 9))
def test_a_square_is_the_strongest_of_its_weights(rows, columns, block):
    weights = np.random.default_rng(rows * columns).random((rows, columns)).astype(np.float32)
    squares = strongest(weights, block)
    for row, column in np.ndindex(squares.shape):
        here = weights[row * block : (row + 1) * block, column * block : (column + 1) * block]
        assert squares[row, column] == here.max()
    assert squares.shape == (-(-rows // block), -(-columns // block))


def test_a_square_of_nothing_is_blank_and_one_with_a_single_weight_is_that_weight():
    weights = np.full((4, 4), np.nan, dtype=np.float32)
    weights[3, 0] = 0.25
    assert np.array_equal(strongest(weights, 2), [[np.nan, np.nan], [0.25, np.nan]], equal_nan=True)


@pytest.mark.parametrize("size", [201, 450, 451, 1007, 2048])
def test_there_are_never_too_many_squares_and_their_middles_are_tokens(size):
    block = block_of(size)
    heat = draw(size).data[0]
    assert block % 2 == 1 and len(heat.z) <= MOST_SQUARES
    assert (heat.x0, heat.y0, heat.dx, heat.dy) == (block // 2, block // 2, block, block)


def test_the_squares_show_no_key_after_its_query():
    weights, block = causal(450), block_of(450)
    assert np.array_equal(
        draw(450).data[0].z, strongest(np.where(np.tri(450) > 0, weights, np.nan), block), equal_nan=True
    )


def test_the_weights_of_the_selected_query_are_there_one_by_one():
    row = draw(450, selected=300).data[1]
    assert (row.x0, row.dx, row.z.shape) == (0, 1, (1, 450))
    assert np.array_equal(row.z[0, :301], causal(450)[300, :301]) and np.isnan(row.z[0, 301:]).all()
    assert draw(450, selected=300).layout.shapes[0].y0 == 300


@pytest.mark.parametrize("selected", [None, -1, 450])
def test_without_a_selected_query_there_are_the_squares_alone(selected):
    assert len(draw(450, selected=selected).data) == 1


def test_pointing_names_the_tokens_of_a_square_and_the_single_token_of_the_row():
    layout = draw(450, selected=300).layout
    assert layout.xaxis.labelalias["1"] == "␣0␣1␣2"
    assert layout.xaxis2.labelalias["1"] == "␣1"


def test_awkward_tokens_are_escaped_everywhere():
    tokens = (AWKWARD * 30)[:250]
    figure = draw(250, selected=0, tokens=tokens)
    assert "“&lt;b&gt;” alone" in " ".join(texts(figure))
    assert not any("<b>" in alias for alias in figure.layout.xaxis.labelalias.values())


def test_a_text_of_any_length_travels_in_less_than_300_kb():
    size = 2048
    sent = draw(size, selected=size - 1, tokens=["从前有一个"] * size).to_json()
    assert len(sent.encode()) < 300_000
    assert json.loads(sent)["data"][0]["z"]["dtype"] == "f4"
