"""What the room of the selected step shows of a scene: attention, and what the sampler did."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from model.interior.attention_view import hide_first
from viz.components.bertviz_frame import head_view_value, head_view_window
from viz.figures.figure import Figure
from viz.pages.controls import Controls, RoomControls
from viz.pages.heatmap import WINDOW, heatmap
from viz.pages.kept import RoomState
from viz.pages.panel import On, Panel, Panels
from viz.pages.sampler_figures import ranked, sweep
from viz.pages.scene import Scene
from viz.words.facts import facts_html, sampler_facts


@dataclass(frozen=True)
class InsideControls(RoomControls):
    """Where the controls of the room stand that no other room has."""

    hide_first: bool = True
    """Whether the heatmap leaves the first token out, to which most attention goes."""
    whole: bool = False
    """Whether it is of a long text as a whole."""


class AttentionTabs(RoomState):
    """Which view of attention is open."""

    def __init__(self) -> None:
        self.head_view = False
        """Whether it is BertViz's head view: it is costly, and drawn only then."""


def facts(scene: Scene, _controls: Controls) -> str:
    """Return the numbers of the sampler's panel as HTML."""
    return "" if scene.explanation is None else facts_html(sampler_facts(scene.explanation.shaped))


def attention(scene: Scene, controls: Controls) -> Figure:
    """Return the heatmap: the whole text, or a window around the selected query."""
    weights = scene.source.attention(controls.layer, controls.shown_head)
    own = controls.of(InsideControls)
    if own.hide_first:
        weights = hide_first(weights)
    return heatmap(weights, scene, controls, scene.source.length if own.whole else WINDOW)


def bertviz(scene: Scene, controls: Controls) -> Any:
    """Return BertViz's head view of the selected layer while its tab is open."""
    if not scene.kept.of(AttentionTabs).head_view:
        return gr.skip()
    first, end = head_view_window(scene.source.length, scene.selected)
    return head_view_value(
        [piece.token for piece in scene.pieces[first:end]],
        scene.source.attention_heads(controls.layer)[:, first:end, first:end],
        layer=controls.layer,
        first=first,
        count=scene.source.length,
    )


PANELS: Panels = {
    "attention": Panel(attention, On.HEAD | On.TURN, figure=True),
    "sweep": Panel(sweep, On.SETTINGS | On.TURN, figure=True),
    "ranked": Panel(ranked, On.SETTINGS | On.TURN, figure=True),
    "facts": Panel(facts, On.SETTINGS | On.GROWTH),
    "bertviz": Panel(bertviz, On.HEAD),
}
