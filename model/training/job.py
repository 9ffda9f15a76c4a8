"""The process of one training: prepares it, learns from where it stands, and always says its end."""

import errno
import os
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging

from model.memory_errors import is_out_of_memory
from model.training import checkpoints
from model.training.architecture import build
from model.training.base import base_folder, base_model
from model.training.head_scores import head_scores
from model.training.journal import Journal, Reason, entries, rewind
from model.training.limits import Device, check
from model.training.looks import Looks, MeasureHeads
from model.training.parts import Blocks
from model.training.preparation import Prepared, prepared
from model.training.processes import note_process
from model.training.settings import SettingsError, TrainingSettings
from model.training.settings_file import read_settings
from model.training.sources import Write
from model.training.trainer import Learner, NotFinite, arguments
from model.training.wanted import Watch, wanted

NICE = 10
"""Added to the priority's number: whoever serves pages goes first."""
VALIDATION = 16_384
"""Tokens that a model is measured on at every look at most, evenly over the validation part."""
SETTINGS = "settings.json"


class Interrupted(Exception):
    """Something else is wanted before there is anything to learn from."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def run(
    folder: Path,
    *,
    parent: int | None = None,
    threads: int | None = None,
    report_to: Sequence[str] = (),
    report: Callable[[str], None] = print,
) -> Reason:
    """Make the training of a folder, from where it stands, and return why it ended.

    Whatever happens, the last line of the journal says so. See `docs/training.md` for the folder.

    Args:
        folder: with `settings.json` in it.
        parent: process without which it is to pause; None if it stands alone.
        threads: of the processor; None for all cores but one.
        report_to: see `trainer.arguments`.
        report: told what is being done.
    """
    lower_priority(threads)
    _quiet()
    if parent is None:  # else the server has written it down
        note_process(folder, os.getpid())
    checkpoints.sweep(folder)
    at = checkpoints.newest(folder)
    rewind(folder, at or 0)
    journal = Journal(folder)
    try:
        reason = _made(folder, journal, Watch(folder, parent), report_to, report)
        text = _SENTENCES[reason]
    except Exception as error:  # noqa: BLE001 - every end is told; what is not foreseen with its traceback
        reason, text = _told(error)
        if reason == "failed" and not isinstance(error, SettingsError):
            traceback.print_exc()
    _tell(journal, "ended", checkpoints.newest(folder) or 0, reason=reason, text=text)
    journal.close()
    report(text)
    return reason


def lower_priority(threads: int | None = None) -> None:
    """Let others go first: a low priority, and all cores but one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(threads or max(1, cores - 1))
    if hasattr(os, "nice"):
        os.nice(max(0, NICE - os.nice(0)))


def _quiet() -> None:
    """Keep bars and hints of the libraries off the console."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()


def device() -> Device:
    """Return what this process would learn on."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def _made(
    folder: Path, journal: Journal, watch: Watch, report_to: Sequence[str], report: Callable[[str], None]
) -> Reason:
    settings = read_settings(folder / SETTINGS)
    check(settings, device())

    def alive() -> None:
        asked = watch.asked()
        if asked != "on":
            raise Interrupted("paused" if asked == "pause" else "stopped")

    alive()
    data = prepared(folder, settings, report, partial(_writer, report), alive)
    check(settings, device(), len(data.tokenizer))
    while True:
        steps = wanted(folder).steps or settings.optimisation.steps
        at = checkpoints.newest(folder)
        if at is not None and at >= steps:
            return "done"
        reason = _learned(folder, journal, settings, data, watch, steps, at, report_to, report)
        if reason != "done":
            return reason


