"""Tokens a second of many texts at once: one model, more and more visitors."""

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from tests.bench.contenders import BARE, BATCH, PLACES, ours, ours_here
from tests.bench.plain import plain_bare, plain_batch
from tests.bench.processes import own_process, taking_turns
from tests.bench.report import Row, ratio
from tests.bench.written import Written

STREAMS = (1, 2, 4, 8, 16, 32)
BATCHED = 16
WARM_UP = 2
TEXTS = 1000
"""Numbers of prompts that one round may use up."""


def measure_streams(count: int, rounds: int) -> tuple[list[Row], dict[str, Any]]:
    """Let our engine write 1, 2, ... texts at once, and Transformers one, and a batch of 16."""
    with own_process() as us, own_process() as them:
        turns: dict[str, Callable[[int], Written]] = {
            BARE: lambda number: them(plain_bare, number * TEXTS, count),
            BATCH: lambda number: them(plain_batch, number * TEXTS, BATCHED, count),
        }
        forms = us(ours_here)
        for name, form in forms.items():
            us(ours, form, 0, WARM_UP, None, PLACES)
            for streams in STREAMS:
                turns[f"{name}, {streams}"] = lambda number, form=form, streams=streams: us(
                    ours, form, number * TEXTS + 31 * streams, count, None, streams
                )
        them(plain_batch, 0, BATCHED, WARM_UP)
        found = taking_turns(turns, rounds)
    rates = {name: [texts.rate for texts in written] for name, written in found.items()}
    alone = rates.pop(BARE)
    batch = rates.pop(BATCH)
    rows = [*ratios(forms, rates, alone, batch)]
    rows += [row(f"{name} at once", found) for name, found in rates.items()]
    rows.append(row(f"{BARE}, one after another", alone))
    rows.append(row(f"{BATCH} of {BATCHED}, nothing recorded", batch))
    series = {name: {str(n): rates[f"{name}, {n}"] for n in STREAMS} for name in forms}
    return rows, {"new_tokens": count, "tokens_per_second": series, BARE: alone, BATCH: {str(BATCHED): batch}}


def ratios(
    names: Sequence[str], rates: dict[str, list[float]], alone: Sequence[float], batch: Sequence[float]
) -> list[Row]:
    """Return ours over Transformers, which serves one text after another, and over its batch."""
    rows = [
        ratio(f"{n} at once: {name} / {BARE} one after another", rates[f"{name}, {n}"], alone)
        for name in names
        for n in STREAMS
    ]
    rows += [
        ratio(f"{BATCHED} at once: {name} / {BATCH} of {BATCHED}", rates[f"{name}, {BATCHED}"], batch)
        for name in names
    ]
    return rows


def row(what: str, rates: Sequence[float]) -> Row:
    """Return the total speed."""
    return Row("streams", what, statistics.median(rates), "tok/s", f"best {max(rates):.1f}")
