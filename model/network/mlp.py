"""The MLP of a layer as two functions: what its neurons make of the stream, and what they write back.

A neuron is one number between the two halves of an MLP: what multiplies one column of its down projection.
So the MLP adds the sum of its columns, each times its neuron, and a bias (Geva et al. 2021, "Transformer
Feed-Forward Layers Are Key-Value Memories", arXiv:2012.14913). Models differ in which norm stands before and
whether attention has acted by then; whichever way gives what the layer was recorded to add is the model's.
"""

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from model.kernels.formats import linear_layers
from model.memory_errors import is_out_of_memory
from model.network.recording import Recording
from model.network.stream import AttentionParts, stream_at
from model.network.unknown_part import UnknownPart

FAR = 0.25
"""Relative to what the MLP added: formats round to a few hundredths, another way is off by 1."""
ROUNDINGS = 4
"""Of the stream, by which what was added to it may be off: it is a difference of two of its states."""
AT_ONCE = 1024
"""Columns that are read off a down projection together."""


@dataclass(frozen=True)
class Mlp:
    """What may be the MLP of a layer."""

    activate: Callable[[Tensor], Tensor]
    """(n, width) of the stream that it reads to (n, F) what its neurons say."""
    write: Callable[[Tensor], Tensor]
    """(n, F) to (n, width) what it adds to the stream: the down projection and its bias."""
    neurons: int
    """F."""
    beside: bool
    """Whether it reads what attention reads, and not what that has added to (Wang and Komatsuzaki 2021)."""


@dataclass(frozen=True)
class MlpParts:
    """What the MLP of a layer added to the stream of one token: activations @ columns + bias."""

    activations: Tensor
    """(F,) float32."""
    columns: Tensor
    """(F, width) float32 of the down projection."""
    bias: Tensor
    """(width,) float32."""


def mlp_parts(mlp: Mlp, read: Tensor) -> MlpParts:
    """Take apart what an MLP makes of the (1, width) stream that it reads."""
    bias = mlp.write(read.new_zeros(1, mlp.neurons)).float()[0]
    return MlpParts(mlp.activate(read).float()[0], _columns(mlp, read, bias), bias)


def known_mlp(
    recording: Recording, layer: int, position: int, attention: AttentionParts, candidates: Iterable[Mlp]
) -> tuple[Mlp, Tensor]:
    """Return the MLP of a layer, and the (1, width) stream of a token that it read.

    Args:
        recording: of the text.
        layer: counted from 0.
        position: of the token.
        attention: what that layer's attention added to the same stream.
        candidates: what may be its MLP.

    Raises:
        IndexError: the text has no such position.
        UnknownPart: none of them adds what was recorded.
    """
    stream = stream_at(recording, position)
    entering, leaving = stream[layer : layer + 2].float()
    added = leaving - entering - attention.output
    of_format = stream.dtype
    best, least = None, float("inf")
    for mlp in candidates:
        read = entering if mlp.beside else entering + attention.output
        off = _off(mlp, read[None].to(of_format), added)
        if off < least:
            best, least = (mlp, read[None].to(of_format)), off
    rounding = ROUNDINGS * torch.finfo(of_format).eps * float(leaving.norm())
    if best is None or not least <= FAR * float(added.norm()) + rounding:
        raise UnknownPart(
            f"The MLP of layer {layer} is not one whose neurons could be told apart: "
            "it may be a mixture of experts."
        )
    return best


def candidates_in(layer: nn.Module, width: int) -> Iterator[Mlp]:
    """Yield what may be the MLP of a Transformers layer: a down projection, behind any of its norms.

    Args:
        layer: as Transformers has it.
        width: of the stream.
    """
    others = [child for child in layer.children() if not _attends(child)]
    down = down_projection(layer, width)
    if down is None:
        return
    neurons = next(inputs for _, inputs, _ in linear_layers(down))
    activate: Any
    if any(down is child for child in others):  # its parts stand in the layer itself, as in OPT
        ups = [child for child in others if child is not down and _is_linear(child)]
        functions = [child for child in others if _bends(child)]  # which may stand before what they act on
        activate, apart = nn.Sequential(*ups, *functions), [down, *ups, *functions]
    else:
        owner = next(child for child in others if any(one is down for one in child.modules()))
        activate, apart = _without(owner, down), [owner]
    norms = [child for child in others if not any(child is one for one in apart)]
    for norm, beside in product([*norms, nn.Identity()], (False, True)):
        yield Mlp(nn.Sequential(norm, activate), down, neurons, beside)


def down_projection(layer: nn.Module, width: int) -> nn.Module | None:
    """Return the linear layer through which the MLP of a Transformers layer writes; None if there are others.

    Args:
        layer: as Transformers has it.
        width: of the stream.
    """
    others = [child for child in layer.children() if not _attends(child)]
    linear = [found for child in others for found in linear_layers(child)]
    downs = [module for module, inputs, outputs in linear if outputs == width != inputs]
    return downs[0] if len(downs) == 1 else None


def _off(mlp: Mlp, read: Tensor, added: Tensor) -> float:
    """Return the length of the difference from what was added; infinite if it cannot be computed."""
    try:
        made = mlp.write(mlp.activate(read))
        return float((made.float()[0] - added).norm()) if made.shape[-1] == len(added) else float("inf")
    except Exception as error:  # models are written in ways without number
        if is_out_of_memory(error):
            raise
        return float("inf")


def _columns(mlp: Mlp, like: Tensor, bias: Tensor) -> Tensor:
    """Return (F, width) columns. Weights may be packed, so they are applied to each neuron alone."""
    parts = []
    for first in range(0, mlp.neurons, AT_ONCE):
        count = min(AT_ONCE, mlp.neurons - first)
        each = like.new_zeros(count, mlp.neurons)
        each[range(count), range(first, first + count)] = 1
        parts.append(mlp.write(each).float() - bias)
    return torch.cat(parts)


def _without(owner: nn.Module, down: nn.Module) -> nn.Module:
    """Return a module that stops before its down projection, sharing all else with the one that computes."""
    if owner is down:
        return nn.Identity()
    shorter = copy.copy(owner)
    shorter._modules = {
        name: _without(child, down)
        if child is not None and any(one is down for one in child.modules())
        else child
        for name, child in owner._modules.items()
    }
    return shorter


def _attends(module: nn.Module) -> bool:
    """Return whether it holds attention, which in Transformers knows the number of its layer."""
    return any(hasattr(one, "layer_idx") for one in module.modules())


def _is_linear(module: nn.Module) -> bool:
    return any(one is module for one, _, _ in linear_layers(module))


def _bends(module: nn.Module) -> bool:
    """Return whether it is an activation function: PyTorch's, Transformers' or one of ours around these."""
    kinds = ("torch.nn.modules.activation", "transformers.activations", "model.kernels.rowwise")
    return type(module).__module__ in kinds
