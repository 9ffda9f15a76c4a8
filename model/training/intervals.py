"""How sure a number is that was measured on some blocks of a text: the bootstrap (Efron 1979)."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 5
"""Blocks: of fewer no interval is told."""
RESAMPLES, SEED = 1000, 0
CERTAINTY = 0.95
AT_ONCE = 2_000_000
"""Numbers that are drawn at the same time."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A measured number, and between which ends `CERTAINTY` of the bootstrap's samples lie."""

    value: float
    low: float | None = None
    """None, as the other end, where there were too few blocks to tell."""
    high: float | None = None

    def mapped(self, function: Callable[[float], float]) -> "Interval":
        """Return the same of a number that grows with this one."""
        ends = (None if end is None else function(end) for end in (self.low, self.high))
        return Interval(function(self.value), *ends)


def ratio_interval(amounts: Floats, sizes: Floats) -> Interval:
    """Return all amounts together over all sizes together, such as nats over tokens.

    Blocks are drawn with replacement, each with its amount and its size, so that long ones weigh more. The
    ends are percentiles (`scipy.stats.bootstrap`).

    Args:
        amounts: (blocks,) numbers.
        sizes: (blocks,) numbers, not all 0.
    """
    value = float(amounts.sum() / sizes.sum())
    if len(amounts) < FEWEST or not np.isfinite(amounts).all():
        return Interval(value)
    from scipy.stats import bootstrap  # noqa: PLC0415 - takes half a second, and is asked for seldom

    def ratio(amounts: Floats, sizes: Floats, axis: int) -> Floats:
        return np.asarray(amounts.sum(axis=axis) / sizes.sum(axis=axis))

    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # blocks that are all alike have an interval of no width
        found = bootstrap(
            (amounts, sizes),
            ratio,
            paired=True,
            vectorized=True,
            n_resamples=RESAMPLES,
            batch=max(1, AT_ONCE // len(amounts)),
            confidence_level=CERTAINTY,
            method="percentile",
            rng=np.random.default_rng(SEED),
        ).confidence_interval
    return Interval(value, float(found.low), float(found.high))
