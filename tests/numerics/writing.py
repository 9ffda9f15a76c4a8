"""Runs and the engines that write them, for the tests beside this file."""

from collections.abc import Callable, Sequence

import pytest

from model.engine.continuation import Continuation
from model.engine.engine import Engine
from model.engine.lane import Lane
from model.network.batch import Span
from model.network.language_model import LanguageModel
from model.network.network import Network
from model.sampler.settings import SamplerSettings
from model.texts.run import Run

GREEDY = SamplerSettings(temperature=0.0, top_k=0, top_p=1.0)
WILD = SamplerSettings(temperature=1.3, top_k=0, top_p=1.0)
NEW_TOKENS = 24
PLENTY = 2**30
"""Bytes, for the internals of all texts."""
PATIENCE = 180
"""Seconds after which a test that waits has failed, even on a busy machine."""


def start(
    model: LanguageModel,
    prompt: str,
    settings: SamplerSettings = GREEDY,
    seed: int = 42,
    precision: str = "float32",
) -> Run:
    """Return a run with no steps."""
    return Run(
        model=model.info.identity,
        prompt=prompt,
        prompt_token_ids=model.encode(prompt),
        settings=settings,
        seed=seed,
        precision=precision,
    )


def byte_ids(length: int, first: int = 1) -> tuple[int, ...]:
    """Return the tokens of a text of plain bytes, different for every `first`."""
    return tuple((first + 7 * index) % 250 for index in range(length))


def start_with(token_ids: Sequence[int], seed: int = 42, settings: SamplerSettings = WILD) -> Run:
    """Return a run with no steps whose prompt is these tokens."""
    return Run(model="tiny", prompt="", prompt_token_ids=tuple(token_ids), settings=settings, seed=seed)


def written(model: LanguageModel, run: Run, count: int = NEW_TOKENS, **options) -> Run:
    """Continue a run in an engine of its own and return it as it ended."""
    with Engine(model, PLENTY) as engine:
        return ended(engine.write(run, count, **options))


def ended(continuation: Continuation) -> Run:
    """Return a run once it has ended."""
    assert continuation.wait(PATIENCE), "it never ended"
    return continuation.latest()


def at_once(engine: Engine, runs: Sequence[Run], count: int, **options) -> list[Continuation]:
    """Let runs join between the same two passes."""
    with engine._wake:
        return [engine.write(run, count, **options) for run in runs]


def without_eos(model: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> LanguageModel:
    """Let the model write on after an end of text, so that a test has as many tokens as it asked for."""
    monkeypatch.setattr(model, "eos_token_ids", frozenset())
    return model


class Passes:
    """What engines compute, pass by pass, and a say in what happens before each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.spans: list[list[Span]] = []
        """Of every pass."""
        self.before: Callable[[], None] = lambda: None
        """Called in the engine's thread before a pass, when runs that end have left."""
        forward, advance = Network.forward, Lane.advance

        def watched(network, slots, spans):
            self.spans.append(list(spans))
            return forward(network, slots, spans)

        def heralded(lane):
            self.before()
            advance(lane)

        monkeypatch.setattr(Network, "forward", watched)
        monkeypatch.setattr(Lane, "advance", heralded)

    @property
    def tokens(self) -> int:
        """How many tokens the model has read."""
        return sum(len(span.token_ids) for spans in self.spans for span in spans)
