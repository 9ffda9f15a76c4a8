"""One press of the button: which methods are missing, and their results, one after another."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from model.interventions.attribution import Reading, Unscorable
from model.interventions.curves import chance_curves, curves
from model.interventions.token_scores import Method, Progress
from viz.rooms.attribution.contrast import contrast
from viz.rooms.attribution.state import AttributionState, Measured, Step
from viz.rooms.attribution.words import method_name
from viz.server.service import Trouble
from viz.words.strings import say

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.engine import Engine

Result = TypeVar("Result")


@dataclass(frozen=True)
class Told:
    """How far a press is."""

    what: str
    """It is doing, in words."""
    progress: Progress
    results: int
    """Scores and curves that have come since the press."""


class _StoppedError(Exception):
    """Somebody does not want it any more."""


class Press:
    """Measures; any thread may stop it."""

    def __init__(self, engine: "Engine", kept: AttributionState, step: Step, samples: int) -> None:
        self._engine, self._kept, self._step, self._samples = engine, kept, step, samples
        self._results = 0
        self._stopped = False
        self.cancelled = False
        """Whether it ended before all was there."""

    def stop(self) -> None:
        """Let it end before the next reading."""
        self._stopped = True

    def missing(self, methods: Sequence[Method]) -> list[Method]:
        """Return those of some methods that were not measured yet as they are asked for."""
        known = self._kept.steps.get(self._step)
        return [one for one in methods if known is None or not known.has(one, self._samples)]

    def results(self, methods: Sequence[Method]) -> Iterator[Told]:
        """Measure those that are missing, and keep what comes; yield how far that is.

        Raises:
            Trouble: what the token is to be held against is none, or the only method has nothing to say.
            UnknownPart: nothing can be changed in this model.
        """
        missing = self.missing(methods)
        if not missing:
            return
        reading = self._reading()
        measured = self._kept.steps.get(self._step) or Measured.of(reading)
        try:
            for method in missing:
                yield from self._measured(method, reading, measured, alone=len(methods) == 1)
        except _StoppedError:
            self.cancelled = True

    def _reading(self) -> Reading:
        model, step = self._engine.model, self._step
        reading = Reading.of(self._engine, step.token_ids, step.precision, step.chosen)
        token_id = reading.target.token_id
        against = contrast(model, step.against, token_id)
        if against is None:
            return reading
        return Reading.of(self._engine, step.token_ids, step.precision, token_id, against)

    def _measured(
        self, method: Method, reading: Reading, measured: Measured, *, alone: bool
    ) -> Iterator[Told]:
        """Score by one method, and judge it by its curves where anything can be hidden."""
        name = method_name(method)
        try:
            scoring = reading.scores(method, self._samples)
        except Unscorable:
            if alone:
                raise Trouble(say("why.attribution.alone", method=name)) from None
            return
        found = yield from self._followed(say("why.attribution.scoring", method=name), scoring)
        measured.curves.pop(method, None)  # those of other scores
        measured.scores[method] = found
        self._keep(measured)
        if reading.hiding.count == 0:
            return
        judging = curves(reading.hiding, found)
        measured.curves[method] = yield from self._followed(
            say("why.attribution.judging", method=name), judging
        )
        if measured.chance is None:
            orders = chance_curves(reading.hiding)
            measured.chance = yield from self._followed(say("why.attribution.chance"), orders)
        self._keep(measured)

    def _keep(self, measured: Measured) -> None:
        self._kept.keep(self._step, measured)
        self._results += 1

    def _followed(
        self, what: str, working: Generator[Progress, None, Result]
    ) -> Generator[Told, None, Result]:
        """Yield how far one part is, and return what it comes to."""
        while True:
            try:
                progress = next(working)
            except StopIteration as end:
                result: Result = end.value
                return result
            if self._stopped:
                working.close()
                raise _StoppedError
            yield Told(what, progress, self._results)
