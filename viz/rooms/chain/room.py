"""The room of the sampler: every stage in its order, and what they leave."""

from typing import Any

import gradio as gr

from viz.components.heading import heading, heading_html
from viz.pages.layout import Laid, Plan
from viz.pages.plot import plot
from viz.pages.room import Room
from viz.rooms.chain.chain_road import ChainRoad
from viz.rooms.chain.chain_table import ChainTable
from viz.rooms.chain.panels import PANELS
from viz.words.strings import say


def lay_out(plan: Plan) -> Laid:
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
            heading("lab.chain.road")
            outputs["road"] = ChainRoad()
    with gr.Row(equal_height=True, elem_classes=["pair"]):
        with gr.Column(scale=6, min_width=340, elem_classes=["card"]):
            _heading("temperature", "page.sampler.say")
            outputs["chain_sweep"] = plot(None, "chain-sweep")
        with gr.Column(scale=5, min_width=340, elem_classes=["card"]):
            _heading("ranks", "page.ranked_say")
            outputs["chain_ranked"] = plot(None, "chain-ranked")
    return Laid(outputs)


def _heading(name: str, sentence: str) -> None:
    """Create the head of a figure that Explore has too, where the same is said of it."""
    gr.HTML(heading_html(say(f"lab.chain.{name}"), say(sentence)), apply_default_css=False)


CHAIN = Room("chain", "lab", lay_out, PANELS)
