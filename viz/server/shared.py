"""What the models of one server have in common: the limits of the whole, its numbers, and its end."""

from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from model.engine.tally import Tally
from viz.server.limits import Limits
from viz.server.pace import Pace

if TYPE_CHECKING:
    from model.engine.engine import Engine


class Shared:
    """One for a server, however many models it keeps: places, lines and counts go over all their engines."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.pace = Pace()
        self.draining = False
        """Whether the app is about to end: what is being written goes on, nothing new begins."""
        self.refusals: Counter[str] = Counter()
        """What was refused to visitors, by the reason."""
        self._engines: tuple[Engine, ...] = ()
        self._past = Tally()
        """Of engines that were closed."""
        self._lock = Lock()

    def enter(self, make: "Callable[[Callable[[], int]], Engine]") -> "Engine":
        """Return an engine that shares places with the others.

        Args:
            make: makes it of what says how many places there are for it now.
        """
        mine: list[Engine] = []

        def share() -> int:
            return self._places_of(mine[0]) if mine else self.limits.places

        engine = make(share)
        mine.append(engine)
        with self._lock:
            self._engines = (*self._engines, engine)
        return engine

    def leave(self, engine: "Engine") -> None:
        """Put an engine away; what it has done stays counted."""
        engine.put_away()
        with self._lock:
            self._engines = tuple(one for one in self._engines if one is not engine)
            self._past.take(engine.tally)

    @property
    def writing(self) -> int:
        """Texts that are being written."""
        return sum(engine.writing for engine in self._engines)

    @property
    def waiting(self) -> int:
        """Texts that wait for a place."""
        return sum(engine.waiting for engine in self._engines)

    @property
    def recorded_bytes(self) -> int:
        """Memory of the recordings of all texts."""
        return sum(engine.store.nbytes for engine in self._engines)

    @property
    def recorded_limit(self) -> int:
        """Memory that they may take."""
        return sum(engine.store.budget_bytes for engine in self._engines)

    @property
    def tally(self) -> Tally:
        """What all engines have done since the server began."""
        whole = Tally()
        with self._lock:
            for tally in (self._past, *(engine.tally for engine in self._engines)):
                whole.take(tally)
        return whole

    def answers(self, seconds: float) -> bool:
        """Return whether every engine takes up work within so many seconds."""
        return all(engine.answers(seconds) or engine.closed for engine in self._engines)

    def stop_all(self) -> None:
        """Let every text that is written or waits end before its next token."""
        for engine in self._engines:
            engine.stop_all()

    def _places_of(self, engine: "Engine") -> int:
        """Return the places that others leave an engine, or its even share of them all: none goes without."""
        others = [one for one in self._engines if one is not engine]
        taken = sum(one.writing for one in others)
        busy = 1 + sum(one.writing + one.waiting > 0 for one in others)
        return max(1, self.limits.places - taken, self.limits.places // busy)
