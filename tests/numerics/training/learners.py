"""What several tests of trainings begin with: a tiny one, in its folder."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from model.training.architecture import build
from model.training.base import base_model
from model.training.checkpoints import path_of
from model.training.parts import Blocks, TokenPart, encode
from model.training.settings import ArchitectureSettings, OptimisationSettings
from model.training.sources import python_text
from model.training.trainer import Learner, Loss, arguments
from tests.tiny import tiny_tokenizer

TINY = ArchitectureSettings("gpt2", layers=2, heads=2, width=16, context=16)
ASKED = OptimisationSettings(steps=8, batch=4, evaluate_every=4, warmup=2, seed=3)
TOKENIZER = tiny_tokenizer()


def blocks(characters: int = 3000) -> Blocks:
    """Return sequences of text, so many that each step sees others."""
    ids = encode(python_text(characters).texts, TOKENIZER)
    return Blocks(TokenPart(ids), TINY.context)


def learner(
    folder: Path,
    *,
    asked: OptimisationSettings = ASKED,
    model: Any = None,
    callbacks: tuple[TrainerCallback, ...] = (),
    loss: Loss | None = None,
) -> Learner:
    """Return a learner of a tiny model, new unless one is given."""
    return Learner(
        model if model is not None else build(TINY, len(TOKENIZER), TOKENIZER.eos_token_id, asked.seed),
        TOKENIZER,
        replaced(arguments(asked, folder, steps=asked.steps)),
        folder=folder,
        train=blocks(),
        validation=blocks(600),
        callbacks=callbacks,
        loss=loss,
    )


def replaced(args: Any) -> Any:
    """Return arguments under which the tests are the same on every machine: on its processor."""
    args.use_cpu = True
    return args


def resumed(folder: Path, step: int, asked: OptimisationSettings = ASKED, **more: Any) -> Learner:
    """Return a learner that has read the model of a checkpoint."""
    return learner(folder, asked=replace(asked), model=base_model(path_of(folder, step)), **more)


class Ending(TrainerCallback):
    """Does something after a step."""

    def __init__(self, step: int, act: Callable[[Any], None]) -> None:
        self.step, self.act = step, act

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == self.step:
            self.act(control)


def losses(made: Learner) -> list[float]:
    """Return the training losses that a learner told, one for each step."""
    return [entry["loss"] for entry in made.state.log_history if "loss" in entry]
