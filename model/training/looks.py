"""What is looked at while a model learns: curves, texts, where its heads look; and when it is to end."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from model.training import checkpoints
from model.training.journal import Entry, Journal, Reason
from model.training.samples import samples
from model.training.wanted import Watch

OVERFITTING = 3
"""Looks in a row after which validation that rises while the training loss falls is pointed out."""

MeasureHeads = Callable[[Any], dict[str, list[list[float]]]]
"""Scores of every head of a model, each a table of layers by heads."""


@dataclass(frozen=True)
class Look:
    """One look at a model."""

    validation: float
    train: float | None
    """Mean loss since the last look; None at the first."""


class Looks(TrainerCallback):
    """Writes the journal of a training, and ends it when something else is wanted of it."""

    def __init__(
        self,
        folder: Path,
        journal: Journal,
        tokenizer: Any,
        prompts: Sequence[str],
        *,
        seed: int,
        tokens: int,
        patience: int = 0,
        watch: Watch | None = None,
        measure_heads: MeasureHeads | None = None,
    ) -> None:
        """Begin with what the journal says already.

        Args:
            folder: of the training.
            journal: of it.
            tokenizer: of the model.
            prompts: that are written on at every look.
            seed: of the dice that they are written with.
            tokens: of a step, over all processes.
            patience: looks without a better validation after which it ends; 0 for never.
            watch: says what is wanted; None if nothing can be.
            measure_heads: see there; None if no head is looked at.
        """
        self.reason: Reason = "done"
        """Why the training has ended."""
        self._folder, self._journal, self._tokenizer, self._prompts = folder, journal, tokenizer, prompts
        self._seed, self._tokens, self._patience, self._watch = seed, tokens, patience, watch
        self._measure_heads = measure_heads
        self._looks: list[Look] = []
        self._losses: list[float] = []
        self._pointed_out = False
        self._learning = self._began = 0.0
        self._logged_at = 0

    def recall(self, found: Sequence[Entry]) -> None:
        """Take up what a journal says of the looks until now."""
        for entry in found:
            if entry["kind"] == "log" and entry.get("loss") is not None:
                self._losses.append(entry["loss"])
            elif entry["kind"] == "validation" and entry.get("loss") is not None:
                self._look(entry["loss"])
            elif entry["kind"] == "remark":
                self._pointed_out |= entry.get("code") == "overfitting"

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Let the seconds run."""
        self._logged_at = state.global_step
        self._journal.begin()

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Note when a step begins: looks do not count in the tokens of a second."""
        self._began = time.perf_counter()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """End where it is wanted; the last step is always told."""
        self._learning += time.perf_counter() - self._began
        if state.global_step >= state.max_steps:
            control.should_log = True
        asked = _agreed(self._watch.asked(), args) if self._watch else "on"
        if asked != "on":
            self.reason = "paused" if asked == "pause" else "stopped"
            control.should_log = control.should_save = control.should_training_stop = True
            if asked == "stop":
                control.should_evaluate = True

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Write a point of the curves."""
        if not state.is_world_process_zero or not logs or "loss" not in logs:
            return
        done = state.global_step - self._logged_at
        self._losses.append(logs["loss"])
        self._journal.write(
            "log",
            state.global_step,
            loss=logs["loss"],
            learning_rate=logs.get("learning_rate"),
            gradient_norm=logs.get("grad_norm"),
            tokens_per_second=round(done * self._tokens / max(self._learning, 1e-9), 1),
        )
        self._logged_at, self._learning = state.global_step, 0.0

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        model: Any = None,
        **_: Any,
    ) -> None:
        """Write validation, samples and heads; end it if patience is at an end."""
        loss, step = (metrics or {})["eval_loss"], state.global_step
        self._look(loss)
        if state.is_world_process_zero:
            self._journal.write("validation", step, loss=loss)
            written = samples(model, self._tokenizer, self._prompts, seed=self._seed)
            self._journal.write("samples", step, texts=[asdict(one) for one in written])
            if self._measure_heads is not None:
                self._journal.write("heads", step, **self._measure_heads(model))
            self._remark(step)
        if self._patience and _since_best(self._looks) >= self._patience and self.reason == "done":
            self.reason = "patience"
            control.should_log = control.should_save = control.should_training_stop = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Write which checkpoint is whole, and keep no more of them than are to be."""
        if state.is_world_process_zero:
            step = state.global_step
            self._journal.write("checkpoint", step, folder=checkpoints.path_of(self._folder, step).name)
            checkpoints.thin(self._folder)

    def _look(self, validation: float) -> None:
        mean = sum(self._losses) / len(self._losses) if self._losses else None
        self._looks.append(Look(validation, mean))
        self._losses = []

    def _remark(self, step: int) -> None:
        if not self._pointed_out and overfits(self._looks):
            self._pointed_out = True
            self._journal.write(
                "remark",
                step,
                code="overfitting",
                text=f"Validation has risen for {OVERFITTING} looks while the training loss falls: it begins "
                "to learn the training text by heart. An earlier checkpoint is the better one; more text, a "
                "smaller model or more weight decay help.",
            )


def overfits(looks: Sequence[Look]) -> bool:
    """Return whether validation has risen at each of the last looks while the training loss fell."""
    last = looks[-OVERFITTING - 1 :]
    if len(last) <= OVERFITTING:
        return False
    pairs = list(pairwise(last))
    rises = all(after.validation > before.validation for before, after in pairs)
    falls = last[0].train is None or (last[-1].train or 0.0) < last[0].train
    return rises and falls


def _since_best(looks: Sequence[Look]) -> int:
    """Return how many looks ago validation was best."""
    best = min(range(len(looks)), key=lambda place: looks[place].validation)
    return len(looks) - 1 - best


def _agreed(asked: str, args: TrainingArguments) -> str:
    """Return what the first of several processes was asked, which all of them do after the same step."""
    if args.world_size == 1:
        return asked
    from torch import distributed  # noqa: PLC0415 - wanted with several processes alone

    words = [asked]
    distributed.broadcast_object_list(words)
    return words[0]
