"""What the room of the heads shows of a scene."""

from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr
import numpy as np

from model.interior.head_memory import CHOSEN_KEY, OTHERS, HeadMemory
from model.interior.head_quantities import QUANTITIES
from model.interior.head_readings import HeadReadings
from model.numbers import within
from viz.components.bertviz_frame import BertVizValue, head_view_window
from viz.components.heading import heading_html
from viz.figures.figure import Figure
from viz.figures.theme import DARK
from viz.pages.controls import Controls
from viz.pages.heatmap import WINDOW, heatmap
from viz.pages.kept import RoomState
from viz.pages.panel import On, Panel, Panels
from viz.pages.scene import Scene
from viz.rooms.heads.bertviz_model import MOST_TOKENS as MODEL_TOKENS
from viz.rooms.heads.bertviz_model import layers_beside, model_view_value
from viz.rooms.heads.bertviz_neuron import MOST_TOKENS as NEURON_TOKENS
from viz.rooms.heads.bertviz_neuron import neuron_view_value
from viz.rooms.heads.controls import HeadsControls
from viz.rooms.heads.head_choice import chosen_key
from viz.rooms.heads.head_grid import HeadGridValue, head_grid_value, unit_of, value_text
from viz.rooms.heads.head_thumbnails import ThumbnailsValue, thumbnails_value
from viz.server.failing import UNDERSTOOD
from viz.words.strings import say

TOLD = tuple(name for name in OTHERS if name not in ("duplicate_token", "induction"))
"""Quantities of an open head that are told in any case; the others only where a token repeats."""
TABS = ("thumbnails", "model_view", "neuron_view")
"""Views of the heads."""


class HeadsState(RoomState):
    """What the room remembers of a visitor."""

    def __init__(self) -> None:
        self.tab = TABS[0]
        """Which view is open: only that one is drawn."""
        self.memory = HeadMemory()
        """What is known of the heads on the texts that were looked at last."""


def _heads(scene: Scene) -> HeadReadings:
    length = scene.source.length
    return HeadReadings(lambda: scene.source.read(length), scene.kept.of(HeadsState).memory, length)


def grid(scene: Scene, controls: Controls) -> HeadGridValue:
    """Return all heads by the chosen quantity, or the sentence that says why they are not there."""
    name = _quantity(controls)
    key = _key(scene, controls) if name == CHOSEN_KEY else 0
    try:
        values = _values(scene, controls, name, key)
        empty = _why_nothing(scene, controls, name, key)
    except UNDERSTOOD as trouble:
        values, empty = np.empty((0, 0)), str(trouble)
    return head_grid_value(
        values,
        quantity=name,
        colours=_colours(controls),
        opened=(controls.layer,) if controls.mean_heads else (controls.layer, controls.head),
        empty=empty,
        keys=[piece.token for piece in scene.pieces[: scene.source.length]] if name == CHOSEN_KEY else (),
        key=key,
    )


def told(scene: Scene, controls: Controls) -> str:
    """Return which head is open, and what all quantities say of it, as escaped HTML."""
    layer, head = controls.layer, controls.head
    if controls.mean_heads:
        return heading_html(say("interior.heads.mean", layer=layer), say("interior.heads.mean_say"))
    title = say("interior.heads.open", layer=layer, head=head)
    try:
        return heading_html(title) + _numbers(scene, controls)
    except UNDERSTOOD:
        return heading_html(title)  # the panels beside it say why


def head_map(scene: Scene, controls: Controls) -> Figure:
    """Return the weights of the open head, all of them: what the quantities are worked out from."""
    return heatmap(scene.source.attention(controls.layer, controls.shown_head), scene, controls, WINDOW)


def thumbnails(scene: Scene, controls: Controls) -> Any:
    """Return the pictures of the open layer while their tab is open."""

    def value() -> ThumbnailsValue:
        layer = _layer(scene, controls)
        return thumbnails_value(
            scene.once(_heads).patterns(layer),
            layer=layer,
            length=scene.source.length,
            colours=_colours(controls),
            opened=None if controls.mean_heads else controls.head,
        )

    return _if_open("thumbnails", value, scene)


def model_view(scene: Scene, controls: Controls) -> Any:
    """Return BertViz's model view of the layers around the open one while its tab is open."""

    def value() -> BertVizValue:
        info = scene.once(_heads).info
        first, end = head_view_window(scene.source.length, scene.selected, MODEL_TOKENS)
        shown = layers_beside(_layer(scene, controls), info.layers, info.heads)
        return model_view_value(
            [piece.token for piece in scene.pieces[first:end]],
            np.stack([scene.source.attention_heads(layer)[:, first:end, first:end] for layer in shown]),
            shown=shown,
            layers=info.layers,
            first=first,
            count=scene.source.length,
            dark=controls.theme is DARK,
        )

    return _if_open("model_view", value, scene)


