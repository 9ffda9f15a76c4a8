"""Peak memory of each way of writing a text, each in a process of its own."""

import contextlib
import ctypes
import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.contenders import (
    BARE,
    NAMES,
    OURS,
    RECORDING,
    our_model,
    ours,
    plain_model,
    prompt_ids,
    theirs,
)
from tests.bench.report import Row

MIB = 2**20
STATUS = Path("/proc/self/status")


def measure_memory(count: int) -> tuple[list[Row], dict[str, Any]]:
    """Measure what writing `count` tokens adds to a process that has the model ready."""
    if not STATUS.exists():
        return [Row("memory", "not measured", float("nan"), "", "needs Linux's /proc")], {}
    found = {name: in_own_process(name, count) for name in NAMES}
    peak = {name: found[name]["peak"] / MIB for name in NAMES}
    rows = [
        Row(
            "memory", f"{count} tokens: peak, ours / generate() recording", peak[OURS] / peak[RECORDING], "x"
        ),
        Row("memory", f"{count} tokens: peak, ours / generate()", peak[OURS] / max(peak[BARE], 1.0), "x"),
    ]
    for name in NAMES:
        rows.append(
            Row("memory", f"{count} tokens: {name}, above the model", peak[name], "MiB", held(found[name]))
        )
    return rows, found


def held(found: dict[str, int]) -> str:
    """Return what the record itself takes, where it can be counted."""
    return f"{found['record'] / MIB:.0f} MiB of them the record and its cache" if found["record"] else ""


def in_own_process(name: str, count: int) -> dict[str, int]:
    """Run this module for one contender and return its figures in bytes."""
    command = [sys.executable, "-m", "tests.bench.memory", name, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


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


def contender(name: str, count: int) -> dict[str, int]:
    """Write in this process and return the peak above what was there before, and the record's size."""
    model = our_model() if name == OURS else plain_model()
    token_ids = prompt_ids()

    def work(tokens: int) -> Any:
        if name == OURS:
            return ours(model, token_ids, tokens)
        return theirs(model, token_ids, tokens, recording=name == RECORDING)

    work(4)  # pages in the weights and what the libraries allocate once
    gc.collect()
    return_free_memory()
    before = resident("VmRSS")
    forget_peak()
    _, kept = work(count)
    record = kept.nbytes if name == OURS else 0
    return {"peak": resident("VmHWM") - before, "before": before, "record": record}


if __name__ == "__main__":
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    print(json.dumps(contender(sys.argv[1], int(sys.argv[2]))))
