"""Ways of looking at attention that change the numbers: without the first token, a window, the strongest."""

import numpy as np
from numpy.typing import NDArray

PAST_SHARE = 0.75
"""Share of a window that lies before the selected position: a query looks back."""


def hide_first(weights: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the weights with the first key put to zero and each row brought back to a sum of 1.

    Many heads rest on the first token when they have nothing to look at (Xiao et al. 2023, "attention
    sinks", arXiv:2309.17453), which hides what else they see. A row that looked at nothing but the first
    token, as row 0 always does, keeps no mass and stays all zero. NaN stays NaN.

    Args:
        weights: (rows, T) queries x keys, key 0 the first of the text; not changed.
    """
    hidden = np.array(weights, dtype=np.float64)
    if hidden.size == 0:
        return np.array(weights)
    hidden[:, 0] = np.where(np.isnan(hidden[:, 0]), np.nan, 0.0)
    mass = np.nansum(hidden, axis=1, keepdims=True)
    shares = np.divide(hidden, mass, out=hidden.copy(), where=mass > 0)
    result: NDArray[np.floating] = shares.astype(weights.dtype)
    return result


def window(length: int, selected: int, size: int) -> range:
    """Return the positions to show of a long text: `size` of them around the selected one.

    Always inside [0, length), as many as there are up to `size`, three quarters of them before the selected
    position where the text allows. A selected position outside the text counts as its nearest end.
    """
    size = max(1, min(size, length))
    inside = min(max(selected, 0), max(0, length - 1))
    start = min(max(0, inside - int(size * PAST_SHARE)), max(0, length - size))
    return range(start, min(length, start + size))


def strongest(weights: NDArray[np.floating], block: int) -> NDArray[np.floating]:
    """Return (⌈rows / block⌉, ⌈columns / block⌉) the largest weight of each square of `block` by `block`.

    Max pooling: a single strong weight, which a mean would drown, stays visible. NaN counts as no weight; a
    square without any is NaN. Squares at the far edges may be smaller.

    Args:
        weights: (rows, columns).
        block: positions along each side.
    """
    rows, columns = (-(-length // block) * block for length in weights.shape)
    padded = np.full((rows, columns), np.nan, dtype=weights.dtype)
    padded[: weights.shape[0], : weights.shape[1]] = weights
    squares = padded.reshape(rows // block, block, columns // block, block)
    result: NDArray[np.floating] = np.fmax.reduce(np.fmax.reduce(squares, axis=3), axis=1)
    return result
