"""Tokens a second of one text: ours side by side with Transformers, llama.cpp and the machine's memory."""

import statistics
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from tests.bench.bandwidth import SIZE, read_bandwidth
from tests.bench.contenders import (
    BANDWIDTH,
    BARE,
    BYTES,
    EXACT,
    LLAMA,
    LOGPROBS,
    OURS,
    RECORDING,
    ours,
    ours_here,
)
from tests.bench.llama import gguf, installed, llama_bare, llama_logprobs
from tests.bench.plain import plain_bare, plain_recording, plain_weights
from tests.bench.processes import own_process, taking_turns
from tests.bench.report import Row, ratio
from tests.bench.written import Written

WARM_UP = 4
Found = dict[str, list[Any]]


def measure_speed(rounds: dict[int, int]) -> tuple[list[Row], dict[str, Any]]:
    """Let all contenders write texts of each number of new tokens, in so many rounds."""
    rows: list[Row] = []
    texts: dict[str, Any] = {}
    with ExitStack() as processes:
        writers, weights, formats = invite(processes)
        for writer in writers.values():
            writer(0, WARM_UP)  # the first passes choose kernels and fill caches
        memory = processes.enter_context(own_process())
        for count in rounds:
            turns: dict[str, Callable[[int], Any]] = {
                name: lambda number, write=write, count=count: write(10 * count + number, count)
                for name, write in writers.items()
            }
            turns[BANDWIDTH] = lambda _: memory(read_bandwidth)
            found = taking_turns(turns, rounds[count])
            bandwidth = found.pop(BANDWIDTH)
            rates = {name: [text.rate for text in written] for name, written in found.items()}
            limits = {name: [read / size for read in bandwidth] for name, size in weights.items()}
            rows += [*rows_of(count, rates, limits, weights), *differing(count, found)]
            texts[str(count)] = {"tokens_per_second": rates, "limits": limits, "bandwidth": bandwidth}
    what = f"memory bandwidth: summing {SIZE >> 30} GiB with all threads"
    rows.append(Row("speed", what, statistics.median(bandwidth) / 1e9, "GB/s"))
    return rows, {"texts": texts, "weights_bytes": weights, "formats": formats}


def invite(
    processes: ExitStack,
) -> tuple[dict[str, Callable[[int, int], Written]], dict[str, int], dict[str, str]]:
    """Return who is here, as functions of text and tokens; the bytes of their weights; and our formats."""
    us, them = processes.enter_context(own_process()), processes.enter_context(own_process())
    writers: dict[str, Callable[[int, int], Written]] = {}
    weights = {}
    numbers = them(plain_weights)
    formats = us(ours_here)
    for name, form in formats.items():
        writers[name] = lambda number, count, form=form: us(ours, form, number, count)
        weights[name] = numbers * BYTES.get(form, 2)
    writers[BARE] = lambda number, count: them(plain_bare, number, count)
    writers[RECORDING] = lambda number, count: them(plain_recording, number, count)
    weights[BARE] = weights[RECORDING] = numbers * BYTES["float32"]
    if installed():
        llama = processes.enter_context(own_process())
        writers[LLAMA] = lambda number, count: llama(llama_bare, number, count)
        writers[LOGPROBS] = lambda number, count: llama(llama_logprobs, number, count)
        weights[LLAMA] = weights[LOGPROBS] = gguf().stat().st_size
    return writers, weights, formats


def rows_of(
    count: int, rates: dict[str, list[float]], limits: dict[str, list[float]], weights: dict[str, int]
) -> list[Row]:
    """Return ratios, speeds and limits of one number of tokens."""
    rivals = [name for name in rates if name not in OURS]
    rows = [
        ratio(f"{count} tokens: {mine} / {rival}", rates[mine], rates[rival])
        for mine in OURS
        if mine in rates
        for rival in rivals
    ]
    for name, found in rates.items():
        rows.append(
            ratio(
                f"{count} tokens: {name} / memory-bandwidth limit",
                found,
                limits[name],
                f"{weights[name] / 1e6:,.0f} MB of weights a token",
            )
        )
    for name, found in rates.items():
        note = f"best {max(found):.1f}; limit {statistics.median(limits[name]):.0f}"
        rows.append(Row("speed", f"{count} tokens: {name}", statistics.median(found), "tok/s", note))
    return rows


def differing(count: int, found: Found) -> list[Row]:
    """Return a row if our exact texts are not Transformers'."""
    same = [
        mine.token_ids == theirs.token_ids for mine, theirs in zip(found[EXACT], found[BARE], strict=True)
    ]
    if all(same):
        return []
    return [
        Row(
            "speed",
            f"{count} tokens: texts that differ, exact / generate()",
            same.count(False),
            f"of {len(same)}",
        )
    ]
