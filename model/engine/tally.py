"""What an engine has done since it began, in numbers."""

import bisect
from collections import Counter

FIRST_TOKEN_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper ends of the classes into which waits for a first token fall; longer ones fall behind the last."""


class Waits:
    """Durations, sorted into classes as they come."""

    def __init__(self, ends: tuple[float, ...]) -> None:
        self.ends = ends
        self.counts = [0] * (len(ends) + 1)
        """By class; the last is of those beyond all ends."""
        self.seconds = 0.0
        """All of them together."""

    def add(self, seconds: float) -> None:
        """Count one; a wait as long as an end belongs to its class."""
        self.counts[bisect.bisect_left(self.ends, seconds)] += 1
        self.seconds += seconds

    def take(self, other: "Waits") -> None:
        """Count what another has counted, of the same classes."""
        self.counts = [own + more for own, more in zip(self.counts, other.counts, strict=True)]
        self.seconds += other.seconds


class Tally:
    """Counted by the engine's thread alone, read by any."""

    def __init__(self) -> None:
        self.tokens = 0
        """That were written."""
        self.texts: Counter[str] = Counter()
        """That have ended, by the reason: those of `FinishReason`, and `error`."""
        self.first_token = Waits(FIRST_TOKEN_SECONDS)
        """From the request for a text to its first token."""

    def take(self, other: "Tally") -> None:
        """Count what another engine has done, which is gone or is counted together with this one."""
        self.tokens += other.tokens
        self.texts.update(dict(other.texts))
        self.first_token.take(other.first_token)
