"""Transformers' Trainer, whose checkpoints are safetensors and JSON and appear whole.

Trainer itself writes the state of optimizer, schedule and random generators, and its arguments, with
`torch.save`, which is a pickle. Each method that does so, and each that reads it back, is replaced here; a
test lets `torch.save`, `torch.load` and `pickle` fail and trains, saves and resumes all the same.
"""

import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments, default_data_collator

from model.training import checkpoints, learning_state
from model.training.parts import UNCOUNTED, Blocks
from model.training.settings import OptimisationSettings

LOGS = 400
"""Points of a curve, about: of fewer steps each is one."""
VALIDATION_LOGITS = 2**24
"""Logits in memory at the same time while a model is measured: 64 MB in float32."""

Loss = Callable[[Any, dict[str, Tensor]], Tensor]
"""The loss of a batch, from a model and its inputs with their labels."""
Save = Callable[[Any, Any, Path], None]
"""Writes a model and its tokenizer into a folder, as `from_pretrained` opens them."""


class NotFinite(ArithmeticError):
    """The loss or its gradient is no number any more: the model would be lost with the next step."""


def arguments(
    asked: OptimisationSettings, folder: Path, *, steps: int, report_to: Sequence[str] = ()
) -> TrainingArguments:
    """Return Trainer's arguments for what a person asked.

    Args:
        asked: see there.
        folder: of the training.
        steps: in all, those of former processes included.
        report_to: what Trainer tells of itself elsewhere: tensorboard, wandb; nothing unless asked for.
    """
    bf16 = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    return TrainingArguments(
        output_dir=str(folder / checkpoints.FOLDER),
        max_steps=steps,
        per_device_train_batch_size=asked.batch,
        learning_rate=asked.learning_rate,
        lr_scheduler_type=asked.schedule if asked.schedule != "constant" else "constant_with_warmup",
        warmup_steps=asked.warmup,
        weight_decay=asked.weight_decay,
        max_grad_norm=asked.clipping,
        seed=asked.seed,
        eval_strategy="steps",
        ddp_find_unused_parameters=False,  # there are none, and looking for them costs every step
        eval_steps=asked.evaluate_every,
        save_strategy="steps",
        save_steps=asked.evaluate_every,
        logging_steps=max(1, steps // LOGS),
        logging_nan_inf_filter=False,  # what is no number ends the training: see `training_step`
        report_to=list(report_to) or "none",
        bf16=bf16,
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
        remove_unused_columns=False,
        disable_tqdm=True,
    )


def save_plain(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write a model and its tokenizer."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


class Learner(Trainer):
    """A Trainer of one training's folder."""

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        args: TrainingArguments,
        *,
        folder: Path,
        train: Blocks,
        validation: Blocks,
        callbacks: Sequence[TrainerCallback] = (),
        loss: Loss | None = None,
        save: Save = save_plain,
    ) -> None:
        """Prepare to learn.

        Args:
            model: new, or read from the checkpoint that it goes on from.
            tokenizer: written beside it.
            args: see `arguments`.
            folder: of the training.
            train: what is learned from.
            validation: what it is measured on at every look.
            callbacks: told of every step.
            loss: in place of the model's own.
            save: writes the model.
        """
        super().__init__(
            model,
            args,
            data_collator=default_data_collator,
            train_dataset=train,
            eval_dataset=validation,
            processing_class=tokenizer,
            callbacks=list(callbacks),
        )
        self.remove_callback(PrinterCallback)
        self._folder, self._loss, self._save_model, self._tokenizer = folder, loss, save, tokenizer
        self._validation = validation

    def learn(self, resumed: int | None = None) -> None:
        """Learn until the last step, or until a callback ends it.

        Args:
            resumed: step of the checkpoint that the model was read from; None for a new one, which is looked
                at and saved before it learns anything.

        Raises:
            NotFinite: see there.
        """
        self.args.eval_on_start = resumed is None
        path = None if resumed is None else str(checkpoints.path_of(self._folder, resumed))
        self.train(resume_from_checkpoint=path)

    def training_step(self, *args: Any, **kwargs: Any) -> Tensor:
        """Return the loss of a step, whose gradient is there; see Trainer."""
        loss: Tensor = super().training_step(*args, **kwargs)
        if not torch.isfinite(loss):
            raise NotFinite
        return loss

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the loss of a batch: the model's own, unless there is another."""
        if self._loss is None:
            return super().compute_loss(model, inputs, *args, **kwargs)
        return self._loss(model, inputs)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Measure the model on the validation part, token by token alike, and tell the callbacks."""
        metrics = {"eval_loss": mean_loss(self.model, self._validation)}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        metrics: dict[str, float] = super()._evaluate(*args, **kwargs)
        if self.state.global_step == 0:  # what it is before it has learned anything is a checkpoint too
            self._save_checkpoint(self.model, None)
            self.control = self.callback_handler.on_save(self.args, self.state, self.control)
        return metrics

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        norm: Any = super()._get_grad_norm(model, grad_norm)  # type: ignore[no-untyped-call] # Trainer's own
        if not math.isfinite(float(norm)):
            raise NotFinite  # before the optimizer takes it into the weights
        return norm

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Write a checkpoint beside its place, and give it its name once it is whole."""
        step = self.state.global_step
        if checkpoints.path_of(self._folder, step).is_dir():
            return
        self.store_flos()
        partial = checkpoints.partial(self._folder, step)
        try:
            if self.args.should_save:
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir(parents=True)
                self._save_model(self.accelerator.unwrap_model(self.model), self._tokenizer, partial)
                learning_state.save_optimizer(partial, self.optimizer)
                learning_state.save_schedule(partial, self.lr_scheduler)
                self.state.save_to_json(str(partial / checkpoints.STATE))
            self.accelerator.wait_for_everyone()
            learning_state.save_dice(partial, self.args.process_index)
            self.accelerator.wait_for_everyone()
            if self.args.should_save:
                checkpoints.finish(self._folder, step)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Leave the weights alone: the model was read from the checkpoint."""

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            learning_state.load_optimizer(Path(checkpoint), self.optimizer)
            learning_state.load_schedule(Path(checkpoint), self.lr_scheduler)
            self._keep_to_schedule()

    def _keep_to_schedule(self) -> None:
        """Set the learning rate to that of the schedule, which is another if there are more steps now."""
        schedule: Any = getattr(self.lr_scheduler, "scheduler", self.lr_scheduler)
        optimizer: Any = self.optimizer
        for group, rate, share in zip(
            optimizer.param_groups, schedule.base_lrs, schedule.lr_lambdas, strict=True
        ):
            group["lr"] = rate * share(schedule.last_epoch)
        schedule._last_lr = [group["lr"] for group in optimizer.param_groups]

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            learning_state.load_dice(Path(checkpoint), self.args.process_index)

    def _load_scaler(self, checkpoint: str | None) -> None:
        """Load none: bfloat16 needs no scaling, and float16 is not used."""

    def _load_callback_state(self) -> None:
        """Leave the callbacks alone: what they have to know stands in the journal."""

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Refuse: Trainer's own writes its arguments as a pickle. Checkpoints are written by themselves."""
        raise NotImplementedError("checkpoints are written whole or not at all")


@torch.no_grad()
def mean_loss(model: Any, blocks: Blocks) -> float:
    """Return the mean cross-entropy in nats of all tokens of some sequences that count, in float32."""
    training = model.training
    model.eval()
    at_once = max(1, VALIDATION_LOGITS // (blocks.token_ids.shape[1] * model.config.vocab_size))
    total, count = 0.0, 0
    try:
        for first in range(0, len(blocks), at_once):
            some = slice(first, first + at_once)
            ids = torch.from_numpy(blocks.token_ids[some]).to(model.device)
            labels = torch.from_numpy(blocks.labels[some]).to(model.device)[:, 1:]
            logits = model(input_ids=ids, use_cache=False).logits[:, :-1].float()
            lost = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), labels.flatten(), ignore_index=UNCOUNTED, reduction="sum"
            )
            total += lost.item()
            count += int((labels != UNCOUNTED).sum())
    finally:
        model.train(training)
    return total / max(1, count)
