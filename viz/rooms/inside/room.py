"""The room of the selected step: attention, and what the sampler did."""

from typing import Any

import gradio as gr

from viz.components.bertviz_frame import BertVizFrame
from viz.components.dial import Dial
from viz.components.heading import heading
from viz.pages.controls import Controls
from viz.pages.panels import Screen
from viz.pages.plot import plot
from viz.words.strings import say


def lay_out(
    start: Controls, first: Screen, controls: dict[str, Any], layers: int, heads: int
) -> tuple[dict[str, Any], dict[str, gr.Tab]]:
    """Return the outputs of the first room, attention and what the sampler did, and the tabs in it."""
    with gr.Row(equal_height=True, elem_classes=["pair"]):
        with gr.Column(scale=6, min_width=340, elem_classes=["card"]):
            heading("page.attention")
            attention, bertviz, tabs = _attention(start, first, controls, layers, heads)
        with gr.Column(scale=5, min_width=340, elem_classes=["card"], elem_id="sampler-effects"):
            heading("page.sampler")
            sweep = plot(first.sweep, "temperature-sweep")
            gr.HTML(f'<p class="say">{say("page.ranked_say")}</p>', apply_default_css=False)
            ranked = plot(first.ranked, "ranked-probability")
            facts = gr.HTML(first.facts, elem_id="sampler-facts", apply_default_css=False)
    outputs = {"attention": attention, "bertviz": bertviz, "sweep": sweep, "ranked": ranked, "facts": facts}
    return outputs, tabs


def _attention(
    start: Controls, first: Screen, controls: dict[str, Any], layers: int, heads: int
) -> tuple[gr.Plot, BertVizFrame, dict[str, gr.Tab]]:
    """Return the heatmap and BertViz's view, in two tabs under the same layer and head."""
    with gr.Row(elem_classes=["tools"]):
        controls["layer"] = Dial(
            0, layers - 1, start.layer, step=1, label=say("page.layer"), min_width=120, elem_id="layer"
        )
        controls["head"] = Dial(
            0,
            heads - 1,
            start.head,
            step=1,
            label=say("page.head"),
            min_width=120,
            elem_id="head",
            interactive=False,
        )
    with gr.Row(elem_classes=["switches"]):
        controls["mean_heads"] = gr.Checkbox(
            start.mean_heads, label=say("page.mean_heads"), min_width=120, elem_id="mean-heads"
        )
        controls["hide_first"] = gr.Checkbox(
            start.hide_first, label=say("page.hide_first"), min_width=120, elem_id="hide-first"
        )
        controls["whole"] = gr.Checkbox(
            start.whole, label=say("page.whole"), min_width=120, elem_id="whole-text"
        )
        # In place of those that do nothing there, while BertViz's view is open: see the style sheet.
        gr.HTML(
            f'<p class="say">{say("page.own_switches")}</p>', elem_id="own-switches", apply_default_css=False
        )
    with gr.Tabs():
        with gr.Tab(say("page.tab.heatmap"), elem_id="tab-heatmap") as heatmap_tab:
            attention = plot(first.attention, "attention")
            gr.HTML(f'<p class="say">{say("page.sinks")}</p>', apply_default_css=False)
        with gr.Tab(say("page.tab.head_view"), elem_id="tab-head-view") as head_view_tab:
            bertviz = BertVizFrame()
    return attention, bertviz, {"heatmap": heatmap_tab, "head_view": head_view_tab}
