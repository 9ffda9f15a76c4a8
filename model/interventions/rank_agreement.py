"""How far two orders of the same things agree: Kendall's tau, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 4
"""Things to order: of fewer nothing can be said."""
RESAMPLES, SEED = 1000, 0
CERTAINTY = 0.95


@dataclass(frozen=True)
class RankAgreement:
    """Tau-b (Kendall 1945), in which tied pairs count for neither side."""

    tau: float
    """1 for the same order, 0 for none in common, -1 for the opposite one."""
    low: float
    high: float
    """Ends of the interval in which `CERTAINTY` of the taus of bootstrap samples of the things lie."""
    count: int
    """Things that were ordered."""


def rank_agreement(one: NDArray[np.floating], other: NDArray[np.floating]) -> RankAgreement | None:
    """Return how far two (n,) lists of numbers order the same things alike; None where nothing can be said.

    That is where there are fewer than `FEWEST`, or all numbers of a list are equal.
    """
    if len(one) < FEWEST or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    from scipy.stats import kendalltau  # noqa: PLC0415 - takes half a second, and the page is up before

    tail = 100 * (1 - CERTAINTY) / 2
    low, high = np.nanpercentile(_resampled(one, other), [tail, 100 - tail])
    tau = float(kendalltau(one, other, variant="b").statistic)
    return RankAgreement(tau, float(low), float(high), len(one))


def _resampled(one: NDArray[np.floating], other: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (RESAMPLES,) tau-b of samples of the things drawn with replacement; NaN where all are tied.

    What was drawn twice is tied with itself, so every pair of different things counts as often as both
    were drawn.
    """
    count = len(one)
    random = np.random.default_rng(SEED)
    counts = random.multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(float)
    ordered = [np.sign(values[:, None] - values) for values in (one, other)]

    def pairs(weights: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.asarray(((counts @ weights) * counts).sum(axis=1))

    untied = pairs(np.abs(ordered[0])) * pairs(np.abs(ordered[1]))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(pairs(ordered[0] * ordered[1]) / np.sqrt(untied))
