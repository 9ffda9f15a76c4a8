"""How many threads the passes of the model take: as many as there are cores that nobody else uses."""

import os
import time
from dataclasses import dataclass
from typing import Self

import psutil
import torch

SECONDS = 0.2
"""Between two looks at who is busy."""
SMOOTHING = 0.4
SPARED = 0.4
"""Of a core that others may use before a thread is taken away from the model."""


@dataclass(frozen=True)
class Usage:
    """What the clocks of the machine said at one moment, all in seconds."""

    wall: float
    all_cores: float
    """Time that the cores of the machine have worked, for whomever."""
    own: float
    """Time that the thread that asks has worked."""

    @classmethod
    def now(cls) -> Self:
        """Return what they say."""
        times = psutil.cpu_times()
        resting = times.idle + getattr(times, "iowait", 0.0) + getattr(times, "steal", 0.0)
        # Guests are counted among the users already.
        guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
        return cls(time.perf_counter(), sum(times) - resting - guests, time.thread_time())


class Threads:
    """Chooses, before a pass, among how many threads PyTorch divides its operations. For the engine.

    Threads of one operation wait for each other. If something else runs on the core of one of them (pages
    being drawn, a browser), all stand still until that one comes back, hundreds of times a pass: fewer
    threads than cores are then several times faster. What is computed does not depend on it.
    """

    def __init__(self, most: int) -> None:
        """Begin with as many as there may be."""
        self.count = most
        self._most = most
        self._cores = os.cpu_count() or most
        self._others = 0.0
        self._before = Usage.now()
        torch.set_num_threads(most)

    def settle(self) -> None:
        """Look at who is busy, if the last look was long ago."""
        if time.perf_counter() - self._before.wall >= SECONDS:
            now = Usage.now()
            self.learn(self._before, now)
            self._before = now

    def learn(self, before: Usage, now: Usage) -> None:
        """Choose by what others did between two moments."""
        seconds = now.wall - before.wall
        ours = self.count * (now.own - before.own)
        others = max(0.0, now.all_cores - before.all_cores - ours) / seconds
        self._others += SMOOTHING * (others - self._others)
        count = max(1, min(self._most, int(self._cores - self._others + SPARED)))
        if count != self.count:
            self.count = count
            torch.set_num_threads(count)
