"""One forward pass over pieces of several texts at once, recorded.

All tokens of the pass stand side by side in one row of the model's input: linear layers, norms and MLPs
do not care which text a token belongs to. Attention does, and it is ours: an implementation registered
with Transformers' attention interface that lets every token look at its own text only. No padding, no
joint cache; texts join and leave from one pass to the next (continuous batching, Yu et al. 2022, Orca),
and a long prompt comes in chunks beside tokens of other texts (Agrawal et al. 2023, arXiv:2308.16369).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedModel

from model.key_values import KeyValueSlots
from model.recording import Columns, Layout

NAME = "recording"
TAP = "tap_index"
"""Attribute of a layer that says which part of the residual stream enters it."""


@dataclass(frozen=True)
class Span:
    """Tokens of one text that follow each other."""

    token_ids: Sequence[int]
    start: int
    """Position of the first of them in the text."""
    slot: int
    """Where the text stands in the batch."""

    @property
    def end(self) -> int:
        """Position after the last."""
        return self.start + len(self.token_ids)


class ForwardPass:
    """The tokens of a pass, and what the model did with them.

    Args:
        slots: keys and values of the texts, with room for these tokens.
        spans: of every text one. Those of a single token in slots 0, 1, ... come first and are computed
            together; the others one after another.
        device: of the model.
    """

    def __init__(self, slots: KeyValueSlots, spans: Sequence[Span], device: torch.device) -> None:
        self._slots = slots
        together = 0
        while (
            together < len(spans) and len(spans[together].token_ids) == 1 and spans[together].slot == together
        ):
            together += 1
        self._together = together
        bounds = accumulate((len(span.token_ids) for span in spans), initial=0)
        self._chunks = [
            (span, first, end) for span, (first, end) in zip(spans, pairwise(bounds), strict=True)
        ][together:]
        ids = [token_id for span in spans for token_id in span.token_ids]
        positions = [position for span in spans for position in range(span.start, span.end)]
        slot_ids = [span.slot for span in spans for _ in span.token_ids]
        self.token_ids, self.positions, self._slot_ids = torch.tensor(
            [ids, positions, slot_ids], device=device
        )
        self._longest = max((span.end for span in spans[:together]), default=0)
        self._masks: dict[tuple[int, int | None], Tensor | None] = {}
        self.queries: list[Tensor] = []
        """By layer (1, heads, N, size), as are keys and values."""
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        self.residual: list[Tensor] = []
        """(N, width) each: see `Layout.residual`."""
        self.scaling: list[float] = []
        self.sliding_window: list[int | None] = []

    def attend(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float, window: int | None
    ) -> Tensor:
        """Return (1, N, heads, size) what attention reads for (1, heads, N, size) queries, and record."""
        self.queries.append(query)
        self.keys.append(key)
        self.values.append(value)
        self.scaling.append(scaling)
        self.sliding_window.append(window)
        self._slots.write(
            layer, self._slot_ids, self.positions, key[0].transpose(0, 1), value[0].transpose(0, 1)
        )
        keys, values = self._slots.keys[layer], self._slots.values[layer]
        if not self._chunks:
            return self._attend_together(query, keys, values, scaling, window)[None]
        read = query.new_empty((query.shape[2], query.shape[1], value.shape[3]))
        if self._together:
            read[: self._together] = self._attend_together(query, keys, values, scaling, window)
        for span, first, end in self._chunks:
            past = slice(span.slot, span.slot + 1), slice(None), slice(span.end)
            mask = self._chunk_mask(span, window)
            one = scaled_dot_product_attention(
                query[:, :, first:end],
                keys[past],
                values[past],
                attn_mask=mask,
                is_causal=mask is None and end - first > 1,
                scale=scaling,
                enable_gqa=True,
            )
            read[first:end] = one[0].transpose(0, 1)
        return read[None]

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
        queries, keys, values, residual = [], [], [], []
        end = 0

        def place(width: int, heads: int = 1) -> Columns:
            nonlocal end
            start, end = end, end + width * heads
            return Columns(start, end, heads)

        for query, key, value, entering in zip(
            self.queries, self.keys, self.values, self.residual, strict=False
        ):
            queries.append(place(query.shape[3], query.shape[1]))
            keys.append(place(key.shape[3], key.shape[1]))
            values.append(place(value.shape[3], value.shape[1]))
            residual.append(place(entering.shape[-1]))
        residual.append(place(self.residual[-1].shape[-1]))
        return Layout(
            tuple(queries),
            tuple(keys),
            tuple(values),
            tuple(residual),
            place(final.shape[-1]),
            tuple(self.scaling),
            tuple(self.sliding_window),
        )

    def _attend_together(
        self, query: Tensor, keys: Tensor, values: Tensor, scaling: float, window: int | None
    ) -> Tensor:
        """Return (n, heads, size) for the n texts of which one token is in this pass."""
        count, longest = self._together, self._longest
        keys, values = keys[:count, :, :longest], values[:count, :, :longest]
        grouped = query[0, :, :count].transpose(0, 1).reshape(count, keys.shape[1], -1, query.shape[3])
        scores = torch.matmul(grouped * scaling, keys.transpose(-1, -2))
        mask = self._together_mask(window, scores.dtype)
        if mask is not None:
            scores = scores + mask
        weights = scores.softmax(-1, dtype=torch.float32).to(values.dtype)
        return torch.matmul(weights, values).reshape(count, -1, values.shape[3])

    def _together_mask(self, window: int | None, dtype: torch.dtype) -> Tensor | None:
        """Return (n, 1, 1, longest): 0 where a text's token may look, -inf elsewhere; None if everywhere."""
        if (-1, window) not in self._masks:
            last = self.positions[: self._together, None]
            at = torch.arange(self._longest, device=last.device)
            seen = at <= last
            if window is not None:
                seen &= at > last - window
            bias = None
            if not bool(seen.all()):
                bias = torch.zeros(seen.shape, dtype=dtype, device=last.device)
                bias = bias.masked_fill_(~seen, float("-inf"))[:, None, None]
            self._masks[-1, window] = bias
        return self._masks[-1, window]

    def _chunk_mask(self, span: Span, window: int | None) -> Tensor | None:
        """Return (n, end) which keys the n tokens of a span see; None if that is the plain triangle."""
        if window is None and span.start == 0:
            return None
        if (span.slot, window) not in self._masks:
            here = torch.arange(span.start, span.end, device=self.positions.device)[:, None]
            at = torch.arange(span.end, device=self.positions.device)
            seen = at <= here
            if window is not None:
                seen &= at > here - window
            self._masks[span.slot, window] = seen
        return self._masks[span.slot, window]


