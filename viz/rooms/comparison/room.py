"""The room of two models side by side: one text, read by both, and written on by both."""

from dataclasses import dataclass

import gradio as gr

from viz.components.heading import heading
from viz.components.score_strip import ScoreStrip
from viz.pages import room_head
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.work import wire_work
from viz.rooms.comparison.comparing import MOST_CHARACTERS, WORK, Comparing, ComparisonScreen
from viz.server.limits import LOOKING, SEARCHING
from viz.words.strings import say

NAME = "comparison"


@dataclass(frozen=True, kw_only=True)
class ComparisonLaid(Laid):
    """What the room is made of."""

    models: tuple[gr.Dropdown, gr.Dropdown]
    text: gr.Textbox
    compare: gr.Button
    screen: ComparisonScreen


def lay_out(_plan: Plan) -> ComparisonLaid:
    """Create the room."""
    with gr.Column(elem_classes=["comparison"]):
        with room_head.head():
            with gr.Row(elem_classes=["tools"]):
                first, second = (
                    gr.Dropdown(
                        [], label=say(f"train.comparison.{name}"), elem_id=f"comparison-{name}", min_width=220
                    )
                    for name in ("first", "second")
                )
            text = gr.Textbox(
                say("train.comparison.example"),
                label=say("train.comparison.text"),
                lines=3,
                max_lines=8,
                max_length=MOST_CHARACTERS,
                elem_id="comparison-text",
            )
            with room_head.presses():
                compare = room_head.action(say("train.comparison.compare"), "comparison-compare")
                cancel = room_head.cancel("comparison-cancel")
                save = gr.Button(
                    say("train.comparison.save"), size="sm", min_width=60, interactive=False,
                    elem_id="comparison-save",
                )  # fmt: skip
                line = room_head.line(say("train.comparison.invitation"), "comparison-line")
        with gr.Column(elem_classes=["card"]):
            heading("train.comparison.strip")
            strip = ScoreStrip(_words(), elem_id="comparison-strip")
            totals = gr.HTML(elem_id="comparison-totals", apply_default_css=False)
        with gr.Row(elem_classes=["pair"]):
            with gr.Column(elem_classes=["card"], min_width=320):
                heading("train.comparison.next")
                following = gr.HTML(elem_id="comparison-next", apply_default_css=False)
            with gr.Column(elem_classes=["card"], min_width=320):
                heading("train.comparison.written")
                texts = gr.HTML(elem_id="comparison-texts", apply_default_css=False)
    return ComparisonLaid(
        models=(first, second),
        text=text,
        compare=compare,
        screen=ComparisonScreen(line, cancel, totals, strip, following, texts, save),
    )


def _words() -> dict[str, str]:
    return {
        "group": say("train.comparison.strip.title"),
        "hint": say("train.comparison.hint"),
        "against": say("train.comparison.for_first"),
        "for": say("train.comparison.for_second"),
        "least": "",
        "most": "",
    }


def wire(laid: ComparisonLaid, looking: Looking) -> None:
    """Let the button compare, and the lists offer what there is."""
    page, screen, handlers = looking.page, laid.screen, Comparing(looking)
    wire_work(
        looking,
        WORK,
        screen.cancel,
        {laid.compare: (page.taking(handlers.compare_models), [*laid.models, laid.text, *page.inputs])},
        screen,
        show_progress="minimal",
        show_progress_on=screen.line,
        **SEARCHING,
    )
    page.rooms[NAME].select(
        handlers.offer,
        [looking.visitor, *laid.models],
        list(laid.models),
        trigger_mode="always_last",
        **QUIET,
        **LOOKING,
    )
    screen.save.click(handlers.saved, looking.visitor, page.download, trigger_mode="once", **QUIET, **LOOKING)


COMPARISON = Room(NAME, "train", lay_out, wire=wire)
"""The room."""
