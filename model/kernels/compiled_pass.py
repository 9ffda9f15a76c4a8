"""What a pass does for every one of its texts, as functions that run without the interpreter.

One text after another in Python, thirty texts are 700 calls of torch and numpy a pass, each of which gives
the interpreter lock away and waits for it behind whatever serves the visitors. See `compiled_layers`.
"""

from typing import NamedTuple

import torch
from torch import Tensor

SERIAL = 16_384
"""Numbers that PyTorch computes, and adds, in one thread."""


class Place(NamedTuple):
    """Rows of a block."""

    block: Tensor
    first: int
    length: int


class Summary(NamedTuple):
    """What every step asks of its logits; see `distribution.Summary`."""

    logits: Tensor
    """(V,) memory of its own."""
    largest: float
    total: float
    weighted: float
    leading: Tensor
    """(k,) token ids."""


def recorded(rows: Tensor, places: list[Place], start: int, stop: int) -> list[bool]:
    """Copy (N, width) rows to their places, one after another.

    Returns:
        for every row, whether it holds numbers from column `start` to `stop`.
    """
    first = 0
    for place in places:
        place.block[place.first : place.first + place.length] = rows[first : first + place.length]
        first += place.length
    numbers: list[bool] = rows[:, start:stop].isfinite().all(-1).tolist()
    return numbers


def gathered(places: list[Place], start: int, stop: int) -> Tensor:
    """Return (n, stop - start) those columns of the first row of every place."""
    rows: list[Tensor] = []
    for place in places:
        rows.append(place.block[place.first, start:stop])
    return torch.stack(rows)


def summarised(logits: Tensor, count: int, serial: int = SERIAL) -> list[Summary]:
    """Return a summary of each of (n, V) float32 logits, with the `count` most likely tokens.

    They are what `distribution.Softmax` and `distribution.leading` would compute, but for float32
    exponentials, off by 6e-8 of themselves. In parts: of a longer sum each thread would add its own.
    """
    found: list[Summary] = []
    for index in range(logits.size(0)):  # one row after another: it stays in the processor's cache
        scores = logits[index].clone()
        largest = scores.max()
        total, weighted = 0.0, 0.0
        for part in scores.split(serial):
            below = part - largest
            powers = below.exp()
            total += float(powers.sum(dtype=torch.float64))
            weighted += float(below.mul_(powers).nansum(dtype=torch.float64))
        found.append(Summary(scores, float(largest), total, weighted, most_likely(scores, count)))
    return found


def most_likely(scores: Tensor, count: int) -> Tensor:
    """Return the ids of exactly `count` largest of (V,) scores, as `distribution.leading` orders them.

    It bounds them as that does, by maxima of columns, and looks for them in no other columns.
    """
    k = min(count, scores.size(0))
    columns = 4 * k
    lines = scores.size(0) // columns
    if lines < 2:
        return scores.argsort(descending=True, stable=True)[:k]
    table = scores[: lines * columns].view(lines, columns)
    maxima = table.amax(0)
    bound = maxima.topk(k).values[-1]
    high = (maxima >= bound).nonzero().squeeze(-1)
    places = (table.index_select(1, high) >= bound).nonzero()
    rest = (scores[lines * columns :] >= bound).nonzero().squeeze(-1) + lines * columns
    candidates = torch.cat([places[:, 0] * columns + high[places[:, 1]], rest])
    order = scores[candidates].argsort(descending=True, stable=True)
    return candidates[order][:k]
