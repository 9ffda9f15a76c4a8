"""A training as a process: prepared, learned, paused, gone on with, killed; and its end is always told."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from model.training import checkpoints, job
from model.training.base import base_model
from model.training.export import curves, export_folder, export_zip
from model.training.journal import entries
from model.training.settings import (
    ArchitectureSettings,
    DataSettings,
    LoraSettings,
    OptimisationSettings,
    SettingsError,
    TokenizerSettings,
    TrainingSettings,
)
from model.training.settings_file import write_settings
from model.training.trainer import Learner
from model.training.wanted import Watch, want
from model.weights.loading import load_model
from tests.patience import PATIENCE

ASKED = TrainingSettings(
    data=DataSettings(characters=12_000, validation=0.1, test=0.1),
    tokenizer=TokenizerSettings("bpe", 300),
    architecture=ArchitectureSettings("gpt2", 2, 2, 16, 32),
    optimisation=OptimisationSettings(steps=6, batch=4, evaluate_every=3, warmup=1),
    prompts=("The", "on"),
)


@pytest.fixture(autouse=True)
def still_these_tests(monkeypatch):
    """All run in one process, which must not go to the back of the line for good, and hears Ctrl+C itself."""
    leave_alone(monkeypatch)


def leave_alone(monkeypatch) -> None:
    monkeypatch.setattr(job, "lower_priority", lambda threads: None)
    monkeypatch.setattr(Watch, "heed_signals", lambda _: None)


def begun(folder: Path, asked: TrainingSettings = ASKED) -> Path:
    folder.mkdir(exist_ok=True)
    write_settings(folder / "settings.json", asked)
    return folder


def run(folder: Path, **options) -> str:
    return job.run(folder, report=lambda _: None, **options)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a training that has learned all of its steps."""
    with pytest.MonkeyPatch.context() as patch:
        leave_alone(patch)
        folder = begun(tmp_path_factory.mktemp("made"))
        assert run(folder) == "done"
    return folder


def test_a_journal_tells_everything_in_order(made):
    found = entries(made)
    kinds = [entry["kind"] for entry in found]
    assert kinds[:5] == ["prepared", "validation", "samples", "heads", "checkpoint"] and kinds[-1] == "ended"
    assert kinds.count("log") == 6 and kinds.count("validation") == kinds.count("checkpoint") == 3
    assert [entry["step"] for entry in found] == sorted(entry["step"] for entry in found)
    assert [entry["seconds"] for entry in found] == sorted(entry["seconds"] for entry in found)
    told = found[kinds.index("log")]
    assert told["loss"] > 0 and told["gradient_norm"] > 0 and told["tokens_per_second"] > 0
    assert [one["prompt"] for one in found[2]["texts"]] == ["The", "on"]
    assert all(len(found[3][name]) == 2 for name in ("previous_token", "induction", "first_token"))
    assert found[0]["parameters"] == base_model(checkpoints.path_of(made, 6)).num_parameters()
    assert found[-1]["reason"] == "done" and found[-1]["text"].endswith(".")


def test_the_folder_holds_safetensors_and_json_alone(made):
    kinds = {path.suffix for path in made.rglob("*") if path.is_file()}
    assert kinds == {".json", ".jsonl", ".safetensors", ".lock"}
    assert (made / "process.lock").stat().st_size == 0
    assert not [path for path in made.rglob("*") if path.name.endswith(".partial")]
    process = json.loads((made / "process.json").read_text())["job"]
    assert process["pid"] == os.getpid() and process["began"] > 0
    statistics = json.loads((made / "data" / "statistics.json").read_text())
    assert sum(part["characters"] for part in statistics["parts"].values()) == 12_000
    assert len(statistics["merges"]) == 12 and len(statistics["samples"]) == 3


