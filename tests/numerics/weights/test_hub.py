"""Models of the Hugging Face hub: downloaded once, refused before the download, and without a network."""

import shutil
from pathlib import Path

import pytest
from transformers import BertForMaskedLM

from model.weights import hub
from model.weights.catalog import ModelError
from tests.numerics.folders import WEIGHTS, bert_shape, load, saved

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture
def offline(tmp_path, monkeypatch) -> Path:
    """The hub cannot be reached, and its cache is an empty folder; returns that folder."""
    cache = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    return cache


def test_an_unreachable_hub_says_what_to_do(offline):
    with pytest.raises(ModelError, match=r"hub cannot be reached.*--model"):
        load("gpt2")


def test_a_hub_model_downloaded_earlier_works_offline(offline, folder):
    repository = offline / "models--someone--tiny"
    shutil.copytree(folder, repository / "snapshots" / "a1")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("a1")
    assert load("someone/tiny").info.fingerprint == load(folder).info.fingerprint


def hub_answers(monkeypatch, config: Path, *files: tuple[str, int]):
    """The hub holds `config` and lists these files (name, bytes), none of them downloaded yet."""

    def snapshot_download(repository, *, dry_run=False, **_):
        if not dry_run:
            return str(config)
        from huggingface_hub import DryRunFileInfo  # noqa: PLC0415 - only a hub test needs it

        return [DryRunFileInfo("a1", size, name, name, False, True) for name, size in files]

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)


def test_a_hub_model_with_pickled_weights_only_is_refused_before_the_download(folder, monkeypatch):
    hub_answers(monkeypatch, folder, ("config.json", 100))
    with pytest.raises(ModelError, match="offers no safetensors"):
        load("someone/pickled")


def test_a_hub_model_larger_than_the_disk_is_refused_before_the_download(folder, monkeypatch):
    hub_answers(monkeypatch, folder, ("config.json", 100), (WEIGHTS, 10**18))
    with pytest.raises(ModelError, match=r"needs 953,674,316,406 MiB of disk.*Free some space"):
        load("someone/huge")


def test_a_hub_model_of_another_kind_is_refused_before_the_download(tmp_path, monkeypatch):
    bert = saved(tmp_path / "bert", BertForMaskedLM(bert_shape()))
    hub_answers(monkeypatch, bert, (WEIGHTS, 10**18))
    with pytest.raises(ModelError, match="not a causal language model"):
        load("someone/bert")


def test_a_download_says_its_size(folder, monkeypatch):
    hub_answers(monkeypatch, folder, ("config.json", 100), (WEIGHTS, 300 * 2**20))
    lines: list[str] = []
    assert hub.hub_model("someone/tiny", lines.append) == folder
    assert lines[-1] == "Downloading someone/tiny (300 MiB, once)."
