"""Kendall's tau against a count by hand, and what its interval holds."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from model.interventions.rank_agreement import RESAMPLES, _resampled, rank_agreement


def by_hand(one: list[int], other: list[int]) -> float:
    """Tau-b by its definition (Kendall 1945)."""
    agreeing = tied_one = tied_other = 0
    pairs = list(combinations(range(len(one)), 2))
    for a, b in pairs:
        first, second = np.sign(one[a] - one[b]), np.sign(other[a] - other[b])
        agreeing += first * second
        tied_one += first == 0
        tied_other += second == 0
    return agreeing / ((len(pairs) - tied_one) * (len(pairs) - tied_other)) ** 0.5


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=5, max_size=12))
def test_tau_counts_the_pairs_that_stand_in_the_same_order(pairs: list[tuple[int, int]]) -> None:
    one, other = (list(some) for some in zip(*pairs, strict=True))
    found = rank_agreement(np.array(one, dtype=float), np.array(other, dtype=float))
    if len(set(one)) == 1 or len(set(other)) == 1:
        assert found is None
        return
    assert found is not None
    assert found.tau == pytest.approx(by_hand(one, other))
    assert -1 <= found.low <= found.high <= 1


def test_of_unrelated_orders_about_one_interval_in_twenty_misses_zero() -> None:
    rng = np.random.default_rng(0)
    found = [rank_agreement(*rng.normal(size=(2, 40))) for _ in range(400)]
    missed = sum(not one.low <= 0 <= one.high for one in found if one is not None)
    assert 8 <= missed <= 32


def test_the_interval_is_that_of_samples_drawn_token_by_token() -> None:
    rng = np.random.default_rng(7)
    first, second = rng.normal(size=9), rng.normal(size=9).round(0)
    taus = _resampled(first, second)
    counts = np.random.default_rng(0).multinomial(9, np.full(9, 1 / 9), RESAMPLES)
    for row in (0, 1, 500, 999):
        drawn = np.repeat(np.arange(9), counts[row])
        assert taus[row] == pytest.approx(kendalltau(first[drawn], second[drawn]).statistic)


def test_of_fewer_than_four_nothing_is_said() -> None:
    assert rank_agreement(np.arange(3.0), np.arange(3.0)) is None
