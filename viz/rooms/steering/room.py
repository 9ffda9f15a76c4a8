"""The room of steering: a direction between two prompts, added while the text is written."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from model.interventions.steering import WHERES
from viz.components.dial import Dial
from viz.components.heading import heading
from viz.components.selection import Selection
from viz.pages import room_head
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.work import wire_work
from viz.rooms.steering.directions import MOST_NAME
from viz.rooms.steering.examples import FIRST, PAIRS, Pair, title
from viz.rooms.steering.handlers import (
    MOST_STRENGTH,
    MOST_WRITTEN,
    PROMPTS,
    WORK,
    Steering,
    SteeringScreen,
)
from viz.rooms.steering.steered_texts import SteeredTexts
from viz.server.limits import LOOKING, SEARCHING
from viz.words.strings import say

MOST_TYPED = 4000
"""Characters of a prompt."""
LAYER = 13
"""At which the dial stands first: in the middle of the embedded model, where directions steer best."""
STRENGTH = 0.5


@dataclass(frozen=True, kw_only=True)
class SteeringLaid(Laid):
    """What the room is made of."""

    typed: list[gr.Textbox]
    """The prompts, in the order of `Pair`."""
    examples: dict[str, gr.Button]
    """By the names of `PAIRS`."""
    choices: dict[str, Any]
    """Layer, direction, strength, length and place, in the order in which the handler takes them."""
    steer: gr.Button
    save: gr.Button
    delete: gr.Button
    opened: Selection
    """The text that is to be put on the page."""
    screen: SteeringScreen
    """What its events change."""


def lay_out(plan: Plan) -> SteeringLaid:
    """Create the room."""
    choices: dict[str, Any] = {}
    with gr.Column(elem_classes=["steering"]):
        with room_head.head():
            examples, typed = _examples(), _prompts()
            with gr.Row(elem_classes=["tools"]):
                choices["layer"] = Dial(
                    0, plan.layers - 1, min(LAYER, plan.layers - 1), step=1, min_width=160,
                    label=say("why.steering.dial.layer"), elem_id="steering-layer",
                )  # fmt: skip
                choices["strength"] = Dial(
                    0, MOST_STRENGTH, STRENGTH, step=0.05, min_width=160,
                    label=say("why.steering.dial.strength"), elem_id="steering-strength",
                )  # fmt: skip
            with room_head.presses():
                steer = room_head.action(say("why.steering.steer"), "steering-steer")
                cancel = room_head.cancel("steering-cancel")
                room_head.unfolds("steering")
                line = room_head.line(say("why.steering.invitation"), "steering-line")
            with room_head.options():
                name, save, delete = _options(choices)
        with gr.Column(elem_classes=["card"]):
            heading("why.steering")
            texts = SteeredTexts(elem_id="steered-texts")
            gr.HTML(f'<p class="say">{say("why.steering.caveat")}</p>', apply_default_css=False)
        opened = Selection(elem_id="steering-opened", strip_id="steered-texts")
    return SteeringLaid(
        layer_dials=[choices["layer"]], typed=typed, examples=examples, choices=choices, steer=steer,
        save=save, delete=delete, opened=opened,
        screen=SteeringScreen(texts, line, cancel, choices["direction"], name),
    )  # fmt: skip


def wire(laid: SteeringLaid, looking: Looking) -> None:
    """Let the buttons of the room do what they say."""
    page, screen, handlers = looking.page, laid.screen, Steering(looking.showing)
    order = ("layer", "direction", "strength", "length", "where")
    wire_work(
        looking,
        WORK,
        screen.cancel,
        {laid.steer: (handlers.steer, [*laid.typed, *(laid.choices[name] for name in order)])},
        screen,
        show_progress="minimal",
        show_progress_on=screen.line,
        **SEARCHING,
    )
    for name, button in laid.examples.items():
        button.click(
            _filling(PAIRS[name]), None, [*laid.typed, laid.choices["direction"]], queue=False, **QUIET
        )
    laid.save.click(
        handlers.save_direction,
        [looking.visitor, *laid.typed, laid.choices["layer"], screen.name],
        list(screen),
        trigger_mode="once",
        **QUIET,
        **LOOKING,
    )
    laid.delete.click(
        handlers.delete_direction,
        [looking.visitor, laid.choices["direction"]],
        list(screen),
        trigger_mode="once",
        **QUIET,
        **LOOKING,
    )
    page.rooms[STEERING.name].select(
        handlers.redraw,
        [looking.visitor],
        list(screen),
        trigger_mode="always_last",
        **QUIET,
        **LOOKING,
    )
    looking.opens([laid.opened.select], handlers.open, laid.opened)


def _filling(pair: Pair) -> Callable[[], list[str]]:
    return lambda: [*pair, PROMPTS]


def _examples() -> dict[str, gr.Button]:
    """Return the buttons that fill the fields."""
    with gr.Row(elem_classes=["starters"]):
        gr.HTML(f'<span class="say">{say("page.examples")}</span>', apply_default_css=False)
        return {
            name: gr.Button(title(name), size="sm", min_width=50, elem_id=f"steering-try-{name}")
            for name in PAIRS
        }


def _prompts() -> list[gr.Textbox]:
    with gr.Row(elem_classes=["tools"]):
        return [
            gr.Textbox(
                getattr(FIRST, name),
                label=say(f"why.steering.field.{name}"),
                max_lines=3,
                max_length=MOST_TYPED,
                elem_id=f"steering-{name}",
            )
            for name in Pair._fields
        ]


def _options(choices: dict[str, Any]) -> tuple[gr.Textbox, gr.Button, gr.Button]:
    """Create what is folded; return what a direction is saved and deleted with."""
    choices["where"] = room_head.chips(
        say("why.steering.where.label"),
        {key: say(f"why.steering.where.{key}") for key in WHERES},
        "steering-where",
    )
    with gr.Row(elem_classes=["tools"]):
        choices["length"] = Dial(
            1, MOST_WRITTEN, 20, step=1, label=say("why.steering.dial.length"), elem_id="steering-length"
        )
    with gr.Row(elem_classes=["tools", "keeping"]):
        name = gr.Textbox(
            label=say("why.steering.keep"),
            placeholder=say("why.steering.keep_hint"),
            max_lines=1,
            max_length=MOST_NAME,
            elem_id="steering-name",
        )
        save = gr.Button(say("why.steering.save"), size="sm", elem_id="steering-save", min_width=60)
        choices["direction"] = gr.Dropdown(
            [(say("why.steering.of_prompts"), PROMPTS)],
            value=PROMPTS,
            label=say("why.steering.direction"),
            elem_id="steering-direction",
        )
        delete = gr.Button(say("why.steering.delete"), size="sm", elem_id="steering-delete", min_width=60)
    return name, save, delete


STEERING = Room("steering", "why", lay_out, wire=wire)
"""The room."""