def _learned(
    folder: Path,
    journal: Journal,
    settings: TrainingSettings,
    data: Prepared,
    watch: Watch,
    steps: int,
    at: int | None,
    report_to: Sequence[str],
    report: Callable[[str], None],
) -> Reason:
    asked = replace(settings.optimisation, steps=steps)
    context = settings.architecture.context
    model = _model(folder, settings, data.tokenizer, at, report)
    args = arguments(asked, folder, steps=steps, report_to=report_to)
    looks = Looks(
        folder,
        journal,
        data.tokenizer,
        settings.prompts,
        seed=asked.seed,
        tokens=asked.batch * context * args.world_size,
        patience=asked.patience,
        watch=watch,
        measure_heads=_measured_heads(len(data.tokenizer), context, asked.seed),
    )
    looks.recall(entries(folder))
    if not entries(folder, "prepared"):
        tokens = {name: len(part.token_ids) for name, part in data.parts.items()}
        journal.write(
            "prepared",
            0,
            parameters=model.num_parameters(),
            vocabulary=len(data.tokenizer),
            tokens=tokens,
            device=str(args.device),
        )
    validation = Blocks(data.parts["validation"], context, max(1, VALIDATION // context))
    train = Blocks(data.parts["train"], context)
    learner = Learner(
        model, data.tokenizer, args, folder=folder, train=train, validation=validation, callbacks=[looks]
    )
    report(f"Learning on {args.device}, from step {at or 0} to {steps}.")
    learner.learn(at)
    return looks.reason


def _model(
    folder: Path, settings: TrainingSettings, tokenizer: Any, at: int | None, report: Callable[[str], None]
) -> Any:
    if at is not None:
        return base_model(checkpoints.path_of(folder, at))
    if settings.kind == "fine_tuning":
        return base_model(base_folder(settings.base, report))
    return build(settings.architecture, len(tokenizer), tokenizer.eos_token_id, settings.optimisation.seed)


def _measured_heads(vocabulary: int, context: int, seed: int) -> MeasureHeads:
    def measured(model: Any) -> dict[str, list[list[float]]]:
        return head_scores(model, vocabulary, context, seed).to_dict()

    return measured


def _writer(report: Callable[[str], None]) -> Write:
    """Return the embedded model as a writer of stories."""
    from model.training.story_writer import StoryWriter  # noqa: PLC0415 - wanted for stories alone
    from model.weights.catalog import DEFAULT  # noqa: PLC0415 - as above

    return StoryWriter(base_folder(DEFAULT, report))


def _told(error: Exception) -> tuple[Reason, str]:
    """Return why an error ends a training, and a sentence that says what to do."""
    if isinstance(error, Interrupted):
        return error.reason, _SENTENCES[error.reason]
    if isinstance(error, SettingsError):
        return "failed", str(error)
    if isinstance(error, NotFinite):
        return "nan", _SENTENCES["nan"]
    if is_out_of_memory(error):
        return "memory", _SENTENCES["memory"]
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    if full or "No space left on device" in str(error) or "File too large" in str(error):
        return "disk", _SENTENCES["disk"]
    reason = next(iter(str(error).strip().splitlines()), "")
    return "failed", f"The training failed: {type(error).__name__} {reason[:200]}".rstrip(" .:") + "."


def _tell(journal: Journal, kind: Any, step: int, **values: Any) -> None:
    """Write into the journal what can be written on a disk that may be full."""
    try:
        journal.write(kind, step, **values)
    except OSError:
        print("The journal cannot be written: the disk is full.")


_SENTENCES: dict[Reason, str] = {
    "done": "It has learned for all of its steps.",
    "stopped": "It was stopped. Its last checkpoint is kept.",
    "paused": "It pauses, and can go on from its last checkpoint.",
    "patience": "Validation got no better for as many looks as patience allows, so it ended.",
    "nan": "The loss is no number any more: the steps were too large. Its last good checkpoint is kept. Take "
    "a smaller learning rate, a longer warm-up or a smaller norm of the gradient.",
    "memory": "There was no memory left. Its last checkpoint is kept. Take a smaller batch or model.",
    "disk": "The disk is full. Its last whole checkpoint is kept. Free some space, and let it go on.",
    "failed": "The training failed.",
}
