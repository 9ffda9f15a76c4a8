"""What a training leaves to those who write meanwhile: the same texts with and without one beside them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from model.training.line import TrainingLine
from model.training.presets import WORDS
from tests.bench.contenders import PLACES, ours, ours_here
from tests.bench.processes import own_process
from tests.bench.report import Row, ratio
from tests.bench.streams import TEXTS, WARM_UP

STREAMS = (1, 16)
LONG = replace(WORDS, optimisation=replace(WORDS.optimisation, steps=5_000, evaluate_every=500))
"""A training that is not done while the texts are written."""
TICK = 0.1
DEADLINE = 120.0


def measure_training(count: int, rounds: int) -> tuple[list[Row], dict[str, Any]]:
    """Let our engine write some texts alone, and then beside a training that the server makes."""
    alone: dict[str, list[float]] = {}
    beside: dict[str, list[float]] = {}
    with own_process() as us, TemporaryDirectory() as folder:
        forms = us(ours_here)
        for form in forms.values():
            us(ours, form, 0, WARM_UP, None, PLACES)

        def write(number: int, rates: dict[str, list[float]]) -> None:
            for name, form in forms.items():
                for streams in STREAMS:
                    written = us(ours, form, number * TEXTS + 31 * streams, count, None, streams)
                    rates.setdefault(f"{name}, {streams}", []).append(written.rate)

        for number in range(rounds):
            write(2 * number, alone)
            with under_way(Path(folder) / str(number)):
                write(2 * number + 1, beside)
    rows = [ratio(f"{name} at once: beside a training / alone", beside[name], alone[name]) for name in alone]
    return rows, {"new_tokens": count, "alone": alone, "beside": beside}


@contextmanager
def under_way(root: Path) -> Iterator[None]:
    """Keep a training under way, past its first steps."""
    line = TrainingLine(root)
    try:
        name = line.begin([], LONG)
        end = time.monotonic() + DEADLINE
        while not line.progress(name).points:
            assert time.monotonic() < end and line.standing(name) in ("waiting", "running"), (
                "it does not begin"
            )
            time.sleep(TICK)
        line.others_write = lambda: True
        yield
        assert line.standing(name) == "running", "it ended meanwhile"
    finally:
        line.close()
