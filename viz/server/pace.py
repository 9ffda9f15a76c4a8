"""How often the pages of texts that are being written are redrawn."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

SHARE = 0.3
"""Of one core, for the updates of all pages together: the rest belongs to the texts themselves."""
AROUND = 5.0
"""What an update costs in all against what it takes to compute: Gradio compares, encodes and sends it."""
MOST_SECONDS = 1.5
"""Between two updates of one page: what is older does not look as if it were being written."""
FRAME_SECONDS, TOKEN_SECONDS = 0.08, 0.0005
"""What a browser is given to draw an update: it must not be too busy for a press of Stop."""
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
        """Learn how much processor time computing an update took."""
        self._seconds += SMOOTHING * (seconds - self._seconds)

    @property
    def interval(self) -> float:
        """Seconds between two updates of one page, as far as the server is concerned."""
        return min(MOST_SECONDS, self._pages * self._seconds * AROUND / SHARE)

    def interval_of(self, tokens: int, asked: float = 0.0) -> float:
        """Return the seconds between two updates of a page, its browser considered.

        Args:
            tokens: of the text on the page.
            asked: seconds for which its browser has asked, being too busy otherwise.
        """
        return max(self.interval, FRAME_SECONDS + TOKEN_SECONDS * tokens, asked)
