"""What several tests of the engine begin with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from model.engine.engine import Engine
from model.network.language_model import LanguageModel
from model.weights.embedded import embedded_model as embedded_folder
from tests.numerics.folders import saved
from tests.numerics.writing import PLENTY, Passes, without_eos
from tests.tiny import tiny_transformer


@pytest.fixture
def endless(tiny_gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> LanguageModel:
    """The tiny GPT-2, whose texts end by their length alone."""
    return without_eos(tiny_gpt2, monkeypatch)


@pytest.fixture
def engine(tiny_gpt2: LanguageModel) -> Iterator[Engine]:
    """The tiny GPT-2 in an engine with as much memory as anybody could want."""
    with Engine(tiny_gpt2, PLENTY) as running:
        yield running


@pytest.fixture
def engines(tiny_models: LanguageModel) -> Iterator[Engine]:
    """An engine with as much memory as anybody could want, for every architecture in turn."""
    with Engine(tiny_models, PLENTY) as running:
        yield running


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Passes:
    """Every pass that is computed during the test; made before the engine, which may start at once."""
    return Passes(monkeypatch)


@pytest.fixture(scope="session")
def embedded_transformer(embedded_model: LanguageModel) -> Any:
    """The embedded default as Transformers loads it: a judge that knows nothing of our code."""
    folder, _ = embedded_folder(print)  # which `embedded_model` has made sure of
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that only this test writes to."""
    monkeypatch.setenv("GPT_INSIDE_OUT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tiny GPT-2 as save_pretrained leaves it."""
    return saved(tmp_path / "tiny", tiny_transformer("gpt2"))
