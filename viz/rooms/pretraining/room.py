"""The room in which a GPT learns: press Train, and watch it stop babbling."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from model.training.architecture import parameters
from model.training.presets import PRESETS
from model.training.settings import TrainingSettings
from viz.components.dial import Dial
from viz.pages import room_head
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.visitor import Visitor
from viz.server.failing import UNDERSTOOD
from viz.training.desk import Desk
from viz.training.fields import FieldsLaid, fields
from viz.training.form import preset_values, settings_of
from viz.training.job_panel import (
    JobLaid,
    JobPanel,
    lay_out_buttons,
    lay_out_job,
    lay_out_results,
    wire_job,
)
from viz.training.source import own_of
from viz.words.lines import problem, status_line
from viz.words.strings import say

NAME = "pretraining"
FORM = ("pretraining", "data", "tokenizer", "architecture")
"""Rooms whose fields together describe a training."""
FIRST_STEPS = 300
USUAL = ("optimisation.steps", "optimisation.batch", "optimisation.learning_rate")
RARE = (
    "optimisation.warmup",
    "optimisation.weight_decay",
    "optimisation.clipping",
    "optimisation.evaluate_every",
    "optimisation.patience",
)


@dataclass(frozen=True, kw_only=True)
class PretrainingLaid(FieldsLaid):
    """What the room is made of."""

    preset: gr.Radio
    summary: gr.HTML
    job: JobLaid


def lay_out(_plan: Plan) -> PretrainingLaid:
    """Create the room."""
    found: dict[str, Any] = {}
    with gr.Column(elem_classes=["pretraining"]):
        with room_head.head():
            names = {one: say(f"train.preset.{one}") for one in PRESETS}
            preset = room_head.chips(say("train.preset.label"), names, "pretraining-preset")
            summary = gr.HTML(
                summary_of(PRESETS["words"]), elem_id="pretraining-summary", apply_default_css=False
            )
            with gr.Row(elem_classes=["tools"]):
                found |= fields(NAME, ["name", "prompts"])
            parts = lay_out_buttons(NAME)
            with room_head.options():
                with gr.Row(elem_classes=["tools"]):
                    found |= fields(NAME, USUAL)
                found |= fields(NAME, ["optimisation.schedule"])
                with gr.Row(elem_classes=["tools"]):
                    found |= fields(NAME, RARE)
                with gr.Row(elem_classes=["tools"]):
                    found |= fields(NAME, ["optimisation.seed", "optimisation.loss_on_repeats"])
                    more_steps = Dial(
                        10, 5_000, FIRST_STEPS, step=10, label=say("train.more_steps"),
                        elem_id="pretraining-more-steps", min_width=160,
                    )  # fmt: skip
        parts |= lay_out_results(NAME)
    return PretrainingLaid(fields=found, preset=preset, summary=summary, job=lay_out_job(parts, more_steps))


def wire(laid: PretrainingLaid, looking: Looking) -> None:
    """Let the buttons of the room do what they say."""
    page = looking.page
    form = form_of(page.laid)
    paths, inputs = list(form), list(form.values())

    def asked(visitor: Visitor, *values: Any) -> tuple[TrainingSettings, str | None]:
        settings = settings_of(dict(zip(paths, values[1:], strict=True)))
        return settings, own_of(visitor, values[0]) if settings.data.source == "own" else None

    panel = JobPanel(Desk(looking.trainings), NAME)
    page.trainings.select(
        panel.desk.remember, [looking.visitor, page.trainings], page.trainings, queue=False, **QUIET
    )
    wire_job(laid.job, looking, panel, asked, [page.laid["data"].own, *inputs])
    laid.preset.input(
        lambda name: [preset_values(name)[path] for path in paths], laid.preset, inputs, queue=False, **QUIET
    )

    def summarised(*values: Any) -> str:
        try:
            return summary_of(settings_of(dict(zip(paths, values, strict=True))))
        except UNDERSTOOD as trouble:
            return problem(str(trouble))

    gr.on(
        [one.change for one in inputs],
        summarised,
        inputs,
        laid.summary,
        trigger_mode="always_last",
        queue=False,
        **QUIET,
    )


def form_of(laid: Mapping[str, Laid]) -> dict[str, Any]:
    """Return the fields of a training by their paths."""
    found: dict[str, Any] = {}
    for room in FORM:
        part = laid[room]
        assert isinstance(part, FieldsLaid)
        found |= part.fields
    return found


def summary_of(settings: TrainingSettings) -> str:
    """Return a line on what would be trained."""
    data, tokens, model = settings.data, settings.tokenizer, settings.architecture
    count = tokens.vocabulary if tokens.kind == "bpe" else 100
    return status_line(
        say(f"train.choice.data_source.{data.source}"),
        say(f"train.choice.tokenizer_kind.{tokens.kind}")
        + (f" ({tokens.vocabulary:,})" if tokens.kind == "bpe" else ""),
        say(
            "train.summary",
            family=say(f"train.choice.architecture_family.{model.family}"),
            layers=model.layers,
            heads=model.heads,
            width=model.width,
            parameters=f"{parameters(model, count) / 1e6:.2f}",
        ),
        say("train.summary_steps", steps=f"{settings.optimisation.steps:,}"),
    )


PRETRAINING = Room(NAME, "train", lay_out, wire=wire)
"""The room."""
