"""The sampler says what Transformers' own logits processors say, chained in the same order.

Logits are continuous random numbers or a real model's, so that none tie: where they do, Transformers
keeps all of them and this sampler exactly k. Transformers computes in the dtype it is given; float64
keeps its running sums for top-p away from the rounding edge, where one token more or less would differ.
"""

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from model.engine.engine import Engine
from model.sampler.sampling import shape
from model.sampler.settings import SamplerSettings
from tests.numerics.writing import PLENTY

TEXT = "Once upon a time there was a little robot. The little robot lived in a"
SETTINGS = st.builds(
    SamplerSettings,
    temperature=st.just(1.0) | st.floats(0.05, 5),
    top_k=st.integers(0, 400),
    top_p=st.just(1.0) | st.floats(0.01, 0.999),
    min_p=st.just(0.0) | st.floats(0.001, 0.999),
    repetition_penalty=st.just(1.0) | st.floats(0.1, 10),
)
REAL_SETTINGS = [
    SamplerSettings(),
    SamplerSettings(temperature=1.0, top_k=0, top_p=1.0),
    SamplerSettings(temperature=1.6, top_k=0, top_p=0.99),
    SamplerSettings(temperature=0.3, top_k=5, top_p=0.9, repetition_penalty=1.3),
    SamplerSettings(temperature=1.2, top_k=0, top_p=1.0, min_p=0.05),
    SamplerSettings(temperature=2.0, top_k=1000, top_p=0.8, min_p=0.01, repetition_penalty=0.8),
]


def by_transformers(logits, settings: SamplerSettings, text) -> np.ndarray:
    """Return (V,) probabilities after the processors and warpers that `generate` would build."""
    chain = LogitsProcessorList()
    if settings.repetition_penalty != 1.0:
        chain.append(RepetitionPenaltyLogitsProcessor(settings.repetition_penalty))
    if settings.temperature != 1.0:
        chain.append(TemperatureLogitsWarper(settings.temperature))
    if settings.top_k > 0:
        chain.append(TopKLogitsWarper(settings.top_k))
    if settings.top_p < 1.0:
        chain.append(TopPLogitsWarper(settings.top_p))
    if settings.min_p > 0.0:
        chain.append(MinPLogitsWarper(settings.min_p))
    scores = chain(torch.tensor([list(text)]), torch.from_numpy(logits.astype(np.float64))[None])
    return scores.softmax(-1)[0].numpy()


@given(st.integers(0, 2**32), st.sampled_from([3, 50, 300]), st.floats(0.1, 8), SETTINGS)
@example(0, 300, 3.0, SamplerSettings(temperature=1.0, top_k=1, top_p=0.01, min_p=0.999))
@hypothesis_settings(max_examples=300, deadline=None)
def test_shaped_distributions_equal_those_of_transformers_on_random_logits(seed, size, spread, settings):
    random = np.random.default_rng(seed)
    logits = random.normal(0, spread, size).astype(np.float32)
    text = random.integers(0, size, 10)
    ours = shape(logits, settings, text).shaped
    theirs = by_transformers(logits, settings, text)
    np.testing.assert_array_equal(ours > 0, theirs > 0)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.fixture(scope="module")
def real_logits(embedded_model):
    """The text, and (T, V) logits after each of its tokens."""
    text = embedded_model.encode(TEXT)
    with Engine(embedded_model, PLENTY) as engine:
        internals = engine.read(text)
    return text, np.stack([internals.logits(position) for position in range(len(text))])


@pytest.mark.embedded
@pytest.mark.parametrize("settings", REAL_SETTINGS, ids=str)
def test_shaped_distributions_equal_those_of_transformers_on_a_real_models_logits(real_logits, settings):
    text, logits = real_logits
    for position in range(0, len(text), 4):
        ours = shape(logits[position], settings, text[: position + 1]).shaped
        theirs = by_transformers(logits[position], settings, text[: position + 1])
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_where_logits_tie_transformers_keeps_all_and_this_sampler_exactly_k():
    logits, settings = np.zeros(5, np.float32), SamplerSettings(temperature=1.0, top_k=2, top_p=1.0)
    np.testing.assert_array_equal(shape(logits, settings).shaped, [0.5, 0.5, 0, 0, 0])
    np.testing.assert_allclose(by_transformers(logits, settings, []), np.full(5, 0.2))
