"""Do counts agree with probabilities? Bands for a share, and the chi-square test."""

import math
from dataclasses import dataclass

import numpy as np

from model.sampler.distribution import Floats, Ids

Z95 = 1.959963984540054
"""Quantile of the standard normal distribution that leaves 2.5 % above it."""
LEAST_EXPECTED = 5.0
"""Counts that a cell must be expected to have: below, the chi-square distribution is no good approximation
(Cochran 1954, "Some methods for strengthening the common chi-square tests")."""


def wilson(count: int, total: int) -> tuple[float, float]:
    """Return the ends of the Wilson score interval, 95 %, for the probability behind a share.

    Wilson 1927, "Probable inference, the law of succession, and statistical inference". With no trials
    it is everything from 0 to 1.

    Raises:
        ValueError: the count is not between 0 and the total.
    """
    if not 0 <= count <= total:
        raise ValueError(f"a count must be between 0 and {total}, not {count}")
    if total == 0:
        return 0.0, 1.0
    share, weight = count / total, Z95**2 / total
    middle = (share + weight / 2) / (1 + weight)
    half = Z95 * math.sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    # The ends that are exactly 0 and 1 come out of the arithmetic a rounding away from it.
    low = 0.0 if count == 0 else max(0.0, middle - half)
    return low, 1.0 if count == total else min(1.0, middle + half)


@dataclass(frozen=True)
class ChiSquare:
    """Pearson's test of counts against probabilities."""

    statistic: float
    """Sum over the cells of (observed - expected)^2 / expected; infinite if the impossible was observed."""
    degrees_of_freedom: int
    p_value: float
    """Probability of a statistic at least as large, if the counts were drawn from the probabilities."""
    pooled: int
    """How many outcomes of some probability were put into one cell, being too rare for their own."""


def chi_square(counts: Ids, probabilities: Floats) -> ChiSquare | None:
    """Test whether counts were drawn from probabilities (Pearson 1900).

    Outcomes that are expected fewer than LEAST_EXPECTED times share one cell; if even that is expected
    less often, it takes in the rarest of the others.

    Args:
        counts: (n,) how often each outcome was observed.
        probabilities: (n,) of the outcomes; they sum to 1.

    Returns:
        None where fewer than two cells are left: there is nothing to compare.
    """
    possible = probabilities > 0
    impossible = int(counts[~possible].sum())
    expected, observed = probabilities[possible] * counts.sum(), counts[possible]
    order = np.argsort(-expected, kind="stable")
    expected, observed = expected[order], observed[order]
    own = int(np.count_nonzero(expected >= LEAST_EXPECTED))
    if own and own < len(expected) and expected[own:].sum() < LEAST_EXPECTED:
        own -= 1
    cells = own + (own < len(expected))
    if impossible:
        return ChiSquare(math.inf, max(1, cells - 1), 0.0, len(expected) - own)
    if cells < 2:
        return None
    starts = np.arange(cells)  # of the sums: one outcome each, and the rest in the last
    expected, observed = np.add.reduceat(expected, starts), np.add.reduceat(observed, starts)
    statistic = float(((observed - expected) ** 2 / expected).sum())
    return ChiSquare(statistic, cells - 1, chi_square_tail(statistic, cells - 1), len(order) - own)


def chi_square_tail(statistic: float, degrees_of_freedom: int) -> float:
    """Return the probability that a chi-square variable is at least so large.

    It is the regularised upper incomplete gamma function Q(k/2, x/2): 1 less the series of P below its
    bend, the continued fraction by Lentz's method above it (Press et al. 2007, Numerical Recipes, 6.2).
    `torch.special.gammaincc` is off by 1e-9 about the bend, and sampling knows no torch.

    Raises:
        ValueError: the statistic is negative or NaN, or there is no degree of freedom.
    """
    if not statistic >= 0 or degrees_of_freedom < 1:
        raise ValueError("the tail needs a statistic of at least 0 and a degree of freedom")
    shape, x = degrees_of_freedom / 2, statistic / 2
    if x == 0 or math.isinf(x):
        return 1.0 if x == 0 else 0.0
    scale = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        return max(0.0, 1.0 - scale * _series(shape, x))
    return min(1.0, scale * _continued_fraction(shape, x))


def _series(shape: float, x: float) -> float:
    """Return the sum of x^n / (a (a+1) ... (a+n)) for n = 0, 1, ..."""
    term = total = 1 / shape
    above = shape
    while term > total * 1e-16:
        above += 1
        term *= x / above
        total += term
    return total


def _continued_fraction(shape: float, x: float) -> float:
    """Return 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / ...))."""
    b = x + 1 - shape
    c, d = math.inf, 1 / b
    value, factor, n = d, 0.0, 0
    while abs(factor - 1) > 1e-15 and n < 10_000:
        n += 1
        a = n * (shape - n)
        b += 2
        d = 1 / (a * d + b)
        c = b + a / c
        factor = c * d
        value *= factor
    return value
