"""What the sampler's settings do to one recorded distribution: the numbers behind the sampler's figures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.sampler.distribution import Floats, Ids, descending
from model.sampler.sampling import ShapedDistribution
from model.sampler.stage_records import CUTS, XTC

TEMPERATURES: Floats = np.linspace(0.05, 2.0, 79)
"""Grid of the temperature sweep; starts above 0, where the sampler turns greedy."""


@dataclass(frozen=True, eq=False)
class TemperatureSweep:
    """Probability of a few tokens at every temperature, before any cut."""

    temperatures: Floats
    """(N,) rising."""
    token_ids: Ids
    """(m,) the tokens followed."""
    probabilities: Floats
    """(N, m) softmax over the whole vocabulary of logits / temperature."""

    @property
    def others(self) -> Floats:
        """(N,) probability of all other tokens together."""
        others: Floats = np.clip(1.0 - self.probabilities.sum(axis=1), 0.0, 1.0)
        return others


@dataclass(frozen=True)
class Cut:
    """Where one stage ends the ranking."""

    name: str
    """The stage, such as top_k."""
    kept: int
    """Tokens left after it: the rank of the last one."""


@dataclass(frozen=True, eq=False)
class RankedCurve:
    """Probability against rank after penalties and temperature, and where the cuts fall.

    A cut that ends this ranking at a rank is a vertical line in it.
    """

    ranks: NDArray[np.intp]
    """(n,) ranks shown, 1 the most likely: all of the first hundred, then evenly in the logarithm."""
    probabilities: Floats
    """(n,) probability of the token at each rank, after penalty and temperature."""
    cumulative: Floats
    """(n,) probability of all tokens up to each rank."""
    model_probabilities: Floats
    """(n,) the model's own probability at each rank of its own ranking."""
    cuts: tuple[Cut, ...]
    """In the order of the stages."""
    excluded: int = 0
    """Leading tokens of this ranking that XTC removed: it begins behind them."""


def temperature_sweep(
    scores: NDArray[np.floating], token_ids: Sequence[int], temperatures: Floats = TEMPERATURES
) -> TemperatureSweep:
    """Follow tokens over the temperatures.

    Args:
        scores: (V,) logits, penalties already applied.
        token_ids: (m,) the tokens to follow.
        temperatures: (N,) all above 0.
    """
    followed = np.asarray(token_ids, dtype=np.intp)
    shifted = (scores - scores.max()).astype(np.float32)
    rows = np.empty((len(temperatures), len(followed)))
    for row, temperature in zip(rows, temperatures, strict=True):
        powers = np.exp(shifted * np.float32(1.0 / temperature))
        row[:] = powers[followed] / powers.sum(dtype=np.float64)
    return TemperatureSweep(temperatures, followed, rows)


def ranked_curve(shaped: ShapedDistribution, points: int = 240) -> RankedCurve:
    """Sample the ranked probabilities of a distribution at about `points` ranks, evenly in the logarithm."""
    size = len(shaped.logits)
    spread = np.geomspace(1, size, points)
    ranking = descending(shaped.scaled)
    cuts = _cuts(shaped, ranking)
    ranks = np.unique(
        np.concatenate(
            [np.arange(1, min(size, 100) + 1), spread.round().astype(np.intp), [cut.kept for cut in cuts]]
        )
    ).astype(np.intp)
    ranked = shaped.scaled[ranking]
    return RankedCurve(
        ranks=ranks,
        probabilities=ranked[ranks - 1],
        cumulative=np.cumsum(ranked)[ranks - 1],
        model_probabilities=shaped.probabilities[shaped.ranking][ranks - 1],
        cuts=cuts,
        excluded=_excluded(shaped, ranking),
    )


def _cuts(shaped: ShapedDistribution, ranking: Ids) -> tuple[Cut, ...]:
    """Return the cuts that end the ranking at a rank: most do, unless later stages change who leads."""
    cuts = [stage for stage in shaped.stages if stage.name in CUTS and stage.name != XTC]
    return tuple(
        Cut(stage.name, stage.kept)
        for stage in cuts
        if np.array_equal(np.sort(ranking[: stage.kept]), np.sort(stage.token_ids))
    )


def _excluded(shaped: ShapedDistribution, ranking: Ids) -> int:
    """Return how many tokens XTC removed, if it is those that lead the ranking; else 0."""
    removed = [
        np.setdiff1d(stage.before.token_ids, stage.token_ids)
        for stage in shaped.stages
        if stage.name == XTC and stage.before is not None
    ]
    return sum(len(some) for some in removed if np.array_equal(np.sort(ranking[: len(some)]), some))
