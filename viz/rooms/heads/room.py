"""The room of the heads: all of them at a glance, one of them open, and BertViz's views of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import gradio as gr

from model.interior.head_quantities import QUANTITIES
from viz.components.bertviz_frame import BertVizFrame
from viz.components.heading import heading
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.plot import plot
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.visitor import Visitor
from viz.rooms.heads.controls import HeadsControls
from viz.rooms.heads.head_choice import HeadChoice
from viz.rooms.heads.head_grid import HeadGrid
from viz.rooms.heads.head_thumbnails import HeadThumbnails
from viz.rooms.heads.panels import PANELS, TABS, HeadsState
from viz.words.strings import say

OPEN_HEAD = "({ layer, head }, ...now) => (Number.isInteger(layer) ? [layer, head, false] : now)"
"""Sets the sliders of the attention panel: in the browser, whose sliders then do what they always do."""


@dataclass(frozen=True)
class HeadsLaid(Laid):
    """What the room is made of."""

    tabs: Mapping[str, gr.Tab] = field(default_factory=dict)
    """By the names of `TABS`."""


def lay_out(plan: Plan) -> HeadsLaid:
    """Create the room."""
    outputs: dict[str, Any] = {}
    with gr.Row(equal_height=True, elem_classes=["pair", "heads-room"]):
        with gr.Column(scale=6, min_width=340, elem_classes=["card"]):
            heading("interior.heads")
            controls = _choices(plan.start.of(HeadsControls)) | {"choice": HeadChoice()}
            outputs["head_grid"] = HeadGrid()
        with gr.Column(scale=5, min_width=340, elem_classes=["card"]):
            outputs["head_told"] = gr.HTML(elem_id="head-told-card", apply_default_css=False)
            outputs["head_map"] = plot(None, "head-map")
            gr.HTML(f'<p class="say">{say("interior.heads.map_say")}</p>', apply_default_css=False)
    tabs: dict[str, gr.Tab] = {}
    views: dict[str, type[Any] | partial[Any]] = {
        "thumbnails": HeadThumbnails,
        "model_view": partial(
            BertVizFrame, elem_id="model-view", invitation="components.bertviz.model.empty"
        ),
        "neuron_view": partial(
            BertVizFrame, elem_id="neuron-view", invitation="components.bertviz.neuron.empty"
        ),
    }
    with gr.Column(elem_classes=["card"]):
        heading("interior.heads.more")
        with gr.Tabs():
            for name in TABS:
                tab_id = f"tab-{name.replace('_', '-')}"
                with gr.Tab(say(f"interior.heads.tab.{name}"), elem_id=tab_id) as tabs[name]:
                    outputs[name] = views[name]()
    return HeadsLaid(outputs, controls, tabs=tabs)


def wire(laid: HeadsLaid, looking: Looking) -> None:
    """Let a choice redraw what depends on it, and a click on a head open that head."""

    def enter(name: str, visitor: Visitor) -> None:
        visitor.kept.of(HeadsState).tab = name

    quantity, of_step, choice = laid.controls.values()
    sliders = [looking.page.controls[name] for name in ("layer", "head", "mean_heads")]
    triggers = [quantity.change, of_step.change, choice.submit]
    looking.on(triggers, looking.panels(PANELS, "head_grid", "head_told"))
    for name, tab in laid.tabs.items():
        looking.on([tab.select], looking.handler(looking.drawing.after_head, partial(enter, name)))
    choice.select(None, [choice, *sliders], sliders, js=OPEN_HEAD, **QUIET)


def _choices(start: HeadsControls) -> dict[str, Any]:
    """Return the quantity, and the rows that it is worked out over."""
    with gr.Row(elem_classes=["choices", "quantities"]):
        quantity = gr.Radio(
            [(say(f"interior.heads.quantity.{name}"), name) for name in QUANTITIES],
            value=start.quantity,
            label=say("interior.heads.quantity_label"),
            elem_classes=["chips"],
            elem_id="quantity",
        )
        of_step = gr.Radio(
            [(say("interior.heads.over.text"), False), (say("interior.heads.over.step"), True)],
            value=start.of_step,
            label=say("interior.heads.over.label"),
            elem_classes=["chips"],
            elem_id="of-step",
        )
    return {"quantity": quantity, "of_step": of_step}


HEADS = Room("heads", "inside", lay_out, PANELS, wire, HeadsControls)
