"""The room of other settings: the same prompt and dice again, side by side with the text on the page."""

from dataclasses import dataclass

import gradio as gr

from model.lab.variants import SEARCHES
from viz.components.heading import heading
from viz.components.selection import Selection
from viz.pages import room_head
from viz.pages.controls import PRESETS
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.work import wire_work
from viz.rooms.replay.aligned_texts import AlignedTexts
from viz.rooms.replay.replaying import MOST_VARIANTS, SLIDERS, WORK, Replays, ReplayScreen, name_of
from viz.server.limits import SEARCHING, UNASKED
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
    with room_head.head():
        chosen = gr.CheckboxGroup(
            [(name_of(key), key) for key in (*PRESETS, SLIDERS, *SEARCHES)],
            value=list(FIRST_TICKED),
            label=say("lab.replay.variants", most=MOST_VARIANTS),
            elem_classes=["chips"],
            elem_id="replay-variants",
        )
        with room_head.presses():
            start = room_head.action(say("lab.replay.start"), "replay")
            cancel = room_head.cancel("replay-cancel")
            line = room_head.line(say("lab.replay.invitation"), "replay-line")
    with gr.Column(elem_classes=["card"]):
        heading("lab.replay")
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
        {laid.start: (looking.page.taking(handlers.replay), [laid.chosen, *looking.page.inputs])},
        laid.screen,
        show_progress="minimal",
        show_progress_on=laid.screen.line,
        **SEARCHING,
    )
    looking.page.rooms[REPLAY.name].select(
        looking.page.taking(handlers.example),
        [looking.visitor, laid.chosen, *looking.page.inputs],
        list(laid.screen),
        trigger_mode="once",
        **QUIET,
        **UNASKED,
    )
    looking.opens([laid.opened.select], handlers.open, laid.opened)


REPLAY = Room("replay", "lab", lay_out, wire=wire)
