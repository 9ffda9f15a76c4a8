"""The latest of some values that come in a thread of their own, so that a page need not wait for the next."""

import time
from collections.abc import Iterable
from threading import Event, Thread
from typing import Generic, TypeVar

from viz.words.strings import say

Value = TypeVar("Value")


class Following(Generic[Value]):
    """Runs through values as they come; any thread may look at the latest."""

    def __init__(self, values: Iterable[Value], first: Value) -> None:
        """Start the thread.

        Args:
            values: of which each replaces the one before it.
            first: what is there until the first of them has come.
        """
        self._latest = first
        self._error: Exception | None = None
        self._done = Event()
        Thread(target=self._follow, args=(values,), name="following", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Wait at most some seconds for the end; return whether no other value will come."""
        return self._done.wait(seconds)

    def latest(self) -> Value:
        """Return the value as it is now.

        Raises:
            Exception: what went wrong while the next one was made.
        """
        if self._error is not None:
            raise self._error
        return self._latest

    def _follow(self, values: Iterable[Value]) -> None:
        try:
            for value in values:
                self._latest = value
        except Exception as error:  # noqa: BLE001 - whoever looks is told
            self._error = error
        finally:
            self._done.set()


class Speed:
    """Tokens a second since the first ones came."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None

    def told(self, tokens: int) -> str:
        """Return the speed in words; nothing while it cannot be known."""
        now = time.monotonic()
        if tokens and self._first is None:
            self._first = now, tokens
        if self._first is None or tokens == self._first[1]:
            return ""
        began, first = self._first
        return say("page.rate", rate=f"{(tokens - first) / max(now - began, 1e-9):.0f}")
