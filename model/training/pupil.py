"""Who learns: a new model, one that is tuned, or a student with its teacher."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch

from model.training import checkpoints, distillation, fine_tuning
from model.training.architecture import build
from model.training.base import base_folder, base_model, base_tokenizer
from model.training.settings import SettingsError, TrainingSettings
from model.training.trainer import Loss, Save, save_plain
from model.weights.cache import Report

SHARE_OF_FREE = 0.8
"""Of the memory that is free, that a training may take: the server beside it needs some as well."""


@dataclass(frozen=True, eq=False)
class Pupil:
    """A model that learns, by which loss, and how it is written down."""

    model: Any
    loss: Loss | None = None
    """In place of the model's own."""
    save: Save = save_plain


def pupil(
    folder: Path, settings: TrainingSettings, tokenizer: Any, at: int | None, device: Any, report: Report
) -> Pupil:
    """Return who learns in a training.

    Args:
        folder: of the training.
        settings: of it.
        tokenizer: of the data.
        at: step of the checkpoint that it goes on from; None for the beginning.
        device: of torch, that a teacher is to be on.
        report: told what is being done.

    Raises:
        SettingsError: the base cannot be had, or does not fit.
    """
    if settings.kind == "fine_tuning":
        return _tuned(folder, settings, at, report)
    if at is not None:
        model = base_model(checkpoints.path_of(folder, at))
    else:
        seed = settings.optimisation.seed
        model = build(settings.architecture, len(tokenizer), tokenizer.eos_token_id, seed)
    if settings.kind == "pretraining":
        return Pupil(model)
    source = base_folder(settings.base, report)
    report(f"Loading the teacher, {settings.base}.")
    teacher = base_model(source)
    context = settings.architecture.context
    distillation.require_teacher(teacher, base_tokenizer(source), tokenizer, context)
    return Pupil(model, distillation.DistillationLoss(teacher.to(device), settings.distillation))


def _free_memory(model: Any) -> int:
    """Return the bytes that a step may take, those of the weights that are loaded already among them."""
    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0] + model.get_memory_footprint())
    return int(SHARE_OF_FREE * psutil.virtual_memory().available + model.get_memory_footprint())


def _tuned(folder: Path, settings: TrainingSettings, at: int | None, report: Report) -> Pupil:
    """Return a model that is there already, with what it has learned until a checkpoint."""
    source = base_folder(settings.base, report)
    report(f"Loading {settings.base}.")
    here = source if at is None or settings.lora.rank else checkpoints.path_of(folder, at)
    model = base_model(here)
    most = getattr(model.config, "max_position_embeddings", None)
    if most is not None and most < settings.architecture.context:
        raise SettingsError(
            f"{settings.base} reads {most:,} tokens at most, and a sequence is to have "
            f"{settings.architecture.context:,}. Take a shorter context."
        )
    if at is None:
        learns: Any = fine_tuning.prepared(model, settings.lora, settings.optimisation.seed)
    else:
        learns = fine_tuning.resumed(model, checkpoints.path_of(folder, at))
    asked = settings.optimisation.batch * settings.architecture.context
    fine_tuning.require_memory(learns, asked, _free_memory(model))
    return Pupil(learns, save=fine_tuning.save)
