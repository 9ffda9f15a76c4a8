"""What each MLP did for a token, and each neuron of one of them: taken away, or estimated by gradients.

An MLP is taken away by itself, and the text read again: that is exact (zero ablation). A layer has thousands
of neurons, so what each did is estimated from one pass forth and one back: its activation times the gradient
of the token's logprob by it is what taking it away would cost, if everything after it were linear
(attribution patching, Nanda 2023; Kramar et al. 2024, "AtP*: An efficient and scalable method for localizing
LLM behaviour to components", arXiv:2403.00745, who show where it goes wrong: where something saturates, and
where effects cancel). The leading neurons are taken away in fact, so that the estimate can be judged.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.interventions.effect import Effect, effects
from model.network.changes import Change, Variant, without, zero
from model.network.unknown_part import UnknownPart
from model.numbers import within
from model.sampler.distribution import Floats

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.network.hooked_model import CleanPass
    from model.network.language_model import LanguageModel

LEADING = 10
"""Neurons that are taken away in fact."""


@dataclass(frozen=True, eq=False)
class NeuronEffects:
    """What the neurons of one layer did for a token."""

    layer: int
    token_id: int
    start: int
    """The first position at which they are taken away."""
    estimates: Floats
    """(F,) nats by which the token's logprob would change without each: minus gradient times activation,
    summed over the positions."""
    leading: tuple[int, ...]
    """Those of the largest estimates, whichever sign they have, the largest first."""
    exact: tuple[Effect, ...]
    """What taking away each of these did."""

    @property
    def error(self) -> float:
        """Mean distance of the estimates of the leading neurons from what they are estimates of, nats."""
        changes = np.array([one.change for one in self.exact])
        return float(np.abs(changes - self.estimates[list(self.leading)]).mean())


def mlp_effects(
    model: "LanguageModel", clean: "CleanPass", token_id: int, start: int = 0
) -> Iterator[tuple[Effect, ...]]:
    """Yield what taking away each MLP did, from the first layer on; whoever stops listening stops it.

    Args:
        model: that reads.
        clean: the text.
        token_id: the token after it whose logprob is followed.
        start: the first position at which an MLP is taken away; it is at all after that.

    Raises:
        UnknownPart: not every layer has one MLP that can be told apart, or nothing can be changed.
    """
    if not model.intervene(lambda hooked: hooked.has_mlps):
        raise UnknownPart("The MLPs of this model could not be told apart: it may be a mixture of experts.")
    variants: list[Variant] = [
        (Change("mlp", layer, zero, start=start),) for layer in range(model.info.layers)
    ]
    found: tuple[Effect, ...] = ()
    for batch in effects(model, clean, variants, token_id):
        found = (*found, *batch)
        yield found


def neuron_effects(
    model: "LanguageModel",
    clean: "CleanPass",
    layer: int,
    token_id: int,
    start: int = 0,
    count: int = LEADING,
) -> NeuronEffects:
    """Return what every neuron of a layer did for a token.

    Args:
        model: that reads.
        clean: the text.
        layer: counted from 0.
        token_id: the token after the text whose logprob is followed.
        start: the first position at which neurons are taken away; they are at all after that.
        count: neurons that are taken away in fact.

    Raises:
        OutOfRange: the model has no such layer.
        UnknownPart: the layer has not one MLP that can be told apart, or nothing can be changed.
    """
    layer = int(within("layer", layer, 0, model.info.layers - 1, whole=True))
    activations, gradients = model.intervene(
        lambda hooked: hooked.neurons_with_gradients(clean, layer, token_id, start)
    )
    estimates: Floats = -(activations * gradients).sum(0).double().cpu().numpy()
    leading = tuple(int(one) for one in np.argsort(-np.abs(estimates), kind="stable")[:count])
    exact = _taken_away(model, clean, layer, token_id, start, leading)
    return NeuronEffects(layer, token_id, start, estimates, leading, exact)


def _taken_away(
    model: "LanguageModel",
    clean: "CleanPass",
    layer: int,
    token_id: int,
    start: int,
    neurons: Sequence[int],
) -> tuple[Effect, ...]:
    variants: list[Variant] = [(Change("neuron", layer, without(neuron), start=start),) for neuron in neurons]
    return tuple(one for batch in effects(model, clean, variants, token_id) for one in batch)