def neuron_view(scene: Scene, controls: Controls) -> Any:
    """Return BertViz's neuron view of the open head while its tab is open."""

    def value() -> BertVizValue:
        first, end = head_view_window(scene.source.length, scene.selected, NEURON_TOKENS)
        met = scene.once(_heads).queries_and_keys(controls.layer, controls.head)
        return neuron_view_value(
            [piece.token for piece in scene.pieces[first:end]],
            met.queries[first:end],
            met.keys[first:end],
            scene.source.attention(controls.layer, controls.head)[first:end, first:end],
            scaling=met.scaling,
            rotary=scene.once(_heads).info.rotary,
            layer=controls.layer,
            head=controls.head,
            first=first,
            count=scene.source.length,
            dark=controls.theme is DARK,
        )

    return _if_open("neuron_view", value, scene)


def _if_open(tab: str, value: Callable[[], Any], scene: Scene) -> Any:
    if scene.kept.of(HeadsState).tab != tab:
        return gr.skip()
    try:
        return value()
    except UNDERSTOOD:
        return None  # the panels above say why


def _quantity(controls: Controls) -> str:
    asked = controls.of(HeadsControls).quantity
    return asked if asked in QUANTITIES else next(iter(QUANTITIES))


def _query(scene: Scene, controls: Controls) -> int | None:
    """Return the row that alone counts; None for all."""
    return min(max(scene.query, 0), scene.source.length - 1) if controls.of(HeadsControls).of_step else None


def _key(scene: Scene, controls: Controls) -> int:
    """Return the chosen key, else the last token of the prompt."""
    chosen = chosen_key(controls.of(HeadsControls).choice)
    last = len(scene.run.prompt_token_ids) - 1 if chosen is None else chosen
    return min(max(last, 0), scene.source.length - 1)


def _values(scene: Scene, controls: Controls, name: str, key: int) -> np.ndarray[Any, Any]:
    return scene.once(_heads).quantity(name, query=_query(scene, controls), key=key)


def _why_nothing(scene: Scene, controls: Controls, name: str, key: int) -> str:
    """Return the sentence for a grid without values: the rows that count have nothing to say."""
    query = _query(scene, controls)
    if query == 0 or scene.source.length < 2:
        return say("interior.heads.nothing.first")
    if name == CHOSEN_KEY:
        return say("interior.heads.nothing.token")
    return say("interior.heads.nothing.text" if query is None else "interior.heads.nothing.step")


def _numbers(scene: Scene, controls: Controls) -> str:
    """Return what all quantities say of the open head, over the rows that the grid counts."""
    found, place = [], (_layer(scene, controls), _head(scene, controls))
    for name in OTHERS:
        value = float(_values(scene, controls, name, 0)[place])
        if not np.isnan(value) or name in TOLD:
            text = "–" if np.isnan(value) else value_text(value, unit_of(name))
            found.append(
                f"<span>{escape(say(f'interior.heads.quantity.{name}'))} <b>{escape(text)}</b></span>"
            )
    of_step = controls.of(HeadsControls).of_step
    over = say("interior.heads.over_step" if of_step else "interior.heads.over_text")
    return f'<p class="say head-numbers">{"".join(found)}</p><p class="say">{escape(over)}</p>'


def _layer(scene: Scene, controls: Controls) -> int:
    """Return the open layer.

    Raises:
        OutOfRange: the model has no such layer: the browser sends what it likes.
    """
    return int(within("layer", controls.layer, 0, scene.once(_heads).info.layers - 1, whole=True))


def _head(scene: Scene, controls: Controls) -> int:
    """Return the open head, likewise."""
    return int(within("head", controls.head, 0, scene.once(_heads).info.heads - 1, whole=True))


def _colours(controls: Controls) -> list[str]:
    return [colour for _, colour in controls.theme.heat]


PANELS: Panels = {
    "head_grid": Panel(grid, On.HEAD),
    "head_told": Panel(told, On.HEAD),
    "head_map": Panel(head_map, On.HEAD, figure=True),
    "thumbnails": Panel(thumbnails, On.HEAD),
    "model_view": Panel(model_view, On.HEAD),
    "neuron_view": Panel(neuron_view, On.HEAD),
}
