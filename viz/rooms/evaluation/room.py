"""The room of evaluation: perplexity and bits a byte of every checkpoint, with their intervals."""

import csv
import time
from dataclasses import dataclass
from typing import Any

import gradio as gr

from viz.components.heading import heading
from viz.pages import room_head
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.plot import plot
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.visitor import Visitor
from viz.pages.work import wire_work
from viz.rooms.evaluation.measuring import WORK, EvaluationScreen, Measuring
from viz.rooms.evaluation.task import FILE, PASSAGES, Tasks, TaskScreen
from viz.rooms.evaluation.task import WORK as TASK
from viz.server.limits import LOOKING, SEARCHING
from viz.server.service import Trouble
from viz.training.choice import offered, training_choice
from viz.training.text_file import TextFile
from viz.words.strings import say

NAME = "evaluation"


@dataclass(frozen=True, kw_only=True)
class EvaluationLaid(Laid):
    """What the room is made of."""

    training: gr.Dropdown
    others: gr.Checkbox
    measure: gr.Button
    screen: EvaluationScreen
    kind: gr.Radio
    file: TextFile
    translate: gr.Button
    task: TaskScreen


def lay_out(_plan: Plan) -> EvaluationLaid:
    """Create the room."""
    with gr.Column(elem_classes=["evaluation"]):
        with room_head.head():
            with gr.Row(elem_classes=["tools"]):
                training = training_choice("evaluation-training")
                others = gr.Checkbox(False, label=say("train.evaluation.others"), elem_id="evaluation-others")
            with room_head.presses():
                measure = room_head.action(say("train.evaluation.measure"), "evaluation-measure")
                cancel = room_head.cancel("evaluation-cancel")
                save = gr.Button(
                    say("train.evaluation.save"), size="sm", min_width=60, interactive=False,
                    elem_id="evaluation-save",
                )  # fmt: skip
                line = room_head.line(say("train.evaluation.invitation"), "evaluation-line")
        with gr.Column(elem_classes=["card"]):
            heading("train.evaluation")
            figure = plot(None, "evaluation-figure")
            table = gr.HTML(elem_id="evaluation-table", apply_default_css=False)
        kind, file, translate, task = _task()
    return EvaluationLaid(
        training=training,
        others=others,
        measure=measure,
        screen=EvaluationScreen(line, cancel, table, figure, save),
        kind=kind,
        file=file,
        translate=translate,
        task=task,
    )


def _task() -> tuple[gr.Radio, TextFile, gr.Button, TaskScreen]:
    """Create the card of a task with references."""
    with gr.Column(elem_classes=["card", "room-head"]):
        heading("train.task")
        kind = room_head.chips(
            say("train.task.kind"),
            {one: say(f"train.task.of.{one}") for one in (PASSAGES, FILE)},
            "evaluation-task-kind",
        )
        file = TextFile(unchosen="train.task.no_file", elem_id="evaluation-task-file")
        with room_head.presses():
            translate = gr.Button(
                say("train.task.measure"), size="sm", min_width=60, elem_id="evaluation-task-measure"
            )
            cancel = room_head.cancel("evaluation-task-cancel")
            line = room_head.line(say("train.task.invitation"), "evaluation-task-line")
        scores = gr.HTML(elem_id="evaluation-task-scores", apply_default_css=False)
        examples = gr.HTML(elem_id="evaluation-task-examples", apply_default_css=False)
    return kind, file, translate, TaskScreen(line, cancel, scores, examples)


def wire(laid: EvaluationLaid, looking: Looking) -> None:
    """Let the buttons of the room do what they say."""
    page, screen, handlers = looking.page, laid.screen, Measuring(looking)
    wire_work(
        looking,
        WORK,
        screen.cancel,
        {laid.measure: (page.taking(handlers.measure), [laid.training, laid.others, *page.inputs])},
        screen,
        show_progress="minimal",
        show_progress_on=screen.line,
        **SEARCHING,
    )
    gr.on(
        [page.controls["appearance"].change, page.rooms[NAME].select],
        page.taking(handlers.redraw),
        [looking.visitor, *page.inputs],
        list(screen),
        trigger_mode="always_last",
        **QUIET,
        **LOOKING,
    )

    tasks = Tasks(looking)
    wire_work(
        looking,
        TASK,
        laid.task.cancel,
        {laid.translate: (tasks.measure, [laid.training, laid.kind])},
        laid.task,
        show_progress="minimal",
        show_progress_on=laid.task.line,
        **SEARCHING,
    )
    laid.file.select(
        tasks.choose, [looking.visitor, laid.file], laid.file, trigger_mode="always_last", **QUIET, **LOOKING
    )

    def offer(visitor: Visitor, chosen: object) -> Any:
        return offered(handlers.desk, visitor, chosen)

    page.rooms[NAME].select(
        offer, [looking.visitor, laid.training], laid.training, trigger_mode="always_last", **QUIET, **LOOKING
    )

    def save(visitor: Visitor) -> Any:
        try:
            stem, text = handlers.saved(visitor)
        except Trouble:
            return gr.skip()
        rows = list(csv.reader(text.splitlines()))
        return {"stem": stem, "text": "", "rows": rows, "at": time.time()}

    screen.save.click(save, looking.visitor, page.download, trigger_mode="once", **QUIET, **LOOKING)


EVALUATION = Room(NAME, "train", lay_out, wire=wire)
"""The room."""
