"""`python -m model.training`: begins a training, goes on with one, takes a checkpoint away."""

import argparse
import secrets
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from model.training.base import trainings_folder
from model.training.limits import check
from model.training.settings import SettingsError, TrainingSettings
from model.training.settings_file import read_settings, write_settings
from model.training.wanted import want

OK_REASONS = ("done", "patience", "paused", "stopped")
REPORTS = ("tensorboard", "wandb")


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    made = argparse.ArgumentParser(
        prog="python -m model.training",
        description="Train a small GPT. The folder holds settings, data, checkpoints and a journal; what the "
        "page began can go on here, and what is made here can be opened there. See docs/training.md.",
    )
    made.add_argument(
        "folder", nargs="?", type=Path, help="of a training that is to begin or go on; a new one if left out"
    )
    made.add_argument("--settings", type=Path, metavar="FILE", help="begin with the settings of this file")
    made.add_argument("--text", type=Path, metavar="FILE", help="learn from this text instead of its source")
    made.add_argument("--steps", type=int, help="learn so many steps in all, those behind it included")
    made.add_argument("--threads", type=int, help="of the processor; all cores but one if left out")
    made.add_argument(
        "--report-to", action="append", choices=REPORTS, default=[], help="send the curves there as well"
    )
    made.add_argument(
        "--export", type=Path, metavar="FOLDER", help="write a checkpoint there as a model of its own"
    )
    made.add_argument("--step", type=int, help="of the checkpoint that --export takes; the last if left out")
    made.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    return made


def main(given: Sequence[str]) -> int:
    """Do what the command line says, and return the exit status."""
    asked = parser().parse_args(given)
    try:
        return _done(asked)
    except SettingsError as error:
        print(error)
        return 2


def _done(asked: argparse.Namespace) -> int:
    if asked.export is not None:
        from model.training.export import export_folder  # noqa: PLC0415 - takes seconds

        export_folder(_existing(asked), asked.step, asked.export)
        print(f"Written to {asked.export}.")
        return 0
    _require_reports(asked.report_to)
    folder = _folder(asked)
    from model.training.job import run  # noqa: PLC0415 - takes seconds, and mistakes are told at once

    reason = run(folder, parent=asked.parent, threads=asked.threads, report_to=asked.report_to, report=_say)
    return 0 if reason in OK_REASONS else 1


def _require_reports(wanted: Sequence[str]) -> None:
    """Refuse to send curves to what is not installed, before anything is begun."""
    for name in wanted:
        if find_spec(name) is None:
            raise SettingsError(
                f"{name} is not installed here: pip install {name}, or leave --report-to out."
            )


def _folder(asked: argparse.Namespace) -> Path:
    """Return the folder of a training, made if it is new, with what is wanted of it written down."""
    folder: Path = asked.folder or trainings_folder() / secrets.token_hex(6)
    settings_file = folder / "settings.json"
    if settings_file.is_file():
        if asked.settings or asked.text:
            raise SettingsError(f"{folder} has begun already: its settings and its text stay as they are.")
    else:
        if asked.folder and not asked.settings and not asked.text:
            raise SettingsError(f"{folder} holds no training. Give --settings FILE to begin one there.")
        _begin(folder, asked)
    if asked.parent is None:  # the page writes what it wants itself
        want(folder, "on", asked.steps)
    return folder


def _begin(folder: Path, asked: argparse.Namespace) -> None:
    settings = read_settings(asked.settings) if asked.settings else TrainingSettings()
    text = None
    if asked.text:
        settings = replace(settings, data=replace(settings.data, source="own"))
        try:
            text = asked.text.read_bytes()
        except OSError as error:
            raise SettingsError(f"{asked.text} cannot be read: {error.strerror or error}.") from error
    check(settings, "cuda")
    (folder / "data").mkdir(parents=True, exist_ok=True)
    if text is not None:
        (folder / "data" / "own.txt").write_bytes(text)
    write_settings(folder / "settings.json", settings)
    print(f"A new training in {folder}.")


def _existing(asked: argparse.Namespace) -> Path:
    if asked.folder is None or not (asked.folder / "settings.json").is_file():
        raise SettingsError("Name the folder of the training that a checkpoint is taken from.")
    folder: Path = asked.folder
    return folder


def _say(text: str) -> None:
    print(text, flush=True)
