"""The pages without a browser: a model that has loaded already, the service around it, and a visitor."""

import copy
import os
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
import pytest

from model.language_model import LanguageModel
from model.run import Run
from tests.tiny import tiny_model
from viz.pages import launch_arguments
from viz.pages.example import load_example
from viz.pages.explore import build_app
from viz.pages.limits import Limits
from viz.pages.service import Service
from viz.pages.visitor import Visitor

TINY_LIMITS = Limits(max_prompt_tokens=48, max_new_tokens=60, concurrency=2)


class LoadedModel:
    """A `BackgroundModel` whose model is there."""

    error, report_line, ready = None, "Ready.", True

    def __init__(self, model: LanguageModel) -> None:
        self.model = model

    def wait(self, timeout: float | None = None) -> LanguageModel:
        return self.model


@pytest.fixture(scope="session")
def tiny() -> LanguageModel:
    """A tiny random model that never ends a text by itself."""
    model = tiny_model("gpt2")
    model.eos_token_ids = frozenset()
    return model


@pytest.fixture
def service(tiny: LanguageModel) -> Service:
    """A service of its own around the tiny model."""
    return Service(LoadedModel(tiny), TINY_LIMITS)


@pytest.fixture(scope="session")
def real_service(embedded_model: LanguageModel) -> Service:
    """One service around the embedded model."""
    return Service(LoadedModel(embedded_model), Limits())


@pytest.fixture(scope="session")
def judge(embedded_model: LanguageModel) -> Any:
    """The embedded weights under Transformers' eager attention: knows nothing of the recording."""
    transformer = copy.deepcopy(embedded_model._transformer)
    transformer.set_attn_implementation("eager")
    return transformer


@pytest.fixture
def newcomer() -> Callable[[], Visitor]:
    """Make visitors who have just come."""
    example = load_example()
    return lambda: Visitor(example.run, example.pieces, example.selected)


@pytest.fixture
def forwards(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of all forward passes from now on."""
    lengths: list[int] = []
    forward = LanguageModel.forward

    def counted(self: LanguageModel, token_ids: Any, recording: Any) -> None:
        lengths.append(len(token_ids))
        forward(self, token_ids, recording)

    monkeypatch.setattr(LanguageModel, "forward", counted)
    return lengths


@pytest.fixture(scope="session")
def app(tiny: LanguageModel) -> gr.Blocks:
    """The app around the tiny model, not served."""
    return build_app(LoadedModel(tiny), TINY_LIMITS)


@pytest.fixture(scope="session")
def served(app: gr.Blocks) -> Iterator[str]:
    """The address of the app around the tiny model."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    app.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **launch_arguments())
    yield app.local_url
    app.close(verbose=False)


def written(run: Run) -> tuple[int, ...]:
    """Return the ids of the tokens after the prompt."""
    return run.token_ids[len(run.prompt_token_ids) :]
