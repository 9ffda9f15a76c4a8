"""Other dice at the same step: how often each token comes, and how fast shares near probabilities."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from model.sampler.coin import sides
from model.sampler.distribution import Floats, Ids
from model.sampler.goodness_of_fit import ChiSquare, chi_square, wilson
from model.sampler.sampling import ShapedDistribution

MOST_THROWS = 1_000_000
"""Together, at one step."""
MARKS = (1.0, 2.0, 5.0)
"""The distance is noted at these numbers of throws, times the powers of ten."""


@dataclass(frozen=True, eq=False)
class Falls:
    """Where the dice fall for a part of all coins."""

    chance: float
    """Share of the coins."""
    places: Ids
    """(n,) the tokens that can come, most likely first, by their places among those of all coins."""
    cumulative: Floats
    """(n,) sum of their probabilities up to each."""

    def on(self, dice: Floats) -> Ids:
        """Return (m,) the places on which numbers in [0, 1) fall, as `sampling.draw` does it."""
        fallen = np.searchsorted(self.cumulative, dice * self.cumulative[-1], side="right")
        places: Ids = self.places[np.minimum(fallen, len(self.places) - 1)]
        return places


@dataclass(frozen=True, eq=False)
class Throws:
    """All throws at one step under one sampler."""

    place: Hashable
    """What they belong to: the step and the settings."""
    token_ids: Ids
    """(kept,) the tokens that can come, most likely first."""
    probabilities: Floats
    """(kept,) theirs, over all coins; they sum to 1."""
    counts: Ids
    """(kept,) how often each came."""
    falls: tuple[Falls, ...]
    """One, or where XTC throws a coin at every throw one for either side, the one that lets it act first."""
    noted: tuple[tuple[int, float], ...] = ()
    """Round numbers of throws, and the total variation distance after so many."""
    last: int | None = None
    """The token of the last throw."""
    last_u: float | None = None
    """The number that it was, in [0, 1)."""

    @property
    def total(self) -> int:
        """Number of throws."""
        return int(self.counts.sum())

    @property
    def distance(self) -> float:
        """Total variation distance between shares and probabilities, 0 to 1: half the sum of differences."""
        return float(np.abs(self.counts / max(1, self.total) - self.probabilities).sum() / 2)

    @property
    def fit(self) -> ChiSquare | None:
        """The chi-square test of the counts against the probabilities; None without enough throws."""
        return chi_square(self.counts, self.probabilities) if self.total else None


@dataclass(frozen=True, eq=False)
class Share:
    """How often one token came."""

    token_id: int
    probability: float
    count: int
    share: float
    low: float
    """Lower end of the 95 % band (Wilson)."""
    high: float


def no_throws(shaped: ShapedDistribution, place: Hashable) -> Throws:
    """Return the beginning: nothing thrown yet."""
    either = sides(shaped)
    token_ids = either.token_ids
    place_of = {int(token_id): index for index, token_id in enumerate(token_ids)}
    falls = tuple(
        Falls(
            part.chance,
            np.array([place_of[int(token_id)] for token_id in part.shaped.token_ids], dtype=np.intp),
            np.cumsum(part.shaped.kept_probabilities),
        )
        for part in either.parts
    )
    return Throws(place, token_ids, either.probabilities, np.zeros(len(token_ids), dtype=np.intp), falls)


def throw(throws: Throws, count: int, dice: np.random.Generator) -> Throws:
    """Throw so many more times, as far as `MOST_THROWS` allows: each throw is what `sampling.draw` does.

    Where XTC is on, and what it does depends on its coin, each throw throws another coin, too.
    """
    count = min(count, MOST_THROWS - throws.total)
    if count < 1:
        return throws
    first, last = throws.falls[0], throws.falls[-1]
    if first is last:
        numbers = dice.random(count)
        fallen = first.on(numbers)
    else:
        coins, numbers = dice.random((count, 2)).T
        fallen = np.where(coins < first.chance, first.on(numbers), last.on(numbers))
    before = throws.total
    noted = {mark - before for mark in _marks(before, before + count)}
    for start, stop in pairwise(sorted({0, count, *noted})):
        counts = throws.counts + np.bincount(fallen[start:stop], minlength=len(throws.counts))
        throws = replace(throws, counts=counts)
        if stop in noted:
            throws = replace(throws, noted=(*throws.noted, (throws.total, throws.distance)))
    return replace(throws, last=int(throws.token_ids[fallen[-1]]), last_u=float(numbers[-1]))


def shares(throws: Throws, most: int) -> list[Share]:
    """Return the leading tokens with the shares in which they came."""
    rows = []
    for place in range(min(most, len(throws.token_ids))):
        count, total = int(throws.counts[place]), throws.total
        rows.append(
            Share(
                int(throws.token_ids[place]),
                float(throws.probabilities[place]),
                count,
                count / total if total else 0.0,
                *wilson(count, total),
            )
        )
    return rows


def expected_distance(probabilities: Floats, totals: Floats) -> Floats:
    """Return (n,) the distance that chance alone leaves after so many throws, for a fair sampler.

    The mean of |share - p| is sqrt(2 p (1 - p) / (pi n)) where a token comes often (the central limit), and
    no more than 2 p where it never does; so it falls with one over the square root of n.
    """
    spread = probabilities * (1 - probabilities)
    each = [np.minimum(np.sqrt(2 * spread / (np.pi * total)), 2 * probabilities) for total in totals]
    return np.array([one.sum() / 2 for one in each])


def _marks(before: int, after: int) -> set[int]:
    """Return the round numbers of throws after `before`, up to `after`."""
    rounds = {int(mark * 10**power) for power in range(len(str(MOST_THROWS))) for mark in MARKS}
    return {number for number in rounds if before < number <= after}
