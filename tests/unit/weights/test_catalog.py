from pathlib import Path

import pytest

from model.weights.catalog import CATALOG, DEFAULT, ModelError, resolve
from tests.imports import modules_after_importing


@pytest.mark.parametrize("entry", CATALOG, ids=lambda entry: entry.name)
def test_every_catalog_name_resolves_to_its_source(entry):
    source = resolve(entry.name)
    assert (source.title, source.location) == (entry.title, entry.hub_id or entry.name)
    assert source.origin == ("hub" if entry.hub_id else "embedded")


def test_names_are_unique_lower_case_and_only_the_default_is_embedded():
    names = [entry.name for entry in CATALOG]
    assert len(set(names)) == len(names)
    assert all(name == name.lower() for name in names)
    assert [entry.name for entry in CATALOG if entry.hub_id is None] == [DEFAULT]


def test_the_classic_gpt2_family_is_on_offer():
    assert {"gpt2", "distilgpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"} <= {entry.name for entry in CATALOG}


@pytest.mark.parametrize(
    "spec", ["SmolLM2-135M-Instruct", " smollm2-135m-instruct ", "GPT2", "Qwen/qwen2.5-0.5b"]
)
def test_case_spaces_titles_and_hub_ids_of_the_catalog_are_understood(spec):
    assert resolve(spec).title in {entry.title for entry in CATALOG}


def test_any_other_hub_id_is_taken_as_it_is():
    source = resolve("someone/some-model_1.0")
    assert (source.origin, source.location, source.title) == (
        "hub",
        "someone/some-model_1.0",
        "some-model_1.0",
    )


def test_a_folder_with_a_config_is_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "mine" / "model"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    assert resolve(str(folder)).origin == "folder"
    monkeypatch.chdir(tmp_path)
    assert resolve("mine/model").location == str(folder), (
        "an existing folder wins over a hub id of the same form"
    )
    assert resolve("./mine/model").title == "model"


def test_a_misspelt_name_lists_near_ones_and_the_catalog():
    with pytest.raises(ModelError, match="Did you mean gpt2-medium") as caught:
        resolve("gpt2-medum")
    assert all(entry.name in str(caught.value) for entry in CATALOG)


def test_a_missing_folder_and_a_folder_without_a_model_say_what_is_needed(tmp_path: Path):
    with pytest.raises(ModelError, match=r"does not exist.*config\.json"):
        resolve(str(tmp_path / "nothing"))
    with pytest.raises(ModelError, match=r"has no config\.json"):
        resolve(str(tmp_path))


def test_a_file_is_answered_with_the_folder_it_should_be(tmp_path: Path):
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    with pytest.raises(ModelError, match="is a file"):
        resolve(str(file))


@pytest.mark.parametrize(
    "spec", ["", "  ", "a b", "x" * 5000, "a/b/c", "nul\0byte", "<script>", "~nobody-here/x"]
)
def test_nonsense_is_a_model_error_never_another_one(spec):
    with pytest.raises(ModelError):
        resolve(spec)


def test_the_catalog_imports_nothing_heavy():
    assert not {"torch", "transformers", "gradio", "huggingface_hub"} & modules_after_importing(
        "model.weights.catalog"
    )
