"""Whether two methods put the tokens of a context into the same order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.interventions.token_scores import UNSIGNED, TokenScores

FEWEST = 4
"""Tokens: of fewer an order tells nothing."""
RESAMPLES, SEED = 1000, 0
CERTAINTY = 0.95


@dataclass(frozen=True)
class Agreement:
    """Kendall's rank correlation of two methods' scores: tau-b, so tied pairs count for neither side."""

    tau: float
    """1 for the same order, 0 for none in common, -1 for the opposite one."""
    low: float
    high: float
    """Ends of the interval in which `CERTAINTY` of the taus of bootstrap samples of the tokens lie."""
    tokens: int
    """That have a number by both."""
    magnitudes: bool
    """Whether sizes are compared, whatever the sign: so where one of the methods knows no sign."""


def agreement(one: TokenScores, other: TokenScores) -> Agreement | None:
    """Return how alike two methods rank the tokens; None where they are few, or all equal to one method."""
    from scipy.stats import kendalltau  # noqa: PLC0415 - takes a second, and is seldom asked for

    both = ~np.isnan(one.values) & ~np.isnan(other.values)
    first, second = one.values[both], other.values[both]
    magnitudes = (one.method in UNSIGNED) != (other.method in UNSIGNED)
    if magnitudes:
        first, second = np.abs(first), np.abs(second)
    if len(first) < FEWEST or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    tail = 100 * (1 - CERTAINTY) / 2
    low, high = np.nanpercentile(_resampled(first, second), [tail, 100 - tail])
    tau = float(kendalltau(first, second, variant="b").statistic)
    return Agreement(tau, float(low), float(high), len(first), magnitudes)


def _resampled(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (RESAMPLES,) tau-b of samples of the tokens drawn with replacement; NaN where all are tied.

    A token that was drawn twice is tied with itself, so every pair of different tokens counts as often as
    both were drawn.
    """
    count = len(first)
    counts = (
        np.random.default_rng(SEED).multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(float)
    )
    ordered = [np.sign(values[:, None] - values) for values in (first, second)]

    def pairs(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(((counts @ weights) * counts).sum(axis=1))

    untied = pairs(np.abs(ordered[0])) * pairs(np.abs(ordered[1]))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(pairs(ordered[0] * ordered[1]) / np.sqrt(untied))
