"""A text written among others is the text written alone: tokens equal, everything recorded up to rounding."""

from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM

from model.engine.continuation import Continuation
from model.engine.engine import Engine
from model.engine.internals import Internals
from model.kernels.formats import available
from model.network.language_model import LanguageModel
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from model.weights.embedded import embedded_model as embedded_folder
from tests.numerics.architectures import ALTERNATING, GROUPED, language_model
from tests.numerics.writing import (
    GREEDY,
    PATIENCE,
    PLENTY,
    WILD,
    Passes,
    at_once,
    byte_ids,
    ended,
    start,
    start_with,
    written,
)
from tests.tiny import tiny_model

LENGTH = 12
"""Most tokens that a run gets here."""
SAMPLERS = (
    GREEDY,
    WILD,
    SamplerSettings(),
    SamplerSettings(temperature=1.4, top_k=30, top_p=0.9, min_p=0.02, repetition_penalty=1.2),
    SamplerSettings(temperature=0.0, repetition_penalty=1.3),
)
PROMPTS = tuple(
    ("the other one and the one in there, " * 4)[index : index + 1 + (index * 7) % 60] + "ça va"[: index % 6]
    for index in range(30)
)


@dataclass(frozen=True)
class Plan:
    """When a run joins the others, and when it leaves them."""

    joins: int
    """Before this pass of all."""
    length: int
    stops: int | None
    """After so many tokens; None for never."""


@dataclass(frozen=True)
class Conditions:
    """Under which the runs are written."""

    places: int
    chunk: int
    chunk_alone: int
    budget: int
    owners: int


PLANS = st.lists(
    st.builds(
        Plan,
        joins=st.integers(0, 60),
        length=st.integers(1, LENGTH),
        stops=st.none() | st.none() | st.integers(0, LENGTH),
    ),
    min_size=len(PROMPTS),
    max_size=len(PROMPTS),
)
CONDITIONS = st.builds(
    Conditions,
    places=st.sampled_from([1, 2, 3, 7, 30]),
    chunk=st.integers(1, 16) | st.just(64),
    chunk_alone=st.integers(1, 40) | st.just(256),
    budget=st.sampled_from([1, 600_000, PLENTY]),
    owners=st.integers(1, 4),
)


class Schedule:
    """Lets thirty runs join and leave between passes, in the engine's own thread."""

    def __init__(self, engine: Engine, runs: list[Run], plans: list[Plan], owners: int) -> None:
        self._engine = engine
        self._owners = owners
        self._coming = sorted(zip(range(len(runs)), runs, plans, strict=True), key=lambda one: one[2].joins)
        self._passed = 0
        self._joining = Lock()
        self._plans = plans
        self.begun: dict[int, Continuation] = {}

    def before_a_pass(self) -> None:
        """Stop who has enough, and let in whose time has come."""
        self._passed += 1
        for index, one in list(self.begun.items()):
            if len(one.latest().steps) == self._plans[index].stops:
                one.stop()
        with self._joining:
            while self._coming and self._coming[0][2].joins <= self._passed:
                self._join()

    def play(self) -> None:
        """Return when all have ended."""
        while True:
            with self._joining:
                if self._coming:
                    self._join()
            for one in list(self.begun.values()):
                assert one.wait(PATIENCE), "it never ended"
            if not self._coming and all(one.done for one in self.begun.values()):
                return

    def _join(self) -> None:
        index, run, plan = self._coming.pop(0)
        self.begun[index] = self._engine.write(run, plan.length, owner=index % self._owners)


@pytest.fixture(scope="module")
def alone(tiny_models) -> list[Run]:
    """Thirty runs, each written in an engine of its own."""
    runs = [
        start(tiny_models, prompt, SAMPLERS[index % len(SAMPLERS)], seed=index)
        for index, prompt in enumerate(PROMPTS)
    ]
    return [written(tiny_models, run, LENGTH) for run in runs]


def begun_anew(runs: list[Run]) -> list[Run]:
    return [replace(run, steps=(), finish_reason=None) for run in runs]


def assert_same_beginning(run: Run, truth: Run, plan: Plan) -> None:
    """Both are the same text as far as the plan let it come."""
    until = plan.length if plan.stops is None else min(plan.length, plan.stops)
    expected = truth.steps[:until]
    assert [step.token_id for step in run.steps] == [step.token_id for step in expected]
    for ours, theirs in zip(run.steps, expected, strict=True):
        assert (ours.position, ours.token, ours.text, ours.u) == (
            theirs.position,
            theirs.token,
            theirs.text,
            theirs.u,
        )
        assert ours.logprob == pytest.approx(theirs.logprob, abs=1e-3)
        assert ours.probability == pytest.approx(theirs.probability, abs=1e-3)
    if truth.finish_reason == "eos" and until >= len(truth.steps):
        assert run.finish_reason == "eos"
    else:
        assert run.finish_reason == ("length" if until == plan.length else "stop")


@given(plans=PLANS, conditions=CONDITIONS)
@hypothesis_settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_thirty_runs_that_join_and_leave_at_random_are_the_runs_alone(tiny_models, alone, plans, conditions):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model.engine.lane.CHUNK", conditions.chunk)
        patch.setattr("model.engine.lane.CHUNK_ALONE", conditions.chunk_alone)
        passes = Passes(patch)
        with Engine(tiny_models, conditions.budget, places=conditions.places) as engine:
            schedule = Schedule(engine, begun_anew(alone), plans, conditions.owners)
            passes.before = schedule.before_a_pass
            schedule.play()
            assert engine.waiting == 0
        assert not any(known.in_use for known in engine.store._known.values())
    for index, truth in enumerate(alone):
        assert_same_beginning(schedule.begun[index].latest(), truth, plans[index])


