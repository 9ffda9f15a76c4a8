"""The room of the time-lapse: one prompt, and what the model made of it at every checkpoint."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from viz.components.dial import Dial
from viz.components.heading import heading
from viz.pages import room_head
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.plot import plot
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.visitor import Visitor
from viz.pages.work import wire_work
from viz.rooms.timelapse.watching import MOST_PROMPT, WORK, TimelapseScreen, Watching
from viz.server.limits import LOOKING, SEARCHING
from viz.training.choice import offered, training_choice
from viz.words.strings import say

NAME = "timelapse"
MOST_LAYERS, MOST_HEADS = 12, 16


@dataclass(frozen=True, kw_only=True)
class TimelapseLaid(Laid):
    """What the room is made of."""

    training: gr.Dropdown
    prompt: gr.Textbox
    watch: gr.Button
    dials: list[Any]
    """Layer and head."""
    screen: TimelapseScreen


def lay_out(_plan: Plan) -> TimelapseLaid:
    """Create the room."""
    with gr.Column(elem_classes=["timelapse"]):
        with room_head.head():
            with gr.Row(elem_classes=["tools"]):
                training = training_choice("timelapse-training")
                prompt = gr.Textbox(
                    say("train.timelapse.example"), label=say("train.timelapse.prompt"), max_lines=2,
                    max_length=MOST_PROMPT, elem_id="timelapse-prompt",
                )  # fmt: skip
            with room_head.presses():
                watch = room_head.action(say("train.timelapse.watch"), "timelapse-watch")
                cancel = room_head.cancel("timelapse-cancel")
                line = room_head.line(say("train.timelapse.invitation"), "timelapse-line")
            take = _html("timelapse-take")
            at = Dial(
                0, 1, 0, step=1, label=say("train.timelapse.checkpoint"), info=" ", elem_id="timelapse-at"
            )
        with gr.Column(elem_classes=["card"]):
            heading("train.timelapse.film")
            written = _html("timelapse-written")
        with gr.Row(elem_classes=["pair"]):
            with gr.Column(elem_classes=["card"], min_width=320):
                heading("train.timelapse.next")
                following = _html("timelapse-next")
            with gr.Column(elem_classes=["card"], min_width=320):
                heading("train.timelapse.layers")
                layers = _html("timelapse-layers")
        with gr.Row(elem_classes=["pair"]):
            with gr.Column(elem_classes=["card"], min_width=320):
                heading("train.timelapse.attention")
                with gr.Row(elem_classes=["tools"]):
                    dials = [
                        _dial(name, most) for name, most in (("layer", MOST_LAYERS), ("head", MOST_HEADS))
                    ]
                attention = plot(None, "timelapse-attention")
            with gr.Column(elem_classes=["card"], min_width=320):
                heading("train.timelapse.losses")
                losses = plot(None, "timelapse-losses")
    return TimelapseLaid(
        training=training, prompt=prompt, watch=watch, dials=dials,
        screen=TimelapseScreen(line, cancel, at, written, following, layers, attention, losses, take),
    )  # fmt: skip


def wire(laid: TimelapseLaid, looking: Looking) -> None:
    """Let the button ask the checkpoints, and the slider go through them."""
    page, screen, handlers = looking.page, laid.screen, Watching(looking)
    wire_work(
        looking,
        WORK,
        screen.cancel,
        {laid.watch: (page.taking(handlers.watch), [laid.training, laid.prompt, *laid.dials, *page.inputs])},
        screen,
        show_progress="minimal",
        show_progress_on=screen.line,
        **SEARCHING,
    )
    gr.on(
        [
            screen.at.input,
            *(one.change for one in laid.dials),
            page.controls["appearance"].change,
            page.rooms[NAME].select,
        ],
        page.taking(handlers.show_checkpoint),
        [looking.visitor, screen.at, *laid.dials, *page.inputs],
        list(screen),
        trigger_mode="always_last",
        **QUIET,
        **LOOKING,
    )

    def offer(visitor: Visitor, chosen: object) -> Any:
        return offered(handlers.desk, visitor, chosen)

    page.rooms[NAME].select(
        offer, [looking.visitor, laid.training], laid.training, trigger_mode="always_last", **QUIET, **LOOKING
    )


def _dial(name: str, most: int) -> Dial:
    label = say(f"train.timelapse.{name}")
    return Dial(0, most - 1, 0, step=1, label=label, elem_id=f"timelapse-{name}", min_width=120)


def _html(elem_id: str) -> gr.HTML:
    return gr.HTML(elem_id=elem_id, apply_default_css=False)


TIMELAPSE = Room(NAME, "train", lay_out, wire=wire)
"""The room."""
