"""A decoder as the compiled layers see it: which parts it has, and how they are put together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from model.kernels.compiled_layers import Arrangement, Heads


class Uncompiled(Exception):
    """A variant of a known family that the compiled layers do not compute."""


class LayerModules(NamedTuple):
    """The parts of one layer, as Transformers has them; more than one linear layer are taken side by side."""

    attention_norm: nn.Module
    qkv: tuple[nn.Module, ...]
    output: nn.Module
    mlp_norm: nn.Module
    up: tuple[nn.Module, ...]
    """The gate first, where the MLP is gated."""
    down: nn.Module
    query_norm: nn.Module | None = None
    key_norm: nn.Module | None = None
    attention_norm_behind: nn.Module | None = None
    mlp_norm_behind: nn.Module | None = None
    rotary: int = 0
    """By which of `Description.angles` queries and keys are turned."""


@dataclass(frozen=True)
class Description:
    """A decoder, as the compiled layers see it."""

    layers: Sequence[LayerModules]
    heads: Heads
    arrangement: Arrangement
    embedded: Callable[[Tensor, Tensor], Tensor]
    """(N,) token ids and positions to the (N, width) stream that enters the first layer."""
    final_norm: nn.Module
    angles: Sequence[Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]] = ()
    """Rotary embeddings: the stream and (1, N) positions to cos and sin, (1, N, r) each."""
    interleaved: bool = False
    """Whether queries, keys and values come out of one linear layer head by head, not side by side."""
