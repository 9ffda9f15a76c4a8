"""Milliseconds to the first token, and for one more as the text grows; bytes that each leaves behind."""

import statistics
from collections.abc import Callable
from typing import Any

from tests.bench.contenders import BARE, ours, ours_here, recorded_bytes
from tests.bench.plain import plain_bare
from tests.bench.processes import Ask, own_process, taking_turns
from tests.bench.report import Row, ratio, spread
from tests.bench.written import Written

PROMPTS = (32, 256)
TOGETHER = 16
CONTEXTS = (64, 256, 500, 1000, 2000)
NEXT = 12
"""Tokens over which the cost of one is measured."""
TEXTS = 1000
RECORDED = 256
WARM_UP = (0, 4)

Write = Callable[..., Written]


def measure_latency(rounds: int, contexts: tuple[int, ...] = CONTEXTS) -> tuple[list[Row], dict[str, Any]]:
    """Measure first tokens, growing texts, and the record."""
    with own_process() as us, own_process() as them:
        forms = us(ours_here)
        writers: dict[str, Write] = {
            name: lambda *args, form=form: us(ours, form, *args) for name, form in forms.items()
        }
        writers[BARE] = lambda *args: them(plain_bare, *args)
        for write in writers.values():
            write(*WARM_UP)
        first, first_ms = first_tokens(writers, rounds)
        together, together_ms = starting_together(us, forms, rounds)
        growing, growing_ms = growing_texts(writers, contexts, max(1, rounds - 1))
        record, record_bytes = recorded(us, forms)
    rows = first + together + growing + record
    return rows, {
        "first_token_ms": first_ms,
        "first_token_together_ms": together_ms,
        "next_token_ms": growing_ms,
        "recorded_bytes_per_token": record_bytes,
    }


def first_tokens(writers: dict[str, Write], rounds: int) -> tuple[list[Row], dict[str, Any]]:
    """Measure one text alone, with a short and a long prompt that nobody has read before."""
    rows: list[Row] = []
    samples: dict[str, Any] = {}
    for length in PROMPTS:
        turns = {
            name: lambda number, write=write, length=length: write(number * TEXTS + length, 1, length)
            for name, write in writers.items()
        }
        found = taking_turns(turns, rounds + 2)
        times = {name: [1000 * text.first[0] for text in texts] for name, texts in found.items()}
        for name in times:
            if name != BARE:
                what = f"first token, prompt of {length}: time, {name} / {BARE}"
                rows.append(ratio(what, times[name], times[BARE]))
            rows.append(spread("first token", f"prompt of {length} tokens: {name}", times[name]))
        samples[str(length)] = times
    return rows, samples


def starting_together(us: Ask, forms: dict[str, str], rounds: int) -> tuple[list[Row], dict[str, Any]]:
    """Measure the first tokens of texts that are asked for at the same moment."""
    turns = {
        name: lambda number, form=form: us(ours, form, (1 + number) * TEXTS, 4, PROMPTS[0], TOGETHER)
        for name, form in forms.items()
    }
    found = taking_turns(turns, rounds)
    times = {name: [1000 * first for text in texts for first in text.first] for name, texts in found.items()}
    rows = [
        spread("first token", f"{TOGETHER} start together, prompts of {PROMPTS[0]}: {name}", times[name])
        for name in times
    ]
    return rows, times


def growing_texts(
    writers: dict[str, Write], contexts: tuple[int, ...], rounds: int
) -> tuple[list[Row], dict[str, Any]]:
    """Measure the time from token to token behind a context of each length."""
    rows: list[Row] = []
    samples: dict[str, Any] = {}
    for length in contexts:
        turns = {
            name: lambda number, write=write, length=length: write(number * TEXTS + length, NEXT, length)
            for name, write in writers.items()
        }
        found = taking_turns(turns, rounds)
        times = {
            name: [1000 * statistics.median(text.gaps) for text in texts] for name, texts in found.items()
        }
        for name in times:
            if name != BARE:
                what = f"a token after {length:,}: time, {name} / {BARE}"
                rows.append(ratio(what, times[name], times[BARE]))
            note = f"best {min(times[name]):.1f}"
            what = f"one more token after {length:,}: {name}"
            rows.append(Row("context", what, statistics.median(times[name]), "ms", note))
        samples[str(length)] = times
    return rows, samples


def recorded(us: Ask, forms: dict[str, str]) -> tuple[list[Row], dict[str, float]]:
    """Return how many bytes the record of a token takes."""
    found = {name: us(recorded_bytes, form, 1, RECORDED) / RECORDED for name, form in forms.items()}
    rows = [
        Row(
            "record",
            f"a token's record: {name}",
            size / 1000,
            "kB",
            f"over {RECORDED} tokens, as {forms[name]}",
        )
        for name, size in found.items()
    ]
    return rows, found
