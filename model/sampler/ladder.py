"""The tokens laid end to end on 0 to 1, most likely first: the ladder on which the dice fall."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from model.sampler.sampling import ShapedDistribution


@dataclass(frozen=True)
class Rung:
    """One token, or several that are not shown by themselves, and the stretch of [0, 1] that is theirs."""

    token_id: int | None
    """None for several."""
    first: int
    """Rank of the (first) token among those left, 1 the most likely."""
    count: int
    low: float
    high: float

    @property
    def probability(self) -> float:
        """Length of the stretch."""
        return self.high - self.low


def ladder(shaped: ShapedDistribution, *, most: int, marked: Collection[int] = ()) -> list[Rung]:
    """Return the tokens that are left as rungs from 0 to 1, as `sampling.draw` lays them out.

    Args:
        shaped: the distribution of one step.
        most: leading tokens with a rung of their own.
        marked: other tokens that have one, with their neighbours, if they are left.
    """
    token_ids = shaped.token_ids
    cumulative = np.cumsum(shaped.kept_probabilities)
    edges = np.append(0.0, cumulative / cumulative[-1])
    alone = set(range(min(most, len(token_ids))))
    for token_id in marked:
        for place in np.flatnonzero(token_ids == token_id).tolist():
            alone |= {near for near in (place - 1, place, place + 1) if 0 <= near < len(token_ids)}
    rungs: list[Rung] = []
    at = 0
    for place in sorted(alone):
        if place > at:
            rungs.append(Rung(None, at + 1, place - at, float(edges[at]), float(edges[place])))
        token_id = int(token_ids[place])
        rungs.append(Rung(token_id, place + 1, 1, float(edges[place]), float(edges[place + 1])))
        at = place + 1
    if at < len(token_ids):
        rungs.append(Rung(None, at + 1, len(token_ids) - at, float(edges[at]), 1.0))
    return rungs
