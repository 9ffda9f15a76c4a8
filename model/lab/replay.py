"""The same dice under other settings: how far does the text stay the same, and why no further?"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from threading import Lock
from typing import TYPE_CHECKING

from model.engine.continuation import Continuation
from model.engine.generation import step_of
from model.sampler.coin import sides
from model.sampler.sampling import ShapedDistribution, draw, shaped
from model.sampler.settings import SamplerSettings
from model.texts.comparison import agreement
from model.texts.given import given_steps
from model.texts.run import Run, Step

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.engine import Engine
    from model.engine.internals import Internals


@dataclass(frozen=True)
class Candidate:
    """A token at the step where two texts part."""

    token_id: int
    token: str
    """The token by itself, as in `Step`."""
    probability_before: float
    """Shaped, under the settings of the original."""
    probability_after: float
    """Shaped, under the settings of the replay."""


@dataclass(frozen=True)
class Divergence:
    """The first step at which the same dice chose another token."""

    index: int
    """Of the step among those of the run, from 0."""
    position: int
    """Of the token in the whole text."""
    u: float
    """What the dice showed, both times."""
    coin: float | None
    """What the coin of XTC showed, both times; None where the new settings throw none."""
    was: Candidate
    """The token of the original."""
    now: Candidate
    """The token of the replay."""
    cut_by: str | None
    """The stage that removes the original's token under the new settings. None if it is still among those
    that can be drawn: then the cumulative moved under the dice, and u falls on another token."""


@dataclass(frozen=True)
class Replay:
    """A run written again with the dice that it recorded, as far as it has got."""

    original: Run
    run: Run
    """The same prompt and dice, under the settings asked for."""
    divergence: Divergence | None = None
    """Where the texts part; None as long as they have not."""

    @property
    def first_divergence(self) -> int | None:
        """Index of the first step that differs, from 0; None if there is none."""
        return None if self.divergence is None else self.divergence.index

    @property
    def agreement(self) -> float:
        """Share of the original's steps whose token the replay has at the same position; 1 for no steps."""
        return agreement(
            [step.token_id for step in self.original.steps], [step.token_id for step in self.run.steps]
        )


