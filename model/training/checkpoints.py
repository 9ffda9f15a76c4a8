"""The checkpoints of a training: each whole or not there, and a dozen of them for the time-lapse."""

import os
import re
import shutil
from pathlib import Path

FOLDER = "checkpoints"
STATE = "trainer_state.json"
MOST = 12
MOST_BYTES = 4_000_000_000
"""Of all checkpoints of a training together; of a large model fewer than `MOST` are kept."""
LEAST = 2
_NAME = re.compile(r"checkpoint-(\d{1,7})")
_LEFT = ".partial-"
"""How the names of folders begin that are being written or removed."""


def path_of(folder: Path, step: int) -> Path:
    """Return where the checkpoint of a step is, or would be."""
    return folder / FOLDER / f"checkpoint-{step}"


def steps(folder: Path) -> list[int]:
    """Return the steps of all whole checkpoints of a training, first to last."""
    try:
        names = os.listdir(folder / FOLDER)
    except OSError:
        return []
    found = (_NAME.fullmatch(name) for name in names)
    whole = (int(match[1]) for match in found if match and (folder / FOLDER / match[0] / STATE).is_file())
    return sorted(whole)


def newest(folder: Path) -> int | None:
    """Return the step of the last whole checkpoint; None if there is none."""
    return max(steps(folder), default=None)


def partial(folder: Path, step: int) -> Path:
    """Return where the checkpoint of a step is written until it is whole: no reader takes it for one."""
    return folder / FOLDER / f"{_LEFT}{step}"


def finish(folder: Path, step: int) -> None:
    """Give a checkpoint that is whole its name, in one step."""
    os.replace(partial(folder, step), path_of(folder, step))


def sweep(folder: Path) -> None:
    """Remove what a process that was ended left half written or half removed."""
    for leftover in (folder / FOLDER).glob(f"{_LEFT}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def thin(folder: Path, most: int = MOST) -> list[int]:
    """Remove checkpoints until there are `most`: first and last stay, the others as evenly as can be.

    Returns:
        The steps that are left.
    """
    left = steps(folder)
    if left:
        size = sum(path.stat().st_size for path in path_of(folder, left[-1]).rglob("*"))
        most = max(LEAST, min(most, MOST_BYTES // max(1, size)))
    while len(left) > most:
        gaps = {step: after - before for before, step, after in zip(left, left[1:], left[2:], strict=False)}
        crowded = min(gaps, key=lambda step: gaps[step])
        hidden = folder / FOLDER / f"{_LEFT}{crowded}-old"
        os.replace(path_of(folder, crowded), hidden)
        shutil.rmtree(hidden, ignore_errors=True)
        left.remove(crowded)
    return left
