"""The histograms of GLTR (Gehrmann et al. 2019, arXiv:1906.04043): how a text's tokens stand with a model.

There they come from the leading tokens of each distribution; here from all of the vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

RANK_BOUNDS = (10, 100, 1000)
"""Last rank of every bucket but the last, which has no end: as GLTR colours them."""
RATIO_BINS = 10


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many values fell between which edges."""

    edges: NDArray[np.float64]
    """(n + 1,) ascending. A value on an edge belongs to the right of it, on the last one to the last bin."""
    counts: NDArray[np.intp]
    """(n,) values of every bin."""

    @property
    def total(self) -> int:
        """Number of values."""
        return int(self.counts.sum())


def rank_counts(ranks: Sequence[int]) -> tuple[int, ...]:
    """Return how many of the ranks, 1 the most likely, are 1-10, 11-100, 101-1000 and beyond."""
    buckets = np.searchsorted(RANK_BOUNDS, np.asarray(ranks, dtype=np.intp))
    return tuple(np.bincount(buckets, minlength=len(RANK_BOUNDS) + 1).tolist())


def ratio_histogram(ratios: ArrayLike) -> Histogram:
    """Return the histogram of ratios in [0, 1], a token's probability to that of the most likely one."""
    return _histogram(ratios, np.linspace(0.0, 1.0, RATIO_BINS + 1))


def entropy_histogram(entropies: ArrayLike, vocab_size: int) -> Histogram:
    """Return the histogram of entropies in bits, a bin for each bit up to what this vocabulary can have.

    Args:
        entropies: of distributions over the whole vocabulary.
        vocab_size: number of its tokens, at least 2.
    """
    most = int(np.ceil(np.log2(vocab_size)))
    # Rounding may put the entropy of an even distribution just above the logarithm.
    return _histogram(np.minimum(entropies, most), np.arange(most + 1.0))


def _histogram(values: ArrayLike, edges: NDArray[np.float64]) -> Histogram:
    counts, _ = np.histogram(np.asarray(values, dtype=np.float64), edges)
    return Histogram(edges, counts)
