"""What a training says of itself as it goes: one object of JSON a line, appended, never half believed."""

import json
import math
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

Entry = dict[str, Any]
Kind = Literal["prepared", "log", "validation", "samples", "heads", "checkpoint", "remark", "ended"]
Reason = Literal["done", "stopped", "paused", "patience", "nan", "memory", "disk", "failed"]

FILE = "journal.jsonl"


class Journal:
    """The journal of one training, open to be written on."""

    def __init__(self, folder: Path, *, writes: bool = True) -> None:
        """Go on with the journal of a folder, or begin it.

        Args:
            folder: of the training.
            writes: whether this process is the one that writes; of several only one is.
        """
        self._file = (folder / FILE if writes else Path(os.devnull)).open("a", encoding="utf-8")
        self._before = _seconds(entries(folder))
        self._began: float | None = None

    def begin(self) -> None:
        """Let seconds run from here, on top of those that were learned before."""
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the beginning of learning, without the pauses between two processes."""
        return self._before + (time.monotonic() - self._began if self._began is not None else 0.0)

    def write(self, kind: Kind, step: int, **values: Any) -> None:
        """Append one entry; numbers that are none (NaN, infinite) are written as null."""
        entry = {"kind": kind, "step": step, "seconds": round(self.seconds, 3), **values}
        self._file.write(json.dumps(_finite(entry), ensure_ascii=False, allow_nan=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def entries(folder: Path, kind: Kind | None = None) -> list[Entry]:
    """Return the entries of a training, first to last; of one kind, if it is named.

    A line that is not whole, as one may be while it is being written, is left out.
    """
    try:
        lines = (folder / FILE).read_bytes().split(b"\n")
    except OSError:
        return []
    return [entry for entry in _parsed(lines) if kind is None or entry["kind"] == kind]


def rewind(folder: Path, step: int) -> None:
    """Leave out what was written after a step, and that the training has ended: it goes on from there."""
    kept = [entry for entry in entries(folder) if entry["step"] <= step and entry["kind"] != "ended"]
    text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in kept)
    partial = folder / f"{FILE}.{os.getpid()}.partial"
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, folder / FILE)


def _parsed(lines: Iterable[bytes]) -> Iterable[Entry]:
    for line in lines:
        try:
            entry = json.loads(line)
            if isinstance(entry["kind"], str) and isinstance(entry["step"], int):
                yield entry
        except (ValueError, TypeError, KeyError):
            continue


def _seconds(found: list[Entry]) -> float:
    return float(found[-1].get("seconds") or 0.0) if found else 0.0


def _finite(value: Any) -> Any:
    """Return a value of JSON without NaN and infinities."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return value
