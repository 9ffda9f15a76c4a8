"""Compiled layers compute and record what Transformers' own layers do."""

import gc
import weakref
from dataclasses import replace

import pytest
import torch

from model.kernels.compiled_layers import Arrangement
from model.kernels.formats import converted, packs
from model.network.batch import Span
from model.network.compiled_decoder import FORMATS, CompiledDecoder, compiles
from model.network.compiled_families import described
from model.network.description import Uncompiled
from model.network.key_values import KeyValueSlots
from model.network.mlp import mlp_parts
from model.network.network import Network
from model.network.recording import Recording
from model.network.transformers_decoder import TransformersDecoder
from model.reference.anatomy import layers_of
from model.reference.truth import truth_of
from tests.numerics.architectures import ALTERNATING, GROUPED, SMALL, built
from tests.tiny import ARCHITECTURES, tiny_transformer

pytestmark = pytest.mark.skipif(
    not all(map(packs, FORMATS)), reason="the kernels are not to be had on this processor"
)

HEADS = {**GROUPED, "head_dim": 16}
GPT2 = {"n_embd": 32, "n_layer": 2, "n_head": 4}
OPT = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "ffn_dim": 48}
OPT |= {"word_embed_proj_dim": 32, "max_position_embeddings": 64}
PARTLY = {"rope_type": "default", "rope_theta": 10_000.0, "partial_rotary_factor": 0.5}
VARIANTS = {
    "Qwen3": ("Qwen3ForCausalLM", HEADS),
    "Mistral": ("MistralForCausalLM", {**HEADS, "sliding_window": 4}),
    "Qwen2, alternating": ("Qwen2ForCausalLM", {**ALTERNATING, "head_dim": 16}),
    "Llama with biases": ("LlamaForCausalLM", {**HEADS, "attention_bias": True, "mlp_bias": True}),
    "Llama with GELU": ("LlamaForCausalLM", {**HEADS, "hidden_act": "gelu"}),
    "Gemma 3": (
        "Gemma3ForCausalLM",
        {
            **HEADS,
            "sliding_window": 4,
            "layer_types": ["sliding_attention", "full_attention"],
            "hidden_activation": "gelu_pytorch_tanh",
        },
    ),
    "GPT-2 with ReLU": ("GPT2LMHeadModel", {**GPT2, "activation_function": "relu"}),
    "GPT-2 that scales by layer": ("GPT2LMHeadModel", {**GPT2, "scale_attn_by_inverse_layer_idx": True}),
    "GPT-NeoX": ("GPTNeoXForCausalLM", {**SMALL, "rotary_pct": 0.5}),
    "GPT-NeoX without biases": ("GPTNeoXForCausalLM", {**SMALL, "rotary_pct": 0.5, "attention_bias": False}),
    "GPT-NeoX, sequential": ("GPTNeoXForCausalLM", {**SMALL, "use_parallel_residual": False}),
    "GPT-NeoX, turned whole": ("GPTNeoXForCausalLM", {**SMALL, "rotary_pct": 1.0}),
    "OPT": ("OPTForCausalLM", {**OPT, "num_attention_heads": 8}),
    "OPT without biases": ("OPTForCausalLM", {**OPT, "enable_bias": False, "activation_function": "gelu"}),
    "Phi": ("PhiForCausalLM", {**GROUPED, "rope_parameters": PARTLY}),
    "Phi with norms of heads": ("PhiForCausalLM", {**SMALL, "qk_layernorm": True}),
    "Phi 3": ("Phi3ForCausalLM", {**GROUPED, "sliding_window": 4}),
    "Phi 3, turned in part": ("Phi3ForCausalLM", {**GROUPED, "rope_parameters": PARTLY}),
    "Gemma": ("GemmaForCausalLM", HEADS),
    "Gemma 2, capped": (
        "Gemma2ForCausalLM",
        {**HEADS, "sliding_window": 4, "attn_logit_softcapping": 2.0, "query_pre_attn_scalar": 16},
    ),
    "StarCoder2": ("Starcoder2ForCausalLM", {**GROUPED, "sliding_window": 4}),
    "StarCoder2 without biases": ("Starcoder2ForCausalLM", {**GROUPED, "use_bias": False}),
    "StableLM": ("StableLmForCausalLM", {**GROUPED, "use_qkv_bias": True}),
    "StableLM, parallel": ("StableLmForCausalLM", {**GROUPED, "use_parallel_residual": True}),
}
"""Architectures and variants beyond those of `tests.tiny`."""
UNCOMPILED = {
    "another activation": ("GPTNeoXForCausalLM", {**SMALL, "hidden_act": "tanh"}),
    "OPT whose norms come behind": ("OPTForCausalLM", {**OPT, "do_layer_norm_before": False}),
    "OPT with projections": ("OPTForCausalLM", {**OPT, "word_embed_proj_dim": 16}),
    "StableLM with norms of heads": ("StableLmForCausalLM", {**GROUPED, "qk_layernorm": True}),
}
"""Variants of known families that compute something else."""
PASSES = (
    [Span(range(3, 20), 0, 0), Span(range(40, 49), 0, 1), Span(range(7), 0, 2)],
    [Span([5], 17, 0), Span([6], 9, 1), Span([7, 8, 9, 10], 7, 2)],
    [Span([9], 18, 0), Span([8], 10, 1), Span([7], 11, 2)],
)
"""Prompts; single tokens beside a chunk; single tokens alone."""


