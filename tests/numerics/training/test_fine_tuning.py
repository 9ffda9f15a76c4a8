"""Low ranks beside the layers: merged they compute what they did there, and the base stays as it was."""

import json

import pytest
import torch
from transformers import AutoModelForCausalLM

from model.training.evaluation import evaluated
from model.training.fine_tuning import (
    forgetting,
    learning,
    merged,
    prepared,
    require_memory,
    resumed,
    save,
    step_memory,
)
from model.training.material import text_material
from model.training.settings import LoraSettings, SettingsError
from tests.tiny import tiny_tokenizer, tiny_transformer

LORA = LoraSettings(rank=4, alpha=8)
TOKENS = torch.randint(0, 256, (2, 24), generator=torch.Generator().manual_seed(1))


def learned(model, steps=3, seed=0):
    """Return the optimizer of some steps on a few tokens."""
    torch.manual_seed(seed)
    optimizer = torch.optim.AdamW([one for one in model.parameters() if one.requires_grad], lr=1e-2)
    go_on(model, optimizer, steps)
    return optimizer


def go_on(model, optimizer, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        model(input_ids=TOKENS, labels=TOKENS).loss.backward()
        optimizer.step()


@torch.no_grad()
def logits(model):
    return model.eval()(input_ids=TOKENS).logits


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_merged_equals_applied_and_opens_as_a_plain_model(architecture, tmp_path):
    base = tiny_transformer(architecture)
    before = logits(base)
    model = prepared(base, LORA)
    assert torch.equal(logits(model), before), "it computes the same until it has learned"
    learned(model)
    applied = logits(model)
    assert (applied - before).abs().max() > 0.1
    save(model, tiny_tokenizer(), tmp_path)
    opened = AutoModelForCausalLM.from_pretrained(tmp_path)
    scale = applied.abs().max()
    assert (logits(merged(model)) - applied).abs().max() < 1e-5 * scale
    assert (logits(opened) - applied).abs().max() < 1e-5 * scale
    assert type(opened) is type(tiny_transformer(architecture))
    assert not [name for name in opened.state_dict() if "lora" in name]
    assert torch.equal(logits(model), applied), "merging takes a copy"


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_every_linear_layer_but_the_unembedding_has_its_ranks_and_nothing_else_learns(architecture):
    base = tiny_transformer(architecture)
    weights = {name: one.clone() for name, one in base.named_parameters()}
    model = prepared(base, LORA)
    layers = len(base.transformer.h) if architecture == "gpt2" else len(base.model.layers)
    ranked = [name for name, one in model.named_modules() if hasattr(one, "lora_A")]
    assert len(ranked) == layers * (4 if architecture == "gpt2" else 7)
    assert not [name for name in ranked if "lm_head" in name]
    some, all_of_them = learning(model)
    assert 0 < some < all_of_them
    learned(model)
    with torch.no_grad():
        model.unload()
    for name, one in base.named_parameters():
        assert torch.equal(one, weights[name]), name


def test_what_is_resumed_goes_on_as_what_was_never_interrupted(tmp_path):
    through, first = (prepared(tiny_transformer("llama"), LORA, seed=5) for _ in range(2))
    learned(through, steps=4)
    optimizer = learned(first, steps=2)
    save(first, None, tmp_path)
    second = resumed(tiny_transformer("llama"), tmp_path)
    again = torch.optim.AdamW([one for one in second.parameters() if one.requires_grad], lr=1e-2)
    again.load_state_dict(optimizer.state_dict())
    go_on(second, again, 2)
    torch.testing.assert_close(logits(second), logits(through), atol=1e-6, rtol=0)


def test_a_checkpoint_holds_safetensors_and_json_and_no_path_of_this_machine(tmp_path):
    tiny_transformer("gpt2").save_pretrained(tmp_path / "base")
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "base")
    save(prepared(base, LORA), tiny_tokenizer(), tmp_path / "checkpoint")
    files = [path for path in (tmp_path / "checkpoint").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".safetensors"}
    for path in files:
        if path.suffix == ".json":
            assert str(tmp_path) not in path.read_text(encoding="utf-8")
            json.loads(path.read_text(encoding="utf-8"))


def test_at_rank_0_all_weights_learn(tmp_path):
    model = prepared(tiny_transformer("gpt2"), LoraSettings(rank=0))
    assert learning(model)[0] == learning(model)[1]
    learned(model, steps=1)
    save(model, None, tmp_path)
    opened = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert torch.equal(logits(resumed(opened, tmp_path)), logits(model))


@pytest.mark.parametrize("rank", [0, 4])
@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_what_a_step_keeps_for_its_way_back_is_what_is_foreseen(architecture, rank):
    """PyTorch is asked for every tensor that it keeps; the estimate also has the gradients to come."""
    model = prepared(tiny_transformer(architecture), LoraSettings(rank=rank)).train()
    weights = {one.untyped_storage().data_ptr() for one in model.parameters()}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = tensor, storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = model(input_ids=TOKENS, labels=TOKENS, use_cache=False).loss
    foreseen = step_memory(model, TOKENS.numel()) - step_memory(model, 0)
    assert 0.9 * foreseen / 2 < sum(size for _, size in kept.values()) < 1.1 * foreseen
    assert loss.requires_grad


def test_a_step_that_is_larger_than_the_memory_is_refused():
    low = prepared(tiny_transformer("llama"), LORA)
    whole = prepared(tiny_transformer("llama"), LoraSettings(rank=0))
    assert step_memory(low, 64) < step_memory(whole, 64)
    require_memory(low, 64, step_memory(low, 64))
    with pytest.raises(SettingsError, match=r"64 tokens needs about .* low ranks"):
        require_memory(whole, 64, step_memory(low, 64))


def test_what_was_forgotten_is_told_by_the_same_blocks_before_and_after():
    old = text_material("a text from before, " * 20, tiny_tokenizer())
    model = prepared(tiny_transformer("llama"), LORA)
    before = evaluated(model, old, 16)
    learned(model)
    told = forgetting(before, evaluated(model, old, 16))
    assert told.ratio.value == pytest.approx(told.after.value / told.before.value)
    assert told.ratio.low < told.ratio.value < told.ratio.high
    unchanged = forgetting(before, before).ratio
    assert (unchanged.low, unchanged.value, unchanged.high) == (1, 1, 1)
