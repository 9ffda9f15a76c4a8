"""Milliseconds on the server from a slider or a click to finished figures, and the bytes that they weigh."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from model.sampler.sampling import draw, shape
from model.sampler.settings import SamplerSettings
from model.weights.background import BackgroundModel
from tests.bench.contenders import our_model
from tests.bench.report import Row, spread
from tests.bench.written import PROMPT
from tests.pages.desk import DRAWING, Screen, everything, seen
from viz.pages.controls import Controls
from viz.pages.example import load_example
from viz.pages.scene import Scene, scene_of
from viz.pages.visitor import Visitor
from viz.rooms.inside.panels import AttentionTabs
from viz.server.limits import Limits
from viz.server.service import Service

VOCABULARY = 49_152
LENGTH = 64
"""Tokens of the text that is clicked on."""
LONG = 512
"""Tokens of the text whose rooms are opened as well."""
BUSY = 8
"""Texts that are written meanwhile."""
ENDLESS = 2000
WORTH_TELLING = 100
"""Bytes."""
PAUSE = 0.05
"""Seconds between clicks: people are slower, but not much."""
SAMPLERS = {
    "the defaults": SamplerSettings(),
    "temperature alone": SamplerSettings(temperature=0.8, top_k=0, top_p=1.0),
    "every stage": SamplerSettings(1.2, 0, 0.95, 0.01, 1.3),
    "greedy": SamplerSettings(temperature=0.0),
}


def measure_panels(rounds: int) -> tuple[list[Row], dict[str, Any]]:
    """Measure the sampler, a moved slider and a click, each with its figures as the JSON that is sent."""
    service, visitor = visit()
    first = len(visitor.run.prompt_token_ids)

    def slid(number: int) -> dict[str, int]:
        controls = replace(Controls(), temperature=0.3 + 0.01 * (number % 100))
        scene = scene_of(load_example(), visitor, controls)
        return payloads(seen(DRAWING.after_settings(scene, controls)))

    def clicked(number: int) -> dict[str, int]:
        visitor.selected = first + 7 * number % (LENGTH - first)  # seldom one of the few with logits at hand
        return payloads(seen(DRAWING.after_selection(look(service, visitor), Controls())))

    numbers = range(10 * rounds)
    found = {
        "a moved slider -> sampler panel and bars": milliseconds(slid, numbers),
        f"a click -> all panels at {LENGTH} tokens": milliseconds(clicked, numbers),
    }
    with writing(service):
        busy = f", while {BUSY} texts are written"
        found[f"a moved slider{busy}"] = milliseconds(slid, range(20 * rounds), PAUSE)
        found[f"a click{busy}"] = milliseconds(clicked, range(20 * rounds), PAUSE)
    opened, opened_bytes = rooms(service, visitor, rounds)
    visitor.kept.of(AttentionTabs).head_view = True
    whole = payloads(everything(look(service, visitor), Controls()))
    rows = [spread("panels", f"{what}, as JSON", times) for what, times in found.items()]
    rows += [spread("panels", f"opening {what}", times) for what, times in opened.items()]
    rows += sampler_rows(rounds)
    rows += [
        Row("payloads", f"{name}, all panels at {LENGTH} tokens", size / 1000, "kB")
        for name, size in whole.items()
        if size >= WORTH_TELLING
    ]
    rows += [Row("payloads", f"opening {what}", size / 1000, "kB") for what, size in opened_bytes.items()]
    return rows, {"ms": found | opened, "payload_bytes": whole, "room_bytes": opened_bytes}


def look(service: Service, visitor: Visitor) -> Scene:
    """Return what a visitor looks at."""
    return scene_of(load_example(), visitor, Controls())


def rooms(service: Service, visitor: Visitor, rounds: int) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Return the milliseconds that opening every room takes, and the bytes that it sends."""
    *_, run = service.write(visitor.run, LONG - LENGTH, SamplerSettings(), 42, "the visitor")
    long = Visitor(run, tuple(service.model.text.pieces(run.token_ids)), LONG - 1, service)
    times: dict[str, list[float]] = {}
    sizes: dict[str, int] = {}
    for length, who in ((LENGTH, visitor), (LONG, long)):
        for name in DRAWING.rooms:
            who.room = name
            what = f"the room {name!r} at {length} tokens"

            def opened(number: int, who: Visitor = who, length: int = length) -> dict[str, int]:
                who.selected = length - 2 - number % 8  # another step each time: nothing is remembered of it
                return payloads(seen(DRAWING.opened(look(service, who), Controls())))

            times[what] = milliseconds(opened, range(5 * rounds))
            sizes[what] = sum(opened(0).values())
        who.room = DRAWING.first
    return times, sizes


@contextmanager
def writing(service: Service) -> Iterator[None]:
    """Keep the engine busy with texts of other visitors."""
    settings = SamplerSettings()
    runs = [service.new_run(f"{number}. {PROMPT}", settings, number, "fast") for number in range(BUSY)]
    texts = [service.write(run, ENDLESS, settings, run.seed, f"visitor {run.seed}") for run in runs]
    try:
        for text, run in zip(texts, runs, strict=True):
            text.latest(beyond=run)  # all have begun
        yield
        if any(text.done for text in texts):
            raise RuntimeError("a text ended while it should keep the engine busy")
    finally:
        for text in texts:
            text.stop()


def sampler_rows(rounds: int) -> list[Row]:
    """Return the time of shaping a distribution and drawing from it."""
    logits = np.random.default_rng(0).normal(0, 3, VOCABULARY).astype(np.float32)
    text = list(range(LENGTH))
    return [
        spread(
            "panels",
            f"shape and draw, {VOCABULARY:,} logits, {name}",
            milliseconds(lambda _, chosen=chosen: draw(shape(logits, chosen, text), 0.5), range(20 * rounds)),
        )
        for name, chosen in SAMPLERS.items()
    ]


def visit() -> tuple[Service, Visitor]:
    """Return a service with a loaded model, and a visitor with a text of `LENGTH` tokens."""
    model = our_model()
    loaded = SimpleNamespace(ready=True, error=None, report_line="", wait=lambda _timeout=None: model)
    service = Service(cast(BackgroundModel, loaded), Limits())
    settings = SamplerSettings()
    run = service.new_run(PROMPT, settings, 42, "fast")
    *_, run = service.write(run, LENGTH - len(run.token_ids), settings, run.seed, "the visitor")
    return service, Visitor(run, tuple(model.text.pieces(run.token_ids)), LENGTH - 1, service)


def payloads(screen: Screen) -> dict[str, int]:
    """Return the bytes of every panel that changes, as the JSON that goes to the browser."""
    skipped = Screen().strip
    sent = {name: value for name, value in screen._asdict().items() if value is not None and value != skipped}
    return {name: len(encoded(value).encode("utf-8")) for name, value in sent.items()}


def encoded(value: Any) -> str:
    """Return the JSON of a figure or of a component's value."""
    return cast(str, value.to_json()) if hasattr(value, "to_json") else json.dumps(value, ensure_ascii=False)


def milliseconds(work: Callable[[int], Any], numbers: Iterable[int], pause: float = 0.0) -> list[float]:
    """Return how long each piece of work took, after one that warms up."""
    work(0)
    times = []
    for number in numbers:
        time.sleep(pause)
        start = time.perf_counter()
        work(number)
        times.append(1000 * (time.perf_counter() - start))
    return times
