"""The room of the layers: the logit lens, the residual stream, and who moved the logit."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from viz.components.heading import heading
from viz.figures.lens_grid import COLOURS
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.plot import plot
from viz.pages.room import Room
from viz.pages.work import wire_work
from viz.rooms.lens.grid import SIZES, WORK, Gridding, GridScreen, line_html, size_name
from viz.rooms.lens.panels import PANELS
from viz.server.limits import SEARCHING
from viz.words.strings import say


@dataclass(frozen=True, kw_only=True)
class LensLaid(Laid):
    """What the room is made of."""

    grid: GridScreen
    """What an event of the grid changes."""


def lay_out(plan: Plan) -> LensLaid:
    """Create the room."""
    outputs: dict[str, Any] = {}
    with gr.Row(equal_height=True, elem_classes=["pair", "layers"]):
        with gr.Column(scale=5, min_width=340, elem_classes=["card"]):
            heading("interior.lens")
            outputs["lens"] = plot(None, "lens")
            gr.HTML(f'<p class="say">{say("interior.lens.caveat")}</p>', apply_default_css=False)
        with gr.Column(scale=4, min_width=320, elem_classes=["card"]):
            heading("interior.attribution")
            against = gr.Checkbox(label=say("interior.attribution.against"), elem_id="against-rival")
            outputs["attribution"] = plot(None, "attribution")
            outputs["logit_sum"] = gr.HTML(elem_id="logit-sum", apply_default_css=False)
        with gr.Column(scale=3, min_width=290, elem_classes=["card"]):
            heading("interior.residual")
            outputs["residual"] = plot(None, "residual")
            gr.HTML(f'<p class="say">{say("interior.residual.caveat")}</p>', apply_default_css=False)
    with gr.Column(elem_classes=["card"]):
        heading("interior.heads_moved")
        outputs["heads_moved"] = gr.HTML(elem_id="heads-moved", apply_default_css=False)
    with gr.Column(elem_classes=["card"]):
        controls, grid = _grid(plan)
    return LensLaid(
        outputs | {"lens_grid": grid.figure, "lens_line": grid.line},
        {"against_rival": against, **controls},
        grid=grid,
    )


def wire(laid: LensLaid, looking: Looking) -> None:
    """Let the switch and the buttons of the room act."""
    against, colour = laid.controls["against_rival"], laid.controls["lens_colour"]
    looking.on([against.change], looking.panels(PANELS, "attribution", "logit_sum", "heads_moved"))
    wire_work(
        looking,
        WORK,
        laid.grid.cancel,
        {laid.grid.compute: (Gridding(looking.showing).compute, looking.page.inputs)},
        laid.grid,
        show_progress="minimal",
        show_progress_on=laid.grid.line,
        **SEARCHING,
    )
    looking.on([colour.change], looking.panels(PANELS, "lens_grid"))


def _grid(plan: Plan) -> tuple[dict[str, Any], GridScreen]:
    """Return the inputs of the lens over the text, and what its events change."""
    heading("interior.grid")
    with gr.Row(elem_classes=["choices"]):
        controls = {
            "lens_colour": gr.Radio(
                [(say(f"interior.grid.colour.{name}"), name) for name in COLOURS],
                value=plan.start.lens_colour,
                label=say("page.colour_by"),
                elem_classes=["chips"],
                elem_id="lens-colour",
            ),
            "lens_size": gr.Radio(
                [(size_name(size), size) for size in SIZES],
                value=plan.start.lens_size,
                label=say("interior.grid.size"),
                elem_classes=["chips"],
                elem_id="lens-size",
            ),
        }
    with gr.Row(elem_classes=["aftermath"]):
        invitation = line_html(say("interior.grid.invitation"))
        line = gr.HTML(invitation, elem_id="lens-line", apply_default_css=False)
        compute = gr.Button(say("interior.grid.compute"), size="sm", elem_id="lens-compute", min_width=60)
        cancel = gr.Button(
            say("lab.cancel"), size="sm", elem_id="lens-cancel", min_width=60, interactive=False
        )
    with gr.Column(elem_classes=["lens-grid"]):
        figure = plot(None, "lens-grid")
    return controls, GridScreen(figure, line, compute, cancel)


LENS = Room("lens", "inside", lay_out, PANELS, wire)
