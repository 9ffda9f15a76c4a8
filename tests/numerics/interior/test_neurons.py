"""Neurons are what goes into the down projection of Transformers' own MLP, and their columns its weights."""

import numpy as np
import pytest
import torch

from model.interior.attribution import attribution
from model.interior.neurons import neurons
from model.network.mlp import mlp_parts
from model.network.unknown_part import UnknownPart
from model.numbers import OutOfRange
from tests.conftest import TINY_ARCHITECTURES
from tests.numerics.architectures import GROUPED, SMALL, built
from tests.numerics.dissected import (
    LENGTH,
    PLACES,
    Dissected,
    dissected,
    internals_of,
    lively_transformer,
    prepared,
)
from tests.numerics.writing import byte_ids

POSITION = 7
TOKEN = 40
LAYER = 1
DOWN = {"gpt2": "mlp.c_proj", "llama": "mlp.down_proj", "qwen2": "mlp.down_proj", "opt": "fc2"}
DOWN["neox"] = "mlp.dense_4h_to_h"


class Judge:
    """The down projection of one layer of a Transformers model, and what went in and came out."""

    def __init__(self, transformer, layers: str, down: str, transposed: bool = False) -> None:
        module = transformer.base_model.get_submodule(layers)[LAYER].get_submodule(down)
        seen = []
        module.register_forward_hook(lambda _, given, made: seen.extend((given[0], made)))
        with torch.inference_mode():
            transformer(torch.tensor([byte_ids(LENGTH)]))
        self.activations, self.output = (one.reshape(LENGTH, -1)[POSITION] for one in seen)
        weight = module.weight.detach()
        self.columns = weight if transposed else weight.T
        self.bias = module.bias


