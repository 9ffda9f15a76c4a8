"""Which method was right: what becomes of a prediction where tokens are hidden in the order of their scores.

Deletion and insertion curves: Samek et al. 2017, "Evaluating the visualization of what a deep neural network
has learned"; Petsiuk et al. 2018, "RISE".
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from model.interventions.hiding import Hidden, Hiding
from model.interventions.token_scores import Progress, TokenScores

MOST_POINTS = 17
"""Of a curve: of a longer text not every number of hidden tokens is tried."""
CHANCE_ORDERS, CHANCE_SEED = 2, 0
"""Orders drawn by chance, of which each counts a second time backwards, and the seed of their dice."""


@dataclass(frozen=True, eq=False)
class Curves:
    """What is explained, nats, by how many of the tokens were touched in one order."""

    counts: tuple[int, ...]
    """0 to all M that can be hidden."""
    deletion: NDArray[np.float64]
    """(n,) where the first so many of the order are hidden: the sooner it falls, the better the order."""
    insertion: NDArray[np.float64]
    """(n,) where all others are: the sooner it rises, the better."""

    @property
    def shares(self) -> NDArray[np.float64]:
        """(n,) of the tokens that were touched, 0 to 1."""
        return np.array(self.counts) / self.counts[-1]

    @property
    def deletion_area(self) -> float:
        """Area under the deletion curve over the share of tokens, its mean height; less is better."""
        return float(np.trapezoid(self.deletion, self.shares))

    @property
    def insertion_area(self) -> float:
        """Area under the insertion curve, likewise; more is better."""
        return float(np.trapezoid(self.insertion, self.shares))


Curving: TypeAlias = Generator[Progress, None, Curves]
"""Tells how far it is and returns the curves; whoever stops listening stops it."""


def curves(hiding: Hiding, scores: TokenScores) -> Curving:
    """Hide tokens in the order of a method's scores, the highest first, and show them again in that order.

    Args:
        hiding: readings of the text, of at least two tokens.
        scores: of its tokens; equal ones in the order of the text.
    """
    return (yield from _of_orders(hiding, [_order(scores, hiding.count)]))


def chance_curves(hiding: Hiding) -> Curving:
    """Hide and show tokens in orders drawn by chance, and return the mean: what no knowledge is worth."""
    rng = np.random.default_rng(CHANCE_SEED)
    drawn = [rng.permutation(hiding.count).tolist() for _ in range(CHANCE_ORDERS)]
    return (yield from _of_orders(hiding, [*drawn, *(order[::-1] for order in drawn)]))


def _order(scores: TokenScores, count: int) -> list[int]:
    """Return the positions of the tokens that can be hidden, the highest score first."""
    order: list[int] = np.argsort(-scores.values[:count], kind="stable").tolist()
    return order


def _of_orders(hiding: Hiding, orders: Sequence[Sequence[int]]) -> Curving:
    counts = tuple(np.unique(np.linspace(0, hiding.count, MOST_POINTS).round().astype(int)).tolist())
    deleted = [[frozenset(order[:count]) for count in counts] for order in orders]
    inserted = [[frozenset(order[count:]) for count in counts] for order in orders]
    wanted = [hidden for sets in (*deleted, *inserted) for hidden in sets]
    done, total = 0, len(hiding.missing(wanted))
    yield Progress(done, total)
    for count in hiding.read(wanted):
        done += count
        yield Progress(done, total)
    return Curves(counts, _mean(hiding, deleted), _mean(hiding, inserted))


def _mean(hiding: Hiding, orders: Sequence[Sequence[Hidden]]) -> NDArray[np.float64]:
    """Return (n,) the mean over orders of what is left with each of n sets hidden."""
    values = [[hiding.values[hidden] for hidden in sets] for sets in orders]
    return np.asarray(np.mean(values, axis=0))
