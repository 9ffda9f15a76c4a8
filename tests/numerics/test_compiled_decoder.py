"""Compiled layers compute and record what Transformers' own layers do."""

import gc
import weakref

import pytest
import torch

from model.kernels.formats import converted, packs
from model.network.batch import Span
from model.network.compiled_decoder import FORMATS, CompiledGPT2, CompiledLlama, kind_for
from model.network.key_values import KeyValueSlots
from model.network.network import Network
from model.network.transformers_decoder import TransformersDecoder
from model.reference.truth import truth_of
from tests.numerics.architectures import ALTERNATING, GROUPED, built
from tests.tiny import tiny_transformer

pytestmark = pytest.mark.skipif(
    not all(map(packs, FORMATS)), reason="the kernels are not to be had on this processor"
)

HEADS = {**GROUPED, "head_dim": 16}
NEWER = {
    "Qwen3ForCausalLM": HEADS,
    "MistralForCausalLM": {**HEADS, "sliding_window": 4},
    "Qwen2ForCausalLM": {**ALTERNATING, "head_dim": 16},
    "LlamaForCausalLM": {**HEADS, "attention_bias": True, "mlp_bias": True},
    "Gemma3ForCausalLM": {
        **HEADS,
        "sliding_window": 4,
        "layer_types": ["sliding_attention", "full_attention"],
        "hidden_activation": "gelu_pytorch_tanh",
    },
}
"""Architectures and variants beyond those of `tests.tiny`."""
PASSES = (
    [Span(range(3, 20), 0, 0), Span(range(40, 49), 0, 1), Span(range(7), 0, 2)],
    [Span([5], 17, 0), Span([6], 9, 1), Span([7, 8, 9, 10], 7, 2)],
    [Span([9], 18, 0), Span([8], 10, 1), Span([7], 11, 2)],
)
"""Prompts; single tokens beside a chunk; single tokens alone."""


def tiny(architecture):
    return (
        built(architecture, **NEWER[architecture])
        if architecture in NEWER
        else tiny_transformer(architecture)
    )


@torch.inference_mode()
def recorded(decoder) -> torch.Tensor:
    """Return the rows of all passes."""
    network = Network.__new__(Network)
    network._decoder, network.device = decoder, torch.device("cpu")
    slots = KeyValueSlots()
    return torch.cat([network.forward(slots, spans) for spans in PASSES])


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("architecture", ["gpt2", "llama", "qwen2", *NEWER])
def test_every_number_of_the_record_is_that_of_the_layers_of_transformers(architecture, form):
    transformer = tiny(architecture)
    rules = truth_of(transformer).rules
    fast = kind_for(transformer, form)(transformer, form, rules)
    general = TransformersDecoder(converted(transformer, form), rules)
    ours, theirs = recorded(fast), recorded(general)
    assert fast.layout == general.layout
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("LlamaForCausalLM", {**HEADS, "hidden_act": "gelu"}),
        ("GPT2LMHeadModel", {"n_embd": 32, "n_layer": 2, "n_head": 4, "activation_function": "relu"}),
        (
            "GPT2LMHeadModel",
            {"n_embd": 32, "n_layer": 2, "n_head": 4, "scale_attn_by_inverse_layer_idx": True},
        ),
        ("GPTNeoXForCausalLM", {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}),
    ],
)
def test_what_computes_anything_else_is_left_to_the_layers_of_transformers(kind, config):
    transformer = built(kind, **config)
    assert kind_for(transformer, "float32") is None
    assert isinstance(Network(transformer)._decoder, TransformersDecoder)


@pytest.mark.parametrize("form", ["bfloat16", "float16", "int8 weights"])
def test_other_formats_are_left_to_the_layers_of_transformers(form):
    assert kind_for(tiny_transformer("llama"), form) is None


@pytest.mark.parametrize(("architecture", "kind"), [("gpt2", CompiledGPT2), ("llama", CompiledLlama)])
def test_a_model_that_was_compiled_does_not_keep_the_weights_it_came_with(architecture, kind):
    transformer = tiny_transformer(architecture)
    weights = [weakref.ref(layer) for layer in transformer.modules() if hasattr(layer, "self_attn")]
    weights += [weakref.ref(layer) for layer in transformer.modules() if hasattr(layer, "attn")]
    network = Network(transformer)
    assert isinstance(network._decoder, kind)
    del transformer
    gc.collect()
    assert weights and not any(weight() for weight in weights)


def test_a_model_whose_compiled_layers_compute_something_else_falls_back_on_its_own(monkeypatch):
    """The proof at loading decides, not our list of architectures."""
    transformer = tiny_transformer("llama")
    right = CompiledLlama._heads_of
    monkeypatch.setattr(CompiledLlama, "_heads_of", lambda *args: right(*args)._replace(scaling=1.0))
    assert isinstance(Network(transformer)._decoder, TransformersDecoder)


def test_a_model_whose_layers_cannot_be_compiled_falls_back_on_its_own(monkeypatch):
    def refused(*_: object) -> None:
        raise AttributeError("no such weight")

    monkeypatch.setattr(CompiledLlama, "_layer", refused)
    assert isinstance(Network(tiny_transformer("llama"))._decoder, TransformersDecoder)
