"""Recording what passes through a model: queries, keys and the residual stream of one text.

An attention implementation registered with Transformers runs SDPA as usual and keeps the queries; the
keys are in the KV cache anyway. A tap before every layer, and after the last, keeps the residual stream.
Nothing of size T x T is kept: attention weights are rebuilt from queries and keys on demand.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, cast

from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "recording"
TAP = "tap_index"
"""Attribute of a layer that says which part of the residual stream enters it."""
FIRST_CAPACITY = 64


class Rows:
    """Rows appended at the end of one buffer that doubles; earlier rows never change."""

    def __init__(self) -> None:
        self._buffer: Tensor | None = None
        self._length = 0

    def append(self, rows: Tensor) -> None:
        """Copy (t, ...) rows to the end."""
        end = self._length + len(rows)
        if self._buffer is None or end > len(self._buffer):
            self._grow(end, rows)
        assert self._buffer is not None
        self._buffer[self._length : end] = rows
        self._length = end

    def upto(self, length: int) -> Tensor:
        """Return the first `length` rows, without copying."""
        if self._buffer is None or length > self._length:
            raise IndexError(f"{length} rows asked for, {self._length} recorded")
        return self._buffer[:length]

    def copy(self, length: int) -> "Rows":
        """Return the first `length` rows in a buffer of their own."""
        other = Rows()
        other.append(self.upto(length))
        return other

    @property
    def nbytes(self) -> int:
        """Bytes held, spare room included."""
        return 0 if self._buffer is None else self._buffer.nbytes

    def _grow(self, needed: int, like: Tensor) -> None:
        capacity = max(FIRST_CAPACITY, needed, 2 * self._length)
        buffer = like.new_empty((capacity, *like.shape[1:]))
        if self._buffer is not None:
            buffer[: self._length] = self._buffer[: self._length]
        # The old buffer stays whole for whoever reads it: another thread may be drawing a figure.
        self._buffer = buffer


class Recording:
    """What one text left behind in a model of L layers, in the order of its T tokens."""

    def __init__(self, layers: int) -> None:
        self.cache = DynamicCache()
        """Keys and values of every layer, each (1, key-value heads, T, head size)."""
        self.queries = [Rows() for _ in range(layers)]
        """For every layer (T, heads, head size)."""
        self.residual = [Rows() for _ in range(layers + 1)]
        """(T, width) each: entering layer 0 (the embedding), ..., entering layer L-1, leaving it."""
        self.final = Rows()
        """(T, width) after the final norm: what the output embedding turns into logits."""
        self.scaling = [1.0] * layers
        """Factor on query times key, by layer."""
        self.sliding_window: list[int | None] = [None] * layers
        """How many tokens back a query of the layer sees, itself included; None for all."""

    def keys(self, layer: int, length: int) -> Tensor:
        """Return (key-value heads, length, head size)."""
        return self._cached(layer)[0][0, :, :length]

    def copy(self, length: int) -> "Recording":
        """Return the recording of the first `length` tokens, free to go on differently."""
        other = Recording(len(self.queries))
        for layer in range(len(self.queries)):
            keys, values = self._cached(layer)
            # The cache concatenates, it never writes in place: views of the old tensors are safe.
            other.cache.update(keys[:, :, :length], values[:, :, :length], layer)
        other.queries = [rows.copy(length) for rows in self.queries]
        other.residual = [rows.copy(length) for rows in self.residual]
        other.final = self.final.copy(length)
        other.scaling, other.sliding_window = list(self.scaling), list(self.sliding_window)
        return other

    @property
    def nbytes(self) -> int:
        """Bytes held, cache included."""
        rows = sum(part.nbytes for part in (*self.queries, *self.residual, self.final))
        cached = (self._cached(layer) for layer in range(len(self.cache.layers)))
        return rows + sum(keys.nbytes + values.nbytes for keys, values in cached)

    def _cached(self, layer: int) -> tuple[Tensor, Tensor]:
        kept = cast(DynamicLayer, self.cache.layers[layer])
        return cast(Tensor, kept.keys), cast(Tensor, kept.values)


_active: ContextVar[Recording | None] = ContextVar("recording", default=None)


@contextmanager
def recording_into(recording: Recording) -> Iterator[None]:
    """Keep what passes through a prepared model in this thread."""
    token = _active.set(recording)
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


def _recording_attention(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **kwargs: Any
) -> tuple[Tensor, None]:
    """Run SDPA on (1, heads, t, head size) queries and keep them in the active recording."""
    recording = _active.get()
    if recording is not None:
        layer: int = module.layer_idx  # type: ignore[assignment]
        recording.queries[layer].append(query[0].transpose(0, 1))
        scaling = kwargs.get("scaling")
        recording.scaling[layer] = query.shape[-1] ** -0.5 if scaling is None else float(scaling)
        recording.sliding_window[layer] = kwargs.get("sliding_window")
    return sdpa_attention_forward(module, query, key, value, attention_mask, **kwargs)


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
            recording = _active.get()
            if recording is None:
                return super().forward(*args, **kwargs)
            entering = args[0] if args else kwargs["hidden_states"]
            recording.residual[getattr(self, TAP)].append(entering[0])
            output = super().forward(*args, **kwargs)
            if getattr(self, TAP) == len(recording.queries) - 1:
                recording.residual[-1].append((output if isinstance(output, Tensor) else output[0])[0])
            return output

    Tapped.__name__ = Tapped.__qualname__ = kind.__name__
    return Tapped


AttentionInterface.register(NAME, _recording_attention)
AttentionMaskInterface.register(NAME, sdpa_mask)
