import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model.interior.attention_view import hide_first, window
from tests.figures.samples import causal

sizes = st.integers(1, 40)


@given(sizes)
def test_rows_without_the_first_token_sum_to_1_again_except_row_0(size):
    hidden = hide_first(causal(size))
    assert (hidden[:, 0] == 0).all()
    assert np.allclose(hidden[1:].sum(axis=1), 1, atol=1e-5)
    assert (hidden[0] == 0).all()


@given(sizes.filter(lambda size: size > 2))
def test_hiding_keeps_the_proportions_of_the_other_weights(size):
    weights = causal(size)
    hidden = hide_first(weights)
    assert np.allclose(hidden[2:, 1] * weights[2:, 2], hidden[2:, 2] * weights[2:, 1], atol=1e-6)


def test_a_row_that_looked_at_the_first_token_alone_stays_empty():
    assert hide_first(np.array([[1.0, 0.0], [1.0, 0.0]])).tolist() == [[0, 0], [0, 0]]


def test_hiding_leaves_nan_and_the_array_given_alone():
    weights = np.array([[1.0, np.nan, np.nan], [0.5, 0.5, np.nan], [0.5, 0.2, 0.3]], dtype=np.float32)
    before = weights.copy()
    hidden = hide_first(weights)
    assert np.array_equal(np.isnan(hidden), np.isnan(weights))
    assert np.allclose(hidden[2], [0, 0.4, 0.6])
    assert hidden.dtype == np.float32
    assert np.array_equal(weights, before, equal_nan=True)


def test_hiding_takes_an_empty_matrix():
    assert hide_first(np.empty((0, 0))).shape == (0, 0)


@given(st.integers(1, 5000), st.data(), st.integers(1, 200))
def test_a_window_lies_in_the_text_is_full_and_holds_the_selected_position(length, data, size):
    selected = data.draw(st.integers(0, length - 1))
    positions = window(length, selected, size)
    assert positions.start >= 0
    assert positions.stop <= length
    assert len(positions) == min(size, length)
    assert selected in positions


@given(st.integers(0, 50), st.integers(-100, 100), st.integers(-5, 60))
def test_a_window_never_leaves_the_text_whatever_is_asked(length, selected, size):
    positions = window(length, selected, size)
    assert all(0 <= position < length for position in positions)
    assert len(positions) == min(max(1, size), length)


def test_a_window_shows_more_of_the_past_than_of_the_future():
    positions = window(1000, 500, 64)
    assert positions == range(452, 516)
