"""How far a training is, read from the journal that it writes: for whoever watches, and later."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.training.journal import FILE as JOURNAL

MEASURES = ("previous_token", "induction", "first_token")
"""Of every head, in a line of the journal."""

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """One line of the log: means since the one before."""

    step: int
    loss: float
    """Nats a token."""
    learning_rate: float
    gradient_norm: float
    tokens_per_second: float
    seconds: float
    """Of learning, since it began."""


@dataclass(frozen=True)
class Look:
    """What the model was measured on, and wrote, at one step."""

    step: int
    texts: tuple[tuple[str, str], ...]
    """Prompts, and what was written behind them, with the same dice every time."""


@dataclass(eq=False)
class Progress:
    """Everything that the journal says so far."""

    lines: int = 0
    """That were taken."""
    parameters: int | None = None
    """None before the data and the model are there."""
    vocabulary: int | None = None
    """Tokens of the tokenizer."""
    points: list[Point] = field(default_factory=list)
    validations: list[tuple[int, float]] = field(default_factory=list)
    """Steps, and the loss on the validation part in nats a token."""
    looks: list[Look] = field(default_factory=list)
    heads: list[tuple[int, dict[str, Scores]]] = field(default_factory=list)
    """Steps, and (layers, heads) scores by the names of `MEASURES`."""
    checkpoints: list[int] = field(default_factory=list)
    """Steps at which one was written; an older one may have been thinned out since."""
    remarks: list[tuple[int, str, str]] = field(default_factory=list)
    """Steps, codes and sentences."""
    reason: str | None = None
    """Why it ended, if it did: done, stopped, paused, patience, nan, memory, disk or failed."""
    ending: str = ""
    """The sentence on that."""

    @property
    def step(self) -> int:
        """The last step of which there is a line."""
        return max(
            [0, *(point.step for point in self.points[-1:]), *(step for step, _ in self.validations[-1:])]
        )

    @property
    def seconds(self) -> float:
        """Of learning so far."""
        return self.points[-1].seconds if self.points else 0.0

    def seconds_left(self, steps: int) -> float | None:
        """Return the seconds until so many steps are done, at the pace of the last ones; None at first."""
        if len(self.points) < 2:
            return None
        first, last = self.points[-min(len(self.points), 10)], self.points[-1]
        if last.step <= first.step:
            return None
        return (steps - last.step) * (last.seconds - first.seconds) / (last.step - first.step)

    def take(self, entry: dict[str, Any]) -> None:
        """Add what a line says."""
        self.lines += 1
        step, kind = int(entry.get("step", 0)), entry.get("kind")
        if kind in ("prepared", "log", "validation"):
            self.reason = None  # it goes on
        match kind:
            case "prepared":
                self.parameters, self.vocabulary = int(entry["parameters"]), entry.get("vocabulary")
            case "log":
                self.points.append(
                    Point(
                        step,
                        _number(entry["loss"]),
                        _number(entry["learning_rate"]),
                        _number(entry.get("gradient_norm")),
                        _number(entry["tokens_per_second"]),
                        _number(entry["seconds"]),
                    )
                )
            case "validation":
                self.validations.append((step, _number(entry["loss"])))
            case "samples":
                texts = tuple((str(one["prompt"]), str(one["text"])) for one in entry["texts"])
                self.looks.append(Look(step, texts))
            case "heads":
                self.heads.append((step, {name: np.asarray(entry[name], dtype=float) for name in MEASURES}))
            case "checkpoint":
                self.checkpoints.append(step)
            case "remark":
                self.remarks.append((step, str(entry["code"]), str(entry["text"])))
            case "ended":
                self.reason, self.ending = str(entry["reason"]), str(entry["text"])


class ProgressReader:
    """Reads a journal as it grows, each line once."""

    def __init__(self, folder: Path) -> None:
        """Take the folder of a training."""
        self._path = folder / JOURNAL
        self._read = self._file = 0
        self._progress = Progress()
        self._lock = Lock()

    def latest(self) -> Progress:
        """Return everything that is known by now; an object that may grow."""
        with self._lock:
            try:
                with self._path.open("rb") as journal:
                    number = os.fstat(journal.fileno()).st_ino
                    if number != self._file:  # it was written anew, without what came after a checkpoint
                        self._file, self._read, self._progress = number, 0, Progress()
                    journal.seek(self._read)
                    more = journal.read()
            except FileNotFoundError:
                return self._progress
            whole = more[: more.rfind(b"\n") + 1]  # what is being written at this moment comes next time
            self._read += len(whole)
            for line in whole.splitlines():
                self._take(line)
            return self._progress

    def _take(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
        except ValueError:  # the job was killed in the midst of a line, and went on behind it
            return
        if isinstance(entry, dict):
            self._progress.take(entry)


def _number(value: Any) -> float:
    """Return a number of the journal; what JSON cannot say is not one."""
    return float("nan") if value is None else float(value)