_active: ContextVar[ForwardPass | None] = ContextVar("forward pass", default=None)


@contextmanager
def passing(forward_pass: ForwardPass) -> Iterator[None]:
    """Let a prepared model work for this pass in this thread."""
    token = _active.set(forward_pass)
    try:
        yield
    finally:
        _active.reset(token)


def prepare(transformer: PreTrainedModel) -> None:
    """Switch a model to the recording attention and put the taps on its residual stream.

    Raises:
        ValueError: the model does not take its attention from Transformers' interface, or its layers
            cannot be found.
    """
    transformer.set_attn_implementation(NAME)
    for index, layer in enumerate(_layers(transformer)):
        layer.__class__ = _tapped(type(layer))  # type: ignore[arg-type]
        setattr(layer, TAP, index)


def _attention(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, _mask: Tensor | None, **kwargs: Any
) -> tuple[Tensor, None]:
    forward_pass = _active.get()
    if forward_pass is None:
        raise RuntimeError("a model prepared for recording runs inside a forward pass only")
    layer: int = module.layer_idx  # type: ignore[assignment]
    scaling = kwargs.get("scaling")
    scaling = query.shape[-1] ** -0.5 if scaling is None else float(scaling)
    return forward_pass.attend(layer, query, key, value, scaling, kwargs.get("sliding_window")), None


def _by_token(heads: Tensor) -> Tensor:
    """Return (N, heads * size) for (1, heads, N, size)."""
    return heads[0].transpose(0, 1).flatten(1)


def _layers(transformer: PreTrainedModel) -> nn.ModuleList:
    wanted = transformer.config.num_hidden_layers
    for module in transformer.modules():
        if isinstance(module, nn.ModuleList) and len(module) == wanted:
            return module
    raise ValueError(f"no list of {wanted} layers found in {type(transformer).__name__}")


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
