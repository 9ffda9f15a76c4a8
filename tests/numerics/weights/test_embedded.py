"""The embedded model itself; the first run on a machine downloads and converts it."""

import json

import pytest

from model.engine.engine import Engine
from model.weights.cache import cache_folder
from model.weights.catalog import DEFAULT
from tests.numerics.writing import PLENTY

pytestmark = pytest.mark.embedded


@pytest.fixture
def folder(embedded_model):
    return cache_folder() / "models" / DEFAULT


def test_the_embedded_model_is_smollm2_with_its_real_shape(embedded_model):
    info = embedded_model.info
    assert (info.name, info.layers, info.heads, info.vocab_size) == ("SmolLM2-135M-Instruct", 30, 9, 49152)
    assert (info.context_length, info.parameters, info.formats) == (8192, 134_515_008, ("float32",))


def test_its_fingerprint_is_the_same_on_every_machine(embedded_model):
    assert embedded_model.info.fingerprint == "a672150fb4f99d7c"


def test_its_end_of_text_is_the_tokenizers(embedded_model, folder):
    generation = json.loads((folder / "generation_config.json").read_text())
    tokenizer = json.loads((folder / "tokenizer_config.json").read_text())
    assert (generation["eos_token_id"], tokenizer["eos_token"]) == (2, "<|im_end|>")
    assert embedded_model.eos_token_ids == {2}
    assert tokenizer["model_max_length"] == 8192


def test_the_embeddings_are_shared_with_the_output_and_stored_once(embedded_transformer, folder):
    from safetensors import safe_open  # noqa: PLC0415 - only this test reads the file

    with safe_open(folder / "model.safetensors", framework="pt") as weights:
        assert "lm_head.weight" not in weights.keys()  # noqa: SIM118 - safe_open is no mapping
        assert len(weights.keys()) == 272
    transformer = embedded_transformer
    assert transformer.get_output_embeddings().weight is transformer.get_input_embeddings().weight


def test_the_download_is_deleted_and_the_config_no_longer_asks_for_it(embedded_model, folder):
    assert not [*folder.glob("*.gguf"), *folder.glob("*.whl")]
    assert "quantization_config" not in json.loads((folder / "config.json").read_text())


def test_it_tokenizes_and_knows_the_capital_of_france(embedded_model):
    ids = embedded_model.encode("The capital of France is")
    with Engine(embedded_model, PLENTY) as engine:
        best = int(engine.read(ids).logits(len(ids) - 1).argmax())
    assert best == embedded_model.encode(" Paris")[0]
