"""The numbers behind the sampler's figures agree with the sampler."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model.sampler.effects import TEMPERATURES, Cut, ranked_curve, temperature_sweep
from model.sampler.sampling import shape
from model.sampler.settings import SamplerSettings

OFF = {"temperature": 1.0, "top_k": 0, "top_p": 1.0}
LOGITS = arrays(np.float32, st.integers(1, 30), elements=st.floats(-20, 20, width=32))


def logits_of(size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, size).astype(np.float32)


@given(LOGITS, st.data())
def test_the_sweep_shows_at_every_temperature_what_the_sampler_would_do_there(logits, data):
    followed = data.draw(st.lists(st.integers(0, len(logits) - 1), min_size=1, max_size=5, unique=True))
    sweep = temperature_sweep(logits, followed)
    for index in (0, 20, len(TEMPERATURES) - 1):
        settings = SamplerSettings(**OFF | {"temperature": float(TEMPERATURES[index])})
        expected = shape(logits, settings).shaped[followed]
        np.testing.assert_allclose(sweep.probabilities[index], expected, atol=1e-5)


@given(LOGITS)
def test_the_followed_tokens_and_all_others_make_one_at_every_temperature(logits):
    sweep = temperature_sweep(logits, [0])
    np.testing.assert_allclose(sweep.probabilities[:, 0] + sweep.others, 1, atol=1e-9)
    assert ((sweep.others >= 0) & (sweep.others <= 1)).all()


def test_the_sweep_of_all_tokens_leaves_nothing_to_others():
    sweep = temperature_sweep(logits_of(8), range(8))
    np.testing.assert_allclose(sweep.others, 0, atol=1e-6)
    assert sweep.probabilities.shape == (len(TEMPERATURES), 8)


def test_the_leading_token_only_loses_as_the_temperature_rises():
    logits = logits_of(50)
    sweep = temperature_sweep(logits, [int(logits.argmax())])
    assert (np.diff(sweep.probabilities[:, 0]) <= 1e-7).all()


def test_very_different_logits_and_ruled_out_tokens_give_numbers():
    logits = np.array([5e4, -5e4, -np.inf, 0], np.float32)
    np.testing.assert_array_equal(temperature_sweep(logits, range(4)).probabilities[-1], [1, 0, 0, 0])


@given(LOGITS, st.floats(0, 5), st.integers(0, 40), st.floats(0, 1), st.floats(0, 1))
def test_the_ranked_curve_falls_and_its_cumulative_reaches_one(logits, temperature, top_k, top_p, min_p):
    settings = SamplerSettings(temperature, top_k, top_p, min_p)
    shaped = shape(logits, settings)
    curve = ranked_curve(shaped)
    assert (np.diff(curve.ranks) > 0).all()
    assert (curve.ranks[0], curve.ranks[-1]) == (1, len(logits))
    assert (np.diff(curve.probabilities) <= 1e-15).all()
    assert (np.diff(curve.model_probabilities) <= 1e-15).all()
    assert curve.cumulative[-1] == pytest.approx(1)
    assert curve.probabilities[0] == pytest.approx(shaped.scaled.max())


def test_the_curve_of_a_large_vocabulary_is_sampled_and_exact_where_it_is():
    logits = logits_of(49_152)
    curve = ranked_curve(shape(logits, SamplerSettings(**OFF)))
    assert len(curve.ranks) < 400
    assert list(curve.ranks[:100]) == list(range(1, 101)), "every one of the first hundred"
    exact = np.sort(shape(logits, SamplerSettings(**OFF)).probabilities)[::-1]
    np.testing.assert_allclose(curve.probabilities, exact[curve.ranks - 1], rtol=1e-12)
    np.testing.assert_allclose(curve.cumulative, np.cumsum(exact)[curve.ranks - 1], rtol=1e-12)
    np.testing.assert_allclose(curve.model_probabilities, curve.probabilities)


def test_the_curve_has_a_point_at_every_cut_and_names_the_stages_in_order():
    settings = SamplerSettings(temperature=1.5, top_k=3001, top_p=0.9, min_p=0.001)
    shaped = shape(logits_of(49_152), settings)
    curve = ranked_curve(shaped)
    assert [cut.name for cut in curve.cuts] == ["top_k", "top_p", "min_p"]
    assert curve.cuts[0] == Cut("top_k", 3001)
    assert curve.cuts[-1].kept == shaped.kept
    assert {cut.kept for cut in curve.cuts} <= set(curve.ranks.tolist())
    kept = [cut.kept for cut in curve.cuts]
    assert kept == sorted(kept, reverse=True)


def test_the_curve_shows_the_distribution_after_penalty_and_temperature_beside_the_models_own():
    logits = np.array([2.0, 1.0, 0.0], np.float32)
    shaped = shape(logits, SamplerSettings(**OFF | {"temperature": 2.0, "repetition_penalty": 4.0}), [0])
    curve = ranked_curve(shaped)
    np.testing.assert_allclose(curve.probabilities, np.sort(shaped.scaled)[::-1])
    np.testing.assert_allclose(curve.model_probabilities, np.sort(shaped.probabilities)[::-1])
    assert shaped.scaled.argmax() == 1, "another token leads after the penalty"


def test_at_temperature_zero_one_token_holds_everything():
    curve = ranked_curve(shape(logits_of(300), SamplerSettings(temperature=0.0)))
    assert list(curve.probabilities[:3]) == [1, 0, 0]
    assert curve.cuts == ()
