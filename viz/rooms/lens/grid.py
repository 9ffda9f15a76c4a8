"""The logit lens over a stretch of the text: computed on a button, and kept until the text changes."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

import gradio as gr
import plotly.graph_objects as go

from model.interior.attention_view import window
from model.interior.lens import LensColumn
from model.interior.lens import lens_grid as columns_of
from model.texts.run import Run
from viz.components.heading import heading
from viz.figures.lens_grid import COLOURS, WORDS, lens_grid_figure
from viz.figures.theme import placeholder
from viz.pages.controls import Controls
from viz.pages.panels import Screen
from viz.pages.plot import plot
from viz.pages.scene import Scene, scene_of, why_not
from viz.pages.stopping import Stopping
from viz.pages.visitor import Visitor
from viz.server.failing import or_why_not
from viz.server.limits import SEARCHING
from viz.server.service import Trouble
from viz.words.strings import say

ROOM = "lens"
WHOLE = 0
SIZES = (WORDS, 48, WHOLE)
"""Positions of a grid; the whole text may take long, and its cells be too narrow to tell apart."""
LEADING = 10
"""Tokens of a cell that are kept; a wide grid names fewer of them, see `lens_grid_figure`."""
UPDATE_SECONDS = 0.3
HEIGHT = 160
"""Of a sentence in place of the figure, in pixels."""


@dataclass(frozen=True, eq=False)
class Grid:
    """What was computed last."""

    run: Run
    positions: range
    """Of the queries that were asked for."""
    columns: tuple[LensColumn, ...] = ()
    """Of the first of them."""

    def is_of(self, run: Run) -> bool:
        """Tell whether it speaks of this text."""
        mine = (self.run.model, self.run.precision, self.run.token_ids)
        return mine == (run.model, run.precision, run.token_ids)


class GridScreen(NamedTuple):
    """What an event of the grid changes."""

    figure: Any = gr.skip()
    line: Any = gr.skip()
    compute: Any = gr.skip()
    cancel: Any = gr.skip()


def lay_out(controls: dict[str, Any], buttons: dict[str, gr.Button]) -> dict[str, Any]:
    """Create the card and return its outputs by the field of `Screen`."""
    heading("interior.grid")
    with gr.Row(elem_classes=["choices"]):
        controls["lens_colour"] = gr.Radio(
            [(say(f"interior.grid.colour.{name}"), name) for name in COLOURS],
            value=Controls.lens_colour,
            label=say("page.colour_by"),
            elem_classes=["chips"],
            elem_id="lens-colour",
        )
        controls["lens_size"] = gr.Radio(
            [(_size_name(size), size) for size in SIZES],
            value=Controls.lens_size,
            label=say("interior.grid.size"),
            elem_classes=["chips"],
            elem_id="lens-size",
        )
    with gr.Row(elem_classes=["aftermath"]):
        line = gr.HTML(_line(say("interior.grid.invitation")), elem_id="lens-line", apply_default_css=False)
        buttons["lens_compute"] = gr.Button(
            say("interior.grid.compute"), size="sm", elem_id="lens-compute", min_width=60
        )
        buttons["lens_cancel"] = gr.Button(
            say("lab.cancel"), size="sm", elem_id="lens-cancel", min_width=60, interactive=False
        )
    with gr.Column(elem_classes=["lens-grid"]):
        figure = plot(None, "lens-grid")
    return {"lens_grid": figure, "lens_line": line}


def wire(page: Any, looking: Any) -> None:
    """Let the buttons compute and cancel.

    Args:
        page: the `Layout`.
        looking: the `Looking`, which knows the visitor.
    """
    handlers = Gridding(looking)
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    compute, cancel = page.buttons["lens_compute"], page.buttons["lens_cancel"]
    stopping = Stopping(cancel, looking.visitor, ROOM)
    stopping.lit_by([compute.click])
    begun = compute.click(
        handlers.compute,
        [looking.visitor, *page.inputs],
        [page.screen.lens_grid, page.screen.lens_line, compute, cancel],
        trigger_mode="once",
        **quiet | {"show_progress": "minimal", "show_progress_on": page.screen.lens_line},
        **SEARCHING,
    )
    stopping.unlit_if_refused(begun)
    cancel.click(handlers.cancel, looking.visitor, None, queue=False, **quiet)
    looking.on(
        [page.controls["lens_colour"].change],
        looking.handler(lambda scene, controls: Screen(lens_grid=figure(scene, controls))),
    )


class Gridding:
    """Handlers of the events, for every visitor."""

    def __init__(self, looking: Any) -> None:
        self.service = looking.service
        self.example = looking.example

    def compute(self, visitor: Visitor, *values: object) -> Iterator[GridScreen]:
        """Compute the lens of many positions, one after another, and show them as they come."""
        controls = Controls(*values)  # type: ignore[arg-type]

        def explained(why: str) -> GridScreen:
            return GridScreen(line=_line(why, "problem"), **_buttons(ROOM in visitor.working))

        yield from or_why_not(self._compute(visitor, controls), explained)

    def cancel(self, visitor: Visitor) -> None:
        """Let what is computed end after its present column."""
        visitor.cancel(ROOM)

    def _compute(self, visitor: Visitor, controls: Controls) -> Iterator[GridScreen]:
        positions = self._positions(visitor, controls)
        run = visitor.run
        stopped: list[bool] = []
        with visitor.at_work(ROOM, lambda: stopped.append(True)), self.service.pace.page():
            internals = self.service.read(run.token_ids, run.precision)
            visitor.found[ROOM] = grid = Grid(run, positions)
            yield GridScreen(line=_progress(grid), **_buttons(under_way=True))
            columns: list[LensColumn] = []
            shown = -math.inf
            for column in columns_of(internals, run.token_ids, positions, LEADING):
                columns.append(column)
                visitor.found[ROOM] = grid = Grid(run, positions, tuple(columns))
                if stopped:
                    break
                if time.monotonic() - shown >= max(UPDATE_SECONDS, self.service.pace.interval):
                    yield GridScreen(line=_progress(grid))
                    shown = time.monotonic()
        scene = scene_of(self.service, self.example, visitor, controls)
        yield GridScreen(
            figure=figure(scene, controls), line=line(scene, controls), **_buttons(under_way=False)
        )

    def _positions(self, visitor: Visitor, controls: Controls) -> range:
        """Return the queries around the selected one.

        Raises:
            Trouble: the model is not there, the text is being written, or the browser sent nonsense.
        """
        missing = why_not(self.service, visitor)
        if missing:
            raise Trouble(missing)
        if visitor.writing:
            raise Trouble(say("page.busy"))
        if controls.lens_size not in SIZES:
            raise Trouble(say("interior.grid.unknown"))
        length = len(visitor.run.token_ids)
        return window(length, visitor.selected - 1, controls.lens_size or length)


def _size_name(size: int) -> str:
    return say("interior.grid.positions", count=size) if size else say("page.whole")


def figure(scene: Scene, controls: Controls) -> go.Figure:
    """Return the grid, if one of this text was computed."""
    grid = _grid(scene)
    if grid is None or not grid.columns:
        return placeholder(say("interior.grid.empty"), theme=controls.theme, height=HEIGHT)
    colour = controls.lens_colour if controls.lens_colour in COLOURS else COLOURS[0]
    return lens_grid_figure(
        grid.columns,
        grid.positions,
        tokens=[piece.token for piece in scene.pieces],
        token_of=scene.token_of,
        colour=colour,
        selected=scene.query,
        layers=len(grid.columns[0].layers) - 1,
        vocab_size=scene.vocab_size,
        theme=controls.theme,
    )


def line(scene: Scene, controls: Controls) -> str:
    """Say which positions are shown and which are left out, as escaped HTML."""
    grid = _grid(scene)
    if grid is None:
        return _line(say("interior.grid.invitation"))
    count, done = len(scene.pieces), len(grid.columns)
    first, last = grid.positions.start, grid.positions.start + done - 1
    if done == 0:
        return _line(say("interior.grid.nothing", count=len(grid.positions)))
    parts = [say("interior.grid.shown", first=first, last=last, count=count)]
    if done < len(grid.positions):
        parts.append(say("interior.grid.cancelled", done=done, count=len(grid.positions)))
    elif done < count:
        parts.append(say("interior.grid.left_out", count=count - done))
    if scene.query >= 0 and not first <= scene.query <= last:
        parts.append(say("interior.grid.outside"))
    return _line(" ".join(parts))


def _grid(scene: Scene) -> Grid | None:
    grid = scene.found.get(ROOM)
    return grid if isinstance(grid, Grid) and grid.is_of(scene.run) else None


def _progress(grid: Grid) -> str:
    done, count = len(grid.columns), len(grid.positions)
    label, told = (
        escape(say("interior.grid.progress")),
        escape(say("interior.grid.done", done=done, count=count)),
    )
    bar = f'<progress max="{count}" value="{done}" aria-label="{label}"></progress>'
    return f'<div role="status">{bar}<p class="say">{told}</p></div>'


def _line(text: str, kind: str = "") -> str:
    if kind:
        return f'<p class="notice {kind}" role="alert">{escape(text)}</p>'
    return f'<p class="say">{escape(text)}</p>'


def _buttons(under_way: bool) -> dict[str, Any]:
    return {
        "compute": gr.update(interactive=not under_way),
        "cancel": gr.update(interactive=under_way),
    }
