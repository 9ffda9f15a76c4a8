"""How often the pages of texts that are being written are redrawn."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

SHARE = 0.3
"""Of one core, for the updates of all pages together: the rest belongs to the texts themselves."""
AROUND = 2.0
"""What an update costs in all against what it takes to compute: Gradio compares, encodes and sends it."""
FIRST_GUESS = 0.005
SMOOTHING = 0.1


class Pace:
    """Measures what updates cost and spreads them: one page follows every token, thirty take turns."""

    def __init__(self) -> None:
        self._pages = 0
        self._seconds = FIRST_GUESS
        self._lock = Lock()

    @contextmanager
    def page(self) -> Iterator[None]:
        """Count a page while its text is being written."""
        with self._lock:
            self._pages += 1
        try:
            yield
        finally:
            with self._lock:
                self._pages -= 1

    def took(self, seconds: float) -> None:
        """Learn what computing an update took."""
        self._seconds += SMOOTHING * (seconds - self._seconds)

    @property
    def interval(self) -> float:
        """Seconds between two updates of one page."""
        return self._pages * self._seconds * AROUND / SHARE
