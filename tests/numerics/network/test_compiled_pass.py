"""What is computed for all texts of a pass at once is what one text alone would get."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model.kernels.compiled_layers import compiled
from model.kernels.compiled_pass import Place, gathered, most_likely, recorded, summarised
from model.sampler.distribution import Softmax, Summary, leading
from model.sampler.sampling import draw, shaped
from model.sampler.settings import SamplerSettings

scores = arrays(
    np.float32,
    st.integers(1, 700),
    elements=st.one_of(st.integers(-3, 3).map(float), st.floats(-60, 60, width=32), st.just(-np.inf)),
)
"""Logits with many ties and with tokens that are ruled out."""


def known(logits: np.ndarray, count: int) -> Softmax:
    """Return a distribution with its summary."""
    (one,) = compiled(summarised)(torch.from_numpy(logits)[None], count)
    summary = Summary(one.largest, one.total, one.weighted, one.leading.numpy())
    return Softmax(one.logits.numpy(), summary=summary)


@given(scores, st.integers(1, 90))
def test_the_most_likely_tokens_are_those_of_the_sampler_ties_included(logits, count):
    found = compiled(most_likely)(torch.from_numpy(logits), count).tolist()
    assert found == leading(logits, min(count, len(logits))).tolist()


@given(scores)
def test_a_summary_says_what_a_distribution_would_find_out(logits):
    if not np.isfinite(logits).any():
        return
    ours, truth = known(logits, 64), Softmax(logits)
    assert ours.largest == truth.largest
    assert ours.log_partition == pytest.approx(truth.log_partition, abs=1e-6)
    assert ours.entropy_bits == pytest.approx(truth.entropy_bits, abs=2e-5)
    np.testing.assert_array_equal(ours.scores, logits)


@given(scores, st.sampled_from([1, 5, 0]), st.sampled_from([1.0, 0.6]), st.sampled_from([0.0, 0.8, 1.0]))
def test_the_sampler_comes_to_the_same_token_with_and_without_a_summary(logits, top_k, top_p, temperature):
    if not np.isfinite(logits).any():
        return
    settings = SamplerSettings(temperature=temperature, top_k=top_k, top_p=top_p)
    ours, truth = shaped(known(logits, 64), settings), shaped(Softmax(logits), settings)
    assert ours.kept == truth.kept
    np.testing.assert_allclose(ours.shaped, truth.shaped, atol=1e-6)
    for u in (0.0, 0.31, 0.77):
        token_id = draw(truth, u)
        edge = np.cumsum(truth.left.over_vocabulary[truth.token_ids])
        if np.abs(edge - u).min() > 1e-5:
            assert draw(ours, u) == token_id
        assert ours.rank(token_id) == truth.rank(token_id)


def test_logits_that_are_not_numbers_are_refused_with_a_summary_as_well():
    logits = np.array([1.0, np.nan, 2.0], np.float32)
    with pytest.raises(ValueError, match="not numbers"):
        shaped(known(logits, 2), SamplerSettings())


def test_rows_come_to_their_places_and_those_that_lead_to_no_number_are_told():
    rows = torch.arange(24.0).view(4, 6)
    rows[2, 5] = torch.nan
    rows[1, 0] = torch.inf  # outside the columns asked for
    blocks = [torch.zeros(3, 6), torch.zeros(2, 6)]
    places = [Place(blocks[0], 2, 1), Place(blocks[1], 0, 2), Place(blocks[0], 0, 1)]
    assert compiled(recorded)(rows, places, 4, 6) == [True, True, False, True]
    torch.testing.assert_close(blocks[0][2], rows[0])
    torch.testing.assert_close(blocks[1], rows[1:3], equal_nan=True)
    torch.testing.assert_close(blocks[0][0], rows[3])
    assert not blocks[0][1].any()
    torch.testing.assert_close(compiled(gathered)(places[::2], 1, 3), rows[[0, 3], 1:3])
