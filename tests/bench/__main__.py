"""`make bench`: measure, print a table, and leave the figures as JSON in bench-output/bench.json."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.memory import measure_memory
from tests.bench.panels import measure_panels
from tests.bench.report import Row, as_json, machine, table
from tests.bench.speed import measure_speed
from tests.bench.startup import measure_startup

OUTPUT = Path(__file__).parents[2] / "bench-output" / "bench.json"
SHORT = 64
"""New tokens of the shorter of the two texts."""


def main() -> int:
    """Measure everything that was asked for; return the exit status."""
    options = read_options()
    header = machine()
    print(header, file=sys.stderr if options.json else sys.stdout, flush=True)
    rounds = 2 if options.quick else 3
    counts = sorted({min(SHORT, options.tokens), options.tokens} if not options.quick else {SHORT})
    # Panels last: what numpy and plotly leave behind in this process must not slow the model down.
    subjects: dict[str, Callable[[], tuple[list[Row], dict[str, Any]]]] = {
        "startup": lambda: measure_startup(1 if options.quick else 3),
        "memory": lambda: measure_memory(SHORT if options.quick else options.tokens),
        "speed": lambda: measure_speed(counts, rounds),
        "panels": lambda: measure_panels(rounds),
    }
    rows: list[Row] = []
    samples: dict[str, Any] = {}
    try:
        for name in options.only or subjects:
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            found, samples[name] = subjects[name]()
            rows += found
    finally:  # what was measured before a failure or Ctrl-C took minutes
        result = as_json(header, rows, samples)
        OUTPUT.parent.mkdir(exist_ok=True)
        OUTPUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        print(json.dumps(result) if options.json else table(rows), flush=True)
    return 0


def read_options() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--tokens", type=int, default=256, help="new tokens of the longer text (default: 256)"
    )
    parser.add_argument("--quick", action="store_true", help="64 new tokens and few rounds: a minute")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--only", nargs="+", choices=["startup", "memory", "speed", "panels"], metavar="SUBJECT"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
