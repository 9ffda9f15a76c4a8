"""A brake for engines: tests decide when the next token comes, and wait for it instead of sleeping."""

import math
from threading import Condition

from tests.patience import PATIENCE


class Brake:
    """Lets the engine pass freely until it is pulled; then as often as a test allows."""

    def __init__(self) -> None:
        self._allowed = math.inf
        self._held = 0
        """Tokens, or passes, that stand at the brake."""
        self._changed = Condition()

    def pull(self) -> None:
        """Hold everything from now on."""
        self._set(0)

    def let(self, count: int = 1) -> None:
        """Allow so many more."""
        self._set(self._allowed + count)

    def release(self) -> None:
        """Hold nothing any more."""
        self._set(math.inf)

    def wait(self) -> None:
        """Wait until all that was allowed has been computed and the next one stands at the brake."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._held and not self._allowed, PATIENCE), "nothing came"

    def pass_by(self) -> None:
        """Called by the engine."""
        with self._changed:
            self._held += 1
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._allowed > 0, 2 * PATIENCE), "never released"
            self._held -= 1
            self._allowed -= 1
            self._changed.notify_all()

    def _set(self, allowed: float) -> None:
        with self._changed:
            self._allowed = allowed
            self._changed.notify_all()
