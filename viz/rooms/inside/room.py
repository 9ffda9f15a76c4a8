"""The room of the selected step: attention, and what the sampler did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import gradio as gr

from viz.components.bertviz_frame import BertVizFrame
from viz.components.dial import Dial
from viz.components.heading import heading
from viz.pages.controls import Controls
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.plot import plot
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.screen import Screen
from viz.pages.visitor import Visitor
from viz.rooms.inside.panels import PANELS, AttentionTabs, InsideControls
from viz.words.strings import say

IDS = {"mean_heads": "mean-heads", "hide_first": "hide-first", "whole": "whole-text"}
"""Of the switches."""


@dataclass(frozen=True)
class InsideLaid(Laid):
    """What the room is made of."""

    tabs: Mapping[str, gr.Tab] = field(default_factory=dict)
    """Of the attention panel."""


def lay_out(plan: Plan) -> InsideLaid:
    """Create the room."""
    with gr.Row(equal_height=True, elem_classes=["pair"]):
        with gr.Column(scale=6, min_width=340, elem_classes=["card"]):
            heading("page.attention")
            dials, switches = _dials(plan), _switches(plan)
            attention, bertviz, tabs = _attention(plan)
        with gr.Column(scale=5, min_width=340, elem_classes=["card"], elem_id="sampler-effects"):
            heading("page.sampler")
            sweep = plot(plan.first.get("sweep"), "temperature-sweep")
            gr.HTML(f'<p class="say">{say("page.ranked_say")}</p>', apply_default_css=False)
            ranked = plot(plan.first.get("ranked"), "ranked-probability")
            facts = gr.HTML(plan.first.get("facts"), elem_id="sampler-facts", apply_default_css=False)
    outputs = {"attention": attention, "bertviz": bertviz, "sweep": sweep, "ranked": ranked, "facts": facts}
    shared = {**dials, "mean_heads": switches.pop("mean_heads")}
    return InsideLaid(outputs, switches, shared, [dials["layer"]], tabs)


def wire(laid: InsideLaid, looking: Looking) -> None:
    """Let layer, head and switches redraw what shows them, and a tab its view."""

    def open_view(is_head_view: bool, visitor: Visitor, controls: Controls) -> Screen:
        tabs = visitor.kept.of(AttentionTabs)
        if tabs.head_view == is_head_view:  # Gradio tells of the first as it puts it there, where it is drawn
            return Screen()
        tabs.head_view = is_head_view
        return draws(after_head)(visitor, controls)

    shared, draws, after_head = laid.shared, looking.handler, looking.drawing.after_head
    controls = [*shared.values(), *laid.controls.values()]
    looking.on([control.change for control in controls], draws(after_head))
    for name, tab in laid.tabs.items():
        looking.on([tab.select], partial(open_view, name == "head_view"))
    shared["mean_heads"].change(
        lambda mean: gr.update(interactive=not mean),
        shared["mean_heads"],
        shared["head"],
        queue=False,
        **QUIET,
    )


def _dials(plan: Plan) -> dict[str, Any]:
    """Return the sliders of layer and head."""
    with gr.Row(elem_classes=["tools"]):
        layer = Dial(
            0, plan.layers - 1, plan.start.layer, step=1, label=say("page.layer"), min_width=120,
            elem_id="layer",
        )  # fmt: skip
        head = Dial(
            0, plan.heads - 1, plan.start.head, step=1, label=say("page.head"), min_width=120,
            elem_id="head", interactive=False,
        )  # fmt: skip
    return {"layer": layer, "head": head}


def _switches(plan: Plan) -> dict[str, Any]:
    """Return what is shown of the layer."""
    own = plan.start.of(InsideControls)
    starts = {"mean_heads": plan.start.mean_heads, "hide_first": own.hide_first, "whole": own.whole}
    with gr.Row(elem_classes=["switches"]):
        switches = {
            name: gr.Checkbox(stands, label=say(f"page.{name}"), min_width=120, elem_id=IDS[name])
            for name, stands in starts.items()
        }
        # In place of those that do nothing there, while BertViz's view is open: see the style sheet.
        gr.HTML(
            f'<p class="say">{say("page.own_switches")}</p>', elem_id="own-switches", apply_default_css=False
        )
    return switches


def _attention(plan: Plan) -> tuple[gr.Plot, BertVizFrame, dict[str, gr.Tab]]:
    """Return the heatmap and BertViz's view, in two tabs under the same layer and head."""
    with gr.Tabs():
        with gr.Tab(say("page.tab.heatmap"), elem_id="tab-heatmap") as heatmap_tab:
            attention = plot(plan.first.get("attention"), "attention")
            gr.HTML(f'<p class="say">{say("page.sinks")}</p>', apply_default_css=False)
        with gr.Tab(say("page.tab.head_view"), elem_id="tab-head-view") as head_view_tab:
            bertviz = BertVizFrame()
    return attention, bertviz, {"heatmap": heatmap_tab, "head_view": head_view_tab}


INSIDE = Room("inside", "explore", lay_out, PANELS, wire, InsideControls)
