"""One recorded pass through the layers of a Transformers model, whichever they are.

Attention is ours: an implementation registered with Transformers' attention interface that lets every token
look at its own text only, and keeps queries, keys and values. Taps on the layers keep the residual stream.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, PreTrainedModel

from model.kernels.block_attention import attend_chunk, attend_singles
from model.kernels.compiled_layers import compiled
from model.kernels.rowwise import make_rowwise
from model.network.batch import Batch
from model.network.final_norm import FinalNorm, candidates
from model.network.key_values import KeyValueSlots
from model.network.mlp import Mlp, candidates_in
from model.network.recording import HeadShape, Layout, laid_out
from model.reference.anatomy import decoder_of, layers_of
from model.reference.attention_rule import AttentionRule
from model.reference.sublayers import output_projection

NAME = "recording"
TAP = "tap_index"
"""Attribute of a layer that says which part of the residual stream enters it."""


class TransformersDecoder:
    """The decoder of any causal LM that takes its attention from Transformers' interface."""

    layout: Layout
    """Known after the first pass."""

    def __init__(self, transformer: PreTrainedModel, rules: Sequence[AttentionRule]) -> None:
        """Switch a model to the recording attention and put the taps on its residual stream.

        Args:
            transformer: the model.
            rules: of its attention, by layer.

        Raises:
            ValueError: its layers cannot be found.
        """
        transformer.set_attn_implementation(NAME)
        self._rules = rules
        self._layers = layers_of(transformer)
        for index, layer in enumerate(self._layers):
            if not hasattr(layer, TAP):
                layer.__class__ = _tapped(type(layer))  # type: ignore[arg-type]
                setattr(layer, TAP, index)
        if transformer.device.type == "cpu":
            make_rowwise(self._layers)
        self._base = decoder_of(transformer)

    def forward(self, slots: KeyValueSlots, batch: Batch) -> Tensor:
        """Return (N, width) rows of the N tokens; keys and values of what came before stand in the slots."""
        now = ForwardPass(slots, batch, self._rules)
        with _passing(now):
            output = self._base(
                input_ids=batch.token_ids[None], position_ids=batch.positions[None], use_cache=False
            )
        final = output.last_hidden_state[0]
        if not hasattr(self, "layout"):
            self.layout = now.layout(final)
        return now.rows(final)

    def final_norms(self) -> Iterable[FinalNorm]:
        """Return what may be the final norm."""
        return candidates(self._base, self._layers)

    def project(self, layer: int, read: Tensor) -> Tensor:
        """Return (n, width) what a layer's output projection makes of (n, heads * size).

        Raises:
            LookupError: the layer has none that could be found.
        """
        width = self.layout.residual[layer].size
        projection = output_projection(self._layers[layer], read.shape[-1], width)
        if projection is None:
            raise LookupError(f"no output projection in layer {layer}")
        made: Tensor = projection(read)
        return made

    def mlps(self, layer: int) -> Iterable[Mlp]:
        """Return what may be the MLP of a layer."""
        return candidates_in(self._layers[layer], self.layout.residual[layer].size)


class ForwardPass:
    """What the model does with the tokens of a pass.

    Args:
        slots: keys and values of the texts, with room for these tokens.
        batch: the tokens.
        rules: of attention, by layer.
    """

    def __init__(self, slots: KeyValueSlots, batch: Batch, rules: Sequence[AttentionRule]) -> None:
        self._slots = slots
        self._batch = batch
        self._rules = rules
        self.queries: list[Tensor] = []
        """By layer (1, heads, N, size), as are keys and values."""
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        self.residual: list[Tensor] = []
        """(N, width) each: see `Layout.residual`."""

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Return (1, N, heads, size) what attention reads for (1, heads, N, size) queries, and record."""
        self.queries.append(query)
        self.keys.append(key)
        self.values.append(value)
        batch, rule = self._batch, self._rules[layer]
        self._slots.write(
            layer, batch.slots, batch.positions, key[0].transpose(0, 1), value[0].transpose(0, 1)
        )
        keys, values = self._slots.keys[layer], self._slots.values[layer]
        scaled = query[0].transpose(0, 1) * rule.scaling
        cap, n, block = rule.softcap or 0.0, batch.together, batch.key_block
        read: list[Tensor] = []
        if n:
            bias = batch.single_bias(rule.visibility)
            read.append(compiled(attend_singles)(scaled[:n], keys[:n], values[:n], bias, cap, block))
        for span, first, end in batch.chunks:
            past = keys[span.slot], values[span.slot]
            bias = batch.chunk_bias(span, rule.visibility)
            read.append(compiled(attend_chunk)(scaled[first:end], *past, bias, cap, block))
        together = torch.cat(read) if len(read) > 1 else read[0]
        return together.view(1, len(together), query.shape[1], value.shape[3])

    def rows(self, final: Tensor) -> Tensor:
        """Return (N, width) rows for the recordings; `final` is what the final norm returned, (N, ...)."""
        parts: list[Tensor] = []
        for query, key, value, entering in zip(
            self.queries, self.keys, self.values, self.residual, strict=False
        ):
            parts += [_by_token(query), _by_token(key), _by_token(value), entering]
        return torch.cat([*parts, self.residual[-1], final], dim=-1)

    def layout(self, final: Tensor) -> Layout:
        """Return how these rows are laid out."""
        shapes = [
            HeadShape(query.shape[1], key.shape[1], query.shape[3], value.shape[3], rule)
            for query, key, value, rule in zip(self.queries, self.keys, self.values, self._rules, strict=True)
        ]
        return laid_out(shapes, self.residual[-1].shape[-1], final.shape[-1])


_active: ContextVar[ForwardPass | None] = ContextVar("forward pass", default=None)


@contextmanager
def _passing(forward_pass: ForwardPass) -> Iterator[None]:
    """Let a prepared model work for this pass in this thread."""
    token = _active.set(forward_pass)
    try:
        yield
    finally:
        _active.reset(token)


def _attention(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **_: Any
) -> tuple[Tensor, None]:
    forward_pass = _active.get()
    if forward_pass is None:
        raise RuntimeError("a model prepared for recording runs inside a forward pass only")
    layer: int = module.layer_idx  # type: ignore[assignment]
    return forward_pass.attend(layer, query, key, value), None


def _by_token(heads: Tensor) -> Tensor:
    """Return (N, heads * size) for (1, heads, N, size)."""
    return heads[0].transpose(0, 1).flatten(1)


@cache
def _tapped(kind: type[nn.Module]) -> type[nn.Module]:
    """Return a layer's class with a tap on the residual stream, before it and after the last one.

    A subclass and not forward hooks: with a hook on it, PyTorch calls a module on a slower path, which
    cost 30 layers 3 to 4 % of a token's time.
    """

    class Tapped(kind):  # type: ignore[misc, valid-type]
        def forward(self, *args: Any, **kwargs: Any) -> Any:
            forward_pass = _active.get()
            if forward_pass is None:
                return super().forward(*args, **kwargs)
            entering = args[0] if args else kwargs["hidden_states"]
            if getattr(self, TAP) == 0:
                forward_pass.residual.append(entering[0])
            output = super().forward(*args, **kwargs)
            forward_pass.residual.append((output if isinstance(output, Tensor) else output[0])[0])
            return output

    Tapped.__name__ = Tapped.__qualname__ = kind.__name__
    return Tapped


AttentionInterface.register(NAME, _attention)
