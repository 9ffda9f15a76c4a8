"""Other dice at one step, and the ladder of tokens on which dice fall."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.sampler.goodness_of_fit import wilson
from model.sampler.ladder import ladder
from model.sampler.sampling import draw, shape
from model.sampler.settings import SamplerSettings
from model.sampler.throws import MOST_THROWS, expected_distance, no_throws, shares, throw

LOGITS = np.random.default_rng(5).normal(0, 2, 300).astype(np.float32)
SHAPED = shape(LOGITS, SamplerSettings(top_k=20, top_p=0.95))


def dice(seed=1):
    return np.random.default_rng(seed)


def test_a_throw_is_what_the_sampler_draws_with_the_same_number():
    for seed in range(40):
        thrown = throw(no_throws(SHAPED, "here"), 1, dice(seed))
        assert thrown.last_u == dice(seed).random() and thrown.last == draw(SHAPED, thrown.last_u)
        assert thrown.counts.sum() == thrown.total == 1 and thrown.place == "here"


def test_many_throws_at_once_are_the_same_as_one_after_the_other():
    at_once = throw(no_throws(SHAPED, 0), 137, dice())
    one_by_one, same = no_throws(SHAPED, 0), dice()
    for _ in range(137):
        one_by_one = throw(one_by_one, 1, same)
    assert np.array_equal(at_once.counts, one_by_one.counts)
    assert at_once.noted == one_by_one.noted and at_once.last == one_by_one.last
    assert at_once.last_u == one_by_one.last_u == dice().random(137)[-1]
    assert [total for total, _ in at_once.noted] == [1, 2, 5, 10, 20, 50, 100]


def test_shares_come_near_the_probabilities_as_chance_says():
    thrown = throw(no_throws(SHAPED, 0), 100_000, dice())
    assert thrown.distance < 3 * expected_distance(thrown.probabilities, np.array([1e5]))[0] < 0.02
    assert thrown.fit.p_value > 1e-4
    for row in shares(thrown, 5):
        assert (row.low, row.high) == wilson(row.count, 100_000) and row.low <= row.share <= row.high


def test_there_is_an_end_to_throwing():
    nearly = throw(no_throws(SHAPED, 0), MOST_THROWS - 3, dice())
    full = throw(nearly, 10_000, dice())
    assert full.total == MOST_THROWS
    assert throw(full, 1, dice()) is full


def test_what_chance_leaves_is_the_mean_over_many_series():
    probabilities = no_throws(SHAPED, 0).probabilities
    for total in (100, 1000):
        found = np.mean([throw(no_throws(SHAPED, 0), total, dice(seed)).distance for seed in range(150)])
        assert found == pytest.approx(expected_distance(probabilities, np.array([float(total)]))[0], rel=0.08)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1, exclude_max=True), st.integers(1, 30), st.integers(0, 299), st.floats(0.1, 3))
def test_the_dice_fall_on_the_rung_whose_stretch_holds_u(u, most, other, temperature):
    here = shape(LOGITS, SamplerSettings(temperature=temperature, top_k=0, top_p=0.99))
    token_id = draw(here, u)
    rungs = ladder(here, most=most, marked=[token_id, other])
    (rung,) = [rung for rung in rungs if rung.token_id == token_id]
    assert rung.low - 1e-12 <= u <= rung.high + 1e-12
    assert rung.probability == pytest.approx(here.probability(token_id), abs=1e-12)
    assert sum(rung.count for rung in rungs) == here.kept
    assert rungs[0].low == 0 and rungs[-1].high == pytest.approx(1)
    assert all(one.high == two.low and one.first + one.count == two.first
               for one, two in pairwise(rungs))  # fmt: skip
