"""The process of one training: prepares it, learns from where it stands, and always says its end."""

import errno
import os
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from transformers.utils import logging

from model.memory_errors import is_out_of_memory
from model.training import checkpoints
from model.training.base import ALONE, base_folder
from model.training.distillation import alone
from model.training.head_scores import head_scores
from model.training.journal import Journal, Reason, entries, rewind
from model.training.limits import check, here
from model.training.looks import Looks, MeasureHeads
from model.training.parts import Blocks
from model.training.preparation import DATA, TOKENIZER, Prepared, prepared
from model.training.processes import note_process, sole_maker
from model.training.pupil import pupil
from model.training.settings import SettingsError, TrainingSettings
from model.training.settings_file import read_settings, write_settings
from model.training.sources import Write
from model.training.trainer import Learner, NotFinite, arguments
from model.training.wanted import Watch, want, wanted
from model.weights.cache import Report
from model.weights.catalog import DEFAULT

NICE = 10
"""Added to the priority's number: whoever serves pages goes first."""
VALIDATION = 16_384
"""Tokens that a model is measured on at every look at most, evenly over the validation part."""
SETTINGS = "settings.json"
FIRST_TO_GO = Path("/proc/self/oom_score_adj")
"""By which Linux chooses what to kill where there is no memory left: the most is 1000."""


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
    report: Report = print,
) -> Reason:
    """Make the training of a folder, from where it stands, and return why it ended.

    Whatever happens, the last line of the journal says so. See `docs/training.md` for the folder. Where
    `accelerate launch` has started several processes they learn together, and the first one writes.

    Args:
        folder: with `settings.json` in it.
        parent: process without which it is to pause; None if it stands alone.
        threads: of the processor; None for all cores but one.
        report_to: see `trainer.arguments`.
        report: told what is being done.

    Raises:
        SettingsError: another process makes it already.
    """
    lower_priority(threads)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    lock = sole_maker(folder) if leads() else None
    if leads() and parent is None:  # else the server has written it down
        note_process(folder, os.getpid())
    watch = Watch(folder, parent)
    if threading.current_thread() is threading.main_thread():
        watch.heed_signals()
    job = Job(folder, watch, report_to, report if leads() else _silence)
    try:
        return job.made(read_settings)
    finally:
        if lock is not None:
            lock.release()


