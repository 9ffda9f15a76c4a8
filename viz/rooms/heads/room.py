"""The room of the heads: all of them at a glance, one of them open, and BertViz's views of them."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from model.interior.head_quantities import QUANTITIES
from viz.components.bertviz_frame import BertVizFrame
from viz.components.heading import heading
from viz.pages.controls import Controls
from viz.pages.plot import plot
from viz.pages.screens import after_head, after_quantity
from viz.pages.visitor import HEAD_TABS, Visitor
from viz.rooms.heads.head_grid import HeadGrid
from viz.rooms.heads.head_thumbnails import HeadThumbnails
from viz.words.strings import say

if TYPE_CHECKING:  # The layout of the page is made of this one.
    from viz.pages.looking import Looking

OPEN_HEAD = "({ layer, head }, ...now) => (Number.isInteger(layer) ? [layer, head, false] : now)"
"""Sets the sliders of the attention panel: in the browser, whose sliders then do what they always do."""


@dataclass(frozen=True)
class HeadsRoom:
    """What the room is made of."""

    outputs: dict[str, Any]
    """By the field of `Screen`."""
    controls: dict[str, Any]
    """By the names of `Controls`; without what a person does with the heads."""
    tabs: dict[str, gr.Tab]
    """By the names of `HEAD_TABS`."""


def lay_out(start: Controls) -> HeadsRoom:
    """Create the room."""
    outputs: dict[str, Any] = {}
    with gr.Row(equal_height=True, elem_classes=["pair", "heads-room"]):
        with gr.Column(scale=6, min_width=340, elem_classes=["card"]):
            heading("interior.heads")
            controls = _choices(start)
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
    with gr.Column(elem_classes=["card"]), gr.Tabs():
        for name in HEAD_TABS:
            tab_id = f"tab-{name.replace('_', '-')}"
            with gr.Tab(say(f"interior.heads.tab.{name}"), elem_id=tab_id) as tabs[name]:
                outputs[name] = views[name]()
    return HeadsRoom(outputs, controls, tabs)


def wire(looking: "Looking") -> None:
    """Let a choice redraw what depends on it, and a click on a head open that head."""

    def enter(name: str, visitor: Visitor) -> None:
        visitor.head_tab = name

    page, draws = looking.page, looking.handler
    room, choice = page.heads, page.head_choice
    sliders = [page.controls[name] for name in ("layer", "head", "mean_heads")]
    changes = [room.controls[name].change for name in ("quantity", "of_step")]
    looking.on([*changes, choice.submit], draws(after_quantity))
    for name, tab in room.tabs.items():
        looking.on([tab.select], draws(after_head, partial(enter, name)))
    choice.select(
        None,
        [choice, *sliders],
        sliders,
        js=OPEN_HEAD,
        show_progress="hidden",
        api_visibility="private",
    )


def _choices(start: Controls) -> dict[str, Any]:
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
