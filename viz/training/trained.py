"""Checkpoints of a visitor's own trainings, as models that their page may have."""

from collections.abc import Hashable, Iterator, Sequence

from model.training.line import TrainingLine
from model.training.settings import SettingsError
from viz.pages.page_models import Owner
from viz.server.models import ModelChoice, Trained
from viz.words.strings import say


def key_of(checkpoint: str) -> str:
    """Return the key of a checkpoint that is named `<training>/<step>`."""
    return f"trained:{checkpoint}"


def trained(line: TrainingLine | None) -> Trained:
    """Return what finds the checkpoints of an owner: the last of each training, and the one looked at."""

    def offered(owner: Hashable) -> Sequence[ModelChoice]:
        if line is None or not isinstance(owner, Owner):
            return ()
        return tuple(_choices(line, owner))

    return offered


def _choices(line: TrainingLine, owner: Owner) -> Iterator[ModelChoice]:
    for name in reversed(owner.trainings):
        try:
            checkpoints, progress = line.checkpoints(name), line.progress(name)
            title = line.settings(name).name
        except SettingsError:
            continue  # it has gone since
        for step, folder in checkpoints:
            looked_at = owner.checkpoint == f"{name}/{step}"
            if (looked_at or step == checkpoints[-1][0]) and progress.parameters:
                said = say("train.called_step", name=title, step=f"{step:,}", id=name[:4])
                yield ModelChoice(key_of(f"{name}/{step}"), said, str(folder), progress.parameters)
