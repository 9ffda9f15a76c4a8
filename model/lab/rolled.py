"""Rollouts and sweeps as far as they are there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from model.lab.rollout_statistics import FirstToken, first_token_test, first_tokens
from model.lab.rollouts import SweepPoint
from model.numbers import MAX_SEED
from model.sampler.distribution import Floats
from model.sampler.goodness_of_fit import ChiSquare
from model.texts.run import Run

SHOWN = 12
"""First tokens in the figure."""


@dataclass(frozen=True, eq=False)
class Rolled:
    """Rollouts of one text, as far as they are there: nothing in it is as large as the vocabulary."""

    start: Run
    """What they continue, with the seed of the first."""
    count: int
    """How many were asked for."""
    first: tuple[FirstToken, ...]
    """The likeliest first tokens, counted in all rollouts."""
    fit: ChiSquare | None
    """The test of all first tokens against what they were drawn from; None for too few."""
    runs: tuple[Run, ...] = ()
    """Those that have ended, by seed."""

    @classmethod
    def begun(cls, start: Run, begun: Sequence[Run], probabilities: Floats) -> Self:
        """Return rollouts that have their first token, and of which none has ended.

        Args:
            start: what they continue, with the seed of the first.
            begun: all of them, each with its first token.
            probabilities: (V,) what each of them drew it from.
        """
        # The likeliest, whether they came or not: bands chosen by what came would lie too high.
        likeliest = first_tokens(begun, probabilities, SHOWN + len(begun))[:SHOWN]
        return cls(start, len(begun), tuple(likeliest), first_token_test(begun, probabilities))

    @property
    def whole(self) -> bool:
        """Whether all have ended."""
        return len(self.runs) == self.count

    def number(self, run: Run) -> int:
        """Return which of the rollouts a run is, from 0."""
        return (run.seed - self.start.seed) % (MAX_SEED + 1)


@dataclass(frozen=True, eq=False)
class Swept:
    """Rollouts of one text under several values of one setting, as far as they are there."""

    start: Run
    setting: str
    count: int
    """How many were asked for under each value."""
    points: tuple[SweepPoint, ...] = ()
