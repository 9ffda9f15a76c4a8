"""The room of fine-tuning: a model that can write learns a text of one's own, and forgets a little."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from model.training.settings import TokenizerSettings, TrainingSettings
from viz.components.dial import Dial
from viz.components.heading import heading
from viz.pages import room_head
from viz.pages.controls import Controls
from viz.pages.layout import Plan
from viz.pages.looking import Looking
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.visitor import Visitor
from viz.pages.work import wire_work
from viz.rooms.fine_tuning.forgotten import WORK, Forgetting, ForgottenScreen
from viz.server.limits import LOOKING, SEARCHING
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

NAME = "fine_tuning"
STARTS = {
    "name": "Fine-tuned",
    "prompts": "The\nHow do I",
    "architecture.context": 64,
    "optimisation.steps": 60,
    "optimisation.batch": 4,
    "optimisation.learning_rate": -3.3,
    "optimisation.warmup": 5,
    "optimisation.evaluate_every": 20,
    "lora.rank": 8,
    "lora.alpha": 16,
}
"""Of a model of 135 million parameters on two cores: some minutes."""
MORE = 60


@dataclass(frozen=True, kw_only=True)
class FineTuningLaid(FieldsLaid):
    """What the room is made of."""

    base: gr.Dropdown
    job: JobLaid
    measure: gr.Button
    forgotten: ForgottenScreen


def lay_out(_plan: Plan) -> FineTuningLaid:
    """Create the room."""
    found: dict[str, Any] = {}
    with gr.Column(elem_classes=["fine-tuning"]):
        with room_head.head():
            with gr.Row(elem_classes=["tools"]):
                base = base_choice("fine-tuning-base", say("train.fine_tuning.base"))
                found |= fields(NAME, ["name", "prompts"], STARTS)
            with gr.Row(elem_classes=["tools"]):
                found |= fields(NAME, ["lora.rank", "optimisation.steps"], STARTS)
            parts = lay_out_buttons(NAME)
            with room_head.options():
                with gr.Row(elem_classes=["tools"]):
                    found |= fields(
                        NAME, ["lora.alpha", "architecture.context", "optimisation.batch"], STARTS
                    )
                with gr.Row(elem_classes=["tools"]):
                    rare = ("learning_rate", "warmup", "evaluate_every")
                    found |= fields(NAME, [f"optimisation.{one}" for one in rare], STARTS)
                more_steps = Dial(
                    10, 1_000, MORE, step=10, label=say("train.more_steps"), elem_id="fine-tuning-more-steps"
                )
        parts |= lay_out_results(NAME)
        with gr.Column(elem_classes=["card", "room-head"]):
            heading("train.forgotten")
            with room_head.presses():
                measure = gr.Button(
                    say("train.forgotten.measure"), size="sm", min_width=60, elem_id="forgotten-measure"
                )
                cancel = room_head.cancel("forgotten-cancel")
                line = room_head.line(say("train.forgotten.invitation"), "forgotten-line")
            table = gr.HTML(elem_id="forgotten-table", apply_default_css=False)
    return FineTuningLaid(
        fields=found,
        base=base,
        job=lay_out_job(parts, more_steps),
        measure=measure,
        forgotten=ForgottenScreen(line, cancel, table),
    )


def wire(laid: FineTuningLaid, looking: Looking) -> None:
    """Let the buttons of the room do what they say."""
    page, desk = looking.page, Desk(looking.trainings)
    data = page.laid["data"]
    paths = [*data.fields, "base", *laid.fields]
    inputs = [data.own, *data.fields.values(), laid.base, *laid.fields.values()]

    def asked(visitor: Visitor, *values: Any) -> tuple[TrainingSettings, str | None]:
        settings = settings_of(dict(zip(paths, values[1:], strict=True)))
        own = own_of(visitor, values[0]) if settings.data.source == "own" else None
        return replace(settings, kind="fine_tuning", tokenizer=TokenizerSettings(kind="model")), own

    wire_job(laid.job, looking, JobPanel(desk, NAME), asked, inputs)
    page.rooms[NAME].select(
        lambda visitor, chosen: bases_offered(desk, visitor, chosen),
        [looking.visitor, laid.base],
        laid.base,
        trigger_mode="always_last",
        **QUIET,
        **LOOKING,
    )
    handlers = Forgetting(desk, NAME)

    def measure(visitor: Visitor, controls: Controls) -> Iterator[ForgottenScreen]:
        visitor.controls = controls
        yield from handlers.measure(visitor)

    wire_work(
        looking,
        WORK,
        laid.forgotten.cancel,
        {laid.measure: (page.taking(measure), [*page.inputs])},
        laid.forgotten,
        show_progress="minimal",
        show_progress_on=laid.forgotten.line,
        **SEARCHING,
    )


FINE_TUNING = Room(NAME, "train", lay_out, wire=wire)
"""The room."""