class Replaying:
    """A replay under way. Whoever iterates, once, drives it; any thread may stop it.

    As long as the text stays the same, its recorded distributions say what the dice choose, and the model
    computes nothing. A token put there by a person stays while the text before it does. From the first
    token that differs on the engine writes, as far as the original went.
    """

    def __init__(
        self, engine: "Engine", run: Run, settings: SamplerSettings | None = None, owner: Hashable = None
    ) -> None:
        """Prepare to replay a run.

        Args:
            engine: holds the internals of the run, or computes them again.
            run: the original.
            settings: for every step; None leaves each step its own.
            owner: as `Engine.write` takes it.

        Raises:
            ValueError: the run has steps and no prompt, or its dice show what dice cannot.
        """
        if run.steps and not run.prompt_token_ids:
            raise ValueError("a text with no prompt cannot be replayed")
        if not all(0 <= step.u < 1 and 0 <= (step.coin or 0) < 1 for step in run.steps):
            raise ValueError("a draw must be at least 0 and below 1")
        self._engine = engine
        self._original = run
        self._settings = settings
        self._given = given_steps(run)
        self._owner = owner
        self._lock = Lock()
        self._stopped = False
        self._written: Continuation | None = None

    def stop(self) -> None:
        """Let it end before its next token, and free its place."""
        with self._lock:
            self._stopped = True
            if self._written is not None:
                self._written.stop()

    @property
    def ahead(self) -> int:
        """Its number in the waiting line, 1 for the next; 0 while nothing is waited for."""
        return 0 if self._written is None else self._written.ahead

    def __iter__(self) -> Iterator[Replay]:
        """Yield the replay after every step, and at last as it ended. Whoever stops listening stops it.

        Raises:
            UnknownPrecision: the model was not loaded in the run's number format.
            ValueError: the run holds tokens that the model does not know.
            Exception: what went wrong while it was computed.
        """
        replay = Replay(self._original, self._empty())
        try:
            for grown in self._agreeing(replay):
                replay = grown
                yield replay
            if replay.divergence is None:
                reason = "stop" if self._stopped else self._original.finish_reason
                yield replace(replay, run=replace(replay.run, finish_reason=reason))
            else:
                yield from self._diverging(replay)
        finally:
            self.stop()

    def _empty(self) -> Run:
        settings = self._original.settings if self._settings is None else self._settings
        return replace(self._original, settings=settings, steps=(), finish_reason=None)

    def _settings_at(self, position: int) -> SamplerSettings:
        """Return the settings of a step; one that was given along with the prompt keeps its own."""
        index = position - len(self._original.prompt_token_ids)
        if self._settings is None or index < self._given:
            return self._original.settings_at(position)
        return self._settings

    def _agreeing(self, replay: Replay) -> Iterator[Replay]:
        """Yield the replay step by step, up to the first token that differs, which is the last one."""
        original = self._original
        if not original.steps:
            return
        internals = self._engine.read(original.token_ids[:-1], original.precision)
        for index, step in enumerate(original.steps):
            if self._stopped:
                return
            position = len(original.prompt_token_ids) + index
            left = self._shaped(internals, position, self._settings_at(position))
            token_id = step.token_id if step.forced else draw(left, step.u)
            if token_id == step.token_id:
                mixed = None if left.coin is None else sides(left).probability(token_id)
                again = replace(
                    step,
                    probability=left.probability(token_id),
                    kept=left.kept,
                    coin=left.coin,
                    mixed_probability=mixed,
                )
                replay = replace(replay, run=self._with(replay.run, again))
                yield replay
            else:
                yield self._parted(replay, index, left, internals)
                return

    def _parted(self, replay: Replay, index: int, left: ShapedDistribution, internals: "Internals") -> Replay:
        """Return the replay with its first token that differs, and why it does."""
        original, step = self._original, self._original.steps[index]
        position = len(replay.run.token_ids)
        before = self._shaped(internals, position, original.settings_at(position))
        text = self._engine.model.text
        token_id = draw(left, step.u)
        piece = text.pieces([*replay.run.token_ids, token_id])[-1]
        was, now = (
            Candidate(one, text.token(one), before.probability(one), left.probability(one))
            for one in (step.token_id, token_id)
        )
        divergence = Divergence(index, position, step.u, left.coin, was, now, left.cut_by(step.token_id))
        run = self._with(replay.run, step_of(left, piece, position, step.u))
        return replace(replay, run=run, divergence=divergence)

    def _shaped(self, internals: "Internals", position: int, settings: SamplerSettings) -> ShapedDistribution:
        previous = self._original.token_ids[:position]
        coin, landmarks = self._original.coin_at(position), self._engine.model.landmarks
        return shaped(internals.softmax(position - 1), settings, previous, coin=coin, landmarks=landmarks)

    def _with(self, run: Run, step: Step) -> Run:
        """Return the run with a step, which says its settings where they differ from the run's."""
        settings = self._settings_at(len(run.token_ids))
        return run.with_step(replace(step, settings=None if settings == run.settings else settings))

    def _diverging(self, replay: Replay) -> Iterator[Replay]:
        """Yield the replay as the engine writes it on, and at last as it ended."""
        original = self._original
        if replay.run.steps[-1].token_id in self._engine.model.eos_token_ids:
            yield replace(replay, run=replay.run.finished("eos"))
            return
        first = len(original.prompt_token_ids)
        draws = {first + index: step.u for index, step in enumerate(original.steps)}
        coins = {position: original.coin_at(position) for position in draws}
        run = replay.run.finished("length")
        rest = range(len(run.token_ids), len(original.token_ids))
        for settings, positions in groupby(rest, key=self._settings_at):
            with self._lock:
                if self._stopped:
                    break
                self._written = self._engine.write(
                    run,
                    len(list(positions)),
                    settings=settings,
                    draws=draws,
                    coins=coins,
                    owner=self._owner,
                )
            for run in self._written:
                if run.finish_reason is None:
                    yield replace(replay, run=run)
            if run.finish_reason != "length":
                break
        reason = "stop" if self._stopped else run.finish_reason
        yield replace(replay, run=replace(run, finish_reason=reason))


def replayed(engine: "Engine", run: Run, settings: SamplerSettings | None = None) -> Replay:
    """Return the replay of a run once it has ended; see `Replaying`."""
    *_, last = Replaying(engine, run, settings)
    return last
