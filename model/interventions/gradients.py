"""Which tokens a prediction hangs on by its gradients: gradient x input, and integrated gradients.

Both are Captum's, over the embeddings of the tokens; the components of an embedding are summed up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from model.interventions.target import Target
from model.interventions.token_scores import Completeness, Progress, Scoring, TokenScores

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from torch import Tensor

    from model.network.hooked_model import HookedModel
    from model.network.language_model import LanguageModel

NODES = 2
"""Points in a stretch of the path: few, so that others take turns."""
FIRST, MOST = 8, 128
"""Stretches at first and at most: those that miss most are halved, again and again."""
TOLERANCE = 0.05
"""Share of what changes on the way that the stretches may miss together."""
SMALL = 1e-3
"""Nats that they may miss in any case."""
AT_ONCE = 4096
"""Embeddings that are averaged together."""


def gradient_x_input(model: "LanguageModel", token_ids: Sequence[int], target: Target) -> Scoring:
    """Score tokens by the gradient at their embeddings times these (Shrikumar et al. 2016).

    It tells what the model would say for embeddings a little shorter or longer, where it is linear: a slope
    at one point.
    """

    def score(hooked: "HookedModel") -> NDArray[np.float64]:
        from captum.attr import InputXGradient  # noqa: PLC0415 - takes seconds, and is seldom asked for

        found = InputXGradient(_read(hooked, target)).attribute(_embedded(hooked, token_ids))
        return _summed(found)

    yield Progress(0, 1)
    return TokenScores("gradient_x_input", model.intervene(score))


@dataclass(frozen=True, eq=False)
class _Stretch:
    """A part of the way from the baseline to the text, integrated."""

    low: float
    high: float
    """Where it begins and ends, 0 the baseline and 1 the text."""
    worth_low: float
    worth_high: float
    """What is explained, at both ends, nats."""
    scores: NDArray[np.float64]
    """(T,) what its gradients add up to for each token."""

    @property
    def change(self) -> float:
        """What its scores must add up to."""
        return self.worth_high - self.worth_low

    @property
    def gap(self) -> float:
        """What they add up to less that."""
        return float(self.scores.sum()) - self.change


def integrated_gradients(model: "LanguageModel", token_ids: Sequence[int], target: Target) -> Scoring:
    """Score tokens by the mean gradient on the way from a baseline to their embeddings, times that way.

    Sundararajan et al. 2017, "Axiomatic Attribution for Deep Networks". The baseline is at every position the
    mean of all embeddings of the vocabulary: a token that is none in particular. The zero vector would do
    badly, as a norm turns the smallest step away from it into a whole one.

    The straight way between is cut into stretches, each integrated by Captum (Gauss-Legendre, `NODES`
    points). What the scores of each must add up to is known: so where they miss it most, where the model
    changes its mind at once, the stretch is halved, until all miss less than `TOLERANCE` of what changes or
    there are `MOST`.
    """
    begun, ended = model.intervene(
        lambda hooked: (_baseline(hooked, token_ids), _embedded(hooked, token_ids))
    )

    def worth(at: float) -> float:
        return model.intervene(lambda hooked: _worth(hooked, target, _between(begun, ended, at)))

    def stretch(low: float, high: float, worth_low: float, worth_high: float) -> _Stretch:
        scores = model.intervene(_integral(target, _between(begun, ended, low), _between(begun, ended, high)))
        return _Stretch(low, high, worth_low, worth_high, scores)

    found: list[_Stretch] = []
    before = worth(0.0)
    for index in range(FIRST):
        yield Progress(len(found) * NODES, MOST * NODES)
        after = worth((index + 1) / FIRST)
        found.append(stretch(index / FIRST, (index + 1) / FIRST, before, after))
        before = after
    while len(found) < MOST and not _close(found):
        yield Progress(len(found) * NODES, MOST * NODES)
        worst = max(found, key=lambda one: abs(one.gap))
        found.remove(worst)
        middle = (worst.low + worst.high) / 2
        there = worth(middle)
        found.append(stretch(worst.low, middle, worst.worth_low, there))
        found.append(stretch(middle, worst.high, there, worst.worth_high))
    change = sum(one.change for one in found)
    checked = Completeness(len(found) * NODES, change, sum(one.gap for one in found))
    return TokenScores("integrated_gradients", np.sum([one.scores for one in found], axis=0), checked)


def _close(found: Sequence[_Stretch]) -> bool:
    """Return whether stretches miss little of what changes on them, up and down."""
    missed, changed = sum(abs(one.gap) for one in found), sum(abs(one.change) for one in found)
    return missed <= max(SMALL, TOLERANCE * changed)


def _between(begun: "Tensor", ended: "Tensor", at: float) -> "Tensor":
    """Return the embeddings at a place of the way."""
    return begun + (ended - begun).detach() * at


def _integral(
    target: Target, low: "Tensor", high: "Tensor"
) -> Callable[["HookedModel"], NDArray[np.float64]]:
    """Return what integrates the gradients from one place of the way to another."""

    def integrate(hooked: "HookedModel") -> NDArray[np.float64]:
        from captum.attr import IntegratedGradients  # noqa: PLC0415 - takes seconds, and is seldom asked for

        method = IntegratedGradients(_read(hooked, target))
        return _summed(method.attribute(high, baselines=low, n_steps=NODES, method="gausslegendre"))

    return integrate


def _worth(hooked: "HookedModel", target: Target, embeddings: "Tensor") -> float:
    """Return what is explained of a text of such embeddings, nats."""
    from torch import inference_mode  # noqa: PLC0415 - see above

    with inference_mode():
        return float(_read(hooked, target)(embeddings)[0])


def _baseline(hooked: "HookedModel", token_ids: Sequence[int]) -> "Tensor":
    """Return (1, T, width) the mean embedding of the vocabulary, everywhere."""
    import torch  # noqa: PLC0415 - see above

    with torch.no_grad():
        every = torch.arange(len(hooked.embedding.weight), device=hooked.device)
        total = sum(hooked.embedding(some).double().sum(0) for some in every.split(AT_ONCE))
        mean = (total / len(every)).float()
        found: Tensor = mean.expand(1, len(token_ids), -1).clone()
    return found


def _embedded(hooked: "HookedModel", token_ids: Sequence[int]) -> "Tensor":
    """Return (1, T, width) embeddings, at which gradients can be taken."""
    import torch  # noqa: PLC0415 - see above

    with torch.no_grad():
        found: Tensor = hooked.embedding(torch.tensor([list(token_ids)], device=hooked.device)).clone()
    return found.requires_grad_()


def _read(hooked: "HookedModel", target: Target) -> Callable[["Tensor"], "Tensor"]:
    """Return what maps (B, T, width) embeddings to (B,) what is explained."""
    return lambda embeddings: target.of(hooked.logits_of_embeddings(embeddings))


def _summed(found: Any) -> NDArray[np.float64]:
    """Return (T,) scores of tokens, given (1, T, width) those of the components of their embeddings."""
    scores: NDArray[np.float64] = found[0].detach().double().sum(-1).cpu().numpy()
    return scores
