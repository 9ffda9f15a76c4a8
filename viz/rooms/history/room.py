"""The room of the history: the texts of late, kept by the browser."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from viz.components.heading import heading
from viz.pages.controls import Controls
from viz.pages.example import load_example
from viz.pages.layout import DRAWER, Laid, Plan
from viz.pages.looking import Looking
from viz.pages.panel import On, Panel, Panels
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.scene import Scene
from viz.pages.visitor import Visitor
from viz.rooms.history.history_list import HistoryList
from viz.rooms.history.record import RecordValue, record_value


@dataclass(frozen=True)
class HistoryLaid(Laid):
    """What the room has put on the page."""

    listed: HistoryList | None = None


def lay_out(plan: Plan) -> HistoryLaid:
    """Create the room."""
    with gr.Column(elem_classes=["card"]):
        heading("components.history")
        listed = HistoryList()
        return HistoryLaid({"record": listed}, listed=listed)


def wire(laid: HistoryLaid, looking: Looking) -> None:
    """Tell the list which model is here as soon as it is: texts of others cannot be opened."""

    def here(visitor: Visitor) -> Any:
        if not visitor.service.ready:
            return gr.skip()
        return {"model": visitor.service.info.identity, "run": None}

    looking.page.model.change(here, looking.visitor, laid.listed, queue=False, **QUIET)


def record(scene: Scene, controls: Controls) -> RecordValue | None:
    """Return the text on the page, for the browser to keep."""
    return None if scene.run is load_example().run else record_value(scene.run, scene.tree)


PANELS: Panels = {"record": Panel(record, On.TEXT | On.BEGINNING | On.GROWTH, of_text=True, kept=True)}
HISTORY = Room("history", DRAWER, lay_out, PANELS, wire)
