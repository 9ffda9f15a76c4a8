"""The parts of a logit add up to it, and each is what Transformers' own module of that part makes."""

from itertools import chain

import numpy as np
import pytest
import torch

from model.engine.engine import Engine
from model.interior.attribution import attribution
from model.interior.lens import lens
from model.kernels.formats import PACKED, WHOLE, packs
from tests.conftest import TINY_ARCHITECTURES
from tests.numerics.architectures import GROUPED, built, language_model
from tests.numerics.dissected import (
    Dissected,
    dissected,
    internals_of,
    lively_transformer,
    prepared,
)
from tests.numerics.writing import PLENTY

POSITION = 7
TOKEN, AGAINST = 40, 3
FORMATS = {"float16 weights": 1e-5, "int8 weights": 0.05, "bfloat16": 0.05, "float16": 0.01}
"""How far the sum may lie from the logit, relative to the spread of logits: most round all they compute."""


@pytest.fixture(scope="module", params=TINY_ARCHITECTURES)
def text(request) -> Dissected:
    return dissected(request.param)


def moved(text: Dissected, vectors: torch.Tensor) -> np.ndarray:
    """Return (n,) logits of the token that (n, width) vectors make through the norm as it is at the end."""
    norm, stream = text.norm, text.stream[-1, POSITION]
    if isinstance(norm, torch.nn.LayerNorm):
        scale = (stream.var(correction=0) + norm.eps).rsqrt()
        vectors = vectors - vectors.mean(-1, keepdim=True)
    else:
        scale = (stream.square().mean() + norm.variance_epsilon).rsqrt()
    return (vectors * scale * norm.weight @ text.lm_head.weight[TOKEN]).detach().numpy()


def spread(text: Dissected) -> float:
    return float(text.logits[POSITION].std())


def test_the_parts_add_up_to_the_logit(text):
    found = attribution(text.internals, POSITION, TOKEN)
    truth = float(text.logits[POSITION, TOKEN])
    assert found.logit == pytest.approx(truth, abs=1e-4)
    assert found.total == pytest.approx(truth, abs=1e-4 * spread(text))
    for layer in found.layers:
        assert layer.attention + layer.mlp == pytest.approx(layer.total, abs=1e-6)
        assert sum(layer.heads) + layer.attention_bias == pytest.approx(layer.attention, abs=1e-5)


def test_embedding_attention_and_mlp_moved_it_as_the_modules_of_transformers_did(text):
    found = attribution(text.internals, POSITION, TOKEN)
    assert found.embedding == pytest.approx(moved(text, text.stream[:1, POSITION])[0], abs=1e-4)
    for name, vectors in {"attention": text.attention, "mlp": text.mlp}.items():
        ours = [getattr(layer, name) for layer in found.layers]
        np.testing.assert_allclose(ours, moved(text, vectors[:, POSITION]), atol=2e-4, err_msg=name)
    bias = getattr(text.norm, "bias", None)
    of_norm = 0 if bias is None else float((bias @ text.lm_head.weight[TOKEN]).detach())
    assert found.bias == pytest.approx(of_norm, abs=1e-5)


def test_each_head_moved_it_as_its_slice_of_the_output_projection_did(text):
    found = attribution(text.internals, POSITION, TOKEN)
    for layer, (weight, bias), read in zip(
        found.layers, text.projections, text.read[:, POSITION], strict=True
    ):
        slices = zip(read.chunk(len(layer.heads)), weight.chunk(len(layer.heads)), strict=True)
        truth = moved(text, torch.stack([part @ columns for part, columns in slices]))
        np.testing.assert_allclose(layer.heads, truth, atol=1e-4)
        of_bias = 0 if bias is None else moved(text, bias[None])[0]
        assert layer.attention_bias == pytest.approx(of_bias, abs=1e-5)
    assert len(found.layers[0].heads) == text.internals.model.info.heads


