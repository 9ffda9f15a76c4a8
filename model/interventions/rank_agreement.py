"""How far two orders of the same things agree: Kendall's tau, and how sure that is."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 5
"""Things to order: of fewer nothing can be said."""
NORMAL = 1.959964
"""Standard deviations on either side of the mean that hold 95 % of a normal distribution."""
SPREAD = 0.437
"""Variance of atanh(tau) times (n - 4), by Fieller, Hartley and Pearson (1957)."""


@dataclass(frozen=True)
class RankAgreement:
    """Tau-b (Kendall 1945), which heeds ties: 1 for the same order, -1 for the opposite, 0 for none."""

    tau: float
    interval: tuple[float, float]
    """95 %, by Fieller, Hartley and Pearson (1957); things that depend on each other make it too narrow."""
    count: int
    """Things that were ordered."""


def rank_agreement(one: NDArray[np.floating], other: NDArray[np.floating]) -> RankAgreement | None:
    """Return how far two (n,) lists of numbers order the same things alike; None where nothing can be said.

    That is where there are fewer than `FEWEST`, or all numbers of a list are equal.
    """
    if len(one) < FEWEST:
        return None
    from scipy.stats import kendalltau  # noqa: PLC0415 - takes half a second, and the page is up before

    tau = float(kendalltau(one, other).statistic)
    if math.isnan(tau):
        return None
    count = len(one)
    most = 1 - 2 / (count * (count - 1))  # one pair out of order: atanh knows no perfect agreement
    middle = math.atanh(max(-most, min(most, tau)))
    spread = NORMAL * math.sqrt(SPREAD / (count - 4))
    low, high = math.tanh(middle - spread), math.tanh(middle + spread)
    return RankAgreement(tau, (min(low, tau), max(high, tau)), count)
