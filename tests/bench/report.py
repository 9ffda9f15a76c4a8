"""What was measured, as rows of a table and as JSON."""

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

DTYPE = "float32"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    subject: str
    what: str
    value: float
    unit: str
    note: str = ""


def ratio(
    what: str, ours: Sequence[float], theirs: Sequence[float], *, best: Callable[[Sequence[float]], float]
) -> Row:
    """Return the best of ours over the best of theirs: other work on the machine only ever slows.

    The note has the median of the rounds' own ratios, which is the fairer one on a quiet machine.
    """
    rounds = [one / other for one, other in zip(ours, theirs, strict=True)]
    note = f"best of {len(rounds)}; median over rounds {statistics.median(rounds):.2f}"
    return Row("ratios", what, best(ours) / best(theirs), "x", note)


def alternating(
    contenders: dict[str, Callable[[], float]], rounds: int
) -> tuple[dict[str, list[float]], list[list[str]]]:
    """Measure each contender once a round, another one first in every round.

    Returns:
        What each returned, round by round, and the orders.
    """
    names = list(contenders)
    found: dict[str, list[float]] = {name: [] for name in names}
    orders = []
    for number in range(rounds):
        start = number % len(names)
        order = names[start:] + names[:start]
        for name in order:
            found[name].append(contenders[name]())
        orders.append(order)
    return found, orders


def machine() -> str:
    """Return one line that says where the figures come from."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return (
        f"{os.cpu_count()} cores ({processor()}), torch {torch.__version__} on {torch.get_num_threads()} "
        f"threads, transformers {transformers.__version__}, {DTYPE}, load {load} at the start"
    )


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
        number = f"{row.value:,.2f}" if abs(row.value) < 100 else f"{row.value:,.0f}"
        lines.append(f"  {row.what:<{width}}  {number:>10} {row.unit:<6} {row.note}".rstrip())
    return "\n".join(lines)


def as_json(header: str, rows: Sequence[Row], samples: dict[str, Any]) -> dict[str, Any]:
    """Return everything measured as plain values."""
    return {"machine": header, "rows": [asdict(row) for row in rows], "samples": samples}
