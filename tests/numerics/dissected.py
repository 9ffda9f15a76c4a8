"""Tiny models taken apart by Transformers itself: the judge of what is said about the parts of ours."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from model.engine.engine import Engine
from model.engine.internals import Internals
from model.kernels.formats import Format
from model.network.language_model import LanguageModel
from tests.numerics.writing import PLENTY, byte_ids
from tests.tiny import tiny_tokenizer, tiny_transformer

LENGTH = 12
PLACES = {
    "gpt2": ("h", "attn", "mlp", "c_proj", "ln_f"),
    "llama": ("layers", "self_attn", "mlp", "o_proj", "norm"),
    "qwen2": ("layers", "self_attn", "mlp", "o_proj", "norm"),
    "opt": ("decoder.layers", "self_attn", "fc2", "out_proj", "decoder.final_layer_norm"),
    "neox": ("layers", "attention", "mlp", "dense", "final_layer_norm"),
}
"""Layers, and in each its attention, what ends its MLP, and attention's output projection; final norm."""


@dataclass
class Dissected:
    """A text as our model recorded it, and what Transformers' own modules made of it."""

    internals: Internals
    stream: Tensor
    """(L + 1, T, width) float32."""
    attention: Tensor
    """(L, T, width) outputs of the attention modules, as are those of the MLPs."""
    mlp: Tensor
    read: Tensor
    """(L, T, heads * size) what went into the output projections."""
    projections: list[tuple[Tensor, Tensor | None]]
    """By layer (heads * size, width) weights and bias of the output projection."""
    norm: Any
    lm_head: Any
    logits: Tensor
    """(T, V)."""


def lively_transformer(architecture: str) -> Any:
    """Return a tiny random model none of whose norms and biases is as a fresh model's, 1 and 0."""
    transformer = tiny_transformer(architecture)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in transformer.parameters():
            if parameter.dim() == 1:
                parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    return transformer


def prepared(transformer: Any, form: Format = "float32") -> LanguageModel:
    """Return it prepared for recording."""
    parameters = transformer.num_parameters()
    return LanguageModel(
        transformer,
        tiny_tokenizer(),
        formats=(form,),
        name="lively",
        fingerprint="random",
        parameters=parameters,
    )


def internals_of(model: LanguageModel) -> Internals:
    """Return what a model recorded of the text."""
    with Engine(model, PLENTY) as engine:
        return engine.read(byte_ids(LENGTH))


@cache
def dissected(architecture: str) -> Dissected:
    """Take a tiny model apart, once for all tests."""
    judge = lively_transformer(architecture)
    layers_at, attention_at, mlp_at, projection_at, norm_at = PLACES[architecture]
    layers = list(judge.base_model.get_submodule(layers_at))
    found: dict[str, list[Tensor]] = {"stream": [], "attention": [], "mlp": [], "read": []}

    def keep(name: str, tensor: Any) -> None:
        first = tensor if isinstance(tensor, Tensor) else tensor[0]
        found[name].append(first.reshape(LENGTH, -1).clone())

    projections = []
    for layer in layers:
        attention = layer.get_submodule(attention_at)
        projection = attention.get_submodule(projection_at)
        layer.register_forward_pre_hook(lambda _, args: keep("stream", args))
        attention.register_forward_hook(lambda _, __, output: keep("attention", output))
        layer.get_submodule(mlp_at).register_forward_hook(lambda _, __, output: keep("mlp", output))
        projection.register_forward_pre_hook(lambda _, args: keep("read", args))
        weight = projection.weight.detach()
        projections.append((weight if architecture == "gpt2" else weight.T, projection.bias))
    layers[-1].register_forward_hook(lambda _, __, output: keep("stream", output))
    judge.set_attn_implementation("eager")
    with torch.inference_mode():
        logits = judge(torch.tensor([byte_ids(LENGTH)])).logits[0]
    return Dissected(
        internals_of(prepared(lively_transformer(architecture))),
        **{name: torch.stack(tensors) for name, tensors in found.items()},
        projections=projections,
        norm=judge.base_model.get_submodule(norm_at),
        lm_head=judge.lm_head,
        logits=logits,
    )
