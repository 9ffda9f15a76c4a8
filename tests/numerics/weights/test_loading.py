"""Loading from folders: what works, and the sentence for everything that does not."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import decoders
from transformers import BertForMaskedLM, BertLMHeadModel, T5Config, T5ForConditionalGeneration

from model.network.network import TOLERANCE
from model.reference.truth import UnrecordableModel
from model.tokenizer.pieces import UnreadableText
from model.weights import loading
from model.weights.catalog import ModelError
from model.weights.loading import choose_device
from model.weights.precision import Candidate, Choice, Timing
from tests.many_tokenizers import byte_level
from tests.numerics.folders import WEIGHTS, bert_shape, load, saved
from tests.tiny import tiny_tokenizer, tiny_transformer

pytestmark = pytest.mark.usefixtures("own_cache")


def test_a_local_folder_loads_with_its_name_and_a_fingerprint_of_its_weights(folder):
    lines: list[str] = []
    model = load(folder, report=lines.append)
    assert (model.info.name, model.info.layers, model.info.heads) == ("tiny", 3, 4)
    assert model.info.fingerprint == load(folder).info.fingerprint
    assert lines == ["Loading tiny.", "tiny is ready on cpu, float32."]


def test_the_weights_are_read_in_float32_and_ready_to_compute(folder):
    transformer = loading._transformer(folder, "tiny")
    assert {parameter.dtype for parameter in transformer.parameters()} == {torch.float32}
    assert not transformer.training


def measured(monkeypatch, *, divergence: float) -> None:
    """Measuring says: bfloat16 is twice as fast as float32, and this far from it."""
    choice = Choice(Timing(2, 2, 2), (Candidate("bfloat16", Timing(1, 1, 1), divergence),))
    monkeypatch.setattr(loading, "choose", lambda *_, **__: choice)
    monkeypatch.setattr("model.network.network.is_batch_invariant", lambda *_: True)


@pytest.mark.parametrize(
    ("precision", "formats"),
    [("exact", ("float32",)), ("fast", ("bfloat16",)), ("auto", ("bfloat16", "float32"))],
)
def test_a_model_runs_in_the_formats_asked_for_the_usual_one_first(folder, monkeypatch, precision, formats):
    measured(monkeypatch, divergence=1e-4)
    lines: list[str] = []
    model = load(folder, precision=precision, report=lines.append)
    assert model.info.formats == tuple(model.networks) == formats
    bytes_of = {"float32": 4, "bfloat16": 2}
    for form, network in model.networks.items():
        assert network.bytes_per_token == bytes_of[form] * network.layout.width
    assert model.info.parameters == load(folder).info.parameters
    assert lines[-1] == f"tiny is ready on cpu, {' and '.join(formats)}."
    assert model.info.measured == ("" if precision == "exact" else lines[1])
    assert ("Fast: bfloat16, 2.0 times float32" in model.info.measured) == (precision != "exact")


@pytest.mark.parametrize("precision", ["fast", "auto"])
def test_where_no_format_is_close_enough_fast_is_float32_too(folder, monkeypatch, precision):
    measured(monkeypatch, divergence=1.0)
    model = load(folder, precision=precision)
    assert model.info.formats == ("float32",)
    assert model.info.measured.startswith("Fast: float32")


def test_what_is_fast_is_measured_on_the_model_itself_once(folder, own_cache, monkeypatch):
    monkeypatch.setattr("model.weights.precision.LEAST_SHARE", 0.0)  # or it would be measured again
    first, second = [], []
    assert "float32" in load(folder, precision="auto", report=first.append).info.formats
    load(folder, precision="auto", report=second.append)
    assert [line for line in first if line.startswith("Measuring")]
    assert not [line for line in second if line.startswith("Measuring")]
    assert list((own_cache / "precision").iterdir())


def test_the_fingerprint_follows_the_weights_and_not_the_folder(folder, tmp_path):
    same = shutil.copytree(folder, tmp_path / "copy")
    other = saved(tmp_path / "other", tiny_transformer("gpt2", seed=1))
    first, second, third = (load(place).info.fingerprint for place in (folder, same, other))
    assert first == second != third
    assert len(first) == 16 and int(first, 16) >= 0


def test_a_remembered_fingerprint_is_dropped_when_the_file_changes(folder):
    before = load(folder).info.fingerprint
    weights = load_file(folder / WEIGHTS)
    weights["transformer.wte.weight"][0, 0] += 1
    save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})
    assert load(folder).info.fingerprint != before


def test_sharded_weights_load_and_a_missing_shard_is_named(tmp_path):
    transformer = tiny_transformer("llama")
    folder = tmp_path / "shards"
    transformer.save_pretrained(folder, max_shard_size="300KB")
    tiny_tokenizer().save_pretrained(folder)
    shards = sorted(folder.glob("*.safetensors"))
    assert len(shards) > 1
    assert load(folder).info.layers == 3
    shards[1].unlink()
    with pytest.raises(ModelError, match=shards[1].name):
        load(folder)


@pytest.mark.parametrize("left", [0, 5, 500, 50_000])
def test_a_truncated_file_is_named_with_what_to_do(folder, left):
    file = folder / WEIGHTS
    file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(
        ModelError, match=r"model\.safetensors of tiny is missing, truncated or damaged.*again"
    ):
        load(folder)


def test_weights_of_another_model_are_refused(folder, tmp_path):
    other = saved(tmp_path / "other", tiny_transformer("llama"))
    shutil.copy(other / WEIGHTS, folder / WEIGHTS)
    with pytest.raises(ModelError, match="do not belong together"):
        load(folder)


def test_weights_of_another_size_are_refused(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "n_embd": 64}))
    with pytest.raises(ModelError, match="do not belong together"):
        load(folder)


def small_t5():
    return T5ForConditionalGeneration(
        T5Config(num_layers=1, d_model=32, d_kv=8, d_ff=32, num_heads=2, vocab_size=300)
    )


@pytest.mark.parametrize(
    "make",
    [lambda: BertForMaskedLM(bert_shape()), lambda: BertLMHeadModel(bert_shape()), small_t5],
    ids=["bert", "bert-lm-head", "t5"],
)
def test_a_model_that_is_no_causal_decoder_is_refused(tmp_path, make):
    folder = saved(tmp_path / "other-kind", make())
    with pytest.raises(ModelError, match="not a causal language model"):
        load(folder)


def test_a_config_that_names_no_architecture_is_refused(folder):
    (folder / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(ModelError, match="not a causal language model"):
        load(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '"gpt2"', '{"architectures": 3}'])
def test_a_damaged_config_is_a_model_error(folder, text):
    (folder / "config.json").write_text(text)
    with pytest.raises(ModelError):
        load(folder)


def test_pickled_weights_are_never_loaded(folder):
    torch.save({}, folder / "pytorch_model.bin")
    (folder / WEIGHTS).unlink()
    with pytest.raises(ModelError, match=r"only pickled weights.*save_pretrained"):
        load(folder)


def test_a_folder_without_weights_says_so(folder):
    (folder / WEIGHTS).unlink()
    with pytest.raises(ModelError, match=r"no model\.safetensors"):
        load(folder)


def test_a_folder_without_a_tokenizer_says_so(folder):
    for file in folder.glob("token*"):
        file.unlink()
    with pytest.raises(ModelError, match=r"tokenizer of tiny.*tokenizer\.json"):
        load(folder)


def test_a_tokenizer_of_another_model_is_refused(folder):
    byte_level().save_pretrained(folder)  # hundreds of its tokens have no row in the embedding
    with pytest.raises(ModelError, match="does not fit"):
        load(folder)


def test_a_tokenizer_that_is_written_in_python_is_refused_in_true_words(folder):
    for file in folder.glob("token*"):
        file.unlink()
    (folder / "vocab.json").write_text(json.dumps({"<unk>": 0, "a</w>": 1, "b": 2}))
    (folder / "merges.txt").write_text("#version\na b\n")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "CTRLTokenizer"}')
    with pytest.raises(ModelError, match=r"does not say which characters.*needs tokenizer\.json"):
        load(folder)


def test_a_token_that_was_added_without_a_row_is_no_hindrance_and_a_text_with_it_is_refused(folder):
    """As reported of Gemma 3: 262,145 tokens to 262,144 rows."""
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens(["<image>"])
    tokenizer.save_pretrained(folder)
    model = load(folder)
    assert model.encode("an image") == tuple(tiny_tokenizer()("an image")["input_ids"])
    with pytest.raises(UnreadableText, match=r"'<image>'.*the model knows the ids from 0 to 264"):
        model.encode("an <image>")


def test_a_tokenizer_whose_text_cannot_be_told_token_by_token_is_refused(folder):
    tokenizer = tiny_tokenizer()
    tokenizer.backend_tokenizer.decoder = decoders.CTC()
    tokenizer.save_pretrained(folder)
    with pytest.raises(ModelError, match=r"The tokenizer of tiny cannot be shown: .*one by one.*CTC"):
        load(folder)


def test_a_config_that_asks_for_code_of_its_own_does_not_run_it(folder, tmp_path):
    ran = tmp_path / "ran"
    (folder / "mine.py").write_text(f"open({str(ran)!r}, 'w')\nclass Mine: pass\n")
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "mine",
        "auto_map": {"AutoConfig": "mine.Mine", "AutoModelForCausalLM": "mine.Mine"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(folder)
    assert not ran.exists()


def test_attention_that_cannot_be_recorded_is_a_model_error(folder, monkeypatch):
    def refuse(*_, **__):
        raise UnrecordableModel("no attention interface.")

    monkeypatch.setattr(loading, "LanguageModel", refuse)
    with pytest.raises(ModelError, match=r"tiny cannot be shown: no attention interface"):
        load(folder)


def test_an_unknown_device_lists_what_there_is(folder):
    with pytest.raises(ModelError, match="--device must be"):
        load(folder, device="tpu")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError(),
        MemoryError(),
        RuntimeError(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
        ),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
    ],
)
def test_a_model_larger_than_the_memory_says_what_to_try(folder, monkeypatch, error):
    def full(*_, **__):
        raise error

    monkeypatch.setattr(loading, "LanguageModel", full)
    with pytest.raises(ModelError, match=r"tiny does not fit into the memory of cpu.*--precision fast"):
        load(folder)


def test_a_device_that_is_not_here_is_said_and_auto_takes_the_best(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"
    with pytest.raises(ModelError, match=r"cuda is not available here.*cpu"):
        choose_device("cuda")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto").type == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_device("auto").type == "cuda"
    with pytest.raises(ModelError, match="cuda:1 is not available"):
        choose_device("cuda:1")


def test_a_format_that_does_not_pass_its_proof_yields_to_float32(folder, monkeypatch):
    """What was measured on another day need not hold today: the model is shown all the same."""
    measured(monkeypatch, divergence=1e-4)
    monkeypatch.setitem(TOLERANCE, "bfloat16", 0.0)
    lines: list[str] = []
    model = load(folder, precision="auto", report=lines.append)
    assert model.info.formats == ("float32",)
    assert model.info.measured == ""
    assert any(line.startswith("Everything in float32, since bfloat16 cannot be used:") for line in lines)


@pytest.mark.parametrize("packing", [True, False])
def test_where_nothing_is_batch_invariant_the_first_start_measures_and_shows_the_model(
    folder, own_cache, monkeypatch, packing
):
    """Every way is tried then, the last of which changes the model that was loaded."""
    monkeypatch.setattr("model.network.network.is_batch_invariant", lambda *_: False)
    if not packing:
        monkeypatch.setattr("model.network.network.compiles", lambda *_: False)
        monkeypatch.setattr("model.network.network.packs_here", lambda *_: False)
    lines: list[str] = []
    model = load(folder, precision="auto", report=lines.append)
    assert any(line.startswith("Measuring") for line in lines)
    assert model.info.batch_dependent == model.info.formats


def test_a_format_in_which_texts_depend_on_each_other_today_yields_to_float32(folder, monkeypatch):
    measured(monkeypatch, divergence=1e-4)

    def in_float32_alone(network, *_):
        parameters = network._output_embedding.parameters()
        return all(parameter.dtype == torch.float32 for parameter in parameters)

    monkeypatch.setattr("model.network.network.is_batch_invariant", in_float32_alone)
    lines: list[str] = []
    model = load(folder, precision="auto", report=lines.append)
    assert model.info.formats == ("float32",)
    assert any("in bfloat16 a text depends on those beside it" in line for line in lines)


def test_where_texts_depend_on_each_other_it_is_said(folder, monkeypatch):
    monkeypatch.setattr("model.network.network.is_batch_invariant", lambda *_: False)
    lines: list[str] = []
    load(folder, report=lines.append)
    assert "In float32 a text may depend on the texts written beside it on this machine." in lines
