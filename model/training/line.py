"""The trainings of one server: one at a time, each in a process of its own, the others in line behind it."""

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Condition, Thread
from typing import Literal

from model.training import checkpoints
from model.training.base import ALONE
from model.training.courtesy import let_work, nobody
from model.training.journal import FILE as JOURNAL
from model.training.processes import PROCESS, end_orphans, job_of, note_process
from model.training.progress import Progress, ProgressReader
from model.training.settings import SettingsError, TrainingSettings
from model.training.settings_file import read_settings, write_settings
from model.training.wanted import want

ROOT = Path(__file__).parents[2]
IDENTITY = 12
"""Hex digits of the name of a training: whoever knows it may look at it."""
LOOK_SECONDS = 0.25
"""How often the process is looked after."""
END_SECONDS = 20.0
"""How long a job may take to write its checkpoint before it is killed."""
MIB = 2**20

Standing = Literal["waiting", "running", "ended", "interrupted"]


class LineFull(Exception):
    """Too many trainings wait; the message says so."""


@dataclass(frozen=True)
class Bounds:
    """What one server grants to trainings."""

    steps: int = 20_000
    """Of one training."""
    minutes: float = 24 * 60
    """Of one training, from its start; it pauses then."""
    waiting: int = 8
    """Trainings in line."""
    kept_mib: int = 8_192
    """On the disk; beyond it the oldest that have ended go first."""