def test_a_pause_and_going_on_is_as_if_there_had_been_none(made, tmp_path, monkeypatch):
    begun(tmp_path)
    asked = iter(["on"] * 7 + ["pause"] * 2)  # before it begins, and after each step
    with monkeypatch.context() as patch:
        patch.setattr(Watch, "asked", lambda _: next(asked))
        reason = run(tmp_path)
    at = checkpoints.newest(tmp_path)
    assert reason == "paused" and at is not None and 0 < at < 6
    assert entries(tmp_path)[-1]["reason"] == "paused"
    assert run(tmp_path) == "done"
    same_weights(made, tmp_path, 6)
    losses = [[entry["loss"] for entry in entries(folder, "log")] for folder in (made, tmp_path)]
    assert losses[0] == losses[1]
    assert len(entries(tmp_path, "ended")) == 1


def same_weights(one: Path, other: Path, step: int) -> None:
    states = [base_model(checkpoints.path_of(folder, step)).state_dict() for folder in (one, other)]
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())


def test_more_steps_may_be_wanted_afterwards(made, tmp_path):
    folder = tmp_path / "more"
    shutil.copytree(made, folder)
    want(folder, "on", 8)
    assert run(folder) == "done"
    assert checkpoints.steps(folder) == [0, 3, 6, 8] and [e["step"] for e in entries(folder, "log")][-1] == 8


def test_a_process_that_is_killed_loses_only_what_came_after_its_last_checkpoint(made, tmp_path):
    begun(tmp_path, replace(ASKED, optimisation=replace(ASKED.optimisation, steps=500)))
    command = [sys.executable, "-m", "model.training", str(tmp_path), "--parent", str(os.getpid())]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    until = time.monotonic() + PATIENCE
    while not [step for step in checkpoints.steps(tmp_path) if step >= 6]:
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    with pytest.raises(SettingsError, match="Another process makes this training already"):
        run(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = checkpoints.newest(tmp_path)
    assert left is not None
    half = checkpoints.partial(tmp_path, left + 3)  # as one that is killed while it writes leaves it
    half.mkdir(exist_ok=True)
    (half / "model.safetensors").write_bytes(b"half")
    with (tmp_path / "journal.jsonl").open("a") as file:
        file.write('{"kind": "log", "st')
    assert checkpoints.newest(tmp_path) == left and entries(tmp_path)[-1]["kind"] != "ended"
    want(tmp_path, "on", left + 2)
    assert run(tmp_path) == "done"
    assert checkpoints.newest(tmp_path) == left + 2 and not half.exists()
    steps = [entry["step"] for entry in entries(tmp_path, "log")]
    assert steps == list(range(1, left + 3))
    same_weights(made, tmp_path, 0)


def test_ctrl_c_and_the_end_of_a_service_are_the_wish_to_pause(tmp_path, monkeypatch):
    monkeypatch.undo()  # what hears signals is wanted here
    heard = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in heard]
    try:
        for number in heard:
            watch = Watch(tmp_path)
            watch.heed_signals()
            assert watch.asked() == "on"
            os.kill(os.getpid(), number)
            assert watch.asked() == "pause" and signal.getsignal(number) == signal.SIG_DFL
    finally:
        for number, handler in zip(heard, before, strict=True):
            signal.signal(number, handler)


def test_a_training_whose_server_has_died_pauses(tmp_path):
    begun(tmp_path)
    assert run(tmp_path, parent=1 if os.getppid() != 1 else 2) == "paused"
    assert entries(tmp_path)[-1]["kind"] == "ended"


def test_patience_ends_it(tmp_path):
    optimisation = replace(
        ASKED.optimisation, steps=60, evaluate_every=1, patience=2, learning_rate=0.9, warmup=0
    )
    assert run(begun(tmp_path, replace(ASKED, optimisation=optimisation))) == "patience"
    assert len(checkpoints.steps(tmp_path)) <= checkpoints.MOST
    losses = [entry["loss"] for entry in entries(tmp_path, "validation")]
    assert min(range(len(losses)), key=losses.__getitem__) == len(losses) - 3