def test_the_parts_of_a_difference_are_the_differences_of_the_parts(text):
    difference = attribution(text.internals, POSITION, TOKEN, against=AGAINST)
    one, other = (attribution(text.internals, POSITION, token) for token in (TOKEN, AGAINST))
    own = text.logits[POSITION]
    assert difference.logit == pytest.approx(float(own[TOKEN] - own[AGAINST]), abs=2e-4)
    assert difference.total == pytest.approx(difference.logit, abs=1e-4)
    assert difference.embedding == pytest.approx(one.embedding - other.embedding, abs=1e-5)
    assert difference.bias == pytest.approx(one.bias - other.bias, abs=1e-5)
    for ours, first, second in zip(difference.layers, one.layers, other.layers, strict=True):
        np.testing.assert_allclose(ours.heads, np.subtract(first.heads, second.heads), atol=1e-5)
        assert ours.mlp == pytest.approx(first.mlp - second.mlp, abs=1e-5)


@pytest.mark.parametrize(
    ("architecture", "form"), [*(("gpt2", form) for form in FORMATS), ("neox", "float16 weights")]
)
def test_they_add_up_in_every_number_format_and_are_near_those_of_float32(architecture, form):
    if form in PACKED and not packs(form):
        pytest.skip("the kernel is not to be had on this processor")
    internals = internals_of(prepared(lively_transformer(architecture), form))
    exact = dissected(architecture)
    found, own = attribution(internals, POSITION, TOKEN), internals.logits(POSITION)
    bound = FORMATS[form] * spread(exact)
    assert found.logit == pytest.approx(float(own[TOKEN]), abs=bound)
    assert found.total == pytest.approx(float(own[TOKEN]), abs=bound)
    truth = attribution(exact.internals, POSITION, TOKEN)
    heads = [list(chain.from_iterable(layer.heads for layer in one.layers)) for one in (found, truth)]
    np.testing.assert_allclose(*heads, atol=0.1 * spread(exact))
    assert form not in WHOLE or internals.recording.blocks[0].dtype == WHOLE[form]


def test_a_model_that_does_not_simply_add_its_attention_tells_whole_layers_alone():
    """OLMo 2 puts a norm between attention and stream."""
    internals = internals_of(prepared(built("Olmo2ForCausalLM", **GROUPED)))
    found = attribution(internals, POSITION, TOKEN)
    assert found.total == pytest.approx(float(internals.logits(POSITION)[TOKEN]), abs=1e-4)
    for layer in found.layers:
        assert layer.attention is layer.mlp is layer.heads is layer.attention_bias is None


def test_a_layer_without_a_known_output_projection_tells_no_heads(monkeypatch):
    monkeypatch.setattr("model.network.transformers_decoder.output_projection", lambda *_: None)
    internals = internals_of(language_model("OlmoForCausalLM", **GROUPED))
    found = attribution(internals, POSITION, TOKEN)
    assert all(layer.heads is None for layer in found.layers)
    assert found.total == pytest.approx(found.logit, abs=1e-4)


def test_a_wrong_output_projection_is_not_believed(monkeypatch):
    def query_projection(layer, *_):
        return layer.self_attn.q_proj

    monkeypatch.setattr("model.network.transformers_decoder.output_projection", query_projection)
    internals = internals_of(language_model("OlmoForCausalLM", **GROUPED))
    assert not internals.model.networks["float32"].parts.tells_attention


@pytest.mark.parametrize(("token_id", "against"), [(-1, None), (10_000, None), (0, -1)])
def test_a_token_that_is_not_there_has_no_logit(token_id, against):
    with pytest.raises(IndexError):
        attribution(dissected("gpt2").internals, POSITION, token_id, against)


@pytest.mark.embedded
def test_lens_and_attribution_of_the_embedded_model_end_at_its_own_output(embedded_model):
    ids = embedded_model.encode("The capital of France is")
    with Engine(embedded_model, PLENTY) as engine:
        internals = engine.read(ids)
    last = len(ids) - 1
    own = internals.softmax(last)
    best, second = own.leading(2).tolist()
    layers = lens(internals, last, best)
    assert len(layers) == 31
    assert layers[-1].probability == pytest.approx(own.of(np.array([best]))[0], abs=1e-4)
    assert (layers[-1].rank, layers[-1].kl_bits) == (1, pytest.approx(0, abs=1e-4))
    assert layers[0].rank > 10, "the embedding alone does not know it"
    found = attribution(internals, last, best, against=second)
    assert found.total == pytest.approx(float(own.scores[best] - own.scores[second]), abs=1e-3)
    assert all(len(layer.heads) == 9 for layer in found.layers)
    for layer in found.layers:
        assert sum(layer.heads) == pytest.approx(layer.attention, abs=1e-3)
