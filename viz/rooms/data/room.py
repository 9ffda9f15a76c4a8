"""The room of the data: which text a GPT learns from, and what is kept from it to measure it by."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from model.training.sources import decoded, own_text
from viz.components.heading import heading
from viz.pages import room_head
from viz.pages.layout import Plan
from viz.pages.looking import Looking
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.visitor import Visitor
from viz.rooms.data.preview import preview_html, repeats_html
from viz.server.failing import one_or_why_not
from viz.server.limits import LOOKING
from viz.training.desk import understood
from viz.training.fields import FieldsLaid, fields
from viz.training.form import settings_of
from viz.training.source import text_of
from viz.training.state import TrainingState
from viz.training.text_file import TextFile, TextFileValue, chosen_file
from viz.words.lines import problem
from viz.words.strings import say

NAME = "data"
TYPED = 200_000
"""Characters of a text that is pasted; a longer one is given as a file."""
LINES = 6


@dataclass(frozen=True, kw_only=True)
class DataLaid(FieldsLaid):
    """What the room is made of."""

    own: gr.Textbox
    file: TextFile
    look: gr.Button
    shown: gr.HTML


def lay_out(_plan: Plan) -> DataLaid:
    """Create the room."""
    with gr.Column(elem_classes=["data"]):
        with room_head.head():
            found = fields(NAME, ["data.source", "data.topic"])  # the topic is seen beside stories alone
            own = gr.Textbox(
                label=say("train.data.own"), placeholder=say("train.data.own_hint"), lines=LINES,
                max_lines=LINES, max_length=TYPED, elem_id="data-own",
            )  # fmt: skip
            file = TextFile(elem_id="data-file")
            with room_head.presses():
                look = room_head.action(say("train.data.look"), "data-look")
                room_head.unfolds(NAME)
            with room_head.options(), gr.Row(elem_classes=["tools"]):
                found |= fields(NAME, ["data.characters", "data.validation", "data.test"])
        with gr.Column(elem_classes=["card"]):
            heading("train.data")
            shown = gr.HTML(elem_id="data-shown", apply_default_css=False)
    return DataLaid(fields=found, own=own, file=file, look=look, shown=shown)


def wire(laid: DataLaid, looking: Looking) -> None:
    """Let the buttons of the room do what they say."""
    paths = list(laid.fields)

    def preview(visitor: Visitor, typed: object, *values: Any) -> str:
        def made() -> str:
            data = settings_of(dict(zip(paths, values, strict=True))).data
            if data.source == "repeats":
                return repeats_html()
            return understood(lambda: preview_html(text_of(visitor, data, typed), data))

        return one_or_why_not(made, problem)

    def choose(visitor: Visitor, value: object) -> TextFileValue:
        return one_or_why_not(lambda: _taken(visitor, value), lambda why: TextFileValue(name=None, told=why))

    inputs = [looking.visitor, laid.own, *laid.fields.values()]
    how = {**QUIET, **LOOKING}
    gr.on(
        [laid.look.click, looking.page.rooms[NAME].select, laid.fields["data.source"].change],
        preview,
        inputs,
        laid.shown,
        trigger_mode="always_last",
        **how,
    )
    laid.file.select(choose, [looking.visitor, laid.file], laid.file, trigger_mode="always_last", **how).then(
        preview, inputs, laid.shown, **how
    )


def _taken(visitor: Visitor, value: object) -> TextFileValue:
    """Take a file that was chosen, or take the one away that there is.

    Raises:
        Trouble: it is no text that can be learned from.
    """
    state, chosen = visitor.kept.of(TrainingState), chosen_file(value)
    if chosen is None:
        state.file = None
        return {"name": None}
    name, given = chosen
    source = understood(lambda: own_text(given))
    text, _ = understood(lambda: decoded(given))
    state.file = (name, text)
    return {"name": name, "told": say("train.data.file.chosen", name=name, remark=source.remark)}


DATA = Room(NAME, "train", lay_out, wire=wire)
"""The room."""
