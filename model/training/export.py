"""A checkpoint to take away: a folder that `from_pretrained` opens, with its curves and a model card."""

import csv
import io
import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

from model.training import checkpoints, learning_state
from model.training.journal import Entry, entries
from model.training.preparation import DATA, STATISTICS
from model.training.settings import SettingsError, TrainingSettings
from model.training.settings_file import read_settings

CARD, CURVES = "README.md", "curves.csv"
COLUMNS = ("step", "seconds", "loss", "validation", "learning_rate", "gradient_norm", "tokens_per_second")
ROWS = 12
"""Of the curves in the card; all of them are in the CSV."""


def curves(folder: Path, until: int | None = None) -> str:
    """Return the curves of a training as CSV: a row for each step of which something was told.

    Args:
        folder: of the training.
        until: last step that is told; None for all.
    """
    written = io.StringIO()
    writer = csv.DictWriter(written, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_rows(folder, until))
    return written.getvalue()


def export_folder(folder: Path, step: int | None, target: Path) -> None:
    """Write a checkpoint as a model of its own, whole or not at all.

    Args:
        folder: of the training.
        step: of the checkpoint; None for the last.
        target: a folder that is not there yet.

    Raises:
        SettingsError: there is no such checkpoint, or the target exists.
    """
    at = _step(folder, step)
    if target.exists():
        raise SettingsError(f"{target} exists already. Name a folder that does not.")
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    partial.mkdir(parents=True)
    try:
        for name, content in _files(folder, at).items():
            if isinstance(content, Path):
                shutil.copyfile(content, partial / name)
            else:
                (partial / name).write_text(content, encoding="utf-8")
        os.replace(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def export_zip(folder: Path, step: int | None, target: Path) -> None:
    """Write the same as one zip file, whole or not at all; what is there already is replaced.

    Raises:
        SettingsError: there is no such checkpoint.
    """
    at = _step(folder, step)
    inside = f"checkpoint-{at}"
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in _files(folder, at).items():
                if isinstance(content, Path):
                    archive.write(content, f"{inside}/{name}")
                else:
                    archive.writestr(f"{inside}/{name}", content)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def card(folder: Path, step: int) -> str:
    """Return the model card of a checkpoint, as Markdown: data, settings, curves, seed."""
    settings = read_settings(folder / "settings.json")
    parts = [
        f"---\nlibrary_name: transformers\npipeline_tag: text-generation\n---\n\n# {_plain(settings.name)}\n",
        f"A small model made with GPT Inside Out: {_KINDS[settings.kind]}, for {step:,} steps. It opens with "
        "`AutoModelForCausalLM.from_pretrained`.\n",
        "## Data\n",
        _data(folder, settings),
        "## Settings\n",
        _settings(settings),
        "## Curves\n",
        _table(folder, step),
        f"All points are in `{CURVES}`. The seed {settings.optimisation.seed} gives the first weights, the "
        "order of the data and the dice of the samples.\n",
    ]
    return "\n".join(parts)


def _step(folder: Path, step: int | None) -> int:
    found = checkpoints.steps(folder)
    if not found:
        raise SettingsError("This training has no checkpoint yet.")
    if step is not None and step not in found:
        raise SettingsError(f"There is no checkpoint of step {step}; there are {', '.join(map(str, found))}.")
    return found[-1] if step is None else step


def _files(folder: Path, step: int) -> dict[str, Path | str]:
    """Return what is taken away, by name: of the checkpoint all but what only a training goes on from."""
    inner = (learning_state.OPTIMIZER, learning_state.GROUPS, learning_state.SCHEDULE, checkpoints.STATE)
    found: dict[str, Path | str] = {
        path.name: path
        for path in sorted(checkpoints.path_of(folder, step).iterdir())
        if path.is_file() and path.name not in inner and not path.name.startswith("random-")
    }
    return {**found, CARD: card(folder, step), CURVES: curves(folder, step)}


def _rows(folder: Path, until: int | None) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for entry in entries(folder):
        if entry["kind"] in ("log", "validation") and (until is None or entry["step"] <= until):
            row = rows.setdefault(entry["step"], {"step": entry["step"]})
            row.update(_columns(entry))
    return [rows[step] for step in sorted(rows)]


def _columns(entry: Entry) -> dict[str, Any]:
    found = {name: entry[name] for name in COLUMNS if name in entry}
    if entry["kind"] == "validation":
        found["validation"] = found.pop("loss")
    return found


def _data(folder: Path, settings: TrainingSettings) -> str:
    try:
        about = json.loads((folder / DATA / STATISTICS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return f"Source: {settings.data.source}.\n"
    lines = [
        f"{_plain(about['remark'])}\n",
        "| part | characters | tokens | sequences |",
        "|---|---|---|---|",
    ]
    for name, part in about["parts"].items():
        lines.append(f"| {name} | {part['characters']:,} | {part['tokens']:,} | {part['sequences']:,} |")
    return "\n".join(lines) + f"\n\nVocabulary: {about['vocabulary']:,} tokens.\n"


def _settings(settings: TrainingSettings) -> str:
    lines = ["| setting | value |", "|---|---|"]
    for group in ("data", "tokenizer", "architecture", "optimisation"):
        for name, value in vars(getattr(settings, group)).items():
            lines.append(f"| {group}.{name} | {_plain(str(value))} |")
    return "\n".join(lines) + "\n"


def _table(folder: Path, step: int) -> str:
    looked = [row for row in _rows(folder, step) if row.get("validation") is not None]
    taken = looked if len(looked) <= ROWS else [looked[len(looked) * n // ROWS] for n in range(ROWS - 1)]
    rows = taken if len(looked) <= ROWS else [*taken, looked[-1]]
    lines = ["| step | training loss | validation loss |", "|---|---|---|"]
    for row in rows:
        loss = "" if row.get("loss") is None else f"{row['loss']:.3f}"
        lines.append(f"| {row['step']:,} | {loss} | {row['validation']:.3f} |")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Return a person's words without what Markdown would make a table, a line or markup of."""
    return "".join("\\" + one if one in "\\`*_{}[]<>#|!" else " " if one in "\r\n" else one for one in text)


_KINDS = {
    "pretraining": "learned from nothing",
    "fine_tuning": "tuned from a model that was there",
    "distillation": "taught by another model",
}
