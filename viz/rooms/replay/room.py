"""The room of other settings: the same prompt and dice again, side by side with the text on the page."""

from dataclasses import dataclass

import gradio as gr

from model.lab.variants import SEARCHES
from viz.components.heading import heading
from viz.components.selection import Selection
from viz.pages.controls import PRESETS
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.room import Room
from viz.pages.work import wire_work
from viz.rooms.replay.aligned_texts import AlignedTexts
from viz.rooms.replay.replaying import MOST_VARIANTS, SLIDERS, WORK, Replays, ReplayScreen, name_of
from viz.server.limits import SEARCHING
from viz.words.lines import status_line
from viz.words.strings import say

FIRST_TICKED = ("greedy", "wild")


@dataclass(frozen=True, kw_only=True)
class ReplayLaid(Laid):
    """What the room is made of."""

    chosen: gr.CheckboxGroup
    start: gr.Button
    screen: ReplayScreen
    """What a replay changes."""
    opened: Selection
    """The text that is to be opened on the page."""


def lay_out(plan: Plan) -> ReplayLaid:
    """Create the room."""
    with gr.Column(elem_classes=["card"]):
        heading("lab.replay")
        chosen = gr.CheckboxGroup(
            [(name_of(key), key) for key in (*PRESETS, SLIDERS, *SEARCHES)],
            value=list(FIRST_TICKED),
            label=say("lab.replay.variants", most=MOST_VARIANTS),
            elem_classes=["chips"],
            elem_id="replay-variants",
        )
        with gr.Row(elem_classes=["aftermath"]):
            invitation = status_line(say("lab.replay.invitation"))
            line = gr.HTML(invitation, elem_id="replay-line", apply_default_css=False)
            start = gr.Button(say("lab.replay.start"), size="sm", elem_id="replay", min_width=60)
            cancel = gr.Button(
                say("lab.cancel"), size="sm", elem_id="replay-cancel", min_width=60, interactive=False
            )
        texts = AlignedTexts()
        opened = Selection(elem_id="replay-opened", strip_id="replays")
    return ReplayLaid(chosen=chosen, start=start, screen=ReplayScreen(texts, line, cancel), opened=opened)


def wire(laid: ReplayLaid, looking: Looking) -> None:
    """Let the buttons of the room do what they say."""
    handlers = Replays(looking.showing)
    wire_work(
        looking,
        WORK,
        laid.screen.cancel,
        {laid.start: (handlers.replay, [laid.chosen, *looking.page.inputs])},
        laid.screen,
        show_progress="minimal",
        show_progress_on=laid.screen.line,
        **SEARCHING,
    )
    looking.opens([laid.opened.select], handlers.open, laid.opened)


REPLAY = Room("replay", "lab", lay_out, wire=wire)