class TrainingLine:
    """Begins trainings in their order, watches over them, and knows what has become of each."""

    def __init__(
        self, root: Path, bounds: Bounds | None = None, command: Callable[[Path], list[str]] | None = None
    ) -> None:
        """Take the folder in which trainings lie; what a server that was killed has left running is ended.

        Args:
            root: of the trainings.
            bounds: what is granted.
            command: that makes the training of a folder; our own by default.
        """
        self.root = root
        self.bounds = bounds or Bounds()
        self.others_write: Callable[[], bool] = nobody
        """Tells whether texts are being written on this server; a training rests meanwhile, mostly."""
        self._command = command or job_command
        self._waiting: list[str] = []
        self._running: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._readers: dict[str, ProgressReader] = {}
        self._wake = Condition()
        self._closed = False
        end_orphans(root)
        self._thread = Thread(target=self._work, name="trainings", daemon=True)
        self._thread.start()

    def begin(self, mine: Collection[str], settings: TrainingSettings, text: str | None = None) -> str:
        """Put a new training into the line and return its name.

        Args:
            mine: trainings of the same person, of whom one is made at a time.
            settings: what it is to be.
            text: of the person's own.

        Raises:
            SettingsError: it cannot be as it was asked for, or another one of the person's is under way.
            LineFull: too many wait.
            OSError: the folder cannot be written.
        """
        self._require_free(mine)
        if settings.optimisation.steps > self.bounds.steps:
            raise SettingsError(f"A training has at most {self.bounds.steps:,} steps here.")
        self._make_room()
        name = secrets.token_hex(IDENTITY // 2)
        folder = self.root / name
        (folder / "data").mkdir(parents=True)
        if text is not None:
            (folder / "data" / "own.txt").write_text(text, encoding="utf-8")
        write_settings(folder / "settings.json", settings)
        self._enqueue(name)
        return name

    def resume(self, mine: Collection[str], name: str, more_steps: int = 0) -> None:
        """Put a training into the line again: it goes on from its last checkpoint.

        Raises:
            SettingsError: there is no such training, one is under way, or it would be too long.
            LineFull: too many wait.
        """
        self._require_free({*mine, name})
        settings = self.settings(name)
        if more_steps:
            steps = settings.optimisation.steps + more_steps
            if not 0 < steps <= self.bounds.steps:
                raise SettingsError(f"A training has at most {self.bounds.steps:,} steps here.")
            settings = replace(settings, optimisation=replace(settings.optimisation, steps=steps))
            write_settings(self.folder(name) / "settings.json", settings)
        want(self.folder(name), "on")
        self._enqueue(name)

    def end(self, name: str, *, for_good: bool) -> None:
        """Let a training end soon, behind a checkpoint; one that still waits leaves the line.

        Args:
            name: of the training.
            for_good: whether it is done; else it is paused, and can go on.
        """
        with self._wake:
            if name in self._waiting:
                self._waiting.remove(name)
                return
        want(self.folder(name), "stop" if for_good else "pause")

    def delete(self, name: str) -> None:
        """Throw a training away; one that is under way stays.

        Raises:
            SettingsError: there is no such training, or it is under way.
        """
        with self._wake:
            if self.standing(name) in ("waiting", "running"):
                raise SettingsError("This training is under way. Stop it first.")
            self._forget(name)
            shutil.rmtree(self.folder(name), ignore_errors=True)

    def folder(self, name: str) -> Path:
        """Return the folder of a training.

        Raises:
            SettingsError: there is no such training.
        """
        if len(name) != IDENTITY or not set(name) <= set("0123456789abcdef") or not self._is_there(name):
            raise SettingsError("This training is not on this server any more.")
        return self.root / name

    def exists(self, name: str) -> bool:
        """Return whether there is such a training."""
        try:
            return self.folder(name).is_dir()
        except SettingsError:
            return False

    def settings(self, name: str) -> TrainingSettings:
        """Return what a training was asked to be; errors as of `folder`."""
        return read_settings(self.folder(name) / "settings.json")

    def progress(self, name: str) -> Progress:
        """Return how far a training is; errors as of `folder`."""
        reader = self._readers.setdefault(name, ProgressReader(self.folder(name)))
        return reader.latest()

    def alone(self, name: str) -> Progress:
        """Return how far the student without a teacher is, whom a distillation makes too."""
        reader = self._readers.setdefault(f"{name}/{ALONE}", ProgressReader(self.folder(name) / ALONE))
        return reader.latest()

    def ahead(self, name: str) -> int:
        """Return how many trainings come before this one."""
        with self._wake:
            return (self._waiting.index(name) if name in self._waiting else 0) + (self._running is not None)

    def standing(self, name: str) -> Standing:
        """Return what is being done with a training.

        waiting and running say themselves; ended: its journal says why; interrupted: it does not, since the
        job or the server was killed.
        """
        with self._wake:
            if name == self._running:
                return "running"
            if name in self._waiting:
                return "waiting"
        if job_of(self.folder(name)) is not None:  # begun by another server of this machine
            return "running"
        return "ended" if self.progress(name).reason else "interrupted"

    def checkpoints(self, name: str) -> list[tuple[int, Path]]:
        """Return the steps of the checkpoints that are whole, and their folders; errors as of `folder`."""
        folder = self.folder(name)
        return [(step, checkpoints.path_of(folder, step)) for step in checkpoints.steps(folder)]

    def close(self) -> None:
        """End: what is being made is paused behind a checkpoint, or killed if that takes too long."""
        with self._wake:
            self._closed = True
            self._waiting.clear()
            running = self._running
            self._wake.notify_all()
        if running is not None and self._is_there(running):
            want(self.root / running, "pause")
        self._thread.join(END_SECONDS + 2 * LOOK_SECONDS)

    def _forget(self, name: str) -> None:
        for one in (name, f"{name}/{ALONE}"):
            self._readers.pop(one, None)

    def _is_there(self, name: str) -> bool:
        return (self.root / name / "settings.json").is_file()

    def _require_free(self, mine: Collection[str]) -> None:
        if any(self.exists(one) and self.standing(one) in ("waiting", "running") for one in mine):
            raise SettingsError("A training of yours is under way. Wait for its end, or stop it.")
        with self._wake:
            if len(self._waiting) >= self.bounds.waiting:
                raise LineFull(f"{len(self._waiting)} trainings wait already. Try again later.")

    def _enqueue(self, name: str) -> None:
        with self._wake:
            self._waiting.append(name)
            self._wake.notify_all()

    def _make_room(self) -> None:
        """Throw away the trainings that have lain longest, as long as all take more than is granted."""
        self.root.mkdir(parents=True, exist_ok=True)
        lying = sorted((path for path in self.root.iterdir() if path.is_dir()), key=_used_at)
        sizes = {path: _bytes_of(path) for path in lying}
        for path in lying:
            if sum(sizes.values()) <= self.bounds.kept_mib * MIB:
                return
            if path.name not in (self._running, *self._waiting):
                self._forget(path.name)
                shutil.rmtree(path, ignore_errors=True)
                del sizes[path]

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                self._running = self._waiting.pop(0)
            try:
                self._make(self.root / self._running)
            finally:
                with self._wake:
                    self._running = self._process = None

    def _make(self, folder: Path) -> None:
        """Run the process of one training to its end."""
        if not folder.is_dir():
            return
        with (folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                self._command(folder), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._process = process
        note_process(folder, process.pid)
        latest = time.monotonic() + self.bounds.minutes * 60
        kill_at: float | None = None
        while process.poll() is None:
            let_work(process, self.others_write, LOOK_SECONDS)
            now = time.monotonic()
            if kill_at is None and (self._closed or now > latest):
                if now > latest:
                    want(folder, "pause")
                kill_at = now + END_SECONDS
            if kill_at is not None and now > kill_at:
                process.kill()
        (folder / PROCESS).unlink(missing_ok=True)


def job_command(folder: Path) -> list[str]:
    """Return the command that makes the training of a folder."""
    return [sys.executable, "-m", "model.training", str(folder), "--parent", str(os.getpid())]


def _used_at(path: Path) -> float:
    journal = path / JOURNAL
    return (journal if journal.exists() else path).stat().st_mtime


def _bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
