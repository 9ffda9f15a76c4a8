"""A run that is being written by the engine, as the one who asked for it sees it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Condition, Event

from model.engine.tally import Tally
from model.sampler.settings import SamplerSettings
from model.texts.run import FinishReason, Run, Step


class Continuation:
    """Grows in the engine's thread, is read and stopped from any other."""

    def __init__(
        self,
        run: Run,
        settings: SamplerSettings,
        seed: int,
        max_new_tokens: int,
        tally: Tally | None = None,
    ) -> None:
        self.settings = settings
        self.seed = seed
        self.max_new_tokens = max_new_tokens
        self.stopped = False
        """Whether it is to end before its next token."""
        self.ahead = 0
        """Its number in the waiting line, 1 for the next; 0 once it is being written."""
        self.began = time.monotonic()
        self.reason = ""
        """Why it has ended, as a `Tally` says it; empty until then."""
        self._tally = Tally() if tally is None else tally
        self._then: list[Callable[[Continuation], None]] = []
        self.expected: float | None = None
        """Seconds that it may wait for its place from when this was said; None where nobody can tell."""
        self._begun_with = len(run.steps)
        self._run = run
        self._error: Exception | None = None
        self._changed = Condition()
        # Beside the condition: who only waits for the end is not woken by every token.
        self._ended = Event()

    def stop(self) -> None:
        """Let it end before its next token, and free its place."""
        self.stopped = True

    def latest(self, beyond: Run | None = None, timeout: float | None = None) -> Run:
        """Return the run as it is now.

        Args:
            beyond: wait until the run is another than this one.
            timeout: seconds to wait at most; then the run is returned as it is.

        Raises:
            Exception: what went wrong while it was computed.
        """
        with self._changed:
            if beyond is not None:
                self._changed.wait_for(lambda: self._run is not beyond or self.done, timeout)
            if self._error is not None:
                raise self._error
            return self._run

    def wait(self, timeout: float) -> bool:
        """Wait at most some seconds until the run will not change any more; return whether that is so."""
        return self._ended.wait(timeout)

    @property
    def done(self) -> bool:
        """Whether the run will not change any more."""
        return self._ended.is_set()

    @property
    def written(self) -> int:
        """Tokens that it has got so far."""
        return len(self._run.steps) - self._begun_with

    def then(self, told: Callable[["Continuation"], None]) -> None:
        """Tell of its end: from the thread that ends it, or at once if that was before."""
        with self._changed:
            if not self.done:
                self._then.append(told)
                return
        told(self)

    def __iter__(self) -> Iterator[Run]:
        """Yield the run after every step, and at last as it ended. Whoever stops listening stops it.

        Raises:
            Exception: what went wrong while it was computed.
        """
        count, seen = self._begun_with, None
        try:
            while True:
                done = self.done  # before the run: after its end it does not change
                run = seen = self.latest(seen if not done else None)
                while count < len(run.steps):
                    count += 1
                    yield replace(run, steps=run.steps[:count], finish_reason=None)
                if done:
                    yield run
                    return
        finally:
            self.stop()

    def add(self, step: Step) -> None:
        """Append a step. For the engine."""
        self._tally.tokens += 1
        if not self.written:
            self._tally.first_token.add(time.monotonic() - self.began)
        kept = step if self.settings == self._run.settings else replace(step, settings=self.settings)
        with self._changed:
            self._run = self._run.with_step(kept)
            self._changed.notify_all()

    def finish(self, reason: FinishReason) -> None:
        """End the run. For the engine."""
        with self._changed:
            self._run = self._run.finished(reason)
            self._end(reason)
        self._tell()

    def fail(self, error: Exception) -> None:
        """End with an error. For the engine."""
        with self._changed:
            self._error = error
            self._end("error")
        self._tell()

    def _end(self, reason: str) -> None:
        self.reason = reason
        self._tally.texts[reason] += 1
        self._ended.set()
        self._changed.notify_all()

    def _tell(self) -> None:
        while self._then:
            self._then.pop()(self)
