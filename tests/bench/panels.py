"""Milliseconds on the server from a slider or a click to finished figures, and the bytes that they weigh."""

import json
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from model.background import BackgroundModel
from model.generation import write
from model.language_model import LanguageModel
from model.run import Run, SamplerSettings
from model.sampling import draw, shape
from tests.bench.contenders import PROMPT, our_model
from tests.bench.report import Row
from viz.pages.controls import Controls
from viz.pages.example import load_example
from viz.pages.limits import Limits
from viz.pages.panels import Screen, after_settings, everything
from viz.pages.scene import scene_of
from viz.pages.service import Service
from viz.pages.visitor import Visitor

VOCABULARY = 49_152
LENGTH = 64
"""Tokens of the text that is clicked on."""
SAMPLERS = {
    "the defaults": SamplerSettings(),
    "temperature alone": SamplerSettings(temperature=0.8, top_k=0, top_p=1.0),
    "every stage": SamplerSettings(1.2, 0, 0.95, 0.01, 1.3),
    "greedy": SamplerSettings(temperature=0.0),
}


def measure_panels(rounds: int) -> tuple[list[Row], dict[str, Any]]:
    """Measure the sampler, a moved slider and a click, each with its figures as the JSON that is sent."""
    rows = sampler_rows(rounds)
    service, visitor = visit(our_model())
    first = len(visitor.run.prompt_token_ids)

    def slid(number: int) -> Screen:
        controls = replace(Controls(), temperature=0.3 + 0.01 * number)
        return after_settings(scene_of(service, load_example(), visitor, controls), controls)

    def clicked(number: int) -> Screen:
        visitor.selected = first + 7 * number % (LENGTH - first)  # seldom one of the few with logits at hand
        return everything(scene_of(service, load_example(), visitor, Controls()), Controls())

    moves = milliseconds(lambda number: payloads(slid(number)), range(10 * rounds))
    clicks = milliseconds(lambda number: payloads(clicked(number)), range(10 * rounds))
    rows += [
        row("panels", "a moved slider -> sampler panel and bars, as JSON", moves),
        row("panels", f"a click -> all panels at {LENGTH} tokens, as JSON", clicks),
    ]
    for name, size in payloads(clicked(1)).items():
        rows.append(Row("payloads", f"{name}, all panels at {LENGTH} tokens", size / 1000, "kB"))
    return rows, {"slider_ms": moves, "click_ms": clicks}


def sampler_rows(rounds: int) -> list[Row]:
    """Return the time of shaping a distribution and drawing from it."""
    logits = np.random.default_rng(0).normal(0, 3, VOCABULARY).astype(np.float32)
    text = list(range(LENGTH))
    return [
        row(
            "panels",
            f"shape and draw, {VOCABULARY:,} logits, {name}",
            milliseconds(lambda _, chosen=chosen: draw(shape(logits, chosen, text), 0.5), range(20 * rounds)),
        )
        for name, chosen in SAMPLERS.items()
    ]


def visit(model: LanguageModel) -> tuple[Service, Visitor]:
    """Return a service with a loaded model, and a visitor with a text of `LENGTH` tokens."""
    loaded = SimpleNamespace(ready=True, error=None, report_line="", wait=lambda _timeout=None: model)
    service = Service(cast(BackgroundModel, loaded), Limits())
    token_ids = model.encode(PROMPT)
    start = Run(model.info.identity, PROMPT, token_ids)
    *_, run = write(service.store, start, LENGTH - len(token_ids))
    return service, Visitor(run, tuple(model.text.pieces(run.token_ids)), LENGTH - 1)


def payloads(screen: Screen) -> dict[str, int]:
    """Return the bytes of every panel that changes, as the JSON that goes to the browser."""
    skipped = Screen().strip
    sent = {name: value for name, value in screen._asdict().items() if value is not None and value != skipped}
    return {name: len(encoded(value).encode("utf-8")) for name, value in sent.items()}


def encoded(value: Any) -> str:
    """Return the JSON of a figure or of a component's value."""
    return cast(str, value.to_json()) if hasattr(value, "to_json") else json.dumps(value, ensure_ascii=False)


def milliseconds(work: Callable[[int], Any], numbers: Iterable[int]) -> list[float]:
    """Return how long each piece of work took, after one that warms up."""
    work(0)
    times = []
    for number in numbers:
        start = time.perf_counter()
        work(number)
        times.append(1000 * (time.perf_counter() - start))
    return times


def row(subject: str, what: str, times: list[float]) -> Row:
    """Return the median, and in the note the best and the 90th percentile."""
    slow = float(np.percentile(times, 90))
    return Row(
        subject, what, statistics.median(times), "ms", f"best {min(times):.1f}, 9 of 10 under {slow:.1f}"
    )
