"""Peak memory of each way of writing a text, each in a process of its own."""

import contextlib
import ctypes
import gc
from pathlib import Path
from typing import Any

from tests.bench.contenders import BARE, RECORDING, ours, usual_format
from tests.bench.plain import plain_bare, plain_recording
from tests.bench.processes import own_process
from tests.bench.report import Row

MIB = 2**20
STATUS = Path("/proc/self/status")
WARM_UP = 4
OURS = "this app"


def measure_memory(count: int) -> tuple[list[Row], dict[str, Any]]:
    """Measure what writing `count` tokens adds to a process that has the model ready."""
    if not STATUS.exists():
        return [Row("memory", "not measured", float("nan"), "", "needs Linux's /proc")], {}
    found = {}
    for name in (OURS, BARE, RECORDING):
        with own_process() as alone:
            found[name] = alone(peak, name, count)
    mib = {name: about["peak"] / MIB for name, about in found.items()}
    rows = [
        Row("memory", f"{count} tokens: peak, {OURS} / {rival}", mib[OURS] / max(mib[rival], 1.0), "x")
        for rival in (RECORDING, BARE)
    ]
    rows += [
        Row("memory", f"{count} tokens: {name}, above the model", most, "MiB") for name, most in mib.items()
    ]
    return rows, found


def peak(name: str, count: int) -> dict[str, int]:
    """Write in this process and return its peak above what was there before."""

    def work(number: int, tokens: int) -> None:
        if name == OURS:
            ours(usual_format(), number, tokens)
        elif name == BARE:
            plain_bare(number, tokens)
        else:
            plain_recording(number, tokens)

    work(0, WARM_UP)  # pages in the weights and what the libraries allocate once
    gc.collect()
    return_free_memory()
    before = resident("VmRSS")
    forget_peak()
    work(1, count)
    return {"peak": resident("VmHWM") - before, "before": before}


def resident(field: str) -> int:
    """Return VmRSS (now) or VmHWM (peak) of this process in bytes."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def forget_peak() -> None:
    """Let the peak start from here; loading had a higher one."""
    Path("/proc/self/clear_refs").write_text("5")


def return_free_memory() -> None:
    """Give what loading has left free back to the system, or the run would hide in it."""
    with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
        ctypes.CDLL("libc.so.6").malloc_trim(0)
