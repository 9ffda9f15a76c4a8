"""The way back, and forth again, through the states of an immutable value."""

from typing import Generic, TypeVar

Value = TypeVar("Value")

MOST_STATES = 200
"""States that are kept to return to."""


class History(Generic[Value]):
    """A value that changes, and what it was before."""

    def __init__(self, now: Value) -> None:
        self.now = now
        """May be replaced where a change is none to undo, such as of what is selected."""
        self._past: list[Value] = []
        self._future: list[Value] = []

    def change(self, value: Value) -> None:
        """Take another value; what had been undone is gone."""
        self._past.append(self.now)
        del self._past[:-MOST_STATES]
        self._future.clear()
        self.now = value

    def undo(self) -> bool:
        """Return to the value before the last change; return whether there was one."""
        return self._go(self._past, self._future)

    def redo(self) -> bool:
        """Return to the value that was undone last; return whether there was one."""
        return self._go(self._future, self._past)

    def copy(self) -> "History[Value]":
        """Return the same value with the same past, which changes by itself from now on."""
        copied = History(self.now)
        copied._past, copied._future = list(self._past), list(self._future)
        return copied

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to undo."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is a change to make again."""
        return bool(self._future)

    def _go(self, source: list[Value], target: list[Value]) -> bool:
        if not source:
            return False
        target.append(self.now)
        self.now = source.pop()
        return True
