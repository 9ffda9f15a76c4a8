"""One model, many runs: the thread that computes everything, and how others ask it to."""

import sys
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from threading import Condition, Event, Thread
from types import TracebackType
from typing import Self

import torch

from model.engine.continuation import Continuation
from model.engine.generation import Writer
from model.engine.internals import Internals, InternalsStore
from model.engine.job import ReadingJob, WritingJob
from model.engine.lane import Lane
from model.engine.memory import keep_freed_memory
from model.engine.tally import Tally
from model.engine.threads import Threads
from model.engine.waiting_line import WaitingLine
from model.network.language_model import LanguageModel
from model.sampler.settings import SamplerSettings
from model.texts.run import Run

PLACES = 32
"""Texts written at the same time."""
SWITCH_SECONDS = 0.0005
"""How long a thread of Python may keep the others waiting, a tenth of what is usual: numpy gives the
interpreter lock away in every operation, and the sampler has a dozen for each token."""


class UnknownPrecision(Exception):
    """A run asks for a number format that this model was not loaded in."""

    def __init__(self, precision: str, here: Sequence[str]) -> None:
        super().__init__(f"the precision {precision!r} is not to be had here, but {' and '.join(here)}")


class EngineClosed(RuntimeError):
    """The engine computes nothing any more: its model has been put away."""

    def __init__(self) -> None:
        super().__init__("the engine was closed")


