"""How much of something may happen in how long, for each of many who do it."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

MOST = 100_000
"""Names that are remembered; of more, the one that did least lately is forgotten, and may begin anew."""


@dataclass(frozen=True)
class Rate:
    """So many at once, and then one after every interval."""

    burst: int
    interval: float
    """Seconds."""


class Rates:
    """Who did how much lately. Of each only one number is kept: when all that was done is forgiven.

    That is the generic cell rate algorithm, which lets through what a leaky bucket does.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic, most: int = MOST) -> None:
        self.rate = rate
        self._clock, self._most = clock, most
        self._forgiven: OrderedDict[Hashable, float] = OrderedDict()
        """In the order of the latest deeds."""

    def __len__(self) -> int:
        return len(self._forgiven)

    def wait(self, name: Hashable) -> float:
        """Return the seconds until one more is allowed; 0 if it is now."""
        now = self._clock()
        over = self._since(name, now) - now - (self.rate.burst - 1) * self.rate.interval
        return max(0.0, over)

    def take(self, name: Hashable) -> None:
        """Count one more, whether it was allowed or not."""
        now = self._clock()
        self._forgiven[name] = self._since(name, now) + self.rate.interval
        self._forgiven.move_to_end(name)
        while self._forgiven:  # those who are forgiven need no place
            first = next(iter(self._forgiven))
            if self._forgiven[first] > now and len(self._forgiven) <= self._most:
                break
            del self._forgiven[first]

    def give_back(self, name: Hashable) -> None:
        """Count one less: it was none after all."""
        if name in self._forgiven:
            self._forgiven[name] -= self.rate.interval

    def _since(self, name: Hashable, now: float) -> float:
        return max(now, self._forgiven.get(name, now))
