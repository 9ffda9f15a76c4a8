"""What can be taken away from a model while it reads, or put there: a change of some of its activations.

Interventions on activations are how causes are told from company (Vig et al. 2020, "Investigating Gender Bias
in Language Models Using Causal Mediation Analysis"; Geiger et al. 2021, "Causal Abstractions of Neural
Networks"): what the model says without something, less what it says with it, is what that thing did.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from torch import Tensor

Site: TypeAlias = Literal["residual", "attention", "mlp", "head", "neuron"]
"""Where activations are changed: the residual stream that enters a layer (or leaves the last, whose number is
then that of all layers), what the attention of a layer writes, what its MLP writes, what a head reads, what
the neurons of its MLP say before its down projection."""
KEPT: tuple[Site, ...] = ("residual", "attention", "mlp", "head")
"""Sites of which a clean reading keeps the activations: its neurons would take more memory than all these."""


@dataclass(frozen=True, eq=False)
class Change:
    """Other activations at one site of one layer, from one position on."""

    site: Site
    layer: int
    becomes: Callable[["Tensor"], "Tensor"]
    """(n, size) the activations at n positions to what stands there instead."""
    head: int | None = None
    """Of the site "head" alone."""
    start: int = 0
    """The first position that is changed."""
    stop: int | None = None
    """The position after the last; None for all that come, those of a text that goes on as well."""


@dataclass(frozen=True)
class Masked:
    """A token at which no other looks: its key is masked in every layer. It goes on seeing itself."""

    position: int


Variant: TypeAlias = tuple[Change | Masked, ...]
"""All that is changed in one reading of a text."""


def zero(activations: "Tensor") -> "Tensor":
    """Return nothing in place of activations (zero ablation)."""
    return activations.new_zeros(activations.shape)


def replaced_by(value: "Tensor") -> Callable[["Tensor"], "Tensor"]:
    """Return what puts other activations there: (size,) everywhere the same, or (n, size)."""
    return lambda activations: value.to(activations).expand_as(activations)


def added(direction: "Tensor") -> Callable[["Tensor"], "Tensor"]:
    """Return what adds a (size,) direction to activations (activation addition, Turner et al. 2023)."""
    return lambda activations: activations + direction.to(activations)


def without(index: int) -> Callable[["Tensor"], "Tensor"]:
    """Return what puts 0 in place of one of the numbers at a site: one neuron, say."""

    def emptied(activations: "Tensor") -> "Tensor":
        left = activations.clone()
        left[:, index] = 0
        return left

    return emptied