class Engine:
    """Computes all texts of all visitors in one thread, many in every pass (continuous batching).

    Texts join and leave between tokens. Looking at a text needs no place.
    """

    def __init__(
        self,
        model: LanguageModel,
        budget_bytes: int,
        places: int = PLACES,
        share: Callable[[], int] | None = None,
    ) -> None:
        """Start the thread.

        Args:
            model: its networks compute for this engine alone.
            budget_bytes: for the internals of all texts; runs wait until those being written fit into it.
            places: runs written at the same time.
            share: how many of these there are for it now, where other engines write as well; at least one.
        """
        keep_freed_memory()
        sys.setswitchinterval(SWITCH_SECONDS)
        self.model = model
        self.places = places
        self._share = share or (lambda: places)
        self.tally = Tally()
        self.store = InternalsStore(budget_bytes)
        self._lanes = {form: Lane(model, form, self.store) for form in model.networks}
        self._line = WaitingLine()
        self._looking: list[ReadingJob] = []
        self._calls: list[Event] = []
        """Of those who want to know whether the thread still works."""
        self._wake = Condition()
        self._closed = False
        self._threads = torch.get_num_threads()
        self._thread = Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    def write(
        self,
        run: Run,
        max_new_tokens: int,
        *,
        settings: SamplerSettings | None = None,
        seed: int | None = None,
        draws: Mapping[int, float] | None = None,
        coins: Mapping[int, float] | None = None,
        owner: Hashable = None,
        remembered: bool = True,
    ) -> Continuation:
        """Begin to continue a run and return at once.

        Args:
            run: with no steps yet, or any number of them; its `precision` says which format computes.
            max_new_tokens: most steps to add.
            settings: of the new steps; the run's own by default.
            seed: of the new draws; the run's own by default.
            draws: dice in [0, 1) that take the place of the seed's, by position in the whole text.
            coins: the same for the coins of XTC.
            owner: whose run it is: the runs of one owner take turns with those of others.
            remembered: whether its internals stay at hand after its end, as far as memory reaches; those
                of a text that nobody will look at need not push out the texts of others.

        Raises:
            UnknownPrecision: the model was not loaded in the run's number format.
            ValueError: there is no token to go on from, one that the model does not know (OutOfRange where
                it is biased), or a draw outside its range.
        """
        self._require(run.precision)
        if not run.token_ids:
            raise ValueError("a text with no token cannot be continued")
        self._require_known(run.token_ids)
        draws, coins = dict(draws or {}), dict(coins or {})
        if not all(0 <= u < 1 for u in (*draws.values(), *coins.values())):
            raise ValueError("a draw must be at least 0 and below 1")
        settings = run.settings if settings is None else settings
        settings.require_known(self.model.info.vocab_size)
        seed = run.seed if seed is None else seed
        if not run.steps:
            run = replace(run, settings=settings, seed=seed)
        continuation = Continuation(run, settings, seed, max_new_tokens, self.tally)
        if run.finish_reason == "eos":
            continuation.finish("eos")
        elif len(run.token_ids) >= self.model.info.context_length:
            continuation.finish("context")
        elif max_new_tokens < 1:
            continuation.finish("length")
        else:
            writer = Writer(self.model, run.token_ids, settings, seed, max_new_tokens, draws, coins)
            with self._wake:
                self._require_open()
                self._line.join(WritingJob(continuation, writer, owner, remembered))
                # As far as is known before the next pass: who finds a free place is not told of a line.
                continuation.ahead = max(0, len(self._written()) + len(self._line) - self._share())
                self._wake.notify()
        return continuation

    def read(self, token_ids: Sequence[int], precision: str | None = None) -> Internals:
        """Return internals that cover a text of at least one token, computed if they are not known.

        Args:
            token_ids: the text.
            precision: the number format; the model's usual one by default.

        Raises:
            UnknownPrecision: the model was not loaded in this number format.
            ValueError: the text is longer than the model's context, or holds a token it does not know.
        """
        return self.read_all([token_ids], precision)[0]

    def read_all(self, texts: Sequence[Sequence[int]], precision: str | None = None) -> list[Internals]:
        """Return internals of several texts, as `read` does; what is not known is computed together.

        Where every text goes on from a known one by a single token, all of them take one pass.

        Raises:
            UnknownPrecision: the model was not loaded in this number format.
            ValueError: a text is longer than the model's context, or holds a token it does not know.
        """
        precision = self.precision(precision)
        for token_ids in texts:
            self._require_known(token_ids)
            if len(token_ids) > self.model.info.context_length:
                most = self.model.info.context_length
                raise ValueError(f"a text of this model has at most {most:,} tokens")
        found = [self.store.find(precision, token_ids) for token_ids in texts]
        missing = zip(texts, found, strict=True)
        jobs = [ReadingJob(token_ids, precision) for token_ids, known in missing if known is None]
        if jobs:
            with self._wake:
                self._require_open()
                self._looking.extend(jobs)
                self._wake.notify()
        computed = iter(jobs)
        return [next(computed).future.result() if known is None else known for known in found]

    def forget(self, texts: Iterable[Sequence[int]], precision: str | None = None) -> None:
        """Free the memory of texts that nobody will look at again; should somebody, it is computed anew."""
        for token_ids in texts:
            self.store.forget_text(self.precision(precision), token_ids)

    def precision(self, asked: str | None) -> str:
        """Return the number format asked for, or the model's usual one.

        Raises:
            UnknownPrecision: the model was not loaded in it.
        """
        precision = asked or self.model.info.formats[0]
        self._require(precision)
        return precision

    @property
    def waiting(self) -> int:
        """How many runs wait for a place."""
        return len(self._line)

    @property
    def writing(self) -> int:
        """How many runs have a place."""
        return len(self._written())

    @property
    def busy(self) -> bool:
        """Whether a text is written, read, or waits for it."""
        return (
            bool(self._line) or bool(self._looking) or any(lane.jobs for lane in list(self._lanes.values()))
        )

    def stop_all(self) -> None:
        """Let every run that is written or waits end before its next token, and keep what it has."""
        for job in (*self._line.jobs, *self._written()):
            job.continuation.stop()

    def answers(self, seconds: float) -> bool:
        """Return whether the thread takes up work; it is heard between two passes.

        Args:
            seconds: to wait for it at most.
        """
        called = Event()
        with self._wake:
            if self._closed:
                return False
            self._calls.append(called)
            self._wake.notify()
        return called.wait(seconds)

    @property
    def closed(self) -> bool:
        """Whether it computes nothing any more."""
        return self._closed

    def close(self) -> None:
        """End what is being computed with an error, and the thread; what is known can still be looked at."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def put_away(self) -> None:
        """Close, and keep nothing: the memory of all that was recorded is wanted elsewhere."""
        self.close()
        self._lanes.clear()
        self.store.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _work(self) -> None:
        threads = Threads(self._threads)
        while True:
            with self._wake:
                self._wake.wait_for(self._has_work)
                if self._closed:
                    break
                self._admit()
                while self._calls:
                    self._calls.pop().set()
            threads.settle()
            for lane in self._lanes.values():
                if lane.jobs:
                    lane.advance()
            self.store.evict()
        closed = EngineClosed()
        for lane in self._lanes.values():
            lane.fail(closed)
        for job in (*self._line.clear(), *self._looking):
            job.fail(closed)
        while self._calls:
            self._calls.pop().set()

    def _has_work(self) -> bool:
        return (
            self._closed
            or len(self._line) > 0
            or len(self._looking) > 0
            or len(self._calls) > 0
            or any(lane.jobs for lane in list(self._lanes.values()))
        )

    def _admit(self) -> None:
        """Let in who looks, and who writes as far as places and memory reach."""
        for looking in self._looking:
            self._lanes[looking.precision].jobs.append(looking)
        self._looking.clear()
        for job in self._line.admit(self._written(), self._fit):
            self._lanes[job.precision].jobs.append(job)

    def _written(self) -> list[WritingJob]:
        """Return the runs that have a place."""
        present = [job for lane in list(self._lanes.values()) for job in list(lane.jobs)]
        return [job for job in present if isinstance(job, WritingJob)]

    def _fit(self, jobs: Collection[WritingJob]) -> bool:
        """Return whether such runs can be written at the same time: one always can."""
        needed = sum(self._lanes[job.precision].bytes_of(job.most_tokens) for job in jobs)
        return len(jobs) <= 1 or (len(jobs) <= self._share() and needed <= self.store.budget_bytes)

    def _require(self, precision: str) -> None:
        if precision not in self._lanes:
            if not self._lanes:  # put away
                raise EngineClosed
            raise UnknownPrecision(precision, tuple(self._lanes))

    def _require_known(self, token_ids: Sequence[int]) -> None:
        """Refuse token ids that would fail inside the model, in a pass that others share."""
        last = self.model.info.vocab_size - 1
        if min(token_ids) < 0 or max(token_ids) > last:
            raise ValueError(f"the token ids of this model run from 0 to {last:,}")

    def _require_open(self) -> None:
        if self._closed:
            raise EngineClosed