@pytest.fixture(scope="module", params=TINY_ARCHITECTURES)
def architecture(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def text(architecture) -> Dissected:
    return dissected(architecture)


@pytest.fixture(scope="module")
def judge(architecture) -> Judge:
    layers = PLACES[architecture][0]
    return Judge(lively_transformer(architecture), layers, DOWN[architecture], architecture == "gpt2")


def test_activations_are_what_enters_the_down_projection_and_norms_those_of_its_columns(text, judge):
    found = neurons(text.internals, LAYER, POSITION, TOKEN)
    np.testing.assert_allclose(found.activations, judge.activations, atol=2e-4, rtol=1e-3)
    np.testing.assert_allclose(found.column_norms, judge.columns.norm(dim=-1), rtol=1e-3)


def test_activations_times_columns_and_the_bias_are_what_the_mlp_put_out(text, judge):
    network, recording = text.internals.model.networks["float32"], text.internals.recording
    parts = text.internals.model.read(lambda: mlp_parts(*network.parts.mlp(recording, LAYER, POSITION)))
    made = (parts.activations[:, None] * parts.columns).sum(0) + parts.bias
    np.testing.assert_allclose(made, judge.output, atol=1e-3, rtol=1e-3)
    bias = torch.zeros_like(parts.bias) if judge.bias is None else judge.bias.detach()
    np.testing.assert_allclose(parts.bias, bias, atol=1e-6)


def test_neurons_and_bias_add_up_to_what_the_mlp_did_to_the_logit(text):
    found = neurons(text.internals, LAYER, POSITION, TOKEN)
    whole = attribution(text.internals, POSITION, TOKEN).layers[LAYER].mlp
    assert found.logits.sum() + found.bias == pytest.approx(whole, abs=2e-3)


def test_the_first_by_each_order_are_those_with_the_largest_numbers(text, judge):
    found = neurons(text.internals, LAYER, POSITION, TOKEN, count=5)
    written = judge.activations.abs() * judge.columns.norm(dim=-1)
    strongest = torch.argsort(written, descending=True)[:5].tolist()
    assert [one.index for one in found.strongest] == strongest
    assert [one.written for one in found.strongest] == pytest.approx(written[strongest].tolist(), rel=1e-3)
    order = np.argsort(found.logits)
    assert [one.index for one in found.lowering] == order[:5].tolist()
    assert [one.index for one in found.raising] == order[::-1][:5].tolist()
    assert [one.logit for one in found.raising] == pytest.approx(found.logits[order[::-1][:5]].tolist())


def test_a_neuron_raises_the_tokens_that_what_it_wrote_points_to_through_norm_and_output(text, judge):
    """The final norm is linear in a small addition but for its scale, which is that of the whole stream."""
    leaving = text.stream[-1, POSITION]
    is_layer_norm = isinstance(text.norm, torch.nn.LayerNorm)
    with torch.inference_mode():
        scale = leaving.var(correction=0).rsqrt() if is_layer_norm else leaving.square().mean().rsqrt()
        for one in neurons(text.internals, LAYER, POSITION, TOKEN, count=3, named=4).strongest:
            wrote = judge.activations[one.index] * judge.columns[one.index]
            wrote = wrote - wrote.mean() if is_layer_norm else wrote
            logits = text.lm_head.weight @ (scale * text.norm.weight * wrote)
            order = torch.argsort(logits, descending=True)
            assert [moved.token_id for moved in one.raised] == order[:4].tolist()
            assert [moved.token_id for moved in one.lowered] == order.flip(0)[:4].tolist()
            for moved in (*one.raised, *one.lowered):
                assert moved.logit == pytest.approx(logits[moved.token_id].item(), abs=2e-3)


def test_the_fewest_neurons_that_write_half_are_counted():
    found = neurons(dissected("gpt2").internals, 0, POSITION, TOKEN)
    squares = sorted((found.written.astype(float) ** 2).tolist(), reverse=True)
    assert sum(squares[: found.half]) >= sum(squares) / 2 > sum(squares[: found.half - 1])


@pytest.mark.parametrize(
    ("kind", "config", "layers", "down"),
    [
        pytest.param("PhiForCausalLM", SMALL, "layers", "mlp.fc2", id="beside attention, one norm"),
        pytest.param("Phi3ForCausalLM", GROUPED, "layers", "mlp.down_proj", id="one matrix for both"),
        pytest.param("StableLmForCausalLM", GROUPED, "layers", "mlp.down_proj", id="gated, layer norm"),
        pytest.param("GPTBigCodeForCausalLM", {"n_embd": 32, "n_layer": 2, "n_head": 4}, "h", "mlp.c_proj",
                     id="one key for all heads"),
    ],
)  # fmt: skip
def test_whatever_way_the_mlp_stands_in_its_layer_its_neurons_are_found(kind, config, layers, down):
    judge = Judge(built(kind, **config), layers, down)
    found = neurons(internals_of(prepared(built(kind, **config))), LAYER, POSITION, TOKEN)
    np.testing.assert_allclose(found.activations, judge.activations, atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize("name", ["llama", "gpt2", "opt"])
def test_other_number_formats_tell_the_same_neurons_roughly(name):
    exact = neurons(dissected(name).internals, LAYER, POSITION, TOKEN)
    rough = internals_of(prepared(lively_transformer(name), "bfloat16"))
    found = neurons(rough, LAYER, POSITION, TOKEN)
    apart = np.linalg.norm(found.activations - exact.activations) / np.linalg.norm(exact.activations)
    assert apart < 0.1


@pytest.mark.parametrize(
    ("kind", "config", "says"),
    [
        pytest.param("MixtralForCausalLM", {**GROUPED, "num_local_experts": 4}, "experts", id="experts"),
        pytest.param("Olmo2ForCausalLM", GROUPED, "does not simply add", id="a norm behind the MLP"),
    ],
)  # fmt: skip
def test_an_mlp_of_another_kind_is_refused_in_a_sentence(kind, config, says):
    internals = internals_of(prepared(built(kind, **config)))
    with pytest.raises(UnknownPart, match=says):
        neurons(internals, LAYER, POSITION, TOKEN)


@pytest.mark.parametrize(
    ("layer", "position", "token_id", "error"),
    [
        (-1, POSITION, TOKEN, OutOfRange),
        (3, POSITION, TOKEN, OutOfRange),
        (0, LENGTH, TOKEN, IndexError),
        (0, -1, TOKEN, IndexError),
        (0, POSITION, 10_000, IndexError),
    ],
)
def test_what_is_not_there_has_no_neurons(layer, position, token_id, error):
    with pytest.raises(error):
        neurons(dissected("gpt2").internals, layer, position, token_id)
