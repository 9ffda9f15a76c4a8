"""Which process makes a training, and for which server: known again after either was killed."""

import json
import os
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from model.training.settings import SettingsError
from model.weights.cache import write_json

PROCESS = "process.json"
"""In the folder of a training that is being made."""
LOCK = "process.lock"
END_SECONDS = 20.0
"""How long a job may take to write its checkpoint before it is killed."""


def note_process(folder: Path, number: int) -> None:
    """Write down which process makes a training, and for which server, so that both are known again."""
    try:
        write_json(folder / PROCESS, {"job": _mark(number), "server": _mark(os.getpid())})
    except psutil.NoSuchProcess:
        return


def sole_maker(folder: Path) -> FileLock:
    """Return what keeps others from making a training until it is released, or this process has ended.

    Raises:
        SettingsError: another process makes it already.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise SettingsError("Another process makes this training already.") from error
    return lock


def job_of(folder: Path) -> psutil.Process | None:
    """Return the process that makes a training at this moment, whichever server it was begun by."""
    return _process(_noted(folder).get("job"))


def end_orphans(root: Path) -> None:
    """End the processes that make trainings for a server that is no more."""
    for note in root.glob(f"*/{PROCESS}") if root.is_dir() else ():
        if _process(_noted(note.parent).get("server")) is not None:
            continue
        job = job_of(note.parent)
        if job is not None:
            _end(job)
        note.unlink(missing_ok=True)


def _end(job: psutil.Process) -> None:
    """Let a process end, or kill it where it takes too long."""
    try:
        job.terminate()
        job.resume()  # it may rest, and would not hear of it
        job.wait(END_SECONDS)
    except psutil.TimeoutExpired:
        job.kill()
    except psutil.NoSuchProcess:
        pass


def _mark(number: int) -> dict[str, float]:
    """Return what a process is known by: its number alone may be another's later."""
    return {"pid": number, "began": psutil.Process(number).create_time()}


def _process(mark: object) -> psutil.Process | None:
    """Return the process with a mark, if it lives."""
    try:
        known = dict(mark)  # type: ignore[call-overload] # what stands in a file may be anything
        found = psutil.Process(int(known["pid"]))
        lives = found.status() != psutil.STATUS_ZOMBIE and abs(found.create_time() - known["began"]) < 1.0
    except (TypeError, ValueError, KeyError, psutil.Error):
        return None
    return found if lives else None


def _noted(folder: Path) -> dict[str, object]:
    """Return what stands in the note of a training; nothing where there is none, or half of one."""
    try:
        note = json.loads((folder / PROCESS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}
