"""What one visitor has rolled: kept in `Visitor.found`, drawn by `rollout_screen`."""

from dataclasses import dataclass

from model.distribution import Floats
from model.rollouts import SweepPoint
from model.run import MAX_SEED, Run


@dataclass(frozen=True, eq=False)
class Rolled:
    """Rollouts of one text, as far as they are there."""

    start: Run
    """What they continue, with the seed of the first."""
    probabilities: Floats
    """(V,) what each of them drew its first token from."""
    count: int
    """How many were asked for."""
    runs: tuple[Run, ...] = ()

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


@dataclass
class Rolls:
    """What is shown in the room of one open page."""

    rolled: Rolled | None = None
    swept: Swept | None = None
