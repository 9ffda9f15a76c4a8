"""Two trainings of one press: the student with a teacher, and behind it the same one without."""

from dataclasses import replace

from model.training.settings import DistillationSettings, TrainingSettings
from viz.pages.visitor import Visitor
from viz.training.job_panel import JobPanel
from viz.words.strings import say


class Students(JobPanel):
    """A job panel whose press begins both, if that is asked for."""

    def start(self, visitor: Visitor, settings: TrainingSettings, text: str | None) -> None:
        """Begin the student with a teacher, and put the other one behind it in the line."""
        super().start(visitor, settings, text)
        if settings.distillation.alone:
            name = self.desk.require(visitor, self.room)
            self.desk.begin_beside(visitor, name, without_teacher(settings), text)


def without_teacher(settings: TrainingSettings) -> TrainingSettings:
    """Return the training of the same student from the same beginning that hears the truth alone."""
    return replace(
        settings,
        kind="pretraining",
        name=say("train.distillation.without", name=settings.name)[:60],
        distillation=DistillationSettings(alone=False),
    )