def test_a_loss_that_is_no_number_is_told_and_the_last_checkpoint_kept(tmp_path, monkeypatch):
    plain = Learner.compute_loss

    def broken(self, model, inputs, *args, **kwargs):
        found = plain(self, model, inputs, *args, **kwargs)
        return found * float("inf") if self.state.global_step == 4 else found

    monkeypatch.setattr(Learner, "compute_loss", broken)
    assert run(begun(tmp_path)) == "nan"
    assert checkpoints.newest(tmp_path) == 3 and "smaller learning rate" in entries(tmp_path)[-1]["text"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(28, "No space left on device"), "disk"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "disk"),
        (MemoryError(), "memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), "memory"),
        (ValueError("something else"), "failed"),
    ],
)
def test_what_goes_wrong_is_told_in_a_sentence(tmp_path, monkeypatch, error, reason):
    def raises(*_, **__):
        raise error

    monkeypatch.setattr(job, "prepared", raises)
    assert run(begun(tmp_path)) == reason
    told = entries(tmp_path)[-1]
    assert told["reason"] == reason and told["text"].endswith(".")


@pytest.mark.parametrize(
    ("asked", "text", "said"),
    [
        (replace(ASKED, data=DataSettings("own")), None, "is not there. Give it again"),
        (replace(ASKED, data=DataSettings("own")), b"", "The text is empty"),
        (replace(ASKED, data=DataSettings("own")), b"\0\1\2" * 200, "binary file"),
        (replace(ASKED, data=DataSettings("own")), b"one line " * 100, "one single line"),
        (replace(ASKED, data=DataSettings("own")), b"a word\n" * 100, "larger than the text allows"),
        (
            replace(ASKED, data=DataSettings(characters=1000), tokenizer=TokenizerSettings("characters")),
            None,
            "short",
        ),
        (replace(ASKED, architecture=ArchitectureSettings(layers=0)), None, "1 to 48 layers"),
        (
            replace(ASKED, base="0123456789ab/7", tokenizer=TokenizerSettings("model")),
            None,
            "not there any more",
        ),
        (replace(ASKED, base="no-such", tokenizer=TokenizerSettings("model")), None, "no model 'no-such'"),
    ],
)
def test_what_cannot_be_learned_from_is_told_in_a_sentence(tmp_path, monkeypatch, asked, text, said):
    monkeypatch.setenv("GPT_INSIDE_OUT_CACHE", str(tmp_path / "cache"))
    begun(tmp_path, asked)
    if text is not None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "own.txt").write_bytes(text)
    assert run(tmp_path) == "failed"
    assert said in entries(tmp_path)[-1]["text"]


def test_a_checkpoint_is_taken_away_as_a_model_that_anybody_opens(made, tmp_path):
    export_folder(made, 3, tmp_path / "mine")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "mine")
    kept = base_model(checkpoints.path_of(made, 3)).state_dict()
    assert all(torch.equal(tensor, kept[name]) for name, tensor in model.state_dict().items())
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "mine")
    assert tokenizer.decode(tokenizer.encode("The rest")) == "The rest"
    names = {path.name for path in (tmp_path / "mine").iterdir()}
    assert {"README.md", "curves.csv", "config.json", "model.safetensors", "tokenizer.json"} <= names
    assert not [name for name in names if name.startswith(("optimizer", "random", "trainer", "scheduler"))]
    card = (tmp_path / "mine" / "README.md").read_text()
    assert "12,000 characters" in card and "| optimisation.seed | 0 |" in card and "for 3 steps" in card
    rows = curves(made).splitlines()
    assert rows[0].startswith("step,seconds,loss,validation") and len(rows) == 8
    export_zip(made, None, tmp_path / "mine.zip")
    assert (tmp_path / "mine.zip").stat().st_size > 10_000 and not list(tmp_path.glob(".mine*"))


