"""The room of the chain and the dice: every stage of the sampler, and the draw on what they leave."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from viz.components.heading import heading
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.plot import plot
from viz.pages.room import Room
from viz.rooms.chain.chain_road import ChainRoad
from viz.rooms.chain.chain_table import ChainTable
from viz.rooms.chain.panels import PANELS
from viz.rooms.chain.throwing import COUNTS, thrower
from viz.words.strings import say


@dataclass(frozen=True)
class ChainLaid(Laid):
    """What the room is made of."""

    throws: Mapping[str, gr.Button] = field(default_factory=dict)
    """Buttons that throw dice, by the names of `COUNTS`."""


def lay_out(plan: Plan) -> ChainLaid:
    """Create the room."""
    outputs: dict[str, Any] = {}
    with gr.Column(elem_classes=["card"]):
        heading("lab.chain")
        outputs["chain"] = ChainTable()
    with gr.Row(equal_height=True, elem_classes=["pair"]):
        with gr.Column(scale=6, min_width=340, elem_classes=["card"]):
            heading("lab.chain.stages")
            outputs["stages"] = plot(None, "stages")
        with gr.Column(scale=5, min_width=340, elem_classes=["card"]):
            heading("lab.chain.dice")
            outputs["cumulative"] = plot(None, "cumulative")
    with gr.Row(equal_height=True, elem_classes=["pair"]):
        with gr.Column(scale=6, min_width=340, elem_classes=["card"]):
            throws, thrown = _throwing()
        with gr.Column(scale=5, min_width=340, elem_classes=["card"]):
            heading("lab.chain.road")
            outputs["road"] = ChainRoad()
    return ChainLaid(outputs | thrown, throws=throws)


def wire(laid: ChainLaid, looking: Looking) -> None:
    """Let the buttons throw."""
    for name, count in COUNTS.items():
        looking.on([laid.throws[name].click], thrower(looking, count, PANELS))


def _throwing() -> tuple[dict[str, gr.Button], dict[str, Any]]:
    """Return the buttons that throw, and the panels under them."""
    heading("lab.chain.throws")
    with gr.Row(elem_classes=["aftermath", "throwing"]):
        buttons = {
            name: gr.Button(
                say(f"lab.chain.button.{name.removeprefix('throw-')}"), size="sm", elem_id=name, min_width=60
            )
            for name in COUNTS
        }
    thrown = gr.HTML(elem_id="thrown", apply_default_css=False)
    with gr.Row(elem_classes=["pair", "thrown-figures"]):
        with gr.Column(min_width=260):
            throws = plot(None, "throws")
        with gr.Column(min_width=260):
            convergence = plot(None, "convergence")
    return buttons, {"thrown": thrown, "throws": throws, "convergence": convergence}


CHAIN = Room("chain", "lab", lay_out, PANELS, wire)
