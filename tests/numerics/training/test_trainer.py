"""Learning is Trainer's own, to the last bit, and what it leaves on the disk is safetensors and JSON."""

import json
import pickle
import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import Trainer, TrainingArguments, default_data_collator

from model.training import checkpoints, learning_state
from model.training.architecture import build
from model.training.trainer import NotFinite, mean_loss
from tests.numerics.training.learners import ASKED, TINY, TOKENIZER, Ending, blocks, learner, losses, resumed


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A learner that has learned all of its steps, and its folder."""
    folder = tmp_path_factory.mktemp("whole")
    made = learner(folder)
    made.learn()
    return made, folder


def test_the_losses_are_those_of_a_plain_script_of_trainer(whole, tmp_path):
    """Written out as anybody would, with nothing of ours but the new model and the sequences."""
    args = TrainingArguments(
        str(tmp_path),
        max_steps=8,
        per_device_train_batch_size=4,
        learning_rate=2e-3,
        lr_scheduler_type="cosine",
        warmup_steps=2,
        weight_decay=0.01,
        max_grad_norm=1.0,
        seed=3,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
    )
    model = build(TINY, len(TOKENIZER), TOKENIZER.eos_token_id, 3)
    plain = Trainer(model, args, data_collator=default_data_collator, train_dataset=blocks())
    plain.train()
    assert losses(whole[0]) == losses(plain) and len(losses(plain)) == 8
    assert losses(plain)[-1] < losses(plain)[0]


def test_what_was_interrupted_goes_on_as_if_it_had_not_been(whole, tmp_path):
    """Bit for bit: weights, losses, learning rates, and so the order of the data too."""

    def stop(control):
        control.should_save = control.should_training_stop = True

    first = learner(tmp_path, callbacks=(Ending(5, stop),))
    first.learn()
    assert checkpoints.steps(tmp_path) == [0, 4, 5]
    torch.manual_seed(99)  # another process has other dice
    second = resumed(tmp_path, 5)
    second.learn(5)
    told = [entry for entry in whole[0].state.log_history if "loss" in entry]
    assert [entry for entry in second.state.log_history if "loss" in entry] == told
    for name, tensor in whole[0].model.state_dict().items():
        assert torch.equal(tensor, second.model.state_dict()[name]), name


def test_more_steps_go_on_along_the_longer_schedule(whole, tmp_path):
    longer = replace(ASKED, steps=12)
    folder = whole[1]
    made = resumed(folder, 8, longer)
    made.args.output_dir = str(tmp_path)
    made._folder = tmp_path
    (tmp_path / checkpoints.FOLDER).mkdir()
    checkpoints.path_of(tmp_path, 8).symlink_to(checkpoints.path_of(folder, 8))
    made.learn(8)
    rates = [entry["learning_rate"] for entry in made.state.log_history if "loss" in entry]
    assert len(rates) == 12 and rates[8] > rates[7] and rates[8] > rates[9] > rates[10] > rates[11] > 0


def test_the_state_of_the_optimizer_comes_back_to_the_last_bit(whole, tmp_path):
    made, _ = whole
    learning_state.save_optimizer(tmp_path, made.optimizer)
    other = torch.optim.AdamW(
        [{"params": group["params"]} for group in made.optimizer.param_groups], lr=1.0, betas=(0.1, 0.2)
    )
    learning_state.load_optimizer(tmp_path, other)
    before, after = made.optimizer.state_dict(), other.state_dict()
    assert before["param_groups"] == after["param_groups"]
    assert before["state"].keys() == after["state"].keys() != set()
    for index, values in before["state"].items():
        for name, value in values.items():
            assert torch.equal(value, after["state"][index][name])


def test_the_dice_come_back(tmp_path):
    def throw():
        return random.random(), random.gauss(0, 1), np.random.random(), torch.rand(3).tolist()

    throw()
    learning_state.save_dice(tmp_path)
    first = throw()
    throw()
    learning_state.load_dice(tmp_path)
    assert throw() == first


def test_no_pickle_is_written_or_read(monkeypatch, tmp_path):
    def refuse(*_, **__):
        raise AssertionError("a pickle")

    for module, name in [
        (torch, "save"),
        (torch, "load"),
        (pickle, "dump"),
        (pickle, "load"),
        (pickle, "loads"),
    ]:
        monkeypatch.setattr(module, name, refuse)
    learner(tmp_path).learn()
    made = resumed(tmp_path, 4)
    made.learn(4)
    assert made.state.global_step == 8
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".safetensors"}
    for path in files:
        json.loads(path.read_text()) if path.suffix == ".json" else load_file(path)
    with pytest.raises(NotImplementedError):
        made.save_model()


def test_a_loss_that_is_no_number_ends_it_before_the_weights_are_lost(tmp_path):
    asked = []

    def loss(model, inputs):
        asked.append(1)
        found = model(**inputs).loss
        return found * float("nan") if len(asked) == 6 else found

    made = learner(tmp_path, loss=loss)
    with pytest.raises(NotFinite):
        made.learn()
    assert checkpoints.steps(tmp_path) == [0, 4]
    assert all(torch.isfinite(tensor).all() for tensor in made.model.state_dict().values())


def test_a_gradient_that_is_no_number_ends_it_as_well(tmp_path):
    def loss(model, inputs):
        weight = next(model.parameters())
        return model(**inputs).loss + (weight * 0).sum().sqrt()  # 0, whose slope is infinite

    made = learner(tmp_path, loss=loss)
    with pytest.raises(NotFinite):
        made.learn()
    assert all(torch.isfinite(tensor).all() for tensor in made.model.state_dict().values())


def test_a_checkpoint_that_cannot_be_written_leaves_nothing_behind(monkeypatch, tmp_path):
    made = learner(tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(learning_state, "save_schedule", full)
    with pytest.raises(OSError, match="No space left"):
        made.learn()
    assert list((tmp_path / checkpoints.FOLDER).iterdir()) == []


def test_validation_is_the_mean_over_all_tokens_that_count(whole):
    model, measured = whole[0].model, blocks(600)
    measured.labels = measured.labels.copy()
    measured.labels[::2, 3:9] = -100
    total, count = 0.0, 0
    with torch.no_grad():
        for ids, labels in zip(measured.token_ids, measured.labels, strict=True):
            logprobs = model(torch.from_numpy(ids)[None]).logits[0].double().log_softmax(-1)
            for place in range(1, len(ids)):
                if labels[place] != -100:
                    total -= logprobs[place - 1, ids[place]].item()
                    count += 1
    assert mean_loss(model, measured) == pytest.approx(total / count, abs=1e-6)