# What is recorded


def rows(internals: Internals) -> torch.Tensor:
    """Return everything recorded: queries, keys, values, residual stream and final vectors."""
    return torch.cat(list(internals.recording.blocks))[: len(internals)]


WINDOWED = {
    "a sliding window": lambda: language_model("MistralForCausalLM", **GROUPED, sliding_window=4),
    "with and without": lambda: language_model("Qwen2ForCausalLM", **ALTERNATING),
}


@pytest.fixture(scope="module", params=["gpt2", "llama", "neox", "opt", "qwen2", *WINDOWED])
def every_model(request) -> LanguageModel:
    model = WINDOWED[request.param]() if request.param in WINDOWED else tiny_model(request.param)
    model.eos_token_ids = frozenset()
    return model


@pytest.mark.parametrize("chunk", [5, 64])
def test_everything_recorded_among_others_is_what_is_recorded_alone(every_model, monkeypatch, chunk):
    monkeypatch.setattr("model.engine.lane.CHUNK", chunk)
    runs = [start_with(byte_ids(1 + 11 * index, index), seed=index) for index in range(7)]
    with Engine(every_model, PLENTY) as engine:
        together = [ended(one) for one in at_once(engine, runs, 30)]
        found = [engine.read(run.token_ids) for run in together]
    for run, internals in zip(together, found, strict=True):
        with Engine(every_model, PLENTY) as engine:
            alone = engine.read(run.token_ids)
        length = len(run.token_ids)
        assert len(internals) == len(alone) == length
        scale = rows(alone).abs().amax(0).clamp(min=1)
        np.testing.assert_allclose(rows(internals) / scale, rows(alone) / scale, atol=1e-4)
        for layer in range(every_model.info.layers):
            heads = alone.attention_heads(layer, length)
            np.testing.assert_allclose(internals.attention_heads(layer, length), heads, atol=1e-4)
            for head in range(every_model.info.heads):
                np.testing.assert_allclose(internals.attention(layer, head, length), heads[head], atol=1e-4)
        for position in range(0, length, 5):
            np.testing.assert_allclose(internals.logits(position), alone.logits(position), atol=1e-3)


# The embedded model

EMBEDDED_PROMPTS = (
    *("Once upon a time there was", "The capital of France is", "Water boils at", "def fibonacci(n):\n    "),
    *("import numpy as np\n\nx = np.", '{"name": "Ada", "born": ', "<html>\n<body>", "SELECT name FROM"),
    *(
        "从前有一只小猫，它",
        "中国的首都是",
        "Le petit prince demanda :",
        "Привет, меня зовут",
        "مرحبا بكم في",
    ),
    *("I love this 😀🎉", "...!!! ???", "3.14159 26535", "1, 2, 3, 4,", "A", "The quick brown fox"),
    *("Dear Sir or Madam,", "To be, or not", "Roses are red,", "My favourite colour is", "In 1969,"),
    *("The opposite of hot is", "Q: What is 2 + 2?\nA:", "# README\n\n", "Breaking news:", "I think that"),
    "<|im_start|>user\nTell me a joke.<|im_end|>\n<|im_start|>assistant\n",
)
BOTH = ("float32", "float16 weights")
EMBEDDED_LENGTH = 5


@pytest.fixture(scope="module")
def embedded_in_both(embedded_model) -> LanguageModel:
    """The embedded model in float32 and, where the processor can, with float16 weights.

    From its files: the fixture makes sure of them, but its own model is prepared for recording already.
    """
    folder, _ = embedded_folder(print)
    transformer = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    formats = [form for form in BOTH if form in available(torch.device("cpu"))]
    return LanguageModel(
        transformer,
        embedded_model._tokenizer,
        formats=tuple(reversed(formats)),
        name="both",
        fingerprint="both",
        parameters=embedded_model.info.parameters,
    )


@pytest.mark.embedded
@pytest.mark.parametrize("precision", [form for form in BOTH if form in available(torch.device("cpu"))])
def test_thirty_runs_of_the_embedded_model_together_are_the_runs_one_at_a_time(embedded_in_both, precision):
    assert len(set(EMBEDDED_PROMPTS)) == 30
    runs = [
        start(embedded_in_both, prompt, SAMPLERS[index % len(SAMPLERS)], index, precision)
        for index, prompt in enumerate(EMBEDDED_PROMPTS)
    ]
    with Engine(embedded_in_both, PLENTY, places=1) as engine:
        alone = [ended(one) for one in at_once(engine, runs, EMBEDDED_LENGTH)]
    with Engine(embedded_in_both, PLENTY) as engine:
        together = [ended(one) for one in at_once(engine, runs, EMBEDDED_LENGTH)]
    assert [run.precision for run in together] == [precision] * 30
    if embedded_in_both.networks[precision].batch_invariant:
        assert together == alone, "tokens and every number of every step"
    else:
        assert embedded_in_both.info.batch_dependent, "and then the page says so"
