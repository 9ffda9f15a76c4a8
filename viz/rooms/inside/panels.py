"""What the room of the selected step shows of a scene: attention, and what the sampler did."""

from typing import Any

import gradio as gr
import plotly.graph_objects as go

from model.interior.attention_view import hide_first
from model.sampler.distribution import leading
from model.sampler.effects import ranked_curve, temperature_sweep
from viz.components.bertviz_frame import head_view_value, head_view_window
from viz.figures.ranked_probability import ranked_probability_figure
from viz.figures.temperature_sweep import HEIGHT, temperature_sweep_figure
from viz.figures.theme import placeholder
from viz.pages.controls import Controls
from viz.pages.heatmap import WINDOW, heatmap
from viz.pages.kept import RoomState
from viz.pages.panel import On, Panel, Panels
from viz.pages.scene import Scene
from viz.words.facts import facts_html, sampler_facts
from viz.words.strings import say

FOLLOWED = 6
"""Tokens with a band of their own in the temperature sweep."""


class AttentionTabs(RoomState):
    """Which view of attention is open."""

    def __init__(self) -> None:
        self.head_view = False
        """Whether it is BertViz's head view: it is costly, and drawn only then."""


def sweep(scene: Scene, controls: Controls) -> go.Figure:
    """Return probability against temperature."""
    why, settings = scene.explanation, controls.settings
    if why is None:
        return placeholder(say("page.first_token"), theme=controls.theme, height=HEIGHT)
    scores = why.shaped.unheated
    followed = [int(token_id) for token_id in leading(scores, min(FOLLOWED, len(scores)))]
    if why.token_id is not None and why.token_id not in followed:
        followed.append(why.token_id)
    return temperature_sweep_figure(
        temperature_sweep(scores, followed),
        labels=[scene.source.token_of(token_id) for token_id in followed],
        temperature=settings.temperature,
        chosen=why.token_id,
        theme=controls.theme,
    )


def ranked(scene: Scene, controls: Controls) -> go.Figure:
    """Return probability against rank, with the cuts."""
    why = scene.explanation
    if why is None:
        return placeholder(say("page.first_token"), theme=controls.theme, height=HEIGHT)
    return ranked_probability_figure(
        ranked_curve(why.shaped), settings=controls.settings, theme=controls.theme
    )


def facts(scene: Scene, _controls: Controls) -> str:
    """Return the numbers of the sampler's panel as HTML."""
    return "" if scene.explanation is None else facts_html(sampler_facts(scene.explanation.shaped))


def attention(scene: Scene, controls: Controls) -> go.Figure:
    """Return the heatmap: the whole text, or a window around the selected query."""
    weights = scene.source.attention(controls.layer, controls.shown_head)
    if controls.hide_first:
        weights = hide_first(weights)
    return heatmap(weights, scene, controls, scene.source.length if controls.whole else WINDOW)


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
