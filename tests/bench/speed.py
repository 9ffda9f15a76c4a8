"""Tokens a second, side by side, and the time to read a prompt.

A numpy BLAS call (`a @ b`, a dot product) between two passes of the model leaves OpenBLAS threads
spinning beside torch's and halves the speed of the model. The sampler therefore sums products instead;
who adds a matrix product to the loop will see it here.
"""

import statistics
from collections.abc import Callable
from typing import Any

import torch

from model.internals import Internals
from model.language_model import LanguageModel
from tests.bench.contenders import (
    BARE,
    NAMES,
    OURS,
    PROMPT,
    RECORDING,
    our_model,
    plain_model,
    seconds,
    writers,
)
from tests.bench.report import Row, alternating, ratio

PREFILL = 256
SHORT = 64
"""Texts up to this long are written more often: they are cheap, and the machine may be shared."""


def measure_speed(counts: list[int], rounds: int) -> tuple[list[Row], dict[str, Any]]:
    """Measure generation for each number of new tokens, then the prefill."""
    model, plain = our_model(), plain_model()
    token_ids = model.encode(PROMPT)
    write = writers(model, plain, token_ids)
    for name in NAMES:
        write[name](4)  # the first passes choose kernels and fill caches
    rows: list[Row] = []
    samples: dict[str, Any] = {}
    for count in counts:
        texts: dict[str, list[int]] = {}

        def tokens_per_second(name: str, count: int = count, texts: dict[str, list[int]] = texts) -> float:
            took, (texts[name], _) = seconds(lambda: write[name](count))
            return count / took

        def contender(name: str, measured: Callable[[str], float] = tokens_per_second) -> Callable[[], float]:
            return lambda: measured(name)

        found, orders = alternating(
            {name: contender(name) for name in NAMES}, rounds if count > SHORT else 2 * rounds + 1
        )
        rows += speed_rows(count, found)
        samples[f"{count} tokens"] = {
            "tokens_per_second": found,
            "orders": orders,
            "same_text": {name: texts[name] == texts[OURS] for name in NAMES},
        }
        if texts[BARE] != texts[OURS]:
            rows.append(
                Row("speed", f"{count} tokens: THE TEXTS DIFFER", float("nan"), "", "compare with care")
            )
    more, samples["prefill"] = prefill(model, plain, rounds)
    return rows + more, samples


def speed_rows(count: int, found: dict[str, list[float]]) -> list[Row]:
    """Return ratios and speeds of one number of tokens."""
    rows = [
        ratio(f"{count} tokens: ours / generate()", found[OURS], found[BARE], best=max),
        ratio(f"{count} tokens: ours / generate() recording", found[OURS], found[RECORDING], best=max),
    ]
    for name in NAMES:
        middle = statistics.median(found[name])
        rows.append(Row("speed", f"{count} tokens: {name}", middle, "tok/s", f"best {max(found[name]):.1f}"))
    return rows


def prefill(model: LanguageModel, plain: Any, rounds: int) -> tuple[list[Row], dict[str, list[float]]]:
    """Measure the reading of a prompt, recorded and not, each with the logits of its last token."""
    token_ids = (model.encode(PROMPT) * PREFILL)[:PREFILL]
    plain.set_attn_implementation("sdpa")

    def recorded() -> None:
        internals = Internals(model)
        internals.extend(token_ids)
        internals.logits(PREFILL - 1)

    @torch.inference_mode()
    def bare() -> None:
        plain(torch.tensor([token_ids]), use_cache=True, logits_to_keep=1)

    contenders = {"ours": lambda: seconds(recorded)[0], "transformers": lambda: seconds(bare)[0]}
    found, _ = alternating(contenders, rounds + 2)
    rows = [ratio(f"prefill of {PREFILL}: time, ours / bare", *found.values(), best=min)]
    for name, times in found.items():
        rows.append(
            Row(
                "speed",
                f"prefill of {PREFILL} tokens: {name}",
                statistics.median(times),
                "s",
                f"best {min(times):.2f}",
            )
        )
    return rows, found
