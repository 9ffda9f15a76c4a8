"""Attention of a few heads in a byte a weight: which heads a page holds, and how a weight becomes a byte."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.engine.internals import MEAN_HEAD

MOST_WEIGHTS = 600_000
"""Weights that a page holds of all heads together, a byte each."""
LEVELS = 255
"""Of a byte. It holds the square root of a weight, so that small weights are told apart as well."""
FINENESS = 0.5 / LEVELS
"""How far the square root of a weight can be from what its byte says."""


@dataclass(frozen=True, eq=False)
class HeadWeights:
    """What one head looked at, query by query."""

    layer: int
    head: int
    """Counted from 0, or MEAN_HEAD for the mean of the layer."""
    first: int
    """Position of the first query that is held."""
    rows: bytes
    """The rows of the queries from there on, each with a byte for every key up to the query itself."""

    def row(self, query: int) -> NDArray[np.float64]:
        """Return (query + 1,) weights as the page reads them."""
        start = held(query) - held(self.first)
        found = np.frombuffer(self.rows, dtype=np.uint8, count=query + 1, offset=start)
        return (found / LEVELS) ** 2


def held(queries: int) -> int:
    """Return how many weights so many queries from the first one on have."""
    return queries * (queries + 1) // 2


def head_weights(layer: int, head: int, weights: NDArray[np.floating]) -> HeadWeights:
    """Return a head as it is held.

    Args:
        layer: counted from 0.
        head: counted from 0, or MEAN_HEAD.
        weights: (T, T) queries by keys.
    """
    length = len(weights)
    first = first_query(length)
    levels = np.rint(np.sqrt(np.clip(weights, 0.0, 1.0)) * LEVELS).astype(np.uint8)
    rows = b"".join(levels[query, : query + 1].tobytes() for query in range(first, length))
    return HeadWeights(layer, head, first, rows)


def first_query(length: int) -> int:
    """Return the first query of a text that is held: a later one where one head alone would be too large."""
    beyond = held(length) - MOST_WEIGHTS
    if beyond <= 0:
        return 0
    return math.ceil((math.sqrt(8 * beyond + 1) - 1) / 2)


def heads_held(layers: int, heads: int, length: int, layer: int, head: int) -> list[tuple[int, int]]:
    """Return layer and head of those that a page of a text holds, in order; the mean counts as a head.

    The one that is open comes first, then the mean of its layer and that layer's heads, then the means of all
    other layers: as many as there is room for, and at least the first.

    Args:
        layers: of the model.
        heads: of a layer.
        length: tokens of the text.
        layer: that is open, counted from 0.
        head: that is open, or MEAN_HEAD.
    """
    wished = [(layer, head), (layer, MEAN_HEAD)]
    wished += [(layer, one) for one in range(heads)]
    wished += [(one, MEAN_HEAD) for one in range(layers)]
    room = max(1, MOST_WEIGHTS // max(1, held(length)))
    return sorted(list(dict.fromkeys(wished))[:room])
