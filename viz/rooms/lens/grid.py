"""The logit lens over a stretch of the text: computed where the room is open, kept while the text is."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from html import escape
from typing import Any, NamedTuple

import gradio as gr

from model.interior.attention_view import window
from model.interior.lens import LensColumn
from model.interior.lens import lens_grid as columns_of
from model.texts.run import Run
from viz.figures.figure import Figure
from viz.figures.lens_grid import COLOURS, WORDS, lens_grid_figure
from viz.figures.theme import placeholder
from viz.pages.controls import Controls
from viz.pages.kept import RoomState
from viz.pages.scene import Scene, readable, scene_of
from viz.pages.showing import Showing
from viz.pages.source import EngineSource
from viz.pages.visitor import Visitor
from viz.pages.work import watched
from viz.rooms.lens.controls import LensControls
from viz.rooms.lens.grid_wanted import WantedValue
from viz.server.failing import or_why_not
from viz.server.service import Trouble
from viz.words.strings import say

WORK = "lens"
WHOLE = 0
SIZES = (WORDS, 48, WHOLE)
"""Positions of a grid; the whole text may take long, and its cells be too narrow to tell apart."""
LEADING = 10
"""Tokens of a cell that are kept; a wide grid names fewer of them, see `lens_grid_figure`."""
A_MOMENT = 0.05
"""Seconds between two looks whether a grid has ended, which is computed column by column."""
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


class GridState(RoomState):
    """What the room remembers of a visitor."""

    def __init__(self) -> None:
        self.grid: Grid | None = None
        """What was computed last."""
        self.under_way = False
        """Whether it is being computed, and the line says how far it is."""


def wanted(scene: Scene, controls: Controls) -> WantedValue:
    """Return which grid the page is to ask for: none where it is there, under way, or was cancelled.

    The whole text may take long: that is computed on the button alone.
    """
    grid, size = _grid(scene), controls.of(LensControls).size
    if scene.writing or not isinstance(scene.source, EngineSource) or size not in SIZES or size == WHOLE:
        return {"key": ""}
    here = window(len(scene.run.token_ids), scene.query, size)
    if grid is not None and len(grid.positions) >= len(here) and scene.query in (-1, *grid.positions):
        return {"key": ""}
    text = blake2b(repr((scene.run.precision, scene.run.token_ids)).encode(), digest_size=8).hexdigest()
    return {"key": f"{text} {here.start} {here.stop}"}


class GridScreen(NamedTuple):
    """What an event of the grid changes."""

    figure: Any = gr.skip()
    line: Any = gr.skip()
    compute: Any = gr.skip()
    cancel: Any = gr.skip()


class Gridding:
    """The handlers of the button and of what the page asks for by itself, for every visitor."""

    def __init__(self, showing: Showing) -> None:
        self.example = showing.example

    def follow(self, visitor: Visitor, controls: Controls) -> Iterator[GridScreen]:
        """Compute it for the text that is there now, once the one for another text has ended."""
        if visitor.busy_with(WORK):
            visitor.working.get(WORK, lambda: None)()
            while visitor.busy_with(WORK):
                time.sleep(A_MOMENT)
        yield from self.compute(visitor, controls)

    def compute(self, visitor: Visitor, controls: Controls) -> Iterator[GridScreen]:
        """Compute the lens of many positions, one after another, and show them as they come."""
        visitor.controls = controls

        def explained(why: str) -> GridScreen:
            return GridScreen(line=line_html(why, "problem"), **_buttons(WORK in visitor.working))

        yield from or_why_not(self._compute(visitor, controls), explained)

    def _compute(self, visitor: Visitor, controls: Controls) -> Iterator[GridScreen]:
        positions = self._positions(visitor, controls)
        run, state = visitor.run, visitor.kept.of(GridState)
        stopped: list[bool] = []

        def grids() -> Iterator[Grid]:
            state.grid = Grid(run, positions)
            internals, columns = visitor.service.read(run.token_ids, run.precision), list[LensColumn]()
            for column in columns_of(internals, run.token_ids, positions, LEADING):
                columns.append(column)
                state.grid = grid = Grid(run, positions, tuple(columns))
                if stopped or not grid.is_of(visitor.run):
                    break
                yield grid

        try:
            for grid in watched(visitor, WORK, grids(), lambda: stopped.append(True)):
                state.under_way = True
                yield GridScreen(line=_progress(grid or Grid(run, positions)), **_buttons(True))
        finally:
            state.under_way = state.under_way and visitor.busy_with(WORK)
        scene = scene_of(self.example, visitor, controls)
        yield GridScreen(figure=figure(scene, controls), line=line(scene, controls), **_buttons(False))

    def _positions(self, visitor: Visitor, controls: Controls) -> range:
        """Return the queries around the selected one.

        Raises:
            Trouble: the model is not there, the text is being written, or the browser sent nonsense.
        """
        run = readable(visitor)
        size = controls.of(LensControls).size
        if size not in SIZES:
            raise Trouble(say("interior.grid.unknown"))
        length = len(run.token_ids)
        return window(length, visitor.selected - 1, size or length)


def size_name(size: int) -> str:
    """Return how many positions a grid has, in words."""
    return say("interior.grid.positions", count=size) if size else say("page.whole")


def figure(scene: Scene, controls: Controls) -> Figure:
    """Return the grid, if one of this text was computed."""
    grid = _grid(scene)
    if grid is None or not grid.columns:
        return placeholder(say("interior.grid.empty"), theme=controls.theme, height=HEIGHT)
    colour = controls.of(LensControls).colour
    return lens_grid_figure(
        grid.columns,
        grid.positions,
        tokens=[piece.token for piece in scene.pieces],
        token_of=scene.source.token_of,
        colour=colour if colour in COLOURS else COLOURS[0],
        selected=scene.query,
        layers=len(grid.columns[0].layers) - 1,
        vocab_size=scene.source.vocab_size,
        theme=controls.theme,
    )


def line(scene: Scene, controls: Controls) -> Any:
    """Say which positions are shown and which are left out, as escaped HTML; nothing while it is computed."""
    if scene.kept.of(GridState).under_way:
        return gr.skip()
    grid = _grid(scene)
    if grid is None:
        return line_html(say("interior.grid.invitation"))
    count, done = len(scene.pieces), len(grid.columns)
    first, last = grid.positions.start, grid.positions.start + done - 1
    if done == 0:
        return line_html(say("interior.grid.nothing", count=len(grid.positions)))
    parts = [say("interior.grid.shown", first=first, last=last, count=count)]
    if done < len(grid.positions):
        parts.append(say("interior.grid.cancelled", done=done, count=len(grid.positions)))
    elif done < count:
        parts.append(say("interior.grid.left_out", count=count - done))
    if scene.query >= 0 and not first <= scene.query <= last:
        parts.append(say("interior.grid.outside"))
    return line_html(" ".join(parts))


def _grid(scene: Scene) -> Grid | None:
    grid = scene.kept.of(GridState).grid
    return grid if grid is not None and grid.is_of(scene.run) else None


def _progress(grid: Grid) -> str:
    done, count = len(grid.columns), len(grid.positions)
    label, told = (
        escape(say("interior.grid.progress")),
        escape(say("interior.grid.done", done=done, count=count)),
    )
    bar = f'<progress max="{count}" value="{done}" aria-label="{label}"></progress>'
    return f'<div role="status">{bar}<p class="say">{told}</p></div>'


def line_html(text: str, kind: str = "") -> str:
    """Return what stands over the grid, as escaped HTML."""
    if kind:
        return f'<p class="notice {kind}" role="alert">{escape(text)}</p>'
    return f'<p class="say">{escape(text)}</p>'


def _buttons(under_way: bool) -> dict[str, Any]:
    return {
        "compute": gr.update(interactive=not under_way),
        "cancel": gr.update(interactive=under_way),
    }
