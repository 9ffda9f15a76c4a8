"""The room of the layers: the logit lens, the residual stream, and who moved the logit."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from viz.components.heading import heading
from viz.figures.lens_grid import COLOURS
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.plot import plot
from viz.pages.room import Room
from viz.pages.work import wire_work
from viz.rooms.lens.controls import LensControls
from viz.rooms.lens.grid import SIZES, WORK, Gridding, GridScreen, line_html, size_name
from viz.rooms.lens.grid_wanted import GridWanted
from viz.rooms.lens.panels import FOLDED, PANELS, unfold
from viz.server.limits import GRIDDING
from viz.words.strings import say


@dataclass(frozen=True, kw_only=True)
class LensLaid(Laid):
    """What the room is made of."""

    grid: GridScreen
    """What an event of the grid changes."""
    asks: GridWanted
    """Begins it by itself."""
    folds: Mapping[str, gr.Accordion]
    """What is drawn once it is open, by name."""


def lay_out(plan: Plan) -> LensLaid:
    """Create the room."""
    with gr.Column(elem_classes=["card"]):
        controls, grid, asks = _grid(plan)
    with gr.Column(elem_classes=["card"]):
        heading("interior.lens")
        lens = plot(None, "lens")
        gr.HTML(f'<p class="say">{say("interior.lens.caveat")}</p>', apply_default_css=False)
    outputs: dict[str, Any] = {"lens": lens}
    with _fold("attribution") as attribution:
        against = gr.Checkbox(label=say("interior.attribution.against"), elem_id="against-rival")
        with gr.Row(elem_classes=["pair", "moved"]):
            with gr.Column(scale=5, min_width=320):
                outputs["attribution"] = plot(None, "attribution")
                outputs["logit_sum"] = gr.HTML(elem_id="logit-sum", apply_default_css=False)
            with gr.Column(scale=4, min_width=290):
                heading("interior.heads_moved")
                outputs["heads_moved"] = gr.HTML(elem_id="heads-moved", apply_default_css=False)
    with _fold("residual") as residual:
        outputs["residual"] = plot(None, "residual")
        gr.HTML(f'<p class="say">{say("interior.residual.caveat")}</p>', apply_default_css=False)
    return LensLaid(
        outputs | {"lens_grid": grid.figure, "lens_line": grid.line, "grid_wanted": asks},
        {"against_rival": against, **controls},
        grid=grid,
        asks=asks,
        folds={"attribution": attribution, "residual": residual},
    )


@contextmanager
def _fold(name: str) -> Iterator[gr.Accordion]:
    """Return a card that is closed at first, under its title and how to read it."""
    title = say(f"interior.{name}.title")
    with gr.Accordion(title, open=False, elem_id=f"{name}-fold", elem_classes=["card", "fold"]) as fold:
        gr.HTML(f'<p class="say">{escape(say(f"interior.{name}.say"))}</p>', apply_default_css=False)
        yield fold


def wire(laid: LensLaid, looking: Looking) -> None:
    """Let the switch and the buttons of the room act."""
    against, colour = laid.controls["against_rival"], laid.controls["colour"]
    taking, gridding = looking.page.taking, Gridding(looking.showing)
    for name, fold in laid.folds.items():
        looking.on([fold.expand], looking.panels(PANELS, *FOLDED[name], change=partial(unfold, name)))
        looking.on([fold.collapse], looking.panels(PANELS, change=partial(unfold, name, is_open=False)))
    looking.on([against.change], looking.panels(PANELS, *FOLDED["attribution"]))
    wire_work(
        looking,
        WORK,
        laid.grid.cancel,
        {
            laid.grid.compute: (taking(gridding.compute), looking.page.inputs),
            laid.asks: (taking(gridding.follow), looking.page.inputs),
        },
        laid.grid,
        show_progress="minimal",
        show_progress_on=laid.grid.line,
        **GRIDDING,
    )
    looking.on([colour.change], looking.panels(PANELS, "lens_grid"))
    looking.on([laid.controls["size"].change], looking.panels(PANELS, "grid_wanted"))


def _grid(plan: Plan) -> tuple[dict[str, Any], GridScreen, GridWanted]:
    """Return the inputs of the lens over the text, what its events change, and what begins it by itself."""
    start = plan.start.of(LensControls)
    heading("interior.grid")
    with gr.Row(elem_classes=["aftermath"]):
        invitation = line_html(say("interior.grid.invitation"))
        line = gr.HTML(invitation, elem_id="lens-line", apply_default_css=False)
        compute = gr.Button(say("interior.grid.compute"), size="sm", elem_id="lens-compute", min_width=60)
        cancel = gr.Button(
            say("lab.cancel"), size="sm", elem_id="lens-cancel", min_width=60, interactive=False
        )
    with gr.Column(elem_classes=["lens-grid"]):
        figure = plot(None, "lens-grid")
    controls = _options(start)
    return controls, GridScreen(figure, line, compute, cancel), GridWanted()


def _options(start: LensControls) -> dict[str, Any]:
    """Return what the grid is coloured by, and how much of the text it takes in, folded."""
    with gr.Accordion(say("interior.grid.options"), open=False, elem_id="lens-options"):
        return {
            "colour": gr.Radio(
                [(say(f"interior.grid.colour.{name}"), name) for name in COLOURS],
                value=start.colour,
                label=say("page.colour_by"),
                elem_classes=["chips"],
                elem_id="lens-colour",
            ),
            "size": gr.Radio(
                [(size_name(size), size) for size in SIZES],
                value=start.size,
                label=say("interior.grid.size"),
                elem_classes=["chips"],
                elem_id="lens-size",
            ),
        }


LENS = Room("lens", "inside", lay_out, PANELS, wire, LensControls)
