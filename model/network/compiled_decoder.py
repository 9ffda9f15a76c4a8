"""A recorded pass through a decoder of a known family, one call of a compiled function for all layers."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from model.kernels.compiled_layers import (
    Layer,
    Norm,
    Texts,
    Weights,
    activated,
    compiled,
    decoder_layers,
    linear,
    normalised,
)
from model.kernels.formats import Format, oriented, packed, packs
from model.kernels.packed_linear import Float16Linear, Float32Linear, rows_to_add
from model.network.batch import Batch
from model.network.compiled_families import has_family
from model.network.description import Description, LayerModules
from model.network.final_norm import FinalNorm
from model.network.key_values import KeyValueSlots
from model.network.mlp import Mlp
from model.network.recording import HeadShape, Layout, laid_out
from model.reference.attention_rule import AttentionRule

FORMATS: tuple[Format, ...] = ("float32", "float16 weights")
"""What the compiled functions compute in."""


class CompiledDecoder:
    """All layers of one model, their weights packed in one number format."""

    def __init__(self, description: Description, form: Format, rules: Sequence[AttentionRule]) -> None:
        """Pack the weights; nothing of the model is kept but its embeddings and last norm.

        Args:
            description: of the model.
            form: one of `FORMATS`.
            rules: of its attention, by layer.
        """
        self._form, self._interleaved = form, description.interleaved
        self._heads, self._arrangement = description.heads, description.arrangement
        self._embedded, self._angles = description.embedded, description.angles
        self._norm = description.final_norm
        self._neurons = oriented(description.layers[0].down).shape[1]
        self._kinds = sorted({rule.visibility for rule in rules}, key=repr)
        with ThreadPoolExecutor(torch.get_num_threads()) as workers:
            self._layers: list[Layer] = list(workers.map(self._layer, description.layers, rules))
        heads, width = self._heads, oriented(description.layers[0].down).shape[0]
        shapes = [HeadShape(heads.queries, heads.keys, heads.size, heads.size, rule) for rule in rules]
        self.layout: Layout = laid_out(shapes, width, width)

    def forward(self, slots: KeyValueSlots, batch: Batch) -> Tensor:
        """Return (N, width) rows of the N tokens; keys and values of what came before stand in the slots."""
        heads = self._heads
        slots.open(len(self._layers), heads.keys, heads.size)
        texts = Texts(
            batch.slots,
            batch.positions,
            batch.together,
            [(first, end, span.slot) for span, first, end in batch.chunks],
            [batch.single_bias(kind) for kind in self._kinds],
            [[batch.chunk_bias(span, kind) for span, _, _ in batch.chunks] for kind in self._kinds],
            batch.key_block,
        )
        x = self._embedded(batch.token_ids, batch.positions)
        cos, sin = [], []
        for angles in self._angles:
            one = angles(x, batch.positions[None])
            cos.append(one[0][0, :, None])
            sin.append(one[1][0, :, None])
        layers, caches = compiled(decoder_layers), (slots.keys, slots.values)
        parts = layers(x, self._layers, heads, self._arrangement, cos, sin, *caches, texts)
        return torch.cat([*parts, self._norm(parts[-1])], 1)

    def final_norms(self) -> Iterable[FinalNorm]:
        """Return what may be the final norm, which is known here."""
        return (FinalNorm(self._norm),)

    def project(self, layer: int, read: Tensor) -> Tensor:
        """Return (n, width) what a layer's output projection makes of (n, heads * size)."""
        return linear(read, self._layers[layer].output)

    def mlps(self, layer: int) -> Iterable[Mlp]:
        """Return what may be the MLP of a layer, which is known here."""
        found, arrangement = self._layers[layer], self._arrangement

        def activate(read: Tensor) -> Tensor:
            return activated(linear(normalised(read, found.mlp_norm), found.up), arrangement)

        def write(activations: Tensor) -> Tensor:
            return linear(activations, found.down)

        return (Mlp(activate, write, self._neurons, arrangement.parallel),)

    def _layer(self, modules: LayerModules, rule: AttentionRule) -> Layer:
        """Pack the weights of one layer."""
        return Layer(
            kind=self._kinds.index(rule.visibility),
            scaling=rule.scaling,
            cap=rule.softcap or 0.0,
            rotary=modules.rotary,
            attention_norm=_norm(modules.attention_norm),
            qkv=self._weights(modules.qkv, self._interleaved),
            query_norm=_norm_if_any(modules.query_norm),
            key_norm=_norm_if_any(modules.key_norm),
            output=self._weights((modules.output,)),
            attention_norm_behind=_norm_if_any(modules.attention_norm_behind),
            mlp_norm=_norm(modules.mlp_norm),
            up=self._weights(modules.up),
            down=self._weights((modules.down,)),
            mlp_norm_behind=_norm_if_any(modules.mlp_norm_behind),
        )

    def _weights(self, linear_layers: Sequence[Any], interleaved: bool = False) -> Weights:
        """Pack linear layers as one that gives their results side by side.

        Args:
            linear_layers: all with a bias or none.
            interleaved: a head's query, key and value come out together; they are sorted.
        """
        with torch.inference_mode():  # which is a thread's own
            weight = torch.cat([oriented(layer) for layer in linear_layers])
            biases = [layer.bias for layer in linear_layers if layer.bias is not None]
            bias = torch.cat(biases) if biases else None
            if interleaved:
                order = torch.arange(len(weight)).view(self._heads.queries, 3, -1).transpose(0, 1).flatten()
                weight, bias = weight[order], None if bias is None else bias[order]
            layer = packed(self._form, weight, bias)
        if isinstance(layer, Float16Linear):
            return Weights(torch.empty(0), layer.packed, layer.factor, None, rows_to_add())
        assert isinstance(layer, Float32Linear)
        return Weights(layer.packed, None, 1.0, layer.bias, torch.empty(0))


def compiles(transformer: PreTrainedModel, form: Format) -> bool:
    """Return whether there is a description for a float32 model, and what computes it in a format here."""
    if form not in FORMATS or transformer.device.type != "cpu":
        return False
    return all(map(packs, ("float32", form))) and has_family(transformer)


def _norm(module: Any) -> Norm:
    epsilon = module.variance_epsilon if hasattr(module, "variance_epsilon") else module.eps
    weight = 1.0 + module.weight.detach() if type(module).__name__.startswith("Gemma") else module.weight
    return Norm(weight, getattr(module, "bias", None), epsilon)


def _norm_if_any(module: nn.Module | None) -> Norm | None:
    return None if module is None else _norm(module)