def lower_priority(threads: int | None = None) -> None:
    """Let others go first: a low priority, all cores but one, and the first to go where memory ends."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(threads or max(1, cores - 1))
    if hasattr(os, "nice"):
        os.nice(max(0, NICE - os.nice(0)))
    if hasattr(os, "SCHED_IDLE"):
        # What the server computes takes a core at once that is lent to this.
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with suppress(OSError):  # Linux alone has it
        FIRST_TO_GO.write_text("1000")


def leads() -> bool:
    """Return whether this is the process that writes: the only one, or the first that was launched."""
    return os.environ.get("RANK", "0") == "0"


class Job:
    """One training on its way."""

    def __init__(self, folder: Path, watch: Watch, report_to: Sequence[str], report: Report) -> None:
        """Take up a training where it stands.

        Args:
            folder: of the training.
            watch: says what is wanted of it.
            report_to: see `trainer.arguments`.
            report: told what is being done.
        """
        self._folder, self._watch, self._report_to, self._report = folder, watch, report_to, report
        if leads():
            checkpoints.sweep(folder)
            rewind(folder, checkpoints.newest(folder) or 0)
        self._journal = Journal(folder, writes=leads())

    def made(self, read: Callable[[Path], TrainingSettings]) -> Reason:
        """Make it, and return why it ended, which is written down in every case."""
        try:
            settings = read(self._folder / SETTINGS)
            reason = self._done(settings)
            text = _SENTENCES[reason]
        except Exception as error:  # noqa: BLE001 - every end is told; what is not foreseen with its traceback
            reason, text = _told(error)
            if reason == "failed" and not isinstance(error, SettingsError):
                traceback.print_exc()
        self._end(reason, text)
        if not leads() and reason not in ("done", "patience", "paused", "stopped"):
            raise SystemExit(1)  # whoever launched several processes ends the others
        return reason

    def _done(self, settings: TrainingSettings) -> Reason:
        check(settings, here())
        self._alive()
        with PartialState().main_process_first():
            data = prepared(self._folder, settings, self._report, self._writer, self._alive)
        check(settings, here(), len(data.tokenizer))
        while True:
            steps = wanted(self._folder).steps or settings.optimisation.steps
            at = checkpoints.newest(self._folder)
            if at is not None and at >= steps:
                return self._other(settings)
            reason = self._learned(settings, data, steps, at)
            if reason != "done":
                return reason

    def _learned(self, settings: TrainingSettings, data: Prepared, steps: int, at: int | None) -> Reason:
        asked, context = replace(settings.optimisation, steps=steps), settings.architecture.context
        args = arguments(asked, self._folder, steps=steps, report_to=self._report_to)
        learning = pupil(self._folder, settings, data.tokenizer, at, args.device, self._report)
        looks = Looks(
            self._folder,
            self._journal,
            data.tokenizer,
            settings.prompts,
            seed=asked.seed,
            tokens=asked.batch * context * args.world_size,
            patience=asked.patience,
            watch=self._watch,
            measure_heads=_measured_heads(len(data.tokenizer), context, asked.seed),
        )
        found = entries(self._folder)
        looks.recall(found)
        if not any(entry["kind"] == "prepared" for entry in found):
            tokens = {name: len(part.token_ids) for name, part in data.parts.items()}
            count = learning.model.num_parameters()
            self._journal.write(
                "prepared",
                0,
                parameters=count,
                vocabulary=len(data.tokenizer),
                tokens=tokens,
                device=str(args.device),
            )
        learner = Learner(
            learning.model,
            data.tokenizer,
            args,
            folder=self._folder,
            train=Blocks(data.parts["train"], context),
            validation=Blocks(data.parts["validation"], context, max(1, VALIDATION // context)),
            callbacks=[looks],
            loss=learning.loss,
            save=learning.save,
        )
        self._report(f"Learning on {args.device}, from step {at or 0} to {steps}.")
        learner.learn(at)
        return looks.reason

    def _other(self, settings: TrainingSettings) -> Reason:
        """Let the same student learn without its teacher, in a folder within, if that is wanted."""
        if settings.kind != "distillation" or not settings.distillation.alone:
            return "done"
        folder = self._folder / ALONE
        if leads():
            folder.mkdir(exist_ok=True)
            for name in (DATA, TOKENIZER):
                if not (folder / name).exists():
                    (folder / name).symlink_to(Path("..") / name)
            write_settings(folder / SETTINGS, alone(settings))
            want(folder, "on", wanted(self._folder).steps)
        self._report("The same student learns without the teacher.")
        return Job(folder, self._watch, self._report_to, self._report).made(read_settings)

    def _alive(self) -> None:
        asked = self._watch.asked()
        if asked != "on":
            raise Interrupted("paused" if asked == "pause" else "stopped")

    def _writer(self) -> Write:
        """Return the embedded model as a writer of stories."""
        from model.training.story_writer import StoryWriter  # noqa: PLC0415 - wanted for stories alone

        return StoryWriter(base_folder(DEFAULT, self._report))

    def _end(self, reason: Reason, text: str) -> None:
        try:
            at = checkpoints.newest(self._folder) or 0
            self._journal.write("ended", at, reason=reason, text=text)
        except OSError:
            self._report("The journal cannot be written: the disk is full.")
        self._journal.close()
        self._report(text)


def _silence(_: str) -> None:
    """Say nothing."""


def _measured_heads(vocabulary: int, context: int, seed: int) -> MeasureHeads:
    def measured(model: Any) -> dict[str, list[list[float]]]:
        return head_scores(model, vocabulary, context, seed).to_dict()

    return measured


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
