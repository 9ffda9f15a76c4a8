"""GLTR's histograms count every token once."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.interior.score_histograms import entropy_histogram, rank_counts, ratio_histogram

SHARES = st.lists(st.floats(0, 1))


def test_ranks_are_counted_by_powers_of_ten_and_each_bound_belongs_to_its_bucket():
    assert rank_counts([1, 10, 11, 100, 101, 1000, 1001, 49_152, 1]) == (3, 2, 2, 2)
    assert rank_counts([]) == (0, 0, 0, 0)


def test_ratios_are_counted_in_tenths_and_the_most_likely_token_in_the_last():
    found = ratio_histogram([0.0, 0.05, 0.95, 1.0, 1.0, 0.55])
    assert found.counts.tolist() == [2, 0, 0, 0, 0, 1, 0, 0, 0, 3]
    assert found.edges[[0, -1]].tolist() == [0, 1]


@pytest.mark.parametrize(("vocab_size", "bins"), [(49_152, 16), (65_536, 16), (65_537, 17), (2, 1)])
def test_entropies_are_counted_bit_by_bit_up_to_what_the_vocabulary_can_have(vocab_size, bins):
    found = entropy_histogram([0.0, 0.5, math.log2(vocab_size) + 1e-9], vocab_size)
    assert len(found.counts) == bins and found.edges.tolist() == list(range(bins + 1))
    assert found.counts[0] >= 2 and found.total == 3


@given(SHARES)
def test_every_value_is_counted_once(shares):
    assert ratio_histogram(shares).total == len(shares)
    assert entropy_histogram(np.array(shares) * 16, 65_536).total == len(shares)
    assert sum(rank_counts([1 + int(share * 1e5) for share in shares])) == len(shares)
