"""Queries and keys of a head: their softmax is the attention of Transformers."""

import numpy as np
import pytest
import torch

from model.engine.engine import Engine
from model.interior.queries_keys import queries_and_keys
from model.numbers import OutOfRange
from tests.numerics.writing import PLENTY, byte_ids
from tests.tiny import tiny_transformer

LENGTH = 12


def test_scaled_products_make_the_weights(tiny_models):
    info, token_ids = tiny_models.info, byte_ids(LENGTH)
    architecture = info.name.removeprefix("tiny-")
    transformer = tiny_transformer(architecture)
    transformer.set_attn_implementation("eager")
    with torch.inference_mode():
        truth = transformer(torch.tensor([list(token_ids)]), output_attentions=True).attentions
    with Engine(tiny_models, PLENTY) as engine:
        internals = engine.read(token_ids)
        for layer in range(info.layers):
            for head in range(info.heads):
                met = queries_and_keys(internals, layer, head, LENGTH)
                scores = met.scaling * (met.queries[:, None] * met.keys[None]).sum(axis=-1)
                powers = np.tril(np.exp(scores - scores.max(axis=1, keepdims=True)))
                weights = powers / powers.sum(axis=1, keepdims=True)
                assert np.abs(weights - truth[layer][0, head].numpy()).max() < 2e-4
        for wrong in ((info.layers, 0), (0, info.heads), (-1, 0), (0, 0.5)):
            with pytest.raises(OutOfRange):
                queries_and_keys(internals, *wrong, 3)
    assert info.rotary == (architecture not in ("gpt2", "opt"))
