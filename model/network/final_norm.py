"""What stands between the last layer and the output embedding of any model: the final norm, perhaps more.

It is found by trying: what turns the stream that leaves the last layer into what the model gave is the final
norm. And it is known by what it does, not by its class: norms of many models differ in how they keep weights.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, permutations

import torch
from torch import Tensor, nn

from model.kernels.formats import linear_layers
from model.memory_errors import is_out_of_memory
from model.network.unknown_part import UnknownPart

CLOSE = 1e-3
"""Of the length of what was recorded: the same module on the same numbers is closer."""
ROUNDED = 0.02
"""The same for what is computed otherwise, perhaps from bfloat16."""
LARGE = 100.0
"""Beside its square, the epsilon of a norm is nothing."""


@dataclass(frozen=True)
class Frozen:
    """The final norm with its scale frozen at one vector: linear, but for a constant."""

    steps: Sequence[Callable[[Tensor], Tensor]]
    constant: Tensor
    """(width of the result,) float32: the biases."""

    def linear(self, vectors: Tensor) -> Tensor:
        """Return (n, width of the result) float32: what each of (n, width) vectors adds to the result."""
        result = vectors.float()
        for step in self.steps:
            result = step(result)
        return result


class FinalNorm:
    """Modules that one after another turn the stream that leaves the last layer into `Layout.final`."""

    def __init__(self, *modules: nn.Module) -> None:
        self._modules = modules

    def __call__(self, residual: Tensor) -> Tensor:
        """Return (n, width of the result) for (n, width)."""
        for module in self._modules:
            residual = module(residual)
        return residual

    def explains(self, residual: Tensor, final: Tensor) -> bool:
        """Return whether it makes (n, ...) of (n, width)."""
        try:
            made = self(residual)
            return made.shape == final.shape and _apart(made, final) <= CLOSE
        except Exception as error:  # any module of any model may be tried
            if is_out_of_memory(error):
                raise
            return False

    def frozen(self, at: Tensor) -> Frozen:
        """Return the norm as a linear map, its scale being that of the (1, width) vector `at`.

        Layer norm subtracts the mean, which is linear, and divides by the deviation, root mean square norm by
        the length. What they divide by depends on all parts of a vector together: it is taken as a number.

        Raises:
            UnknownPart: it is neither of these norms, nor a linear layer.
        """
        steps: list[Callable[[Tensor], Tensor]] = []
        constant = torch.zeros_like(at, dtype=torch.float32)
        now = at
        for module in self._modules:
            nothing = module(torch.zeros_like(now)).float()
            is_linear = any(layer is module for layer, _, _ in linear_layers(module))
            step = _without_bias(module, now, nothing) if is_linear else _scaled(module, now, nothing)
            steps.append(step)
            constant = step(constant) + nothing
            now = module(now)
        frozen = Frozen(steps, constant[0])
        if not _apart(frozen.linear(at) + constant, now) <= ROUNDED:
            raise UnknownPart(
                "the final norm of this model is neither a layer norm nor a root mean square norm."
            )
        return frozen


def candidates(transformer: nn.Module, layers: nn.ModuleList) -> Iterator[FinalNorm]:
    """Yield what may be the final norm: up to two of the modules that stand beside the layers, or none."""
    for owner in transformer.modules():
        children = list(owner.children())
        if not any(one is layers for one in children):
            continue
        # An embedding takes token ids, and on a graphics card a number that is none would stop everything.
        beside = [one for one in children if one is not layers and not isinstance(one, nn.Embedding)]
        for modules in chain.from_iterable(permutations(beside, count) for count in range(3)):
            yield FinalNorm(*modules)


def _without_bias(module: nn.Module, like: Tensor, nothing: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda vectors: module(vectors.to(like.dtype)).float() - nothing


def _scaled(module: nn.Module, at: Tensor, nothing: Tensor) -> Callable[[Tensor], Tensor]:
    """Return a norm with the scale that it has at a vector; `nothing` is what it makes of zeros.

    Numbers that are far from zero by the same amount, half of them below, keep their size in both norms: what
    comes out are the weights. Equal numbers come to nothing in a layer norm alone.
    """
    signs = torch.ones_like(at)
    signs[:, 1::2] = -1
    weight = (module(LARGE * signs).float() - nothing) * signs
    equal = module(LARGE * signs.abs()).float() - nothing
    centred = equal.norm().item() < weight.norm().item() / 2

    def weighted(vectors: Tensor) -> Tensor:
        level = vectors.mean(-1, keepdim=True) if centred else 0.0
        result: Tensor = weight * (vectors - level)
        return result

    direction = weighted(at.float())
    scale = float(((module(at).float() - nothing) * direction).sum() / direction.square().sum())
    return lambda vectors: scale * weighted(vectors)


def _apart(ours: Tensor, theirs: Tensor) -> float:
    """Return the length of the difference relative to that of the second."""
    return float((ours.float() - theirs.float()).norm() / theirs.float().norm())
