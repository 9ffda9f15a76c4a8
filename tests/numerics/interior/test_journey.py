"""The sizes and kinds that the journey tells are those of the model's own configuration."""

import pytest

from model.interior.journey import model_sizes
from tests.conftest import TINY_ARCHITECTURES
from tests.numerics.architectures import GROUPED, SMALL, built
from tests.numerics.dissected import internals_of, prepared
from tests.tiny import tiny_model, tiny_transformer

KINDS = {
    "gpt2": ("GELU", False, "layer", "learned", True, False),
    "llama": ("SiLU", True, "rms", "rotary", False, False),
    "qwen2": ("SiLU", True, "rms", "rotary", False, False),
    "opt": ("ReLU", False, "layer", "learned", True, False),
    "neox": ("GELU", False, "layer", "rotary", False, True),
}
"""Activation, gated, norm, position, tied, MLP beside attention: as their papers describe them."""


def first(config, *names):
    return next(value for value in (getattr(config, name, None) for name in names) if value is not None)


@pytest.mark.parametrize("architecture", TINY_ARCHITECTURES)
def test_sizes_and_kinds_are_those_of_the_architecture(architecture):
    config = tiny_transformer(architecture).config
    found = model_sizes(internals_of(tiny_model(architecture)))
    heads = config.num_attention_heads
    assert (found.layers, found.heads, found.width) == (config.num_hidden_layers, heads, config.hidden_size)
    assert found.key_heads == getattr(config, "num_key_value_heads", heads)
    assert found.head_size == config.hidden_size // heads
    usual = 1.0 if architecture == "opt" else found.head_size**-0.5  # OPT scales its queries beforehand
    assert found.scaling == pytest.approx(usual)
    assert found.vocab_size == config.vocab_size
    wide = 4 * config.hidden_size if architecture == "gpt2" else first(config, "ffn_dim", "intermediate_size")
    assert found.neurons == wide
    assert (found.factor, found.cap) == (1.0, None)
    kinds = (found.activation, found.gated, found.norm, found.position, found.tied, found.beside)
    assert kinds == KINDS[architecture]


def test_a_cap_on_the_logits_is_told():
    capped = {**GROUPED, "head_dim": 8, "final_logit_softcapping": 20.0}
    assert model_sizes(internals_of(prepared(built("Gemma2ForCausalLM", **capped)))).cap == 20.0


@pytest.mark.parametrize(
    ("kind", "config", "neurons", "beside"),
    [
        pytest.param("MixtralForCausalLM", {**GROUPED, "num_local_experts": 4}, None, None, id="experts"),
        pytest.param("Olmo2ForCausalLM", GROUPED, 48, None, id="a norm behind"),
        pytest.param("PhiForCausalLM", SMALL, 48, True, id="beside"),
        pytest.param("Phi3ForCausalLM", GROUPED, 48, False, id="one matrix for both"),
    ],
)
def test_what_cannot_be_told_is_left_open(kind, config, neurons, beside):
    found = model_sizes(internals_of(prepared(built(kind, **config))))
    assert (found.neurons, found.beside) == (neurons, beside)
    assert found.experts == (kind == "MixtralForCausalLM")
    assert found.gated == (kind in ("Olmo2ForCausalLM", "Phi3ForCausalLM"))
