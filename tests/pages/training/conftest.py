"""A small GPT that has really been trained, by the process that makes trainings, once for all tests."""

import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from model.training.line import TrainingLine
from model.training.presets import ADDITION
from model.training.settings import ArchitectureSettings, DataSettings, OptimisationSettings
from tests.patience import PATIENCE
from viz.pages.controls import Controls
from viz.pages.visitor import Visitor

TINY = replace(
    ADDITION,
    name="Tiny <b>sums</b>",
    data=DataSettings(source="addition", characters=6_000),
    architecture=ArchitectureSettings("llama", layers=2, heads=2, width=16, context=16),
    optimisation=OptimisationSettings(steps=4, batch=4, learning_rate=3e-3, warmup=0, evaluate_every=2),
)


@pytest.fixture(scope="package")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainingLine]:
    line = TrainingLine(tmp_path_factory.mktemp("cache") / "training")
    yield line
    line.close()


@pytest.fixture(scope="package")
def name(line: TrainingLine) -> str:
    """The training, once it is done."""
    name = line.begin([], TINY)
    end = time.monotonic() + 3 * PATIENCE
    while line.standing(name) in ("waiting", "running"):
        assert time.monotonic() < end, "the training takes too long"
        time.sleep(0.1)
    progress = line.progress(name)
    assert progress.reason == "done", (progress.ending, (line.folder(name) / "log.txt").read_text())
    return name


@pytest.fixture
def visitor(newcomer: Any, name: str) -> Visitor:
    """Somebody who has made it."""
    visitor: Visitor = newcomer()
    visitor.models.owner.trainings = (name,)
    return visitor


@pytest.fixture
def looking(line: TrainingLine) -> Any:
    """What rooms are given of their page, as far as their handlers need it."""
    return SimpleNamespace(trainings=line)


@pytest.fixture
def controls() -> Controls:
    return Controls()
