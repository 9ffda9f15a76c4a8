"""What is wanted of a training that runs: to go on, pause or stop, or more steps; and whose process it is."""

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from filelock import FileLock, Timeout

from model.training.limits import MOST_STEPS
from model.training.settings import SettingsError
from model.weights.cache import write_json

Go = Literal["on", "pause", "stop"]
FILE = "wanted.json"
PROCESS, LOCK = "process.json", "process.lock"


@dataclass(frozen=True)
class Wanted:
    """What a person wants; a training reads it between two steps."""

    go: Go = "on"
    steps: int | None = None
    """How many it is to have in all; None for those of its settings."""


def wanted(folder: Path) -> Wanted:
    """Return what is wanted; a file that is absent or damaged wants nothing."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        go, steps = found.get("go"), found.get("steps")
    except (OSError, ValueError, AttributeError):
        return Wanted()
    number = isinstance(steps, int) and not isinstance(steps, bool) and 1 <= steps <= MOST_STEPS
    return Wanted(go if go in get_args(Go) else "on", steps if number else None)


def want(folder: Path, go: Go, steps: int | None = None) -> None:
    """Write what is wanted, whole or not at all."""
    write_json(folder / FILE, {"go": go, "steps": steps})


class Watch:
    """Looks after each step whether something else is wanted, and whether the server is still there."""

    def __init__(self, folder: Path, parent: int | None = None) -> None:
        """Watch a training.

        Args:
            folder: of the training.
            parent: process that started it and without which it is to end; None if it stands alone.
        """
        self._folder, self._parent = folder, parent
        self._interrupted = False

    def heed_signals(self) -> None:
        """Take Ctrl+C, and what ends a service, for the wish to pause; a second time they end it at once."""

        def pause(number: int, _: object) -> None:
            self._interrupted = True
            signal.signal(number, signal.SIG_DFL)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, pause)

    def asked(self) -> Go:
        """Return what is wanted now; a training whose server has died pauses."""
        orphaned = self._parent is not None and os.getppid() != self._parent
        if orphaned or self._interrupted:
            return "pause"
        return wanted(self._folder).go


def sign(folder: Path) -> FileLock:
    """Write which process makes a training: its number, and when it began, since numbers come again.

    Returns:
        What keeps others out of the folder until it is released, or this process has ended, however it does.

    Raises:
        SettingsError: another process makes it already.
    """
    import psutil  # noqa: PLC0415 - wanted by the job alone

    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise SettingsError("Another process makes this training already.") from error
    own = psutil.Process()
    write_json(folder / PROCESS, {"pid": own.pid, "started": own.create_time()})
    return lock
