"""Fused layers compute what Transformers' own layers compute, and leave the model they came from alone."""

import pytest
import torch

from model.formats import converted
from model.fused_layers import FusedAttention, fused
from model.network import Network
from tests.conftest import TINY_ARCHITECTURES
from tests.tiny import tiny_transformer

IDS = torch.tensor([[5, 4, 3, 2, 1, 2, 3, 4, 5, 6, 7, 8]])
KNOWN = ("llama", "qwen2")


def logits(transformer) -> torch.Tensor:
    with torch.inference_mode():
        return transformer(IDS, use_cache=False).logits


@pytest.mark.parametrize("architecture", KNOWN)
def test_logits_are_the_same_up_to_rounding_and_the_first_model_stays_as_it_was(architecture):
    transformer = tiny_transformer(architecture)
    before = logits(transformer)
    second = fused(transformer)
    assert any(isinstance(module, FusedAttention) for module in second.modules())
    torch.testing.assert_close(logits(second), before, atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(logits(transformer), before, atol=0, rtol=0)
    assert not any(isinstance(module, FusedAttention) for module in transformer.modules())


@pytest.mark.parametrize("architecture", KNOWN)
def test_generate_of_transformers_writes_the_same_tokens_with_its_own_cache(architecture):
    transformer = tiny_transformer(architecture)
    texts = [
        model.generate(IDS, attention_mask=torch.ones_like(IDS), do_sample=False, max_new_tokens=20).tolist()
        for model in (transformer, fused(transformer))
    ]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("architecture", KNOWN)
def test_what_is_not_joined_is_shared(architecture):
    transformer = tiny_transformer(architecture)
    second = fused(transformer)
    for name in ("embed_tokens.weight", "layers.0.self_attn.o_proj.weight", "layers.0.mlp.down_proj.weight"):
        assert second.base_model.get_parameter(name) is transformer.base_model.get_parameter(name)


@pytest.mark.parametrize("architecture", sorted(set(TINY_ARCHITECTURES) - set(KNOWN)))
def test_a_model_whose_layers_are_not_known_is_returned_itself(architecture):
    transformer = tiny_transformer(architecture)
    assert fused(transformer) is transformer


@pytest.mark.parametrize("form", ["float32", "float16 weights", "bfloat16"])
@pytest.mark.parametrize("architecture", KNOWN)
def test_a_fused_model_can_be_converted_and_recorded(architecture, form):
    """`Network` proves on loading that recorded attention and logits are the model's own."""
    Network(converted(fused(tiny_transformer(architecture)), form))


@pytest.mark.parametrize("architecture", KNOWN)
def test_attention_weights_are_still_to_be_had_from_transformers(architecture):
    transformer = tiny_transformer(architecture)
    outputs = []
    for model in (transformer, fused(transformer)):
        model.set_attn_implementation("eager")
        with torch.inference_mode():
            outputs.append(model(IDS, output_attentions=True).attentions)
    for own, ours in zip(*outputs, strict=True):
        torch.testing.assert_close(ours, own, atol=1e-5, rtol=1e-4)
