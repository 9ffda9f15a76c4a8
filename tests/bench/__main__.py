"""`make bench`: measure, print a table, and leave the figures as JSON and as a plot in bench-output."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.calls import measure_calls
from tests.bench.effects import measure_effects
from tests.bench.lab import measure_lab
from tests.bench.latency import CONTEXTS, measure_latency
from tests.bench.memory import measure_memory
from tests.bench.panels import measure_panels
from tests.bench.plot import can_draw, save
from tests.bench.precision import measure_precision
from tests.bench.processes import own_process
from tests.bench.report import Row, as_json, machine, others, table
from tests.bench.speed import measure_speed
from tests.bench.startup import measure_startup
from tests.bench.streams import measure_streams
from tests.bench.training import measure_training

OUTPUT = Path(__file__).parents[2] / "bench-output"
SHORT = 64
"""New tokens of the shorter of the two texts."""
QUIET = 0.15
"""Cores that others may use."""
SUBJECTS = (
    "precision",
    "startup",
    "memory",
    "speed",
    "streams",
    "latency",
    "panels",
    "lab",
    "effects",
    "calls",
    "training",
)


def main() -> int:
    """Measure everything that was asked for; return the exit status."""
    options = read_options()
    header = machine()
    print(header, file=sys.stderr if options.json else sys.stdout, flush=True)
    rows: list[Row] = []
    warnings: list[Row] = []
    samples: dict[str, Any] = {}
    try:
        for name, measure in subjects(options).items():
            if name in (options.only or SUBJECTS):
                print(f"measuring {name} ...", end=" ", file=sys.stderr, flush=True)
                busy, start = others(), time.perf_counter()
                found, samples[name] = measure()
                rows += found
                warnings += disturbed(name, busy)
                print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    finally:  # what was measured before a failure or Ctrl-C took minutes
        rows += warnings
        result = as_json(header, rows, samples)
        OUTPUT.mkdir(exist_ok=True)
        (OUTPUT / "bench.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        if can_draw(result):
            save(result, OUTPUT)
        print(json.dumps(result) if options.json else table(rows), flush=True)
    return 0


def disturbed(subject: str, busy: float) -> list[Row]:
    """Return a row that warns of figures taken on a busy machine."""
    if not busy > QUIET:
        return []
    return [Row("DISTURBED", f"{subject}: others were using the machine", busy, "cores", "do not quote it")]


def subjects(options: argparse.Namespace) -> dict[str, Callable[[], tuple[list[Row], dict[str, Any]]]]:
    """Return what can be measured, as thoroughly as the options say."""
    quick = options.quick
    rounds = 1 if quick else 3
    texts = {SHORT // 2: 2} if quick else dict.fromkeys((min(SHORT, options.tokens), options.tokens), rounds)

    def panels() -> tuple[list[Row], dict[str, Any]]:
        with own_process() as page:  # what numpy and plotly leave behind would slow the next subject down
            return page(measure_panels, rounds)

    # Precision first: it stores the choice of formats, which the others then need not make.
    return {
        "precision": measure_precision,
        "startup": lambda: measure_startup(rounds),
        "memory": lambda: measure_memory(SHORT if quick else options.tokens),
        "speed": lambda: measure_speed(texts),
        "streams": lambda: measure_streams(16 if quick else 48, rounds),
        "latency": lambda: measure_latency(rounds, CONTEXTS[:2] if quick else CONTEXTS),
        "panels": panels,
        "lab": lambda: measure_lab(rounds),
        "effects": lambda: measure_effects(rounds),
        "calls": lambda: measure_calls(300 if quick else 3000),
        "training": lambda: measure_training(16 if quick else 48, rounds),
    }


def read_options() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--tokens", type=int, default=256, help="new tokens of the longer text (default: 256)"
    )
    parser.add_argument("--quick", action="store_true", help="short texts and few rounds: two minutes")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--only", nargs="+", choices=SUBJECTS, metavar="SUBJECT", help=", ".join(SUBJECTS))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
