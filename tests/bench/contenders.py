"""Our engine as the bench drives it, everything recorded, and the names of all contenders.

All write greedily from the same prompts, with the end of text suppressed where that is possible. What is
measured runs in a process of its own (`processes.py`), which keeps its model and engine between calls.
"""

import time
from functools import cache
from threading import Thread
from typing import Any

from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from model.weights.background import BackgroundModel
from tests.bench.written import Written, prompt_ids, quiet, undisturbed

FAST, EXACT = "this app, fast", "this app, exact"
BARE, RECORDING, BATCH = "generate()", "generate(), recording", "generate(), a batch"
LLAMA, LOGPROBS = "llama.cpp", "llama.cpp, 10 logprobs"
BANDWIDTH = "memory bandwidth"
OURS = {FAST: "fast", EXACT: "exact"}

BYTES = {"float32": 4, "int8 weights": 1}
"""Of a weight; 2 in every other format."""
GREEDY = SamplerSettings(temperature=0.0, top_k=0, top_p=1.0)
PLENTY = 2**33
PLACES = 32
DEADLINE = 300.0


@cache
def our_model() -> Any:
    """Return the default model in both number formats; it never ends its text."""
    # As the app loads it, in a thread that ends: OpenMP no longer lets its threads spin between two layers
    # once more of them exist than cores, which doubles the time of a token.
    loading = BackgroundModel(device="cpu", precision="auto", report=quiet)
    loading.start()
    model: Any = loading.wait()
    model.eos_token_ids = frozenset()
    return model


@cache
def our_engine() -> Any:
    """Return an engine with that model."""
    from model.engine.engine import Engine  # noqa: PLC0415 - as above

    return Engine(our_model(), PLENTY, places=PLACES)


def number_format(precision: str) -> str | None:
    """Return the number format that is exact or fast on this machine; None if there is none."""
    faster = [form for form in our_model().info.formats if form != "float32"]
    return "float32" if precision == "exact" else next(iter(faster), None)


def usual_format() -> str:
    """Return the number format that the app takes if nobody asks for another."""
    form: str = our_model().info.formats[0]
    return form


def ours_here() -> dict[str, str]:
    """Return which of our two contenders there are on this machine, and their number formats."""
    found = {name: number_format(precision) for name, precision in OURS.items()}
    return {name: form for name, form in found.items() if form is not None}


def ours(form: str, number: int, count: int, length: int | None = None, texts: int = 1) -> Written:
    """Write `count` tokens of some texts at once, and record everything.

    Args:
        form: a number format.
        number: of the first prompt; the others follow.
        count: new tokens of each text.
        length: of each prompt; its own by default.
        texts: how many.
    """
    runs = [our_run(form, prompt_ids(number + text, length)) for text in range(texts)]
    arrivals: list[list[float]] = [[] for _ in runs]
    last = list(runs)

    def follow(index: int) -> None:
        for run in writings[index]:
            last[index] = run
            while len(arrivals[index]) < len(run.steps):
                arrivals[index].append(time.perf_counter() - start)

    readers = [Thread(target=follow, args=(index,), daemon=True) for index in range(texts)]
    with undisturbed():
        start = time.perf_counter()
        writings = [our_engine().write(run, count) for run in runs]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(DEADLINE)
    if any(len(run.steps) != count for run in last):
        raise RuntimeError(f"the engine wrote {[len(run.steps) for run in last]} tokens, not {count} each")
    tokens = tuple(tuple(step.token_id for step in run.steps) for run in last)
    return Written(tokens, tuple(map(tuple, arrivals)))


def our_run(form: str, token_ids: tuple[int, ...]) -> Run:
    """Return a run that has not begun."""
    return Run(our_model().info.identity, "", token_ids, GREEDY, precision=form)


def recorded_bytes(form: str, number: int, length: int) -> int:
    """Return how much the internals of a text of so many tokens hold."""
    from model.network.recording import bytes_held  # noqa: PLC0415 - as above

    return bytes_held([our_engine().read(prompt_ids(number, length), form).recording])
