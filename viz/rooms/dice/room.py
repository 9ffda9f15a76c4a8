"""The room of the dice: where those of the text fell, one throw more, and then many."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from viz.components.heading import heading
from viz.pages import room_head
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.plot import plot
from viz.pages.room import Room
from viz.rooms.dice.panels import PANELS
from viz.rooms.dice.throwing import COUNTS, thrower
from viz.words.strings import say


@dataclass(frozen=True)
class DiceLaid(Laid):
    """What the room is made of."""

    throws: Mapping[str, gr.Button] = field(default_factory=dict)
    """Buttons that throw dice, by the names of `COUNTS`."""


def lay_out(plan: Plan) -> DiceLaid:
    """Create the room."""
    outputs: dict[str, Any] = {}
    with room_head.head():
        with room_head.presses():
            buttons = _buttons()
        outputs["thrown"] = gr.HTML(elem_id="thrown", apply_default_css=False)
    with gr.Row(equal_height=True, elem_classes=["pair"]):
        with gr.Column(scale=5, min_width=340, elem_classes=["card"]):
            heading("lab.dice.falls")
            outputs["cumulative"] = plot(None, "cumulative")
        with gr.Column(scale=6, min_width=340, elem_classes=["card"]):
            heading("lab.dice.throws")
            with gr.Row(elem_classes=["pair", "thrown-figures"]):
                with gr.Column(min_width=260):
                    outputs["throws"] = plot(None, "throws")
                with gr.Column(min_width=260):
                    outputs["convergence"] = plot(None, "convergence")
    return DiceLaid(outputs, throws=buttons)


def wire(laid: DiceLaid, looking: Looking) -> None:
    """Let the buttons throw."""
    for name, count in COUNTS.items():
        looking.on([laid.throws[name].click], thrower(looking, count, PANELS))


def _buttons() -> dict[str, gr.Button]:
    """Return the buttons that throw: once, which is what the room is there for, many times, and anew."""
    first, *others = COUNTS
    labels = {name: say(f"lab.dice.button.{name.removeprefix('throw-')}") for name in COUNTS}
    buttons = {first: room_head.action(labels[first], first)}
    return buttons | {name: gr.Button(labels[name], size="sm", elem_id=name, min_width=60) for name in others}


DICE = Room("dice", "lab", lay_out, PANELS, wire)
