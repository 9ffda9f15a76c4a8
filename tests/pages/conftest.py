"""The pages without a browser: a model that has loaded already, the service around it, and a visitor."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
import pytest
import torch
from transformers import AutoModelForCausalLM

from model.engine.generation import Writer
from model.network.language_model import LanguageModel
from model.network.network import Network
from model.texts.run import Run
from model.weights.catalog import ModelError
from model.weights.embedded import embedded_model as embedded_folder
from tests.pages.brake import Brake
from tests.pages.desk import NOWHERE, own_service
from tests.tiny import tiny_model
from viz.explore import build_app
from viz.launch import launch_arguments
from viz.pages.example import load_example
from viz.pages.visitor import Visitor
from viz.server.limits import Limits
from viz.server.service import Service

TINY_LIMITS = Limits(max_prompt_tokens=48, max_new_tokens=60, places=2, queue_size=3)


class LoadedModel:
    """A `BackgroundModel` whose model is there."""

    error, report_line, ready = None, "Ready.", True

    def __init__(self, model: LanguageModel) -> None:
        self.model = model

    def wait(self, timeout: float | None = None) -> LanguageModel:
        return self.model


class LoadingModel:
    """A model that is there once it was waited for `patience` times."""

    error: ModelError | None = None

    def __init__(self, model: Any, patience: int, error: ModelError | None = None) -> None:
        self.model, self.patience, self.failure = model, patience, error
        self.report_line = "Reading the weights."

    @property
    def ready(self) -> bool:
        return self.patience <= 0 and self.failure is None

    def wait(self, timeout: float | None = None) -> Any:
        self.patience -= 1
        if self.patience > 0:
            raise ModelError("still loading")
        self.error = self.failure
        if self.error:
            raise self.error
        return self.model


class AbsentModel:
    """A `BackgroundModel` whose model has not come, and which nobody may wait for."""

    error, report_line, ready = None, "Loading.", False

    def wait(self, timeout: float | None = None) -> LanguageModel:
        raise AssertionError


@pytest.fixture(scope="session")
def tiny() -> LanguageModel:
    """A tiny random model that never ends a text by itself."""
    model = tiny_model("gpt2")
    model.eos_token_ids = frozenset()
    return model


@pytest.fixture(scope="session")
def twofold() -> LanguageModel:
    """The same tiny model in two number formats, the fast one first."""
    model = tiny_model("gpt2", formats=("bfloat16", "float32"), measured="Fast: bfloat16, as measured.")
    model.eos_token_ids = frozenset()
    return model


@pytest.fixture
def closing() -> Iterator[Callable[[Service], Service]]:
    """Take services whose engines are to be closed after the test."""
    services: list[Service] = []

    def taken(service: Service) -> Service:
        services.append(service)
        return service

    yield taken
    for service in services:
        close(service)


@pytest.fixture
def open_app(closing: Any) -> Callable[..., gr.Blocks]:
    """Build apps of one test, not served, whose engines are closed after it."""

    def opened(model: Any, limits: Limits = TINY_LIMITS) -> gr.Blocks:
        background = LoadedModel(model) if isinstance(model, LanguageModel) else model
        app = build_app(background, limits)
        closing(service_of(app))
        return app

    return opened


@pytest.fixture
def service(tiny: LanguageModel, closing: Any) -> Service:
    """A service of its own around the tiny model."""
    return closing(Service(LoadedModel(tiny), TINY_LIMITS))


@pytest.fixture(scope="session")
def real_service(embedded_model: LanguageModel) -> Iterator[Service]:
    """One service around the embedded model."""
    service = Service(LoadedModel(embedded_model), Limits())
    yield service
    close(service)


@pytest.fixture(scope="session")
def judge(embedded_model: LanguageModel) -> Any:
    """The embedded weights under Transformers' eager attention: knows nothing of the recording."""
    folder, _ = embedded_folder(print)  # which `embedded_model` has made sure of
    return AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()


@pytest.fixture
def newcomer() -> Callable[[], Visitor]:
    """Make visitors who have just come; the page that they open has a model for them."""
    example = load_example()
    return lambda: Visitor(example.run, example.pieces, example.selected, NOWHERE)


@pytest.fixture
def forwards(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tokens every pass from now on reads, over all texts in it."""
    lengths: list[int] = []
    forward = Network.forward

    def counted(self: Network, slots: Any, spans: Any) -> Any:
        lengths.append(sum(len(span.token_ids) for span in spans))
        return forward(self, slots, spans)

    monkeypatch.setattr(Network, "forward", counted)
    return lengths


@pytest.fixture
def brake(monkeypatch: pytest.MonkeyPatch, closing: Any) -> Iterator[Brake]:
    """Holds all engines before they choose a token; set up after `closing`, so released before it."""
    brake, choose = Brake(), Writer.choose

    def braked(self: Writer, token_ids: Any, logits: Any) -> Any:
        brake.pass_by()
        return choose(self, token_ids, logits)

    monkeypatch.setattr(Writer, "choose", braked)
    yield brake
    brake.release()


@pytest.fixture
def pass_brake(monkeypatch: pytest.MonkeyPatch, closing: Any) -> Iterator[Brake]:
    """Holds all engines before a pass, likewise."""
    brake, forward = Brake(), Network.forward

    def braked(self: Network, slots: Any, spans: Any) -> Any:
        brake.pass_by()
        return forward(self, slots, spans)

    monkeypatch.setattr(Network, "forward", braked)
    yield brake
    brake.release()


@pytest.fixture(scope="session")
def app(tiny: LanguageModel) -> Iterator[gr.Blocks]:
    """The app around the tiny model, not served."""
    app = build_app(LoadedModel(tiny), TINY_LIMITS)
    yield app
    close(service_of(app))


@pytest.fixture(scope="session")
def served(app: gr.Blocks) -> Iterator[str]:
    """The address of the app around the tiny model."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    app.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **launch_arguments())
    yield app.local_url
    app.close(verbose=False)


def service_of(app: gr.Blocks) -> Service:
    """Return what all visitors of an app share."""
    service: Service = own_service(app)
    return service


def close(service: Service) -> None:
    """End the thread of a service's engine, if it has one."""
    if service.ready:
        service.engine.close()


def written(run: Run) -> tuple[int, ...]:
    """Return the ids of the tokens after the prompt."""
    return run.token_ids[len(run.prompt_token_ids) :]
