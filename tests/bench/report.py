"""What was measured, as rows of a table and as JSON."""

import math
import os
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import transformers


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    subject: str
    what: str
    value: float
    unit: str
    note: str = ""


def ratio(what: str, ours: Sequence[float], theirs: Sequence[float], note: str = "") -> Row:
    """Return the median of the rounds' own ratios: in one round, noise hit both alike."""
    rounds = [one / other for one, other in zip(ours, theirs, strict=True)]
    spread = f"{min(rounds):.2f} to {max(rounds):.2f} in {len(rounds)} rounds" if len(rounds) > 1 else ""
    return Row("ratios", what, statistics.median(rounds), "x", "; ".join(filter(None, (spread, note))))


def spread(subject: str, what: str, times: Sequence[float], unit: str = "ms") -> Row:
    """Return the median, and in the note the 95th percentile and the best."""
    ordered = sorted(times)
    slow = ordered[min(len(ordered) - 1, math.ceil(0.95 * len(ordered)) - 1)]
    note = f"p95 {slow:.1f}, best {ordered[0]:.1f}, of {len(ordered)}"
    return Row(subject, what, statistics.median(ordered), unit, note)


def machine() -> str:
    """Return one line that says where the figures come from."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return (
        f"{os.cpu_count()} cores ({processor()}), torch {torch.__version__} on {torch.get_num_threads()} "
        f"threads, transformers {transformers.__version__}, load {load} at the start"
    )


def others(seconds: float = 1.0) -> float:
    """Return how many cores others keep busy while the bench is idle; NaN where that cannot be told.

    One busy core of two makes contenders that wait for each other's threads many times slower, and others
    not: ratios taken then say nothing.
    """
    stat = Path("/proc/stat")
    if not stat.exists():
        return math.nan

    def ticks() -> tuple[int, int]:
        every = [int(field) for field in stat.read_text().splitlines()[0].split()[1:9]]
        return sum(every), every[3] + every[4]  # all, and those that waited

    before, idle_before = ticks()
    time.sleep(seconds)
    after, idle_after = ticks()
    return (os.cpu_count() or 1) * (1 - (idle_after - idle_before) / max(1, after - before))


def processor() -> str:
    """Return the processor's name."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text, ratios first, then by subject."""
    ordered = sorted(rows, key=lambda row: row.unit != "x")
    width = max((len(row.what) for row in rows), default=0)
    lines, subject = [], ""
    for row in ordered:
        heading = "ratios" if row.unit == "x" else row.subject
        if heading != subject:
            lines.append(f"\n{heading}")
            subject = heading
        lines.append(f"  {row.what:<{width}}  {number(row.value):>10} {row.unit:<6} {row.note}".rstrip())
    return "\n".join(lines)


def number(value: float) -> str:
    """Return a number with about three digits."""
    if 0 < abs(value) < 0.01:
        return f"{value:.1e}"
    return f"{value:,.2f}" if abs(value) < 100 else f"{value:,.0f}"


def as_json(header: str, rows: Sequence[Row], samples: dict[str, Any]) -> dict[str, Any]:
    """Return everything measured as plain values."""
    return {"machine": header, "rows": [asdict(row) for row in rows], "samples": samples}