@pytest.fixture
def base(made, tmp_path, monkeypatch):
    """A checkpoint of a training of this visitor, by the name that settings give it."""
    monkeypatch.setenv("GPT_INSIDE_OUT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache" / "training").mkdir(parents=True)
    shutil.copytree(made, tmp_path / "cache" / "training" / "0123456789ab")
    return "0123456789ab/6"


@pytest.mark.parametrize("rank", [0, 2])
def test_a_checkpoint_is_tuned_and_goes_on_from_a_pause(base, tmp_path, monkeypatch, rank):
    asked = replace(
        ASKED, kind="fine_tuning", base=base, tokenizer=TokenizerSettings("model"), lora=LoraSettings(rank)
    )
    folders = [begun(tmp_path / name, asked) for name in ("whole", "paused")]
    assert run(folders[0]) == "done"
    asked_after = iter(["on"] * 7 + ["pause"] * 2)
    with monkeypatch.context() as patch:
        patch.setattr(Watch, "asked", lambda _: next(asked_after))
        assert run(folders[1]) == "paused"
    assert run(folders[1]) == "done"
    same_weights(*folders, 6)
    before = base_model(tmp_path / "cache" / "training" / "0123456789ab" / "checkpoints" / "checkpoint-6")
    first, last = (base_model(checkpoints.path_of(folders[0], step)) for step in (0, 6))
    name = "transformer.h.0.mlp.c_fc.weight"
    assert torch.equal(before.state_dict()[name], first.state_dict()[name])
    assert not torch.equal(first.state_dict()[name], last.state_dict()[name])
    assert len(entries(folders[0], "heads")) == 3


def test_a_student_learns_from_a_teacher_and_its_double_alone(base, tmp_path):
    asked = replace(
        ASKED,
        kind="distillation",
        base=base,
        tokenizer=TokenizerSettings("model"),
        architecture=replace(ASKED.architecture, layers=1),
    )
    folder = begun(tmp_path / "student", asked)
    assert run(folder) == "done"
    other = folder / job.ALONE
    assert checkpoints.steps(other) == checkpoints.steps(folder) == [0, 3, 6]
    same_weights(folder, other, 0)
    losses = [[entry["loss"] for entry in entries(one, "validation")] for one in (folder, other)]
    assert losses[0][0] == losses[1][0] and losses[0][-1] != losses[1][-1]
    assert run(folder) == "done" and checkpoints.steps(other) == [0, 3, 6]


def test_a_base_that_reads_fewer_tokens_is_refused(base, tmp_path):
    asked = replace(ASKED, kind="fine_tuning", base=base, tokenizer=TokenizerSettings("model"))
    asked = replace(asked, architecture=replace(ASKED.architecture, context=64))
    assert run(begun(tmp_path / "long", asked)) == "failed"
    assert "reads 32 tokens at most" in entries(tmp_path / "long")[-1]["text"]


WORLD = replace(ASKED, optimisation=replace(ASKED.optimisation, steps=1, evaluate_every=1))


@pytest.mark.parametrize("family", ["gpt2", "llama"])
@pytest.mark.parametrize("tokens", ["characters", "bpe", "repeats"])
def test_every_kind_of_checkpoint_opens_as_a_model_of_the_page(tmp_path, family, tokens):
    asked = replace(WORLD, architecture=replace(ASKED.architecture, family=family))
    if tokens == "repeats":
        asked = replace(
            asked,
            data=DataSettings("repeats", 4000),
            optimisation=replace(asked.optimisation, loss_on_repeats=True),
        )
    if tokens != "bpe":
        asked = replace(asked, tokenizer=TokenizerSettings("characters"))
    assert run(begun(tmp_path, asked)) == "done"
    model = load_model(str(checkpoints.path_of(tmp_path, 1)), device="cpu", report=lambda _: None)
    text = "abcdefabc" if tokens == "repeats" else "The rest of it.\n"
    assert model.written(model.encode(text)) == text and model.info.layers == 2
