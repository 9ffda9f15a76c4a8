"""Many short continuations of one text that differ by their dice alone, and the same under many settings."""

from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from model.engine.continuation import Continuation
from model.engine.generation import step_of
from model.numbers import MAX_SEED, within
from model.sampler.coin import Sides, sides
from model.sampler.sampling import COIN, draw, shaped, uniform
from model.sampler.settings import SamplerSettings
from model.texts.given import whole_text
from model.texts.run import Run, Step

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.engine import Engine

MOST_ROLLOUTS = 256
AT_ONCE = 16
"""Rollouts that are written at the same time, but no more than half of the places: others want some too."""
PATIENCE_SECONDS = 0.1
"""How long the oldest rollout is waited for before a look at the others."""


class Rollouts:
    """Continuations of one text under way. Whoever iterates, once, drives them; any thread may stop them.

    Rollout i is an ordinary run whose seed is `seed + i`, wrapped to 0 past MAX_SEED, so that each can be
    opened, shared and written on by itself. What the text had so far, steps included, is its prompt, which
    the model reads once. Internals of rollouts are forgotten as they end: they push no other text out.

    Those that end first are the short ones. So what is counted before all have ended, or after some were
    stopped, must be counted in `begun`, which holds every rollout, and not in those that have ended.
    """

    def __init__(
        self,
        engine: "Engine",
        run: Run,
        count: int,
        length: int,
        *,
        settings: SamplerSettings | None = None,
        seed: int | None = None,
        owner: Hashable = None,
    ) -> None:
        """Prepare to write rollouts.

        Args:
            engine: computes them.
            run: the text that they continue.
            count: how many, from 1 to MOST_ROLLOUTS.
            length: most tokens of each, at least 1.
            settings: of the sampler; the run's own by default.
            seed: of the first; the run's own by default.
            owner: as `Engine.write` takes it.

        Raises:
            OutOfRange: so many, or of this length, cannot be written.
            ValueError: there is no token to go on from.
        """
        if not run.token_ids:
            raise ValueError("a text with no token cannot be continued")
        self.count = int(within("count", count, 1, MOST_ROLLOUTS, whole=True))
        most = engine.model.info.context_length
        self.length = int(within("length", length, 1, most, whole=True))
        self.start = Run(
            model=run.model,
            prompt=whole_text(run, engine.model.text),
            prompt_token_ids=run.token_ids,
            settings=run.settings if settings is None else settings,
            seed=run.seed if seed is None else seed,
            precision=run.precision,
        )
        """The run that every rollout continues, with the seed of the first."""
        self._engine = engine
        self._owner = owner
        self._at_once = min(AT_ONCE, max(1, engine.places // 2))
        self._lock = Lock()
        self._stopped = False
        self._ended_tokens = 0
        self._written: dict[int, Continuation] = {}
        """Those under way, the oldest first."""

    @property
    def stopped(self) -> bool:
        """Whether no more will be written."""
        return self._stopped

    @property
    def ahead(self) -> int:
        """The place in the waiting line of the rollout that is served next; 0 while none waits."""
        waiting = [one.ahead for one in list(self._written.values()) if one.ahead]
        return min(waiting, default=0)

    @property
    def tokens(self) -> int:
        """Tokens written so far, those of rollouts under way included.

        Raises:
            Exception: what went wrong while one was computed.
        """
        with self._lock:
            return self._ended_tokens + sum(len(one.latest().steps) for one in self._written.values())

    def stop(self) -> None:
        """Let those being written end before their next token; they are not among those that have ended."""
        with self._lock:
            self._stopped = True
            for one in self._written.values():
                one.stop()

    def first_step(self) -> Sides:
        """Return what every rollout draws its first token from; each throws a coin of its own.

        Raises:
            UnknownPrecision: the model was not loaded in the run's number format.
            ValueError: the text holds tokens that the model does not know, or more than it can take.
        """
        previous = self.start.token_ids
        softmax = self._engine.read(previous, self.start.precision).softmax(len(previous) - 1)
        return sides(shaped(softmax, self.start.settings, previous, landmarks=self._engine.model.landmarks))

    @cached_property
    def begun(self) -> tuple[Run, ...]:
        """Every rollout with its first token, by seed; without one where the context has no room for it.

        All are drawn at once, from the one distribution that they share, before any is written on. So the
        first token of a rollout is known however soon it ends, and whether or not it is stopped.

        Raises:
            UnknownPrecision: the model was not loaded in the run's number format.
            ValueError: the text holds tokens that the model does not know, or more than it can take.
        """
        model, previous = self._engine.model, self.start.token_ids
        position = len(previous)
        seeds = [(self.start.seed + index) % (MAX_SEED + 1) for index in range(self.count)]
        runs = [replace(self.start, seed=seed) for seed in seeds]
        if position >= model.info.context_length:
            return tuple(runs)
        first, draws = self.first_step(), [uniform(seed, position) for seed in seeds]
        lefts = [first.under(uniform(seed, position, COIN)) for seed in seeds]
        drawn = [draw(left, u) for left, u in zip(lefts, draws, strict=True)]
        # Many draw the same one, and to know what it adds to the text takes a look at the whole text.
        pieces = {token_id: model.text.pieces([*previous, token_id])[-1] for token_id in set(drawn)}
        return tuple(
            self._grown(run, step_of(left, pieces[token_id], position, u))
            for run, left, token_id, u in zip(runs, lefts, drawn, draws, strict=True)
        )

    def __iter__(self) -> Iterator[tuple[Run, ...]]:
        """Yield the rollouts that have ended, in the order of their seeds, whenever there are more.

        Whoever stops listening stops them. Those that were stopped midway are left out: what they began
        with is in `begun`.

        Raises:
            UnknownPrecision: the model was not loaded in the run's number format.
            ValueError: the text holds tokens that the model does not know, or more than it can take.
            Exception: what went wrong while one was computed.
        """
        ended: dict[int, Run] = {}
        try:
            waiting = deque(enumerate(self.begun))
            while True:
                self._write(waiting)
                if not self._written:
                    break
                next(iter(self._written.values())).wait(PATIENCE_SECONDS)
                new = self._gather()
                if new:
                    ended |= new
                    yield tuple(ended[index] for index in sorted(ended))
        finally:
            self.stop()

    def _grown(self, run: Run, step: Step) -> Run:
        """Return a rollout with its first token, which may be its last."""
        grown = run.with_step(step)
        return grown.finished("eos") if step.token_id in self._engine.model.eos_token_ids else grown

    def _write(self, waiting: deque[tuple[int, Run]]) -> None:
        """Ask the engine to write on as many more as may be under way."""
        with self._lock:
            while waiting and len(self._written) < self._at_once and not self._stopped:
                index, begun = waiting.popleft()
                self._written[index] = self._engine.write(
                    begun, self.length - 1, owner=self._owner, remembered=False
                )

    def _gather(self) -> dict[int, Run]:
        """Take those out that have ended and return them."""
        with self._lock:
            done = {index: one for index, one in self._written.items() if one.done}
            runs = {index: one.latest() for index, one in done.items()}
            for index, run in runs.items():
                del self._written[index]
                self._ended_tokens += len(run.steps)
        return {index: run for index, run in runs.items() if run.finish_reason != "stop"}


@dataclass(frozen=True)
class SweepPoint:
    """The rollouts under one value of a setting."""

    value: float
    settings: SamplerSettings
    runs: tuple[Run, ...]
    """Those that have ended so far, by seed; the short ones first, so that they are no fair sample before all
    are there."""


class Sweep:
    """Rollouts of one text for several values of one setting, with the same dice for each value.

    Whoever iterates, once, drives them; any thread may stop them.
    """

    def __init__(
        self,
        engine: "Engine",
        run: Run,
        setting: str,
        values: Sequence[float],
        count: int,
        length: int,
        *,
        settings: SamplerSettings | None = None,
        seed: int | None = None,
        owner: Hashable = None,
    ) -> None:
        """Prepare to write rollouts for every value.

        Args:
            engine: computes them.
            run: the text that they continue.
            setting: name of a number among the fields of `SamplerSettings`, such as temperature.
            values: of that setting, in the order in which they are tried.
            count: rollouts for each value, from 1 to MOST_ROLLOUTS.
            length: most tokens of each, at least 1.
            settings: what all of them have in common; the run's own by default.
            seed: of the first rollout of each value; the run's own by default.
            owner: as `Engine.write` takes it.

        Raises:
            OutOfRange: a value that the setting cannot have; or so many rollouts cannot be written.
            ValueError: no such setting; or there is no token to go on from.
        """
        if setting not in SamplerSettings.RANGES:
            raise ValueError(f"setting must be one of {', '.join(SamplerSettings.RANGES)}, not {setting!r}")
        common = run.settings if settings is None else settings
        tried: list[dict[str, Any]] = [{setting: value} for value in values]
        self._values = tuple(values)
        self.start = Rollouts(engine, run, count, length, settings=common, seed=seed).start
        """What all of them continue, with what their settings have in common."""
        self._rollouts = [
            Rollouts(engine, run, count, length, settings=replace(common, **changes), seed=seed, owner=owner)
            for changes in tried
        ]

    def stop(self) -> None:
        """Let those being written end before their next token; they are not among those that have ended."""
        for rollouts in self._rollouts:
            rollouts.stop()

    @property
    def tokens(self) -> int:
        """As of `Rollouts`, under all values together."""
        return sum(rollouts.tokens for rollouts in self._rollouts)

    @property
    def ahead(self) -> int:
        """As of `Rollouts`."""
        return max((rollouts.ahead for rollouts in self._rollouts), default=0)

    def __iter__(self) -> Iterator[tuple[SweepPoint, ...]]:
        """Yield the points so far, the last of which may lack rollouts, whenever there are more.

        Raises:
            Exception: as `Rollouts` does.
        """
        before: tuple[SweepPoint, ...] = ()
        try:
            for value, rollouts in zip(self._values, self._rollouts, strict=True):
                now = before
                for runs in rollouts:
                    now = (*before, SweepPoint(value, rollouts.start.settings, runs))
                    yield now
                before = now
        finally:
            self.stop()
