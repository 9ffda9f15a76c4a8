"""What a page asks of the trainings: to begin, pause and end one, and how far it is."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from model.training.limits import check, here
from model.training.line import LineFull, TrainingLine
from model.training.progress import Progress
from model.training.settings import SettingsError, TrainingSettings
from viz.components.training_memory import TrainingMemoryValue
from viz.pages.visitor import Visitor
from viz.server.service import Trouble
from viz.training.state import MOST, TrainingState
from viz.words.strings import say

Answer = TypeVar("Answer")


class Desk:
    """The trainings of the server, for visitors: each sees their own, and hears in sentences why not."""

    def __init__(self, line: TrainingLine | None) -> None:
        """Take the line; None where this server trains nothing."""
        self._line = line

    @property
    def line(self) -> TrainingLine:
        """The line.

        Raises:
            Trouble: this server trains nothing.
        """
        self.require_training()
        assert self._line is not None
        return self._line

    def require_training(self) -> None:
        """Refuse what takes time, and is of use to a training alone, where this server trains nothing.

        Raises:
            Trouble: it does not.
        """
        if self._line is None:
            raise Trouble(say("train.off"))

    def begin(self, visitor: Visitor, room: str, settings: TrainingSettings, text: str | None) -> str:
        """Begin a training of a visitor, which the room shows from then on, and return its name.

        Raises:
            Trouble: it cannot be as it was asked for, or not now; says why.
        """
        owner = visitor.models.owner

        def begun() -> str:
            check(settings, here())
            return self.line.begin(owner.trainings, settings, text)

        name = understood(begun)
        owner.trainings = (*owner.trainings, name)[-MOST:]
        self.show(visitor, room, name)
        return name

    def show(self, visitor: Visitor, room: str, name: str) -> None:
        """Let a room show a training."""
        state = visitor.kept.of(TrainingState)
        state.chosen = {**state.chosen, room: name}

    def alone(self, name: str) -> Progress:
        """Return how far the student of a distillation is that has no teacher; errors as of `begin`."""
        return understood(lambda: self.line.alone(name))

    def resume(self, visitor: Visitor, room: str, more_steps: int) -> None:
        """Let the training of a room go on; errors as of `begin`."""
        name = self.require(visitor, room)
        understood(lambda: self.line.resume(visitor.models.owner.trainings, name, more_steps))

    def end(self, visitor: Visitor, room: str, *, for_good: bool) -> None:
        """Let the training of a room end, or pause; errors as of `begin`."""
        name = self.require(visitor, room)
        understood(lambda: self.line.end(name, for_good=for_good))

    def names(self, visitor: Visitor) -> TrainingMemoryValue:
        """Return the trainings of a visitor for their browser to keep."""
        return {"names": list(visitor.models.owner.trainings)}

    def remember(self, visitor: Visitor, told: object) -> TrainingMemoryValue:
        """Know the trainings of a visitor again that are there, and return what the browser is to keep.

        Args:
            visitor: whose they are.
            told: the value of a `TrainingMemory`; a browser may send anything.
        """
        before = told.get("before") if isinstance(told, dict) else None
        if self._line is None and isinstance(before, list):
            return {"names": [one for one in before[-MOST:] if isinstance(one, str)]}  # of another day
        owner, line = visitor.models.owner, self._line
        there = [
            one
            for one in (before[-MOST:] if isinstance(before, list) else ())
            if isinstance(one, str) and line is not None and line.exists(one) and one not in owner.trainings
        ]
        owner.trainings = (*dict.fromkeys(there), *owner.trainings)[-MOST:]
        return self.names(visitor)

    def name(self, visitor: Visitor, room: str) -> str | None:
        """Return the training that a room shows: the one begun there last, else the latest of its kind.

        None for none, or where it is gone. Kinds are called as their rooms are.
        """
        chosen = visitor.kept.of(TrainingState).chosen.get(room)
        if chosen is not None:
            return chosen if self._line is not None and self._line.exists(chosen) else None
        return next((name for name, settings in self.mine(visitor) if settings.kind == room), None)

    def require(self, visitor: Visitor, room: str) -> str:
        """Return the training that a room shows.

        Raises:
            Trouble: there is none.
        """
        name = self.name(visitor, room)
        if name is None:
            raise Trouble(say("train.none"))
        return name

    def mine(self, visitor: Visitor) -> list[tuple[str, TrainingSettings]]:
        """Return the trainings of a visitor that are there, the latest first."""
        found = []
        for name in reversed(visitor.models.owner.trainings):
            if self._line is not None and self._line.exists(name):
                found.append((name, self.settings(name)))
        return found

    def progress(self, name: str) -> Progress:
        """Return how far a training is; errors as of `begin`."""
        return understood(lambda: self.line.progress(name))

    def checkpoints(self, name: str) -> list[tuple[int, Path]]:
        """Return the steps of the checkpoints that are whole, and their folders; errors as of `begin`."""
        return understood(lambda: self.line.checkpoints(name))

    def settings(self, name: str) -> TrainingSettings:
        """Return what it was asked to be; errors as of `begin`."""
        return understood(lambda: self.line.settings(name))


def understood(work: Callable[[], Answer]) -> Answer:
    """Return what something gives; what is said of a training that cannot be is for the person who asked.

    Raises:
        Trouble: says why not.
    """
    try:
        return work()
    except (SettingsError, LineFull) as error:
        raise Trouble(str(error)) from error
    except OSError as error:
        raise Trouble(say("train.disk", problem=error.strerror or str(error))) from error
