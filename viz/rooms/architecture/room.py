"""The room of the model's size: its layers and heads, its parameters, and the time that it will take here."""

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from model.training.architecture import SIZES, memory, parameters, seconds_per_step
from model.training.limits import check, here
from model.training.settings import TrainingSettings
from viz.components.heading import heading
from viz.pages import room_head
from viz.pages.layout import Plan
from viz.pages.looking import Looking
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.server.failing import one_or_why_not
from viz.server.limits import SEARCHING
from viz.training.desk import Desk, understood
from viz.training.fields import FieldsLaid, fields
from viz.training.form import OF_SIZE, settings_of, size_values
from viz.training.job_panel import duration
from viz.words.lines import problem, status_line
from viz.words.strings import say

NAME = "architecture"
LETTERS = 100
"""Tokens that a tokenizer of characters has, about."""
MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class ArchitectureLaid(FieldsLaid):
    """What the room is made of."""

    size: gr.Radio
    measure: gr.Button
    line: gr.HTML
    shown: gr.HTML


def lay_out(_plan: Plan) -> ArchitectureLaid:
    """Create the room."""
    with gr.Column(elem_classes=["architecture"]):
        with room_head.head():
            sizes = {one: say(f"train.architecture.size.{one.replace('.', '_')}") for one in SIZES}
            size = room_head.chips(say("train.architecture.size.label"), sizes, "architecture-size", "1M")
            found = fields(NAME, ["architecture.family"])
            with gr.Row(elem_classes=["tools"]):
                names = ("layers", "heads", "width", "context")
                found |= fields(NAME, [f"architecture.{one}" for one in names])
            with room_head.presses():
                measure = room_head.action(say("train.architecture.measure"), "architecture-measure")
                line = room_head.line(say("train.architecture.invitation"), "architecture-line")
        with gr.Column(elem_classes=["card"]):
            heading("train.architecture")
            shown = gr.HTML(elem_id="architecture-shown", apply_default_css=False)
    return ArchitectureLaid(fields=found, size=size, measure=measure, line=line, shown=shown)


def wire(laid: ArchitectureLaid, looking: Looking) -> None:
    """Let the sizes be told as they are chosen, and the time be measured on a press."""
    form = {
        **looking.page.laid["pretraining"].fields,
        **looking.page.laid["tokenizer"].fields,
        **laid.fields,
    }
    paths, inputs, desk = list(form), list(form.values()), Desk(looking.trainings)

    def told(*values: Any) -> str:
        return one_or_why_not(lambda: table_html(_checked(paths, values)), problem)

    def measured(*values: Any) -> list[Any]:
        def made() -> list[Any]:
            desk.require_training()
            settings = _checked(paths, values)
            steps = settings.optimisation.steps
            seconds = seconds_per_step(
                settings.architecture, _vocabulary(settings), settings.optimisation.batch
            )
            tokens = settings.optimisation.batch * settings.architecture.context
            line = say(
                "train.architecture.measured", seconds=f"{seconds:.2f}", tokens=f"{tokens / seconds:,.0f}",
                steps=f"{steps:,}", time=duration(steps * seconds),
            )  # fmt: skip
            return [status_line(line), table_html(settings)]

        return one_or_why_not(made, lambda why: [problem(why), gr.skip()])

    gr.on(
        [looking.page.rooms[NAME].select, *(one.change for one in laid.fields.values())],
        told,
        inputs,
        laid.shown,
        trigger_mode="always_last",
        queue=False,
        **QUIET,
    )
    laid.size.input(
        lambda name: [size_values(name)[path] for path in OF_SIZE],
        laid.size,
        [form[path] for path in OF_SIZE],
        queue=False,
        **QUIET,
    )
    laid.measure.click(
        measured,
        inputs,
        [laid.line, laid.shown],
        trigger_mode="once",
        **{**QUIET, **SEARCHING, "show_progress": "minimal", "show_progress_on": laid.line},
    )


def table_html(settings: TrainingSettings) -> str:
    """Return what a model of this size has, where it has it, and what it takes to train it."""
    architecture, vocabulary = settings.architecture, _vocabulary(settings)
    count = parameters(architecture, vocabulary)
    embedding = vocabulary * architecture.width * (1 if architecture.family == "gpt2" else 2)
    needs = memory(architecture, vocabulary, settings.optimisation.batch)
    rows = {
        "parameters": f"{count:,}",
        "embedding": f"{embedding:,} ({embedding / count:.0%})",
        "head_width": f"{architecture.width // architecture.heads:,}",
        "tokens": f"{settings.optimisation.batch * architecture.context:,}",
        "memory": f"{needs.total / MIB:,.0f} MiB",
        "activations": f"{needs.activations / MIB:,.0f} MiB",
    }
    titles = {name: escape(say(f"train.architecture.row.{name}")) for name in rows}
    cells = "".join(
        f"<tr><th scope='row'>{titles[name]}</th><td class='n'>{value}</td></tr>"
        for name, value in rows.items()
    )
    return f"<table class='sizes'><tbody>{cells}</tbody></table>"


def _checked(paths: list[str], values: tuple[Any, ...]) -> TrainingSettings:
    """Return what the fields describe.

    Raises:
        Trouble: there can be no such model.
    """
    settings = settings_of(dict(zip(paths, values, strict=True)))
    understood(lambda: check(settings, here()))
    return settings


def _vocabulary(settings: TrainingSettings) -> int:
    return settings.tokenizer.vocabulary if settings.tokenizer.kind == "bpe" else LETTERS


ARCHITECTURE = Room(NAME, "train", lay_out, wire=wire)
"""The room."""
