"""Loading from folders, the hub and the index: what works, and the sentence for everything that does not."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM, BertLMHeadModel, T5Config, T5ForConditionalGeneration

from model import hub, loading
from model.catalog import ModelError
from model.language_model import UnrecordableModel
from model.loading import choose_device, load_model
from tests.tiny import tiny_tokenizer, tiny_transformer

WEIGHTS = "model.safetensors"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tests write to a cache of their own."""
    monkeypatch.setenv("GPT_INSIDE_OUT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tiny GPT-2 as save_pretrained leaves it."""
    return saved(tmp_path / "tiny", tiny_transformer("gpt2"))


def saved(folder: Path, transformer) -> Path:
    transformer.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def load(spec: object, **options):
    return load_model(str(spec), **{"device": "cpu", "report": lambda line: None, **options})


def test_a_local_folder_loads_with_its_name_and_a_fingerprint_of_its_weights(folder):
    lines: list[str] = []
    model = load(folder, report=lines.append)
    assert (model.info.name, model.info.layers, model.info.heads) == ("tiny", 3, 4)
    assert model.info.fingerprint == load(folder).info.fingerprint
    assert lines == ["Loading tiny.", "tiny is ready on cpu, float32."]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_the_weights_take_the_dtype_asked_for(folder, dtype):
    transformer = loading._transformer(folder, "tiny", loading.choose_dtype(dtype))
    assert {parameter.dtype for parameter in transformer.parameters()} == {getattr(torch, dtype)}
    assert not transformer.training


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


def bert_shape(**more):
    return BertConfig(
        num_hidden_layers=1,
        hidden_size=32,
        num_attention_heads=2,
        intermediate_size=32,
        vocab_size=300,
        **more,
    )


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


def test_a_tokenizer_larger_than_the_vocabulary_is_refused(folder):
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens([f"extra{index}" for index in range(10)])
    tokenizer.save_pretrained(folder)
    with pytest.raises(ModelError, match="does not fit"):
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
    with pytest.raises(ModelError, match=r"tiny cannot be shown: no attention interface.*gpt2"):
        load(folder)


def test_an_unknown_device_or_dtype_lists_what_there_is(folder):
    with pytest.raises(ModelError, match="--device must be"):
        load(folder, device="tpu")
    with pytest.raises(ModelError, match="--dtype must be float32, bfloat16, float16"):
        load(folder, dtype="int8")


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
