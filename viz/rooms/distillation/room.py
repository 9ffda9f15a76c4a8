"""The room of distillation: a student learns from a teacher, beside the same student who has none."""

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from model.training.settings import TokenizerSettings, TrainingSettings
from viz.components.dial import Dial
from viz.components.heading import heading
from viz.figures.students import students_figure
from viz.pages import room_head
from viz.pages.controls import Controls
from viz.pages.layout import Plan
from viz.pages.looking import Looking
from viz.pages.plot import plot
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.visitor import Visitor
from viz.server.limits import LOOKING
from viz.training.bases import base_choice, bases_offered
from viz.training.desk import Desk
from viz.training.fields import FieldsLaid, fields
from viz.training.form import settings_of
from viz.training.job_panel import (
    JobLaid,
    JobPanel,
    lay_out_buttons,
    lay_out_job,
    lay_out_results,
    wire_job,
)
from viz.training.source import own_of
from viz.words.strings import say

NAME = "distillation"
STARTS = {
    "name": "Student",
    "prompts": "The",
    "architecture.layers": 2,
    "architecture.heads": 4,
    "architecture.width": 64,
    "architecture.context": 128,
    "optimisation.steps": 200,
    "optimisation.learning_rate": -2.7,
}
"""A student smaller than its teacher."""
MORE = 200


@dataclass(frozen=True, kw_only=True)
class DistillationLaid(FieldsLaid):
    """What the room is made of."""

    teacher: gr.Dropdown
    job: JobLaid
    students: gr.Plot


def lay_out(_plan: Plan) -> DistillationLaid:
    """Create the room."""
    found: dict[str, Any] = {}
    with gr.Column(elem_classes=["distillation"]):
        with room_head.head():
            with gr.Row(elem_classes=["tools"]):
                teacher = base_choice("distillation-teacher", say("train.distillation.teacher"))
                found |= fields(NAME, ["name", "prompts"], STARTS)
            with gr.Row(elem_classes=["tools"]):
                found |= fields(NAME, ["distillation.temperature", "distillation.share"])
            parts = lay_out_buttons(NAME)
            with room_head.options():
                found |= fields(NAME, ["distillation.alone"])
                with gr.Row(elem_classes=["tools"]):
                    sizes = ("layers", "heads", "width", "context")
                    found |= fields(NAME, [f"architecture.{one}" for one in sizes], STARTS)
                with gr.Row(elem_classes=["tools"]):
                    found |= fields(
                        NAME, [f"optimisation.{one}" for one in ("steps", "batch", "learning_rate")], STARTS
                    )
                more_steps = Dial(
                    10, 1_000, MORE, step=10, label=say("train.more_steps"), elem_id="distillation-more-steps"
                )
        with gr.Column(elem_classes=["card"]):
            heading("train.students")
            students = plot(None, "distillation-students")
        parts |= lay_out_results(NAME)
    return DistillationLaid(
        fields=found, teacher=teacher, job=lay_out_job(parts, more_steps), students=students
    )


def wire(laid: DistillationLaid, looking: Looking) -> None:
    """Let the buttons of the room do what they say."""
    page, desk = looking.page, Desk(looking.trainings)
    data = page.laid["data"]
    paths = [*data.fields, "base", *laid.fields]
    inputs = [data.own, *data.fields.values(), laid.teacher, *laid.fields.values()]

    def asked(visitor: Visitor, *values: Any) -> tuple[TrainingSettings, str | None]:
        settings = settings_of(dict(zip(paths, values[1:], strict=True)))
        own = own_of(visitor, values[0]) if settings.data.source == "own" else None
        return replace(settings, kind="distillation", tokenizer=TokenizerSettings(kind="model")), own

    wire_job(laid.job, looking, JobPanel(desk, NAME), asked, inputs)
    page.rooms[NAME].select(
        lambda visitor, chosen: bases_offered(desk, visitor, chosen),
        [looking.visitor, laid.teacher],
        laid.teacher,
        trigger_mode="always_last",
        **QUIET,
        **LOOKING,
    )

    def compared(visitor: Visitor, controls: Controls) -> Any:
        name = desk.name(visitor, NAME)
        if name is None:
            return students_figure([], [], theme=controls.theme)
        return students_figure(
            desk.progress(name).validations, desk.alone(name).validations, theme=controls.theme
        )

    gr.on(
        [page.rooms[NAME].select, laid.job.screen.line.change],
        page.taking(compared),
        [looking.visitor, *page.inputs],
        laid.students,
        trigger_mode="always_last",
        **QUIET,
        **LOOKING,
    )


DISTILLATION = Room(NAME, "train", lay_out, wire=wire)
"""The room."""