def tiny(name):
    """Return a model whose biases and norms are as random as its weights."""
    if name in ARCHITECTURES:
        return tiny_transformer(name)
    kind, config = (VARIANTS | UNCOMPILED)[name]
    transformer = built(kind, **config)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(2)
        for parameter in transformer.parameters():
            if parameter.dim() == 1:
                parameter += 0.3 * torch.randn_like(parameter)
    return transformer


@torch.inference_mode()
def recorded(decoder) -> torch.Tensor:
    """Return the rows of all passes."""
    network = Network.__new__(Network)
    network._decoder, network.device = decoder, torch.device("cpu")
    slots = KeyValueSlots()
    return torch.cat([network.forward(slots, spans) for spans in PASSES])


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", [*ARCHITECTURES, *VARIANTS])
def test_every_number_of_the_record_is_that_of_the_layers_of_transformers(name, form):
    transformer = tiny(name)
    rules = truth_of(transformer).rules
    fast = CompiledDecoder(described(transformer), form, rules)
    general = TransformersDecoder(converted(transformer, form), rules)
    ours, theirs = recorded(fast), recorded(general)
    assert fast.layout == general.layout
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("name", [*ARCHITECTURES, *VARIANTS])
def test_a_model_of_a_known_family_is_compiled(name):
    network = Network(tiny(name))
    assert isinstance(network._decoder, CompiledDecoder)


@pytest.mark.parametrize("name", ["Phi", "StableLM, parallel", "GPT-NeoX", "GPT-NeoX, sequential", "OPT"])
def test_what_the_panels_ask_of_compiled_layers_is_what_those_of_transformers_say(name):
    """Of every layer: what a head's reading adds to the stream, neurons and their columns, the final norm."""
    transformer = tiny(name)
    ids = list(range(3, 20))
    compiled_way = Network(transformer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model.network.network.compiles", lambda *_: False)
        own_way = Network(transformer)
    assert isinstance(own_way._decoder, TransformersDecoder)
    recordings = []
    for network in (compiled_way, own_way):
        recording = Recording(network.layout)
        recording.append(network.forward(KeyValueSlots(), [Span(ids, 0, 0)]))
        recordings.append(recording)
    for layer in range(2):
        answers = []
        for network, recording in zip((compiled_way, own_way), recordings, strict=True):
            with torch.inference_mode():
                attention = network.parts.attention(recording, layer, 9)
                mlp, read = network.parts.mlp(recording, layer, 9)
                written = mlp_parts(mlp, read)
            answers.append((attention, written, mlp.beside))
        (ours, our_mlp, our_side), (theirs, their_mlp, their_side) = answers
        assert our_side == their_side
        torch.testing.assert_close(ours.output, theirs.output, rtol=1e-3, atol=2e-4)
        torch.testing.assert_close(our_mlp.activations, their_mlp.activations, rtol=1e-3, atol=2e-4)
        torch.testing.assert_close(our_mlp.columns, their_mlp.columns, rtol=1e-3, atol=2e-4)
        torch.testing.assert_close(our_mlp.bias, their_mlp.bias, rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("name", UNCOMPILED)
def test_a_variant_that_computes_anything_else_is_left_to_the_layers_of_transformers(name):
    transformer = tiny(name)
    with pytest.raises(Uncompiled):
        described(transformer)
    assert isinstance(Network(transformer)._decoder, TransformersDecoder)


def test_a_class_that_is_not_described_is_left_to_the_layers_of_transformers():
    assert not compiles(built("GraniteForCausalLM", **GROUPED), "float32")


@pytest.mark.parametrize("form", ["bfloat16", "float16", "int8 weights"])
def test_other_formats_are_left_to_the_layers_of_transformers(form):
    assert not compiles(tiny_transformer("llama"), form)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_model_that_was_compiled_does_not_keep_the_weights_it_came_with(architecture):
    transformer = tiny_transformer(architecture)
    weights = [weakref.ref(layer) for layer in layers_of(transformer)]
    network = Network(transformer)
    assert isinstance(network._decoder, CompiledDecoder)
    del transformer
    gc.collect()
    assert weights and not any(weight() for weight in weights)


@pytest.mark.parametrize(
    "part",
    [
        {"interleaved": False},
        {"arrangement": Arrangement("gelu", gated=False, parallel=False)},
        {"arrangement": Arrangement("relu", gated=False, parallel=True)},
        {"angles": ()},
    ],
)
def test_a_model_that_is_described_wrongly_falls_back_on_its_own_layers(monkeypatch, part):
    """The proof at loading decides, not our list of architectures."""
    monkeypatch.setattr("model.network.network.described", lambda model: replace(described(model), **part))
    assert isinstance(Network(tiny("GPT-NeoX"))._decoder, TransformersDecoder)


def test_a_model_whose_layers_cannot_be_compiled_falls_back_on_its_own(monkeypatch):
    def refused(*_: object) -> None:
        raise AttributeError("no such weight")

    monkeypatch.setattr(CompiledDecoder, "_layer", refused)
    assert isinstance(Network(tiny_transformer("llama"))._decoder, TransformersDecoder)
