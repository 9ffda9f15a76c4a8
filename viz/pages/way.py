"""The map and the journey along it: the way of the selected token through the model, on every page."""

from typing import Any

import gradio as gr

from model.interior.journey import StepNumbers, look_of, step_numbers
from viz.components.journey import Journey, journey_value
from viz.components.switch import Switch
from viz.components.token_map import TokenMap, TokenMapValue, token_map_value
from viz.pages.controls import Controls
from viz.pages.kept import RoomState
from viz.pages.panel import STEP, On, Panel, Panels
from viz.pages.scene import Scene
from viz.pages.screen import Screen
from viz.server.failing import UNDERSTOOD
from viz.words.strings import say


class WayState(RoomState):
    """What is remembered of a visitor; the browser keeps the journey open when the page is loaded anew."""

    comes_back = True
    of_page = True

    def __init__(self) -> None:
        self.journey = False
        """Whether the journey is open: only then it is drawn."""


def lay_out(first: Screen) -> tuple[dict[str, Any], Switch]:
    """Create the card of both; return its outputs by the field of `Screen`, and what opens the journey."""
    with gr.Column(elem_classes=["card", "map-card"]):
        shown = TokenMap(first.map)
        switch = Switch(
            "journey-open",
            say("page.switch.journey"),
            say("page.switch.journey_title"),
            elem_id="journey-switch",
        )
        return {"map": shown, "journey": Journey()}, switch


def token_map(scene: Scene, controls: Controls) -> TokenMapValue:
    """Return the map of the selected step."""
    return token_map_value(_numbers(scene, controls), scene.source.sizes)


def journey(scene: Scene, controls: Controls) -> Any:
    """Return the journey of the selected token; while it is closed nothing is sent."""
    if not scene.kept.of(WayState).journey:
        return gr.skip()
    numbers = _numbers(scene, controls)
    return None if numbers is None else journey_value(numbers, scene.source.sizes)


def _numbers(scene: Scene, controls: Controls) -> StepNumbers | None:
    """Return the numbers of the step, with where the head on the sliders looks most."""
    why = scene.explanation
    if why is None:
        return None
    read = [piece.token for piece in scene.pieces[: scene.selected]]
    head = controls.shown_head
    try:
        row = scene.source.attention_row(controls.layer, head, scene.query)
        look = look_of(row, read, controls.layer, head if head >= 0 else None)
    except UNDERSTOOD:  # not stored, or the sliders stand on a layer that this model does not have
        look = None
    return step_numbers(why, read, scene.source.token_of, look=look)


PANELS: Panels = {
    "map": Panel(token_map, STEP | On.TEXT),
    "journey": Panel(journey, STEP | On.TEXT),
}
"""By the fields of `Screen`."""
