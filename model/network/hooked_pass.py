"""One pass of a hooked model over a piece of several variants of one text: its attention, and its changes.

Attention is ours, by the rules that Transformers told of the model: it puts the keys and values of what came
before in front of those of the piece, and masks the tokens at which nobody is to look. It is written in plain
operations, so that gradients pass.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface

from model.network.changes import KEPT, Change, Masked, Site, Variant
from model.reference.attention_rule import AttentionRule

NAME = "hooked"


@dataclass(frozen=True, eq=False)
class Past:
    """Keys and values of the leading tokens of a text, by layer (1 or B, key-value heads, t, size)."""

    keys: tuple[Tensor, ...] = ()
    values: tuple[Tensor, ...] = ()

    @property
    def length(self) -> int:
        """Tokens, t."""
        return self.keys[0].shape[2] if self.keys else 0

    def first(self, length: int) -> "Past":
        """Return those of the first tokens."""
        keys, values = ((one[:, :, :length] for one in some) for some in (self.keys, self.values))
        return Past(tuple(keys), tuple(values)) if length else Past()


class HookedPass:
    """What a model does to a piece of B variants of one text."""

    def __init__(
        self,
        rules: Sequence[AttentionRule],
        variants: Sequence[Variant],
        past: Past,
        first_layer: int = 0,
        entering: Tensor | None = None,
    ) -> None:
        """Begin a pass.

        Args:
            rules: of attention, by layer.
            variants: what is changed in each.
            past: of what came before the piece; the same for all variants, or one for each.
            first_layer: the first that is computed.
            entering: (B, n, width) the stream that enters it, where it is not layer 0.
        """
        self._rules, self._past = rules, past
        self._texts = len(variants)
        self.start = past.length
        """Position of the first token of the piece."""
        self.layers = len(rules)
        self.first_layer, self.entering = first_layer, entering
        self.seen: dict[tuple[Site, int], Tensor] | None = None
        """Where activations are kept by site and layer, (B, n, size) each; None to keep none."""
        self._keys: list[Tensor] = []
        self._values: list[Tensor] = []
        self._changes: dict[tuple[Site, int], list[tuple[int, Change]]] = {}
        self._masked: list[tuple[int, int]] = []
        for row, variant in enumerate(variants):
            for one in variant:
                if isinstance(one, Masked):
                    self._masked.append((row, one.position))
                else:
                    self._changes.setdefault((one.site, one.layer), []).append((row, one))

    @property
    def now(self) -> Past:
        """Keys and values of all tokens, those of the piece included; of a pass through all layers."""
        return Past(tuple(self._keys), tuple(self._values))

    def changed(self, site: Site, layer: int, activations: Tensor, heads: int = 1) -> Tensor:
        """Return (B, n, heads * size) activations, or (B * n, heads * size), with what is changed in them."""
        found = activations
        if changes := self._changes.get((site, layer)):
            found = activations.clone()
            parts = found.view(self._texts, -1, heads, found.shape[-1] // heads)
            for row, change in changes:
                stop = None if change.stop is None else max(0, change.stop - self.start)
                place = parts[row, max(0, change.start - self.start) : stop, change.head or 0]
                if len(place):
                    place[:] = change.becomes(place)
        if self.seen is not None and site in KEPT:
            self.seen[site, layer] = found.view(self._texts, -1, found.shape[-1])
        return found

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Return (B, n, heads, size) what attention reads for (B, heads, n, size) queries."""
        if self.start:
            key = torch.cat([self._past.keys[layer].expand(len(key), -1, -1, -1), key], dim=2)
            value = torch.cat([self._past.values[layer].expand(len(value), -1, -1, -1), value], dim=2)
        self._keys.append(key)
        self._values.append(value)
        rule, bias = self._rules[layer], self._bias(layer, query)
        # Grouped-query attention: heads that share a key stand side by side.
        batch, heads, length, size = query.shape
        queries = query.reshape(batch, key.shape[1], -1, length, size)
        scores = rule.capped(queries @ key[:, :, None].transpose(-1, -2) * rule.scaling) + bias
        read = scores.softmax(-1) @ value[:, :, None]
        return read.reshape(batch, heads, length, -1).transpose(1, 2)

    def _bias(self, layer: int, like: Tensor) -> Tensor:
        """Return what is added to the scores, (n, T) or (B, 1, 1, n, T)."""
        positions = torch.arange(self.start + like.shape[2], device=like.device)
        queries = positions[self.start :]
        bias = self._rules[layer].visibility.bias(queries[:, None], positions).to(like.dtype)
        if not self._masked:
            return bias
        bias = bias.repeat(len(like), 1, 1, 1, 1)
        for row, position in self._masked:
            if position < len(positions):
                bias[row, :, :, queries != position, position] = float("-inf")
        return bias


_active: ContextVar[HookedPass | None] = ContextVar("hooked pass", default=None)


@contextmanager
def passing(hooked_pass: HookedPass) -> Iterator[None]:
    """Let a hooked model work for this pass in this thread."""
    token = _active.set(hooked_pass)
    try:
        yield
    finally:
        _active.reset(token)


def now_passing() -> HookedPass:
    """Return the pass that a hooked model works for in this thread.

    Raises:
        RuntimeError: it runs outside of one.
    """
    hooked_pass = _active.get()
    if hooked_pass is None:
        raise RuntimeError("a hooked model runs inside a pass only")
    return hooked_pass


def _attention(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **_: Any
) -> tuple[Tensor, None]:
    layer: int = module.layer_idx  # type: ignore[assignment]
    return now_passing().attend(layer, query, key, value), None


AttentionInterface.register(NAME, _attention)
