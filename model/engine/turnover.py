"""How long a run that waits for a place may have to: by how fast places have become free lately."""

import time
from collections import deque
from collections.abc import Callable

REMEMBERED = 16
"""Places that were waited for."""


class Turnover:
    """The seconds from one run's turn to the next, as long as runs wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None
        """Since when the next run waits for its turn; None while none waits."""
        self._intervals: deque[float] = deque(maxlen=REMEMBERED)

    def note(self, admitted: int, waiting: int) -> None:
        """Take note of how many runs had their turn just now, and how many wait still."""
        now = self._clock()
        if admitted and self._since is not None:
            self._intervals.extend([(now - self._since) / admitted] * min(admitted, REMEMBERED))
        if admitted or self._since is None or not waiting:
            self._since = now if waiting else None

    def seconds(self, ahead: int) -> float | None:
        """Return about how long the run of this number in line waits; None where nobody can tell."""
        if not self._intervals:
            return None
        return ahead * sum(self._intervals) / len(self._intervals)
