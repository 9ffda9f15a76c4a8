"""Other dice at the selected step, thrown as often as a visitor likes."""

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
import plotly.graph_objects as go

from model.sampler.throws import MOST_THROWS, Throws, expected_distance, no_throws, shares, throw
from viz.components.heading import heading
from viz.components.percent import count as counted
from viz.components.percent import percent
from viz.components.prose import prose
from viz.figures.theme import placeholder
from viz.figures.throws import HEIGHT, convergence_figure, throws_figure
from viz.pages.controls import Controls
from viz.pages.panels import Screen, problem
from viz.pages.plot import plot
from viz.pages.scene import Scene
from viz.pages.visitor import Visitor
from viz.strings import say
from viz.tokens import told_token

if TYPE_CHECKING:  # The layout of the page is made of this one.
    from viz.pages.looking import Looking

COUNTS = {"throw-one": 1, "throw-hundred": 100, "throw-many": 10_000, "throw-forget": 0}
"""Throws of each button; 0 forgets them all."""
SHOWN = 10
"""Leading tokens whose shares are shown."""
GUIDE = 40
"""Points of the curve of what chance leaves."""


def lay_out(buttons: dict[str, gr.Button]) -> dict[str, Any]:
    """Create the card and return its outputs by the field of `Screen`."""
    heading("lab.chain.throws")
    with gr.Row(elem_classes=["aftermath", "throwing"]):
        for name in COUNTS:
            text = say(f"lab.chain.button.{name.removeprefix('throw-')}")
            buttons[name] = gr.Button(text, size="sm", elem_id=name, min_width=60)
    thrown = gr.HTML(elem_id="thrown", apply_default_css=False)
    with gr.Row(elem_classes=["pair", "thrown-figures"]):
        with gr.Column(min_width=260):
            throws = plot(None, "throws")
        with gr.Column(min_width=260):
            convergence = plot(None, "convergence")
    return {"thrown": thrown, "throws": throws, "convergence": convergence}


def throw_again(looking: "Looking", count: int, visitor: Visitor, *values: object) -> Screen:
    """Throw so many dice more at the selected step, or forget them, and show all that were thrown there."""

    def more(scene: Scene, controls: Controls) -> Screen:
        if scene.explanation is None:
            return Screen(notice=problem(say("lab.chain.none_here")))
        before = _throws(scene, controls)
        visitor.throws = throw(before, count, np.random.default_rng()) if count else None
        now = replace(scene, throws=visitor.throws)
        return Screen(
            thrown=thrown(now, controls), throws=throws(now, controls), convergence=convergence(now, controls)
        )

    return looking.handler(more)(visitor, *values)


def thrown(scene: Scene, controls: Controls) -> str:
    """Return what there is to say about the throws, as HTML."""
    if scene.explanation is None:
        return ""
    now = _throws(scene, controls)
    if not now.total:
        return _said(say("lab.chain.none"))
    parts = [say("lab.chain.total", total=counted(now.total))]
    if now.last is not None:
        parts.append(say("lab.chain.last", token=told_token(scene.token_of(now.last))))
    parts.append(say("lab.chain.distance", distance=percent(now.distance)))
    fit = now.fit
    if fit is not None:
        parts.append(say("lab.chain.fit", p=percent(fit.p_value)))
    full = [say("lab.chain.full", total=counted(MOST_THROWS))] if now.total >= MOST_THROWS else []
    coins = [say("lab.chain.coins")] if len(now.falls) > 1 else []
    return _said("; ".join(parts) + ".", *coins, *full)


def throws(scene: Scene, controls: Controls) -> go.Figure:
    """Return the shares of the leading tokens among the throws."""
    if scene.explanation is None:
        return placeholder(say("page.first_token"), theme=controls.theme, height=HEIGHT)
    now = _throws(scene, controls)
    leading = shares(now, SHOWN)
    names = [scene.token_of(one.token_id) for one in leading]
    return throws_figure(leading, labels=names, total=now.total, theme=controls.theme)


def convergence(scene: Scene, controls: Controls) -> go.Figure:
    """Return how far shares and probabilities are apart, by the number of throws."""
    if scene.explanation is None:
        return convergence_figure([], [], None, theme=controls.theme)
    now = _throws(scene, controls)
    if not now.total:
        return convergence_figure([], [], None, theme=controls.theme)
    noted = dict(now.noted) | {now.total: now.distance}
    totals = np.geomspace(1, max(100, now.total), GUIDE)
    expected = totals, expected_distance(now.probabilities, totals)
    return convergence_figure(list(noted), list(noted.values()), expected, theme=controls.theme)


def _throws(scene: Scene, controls: Controls) -> Throws:
    """Return the throws at this step under these settings: those of another are forgotten."""
    assert scene.explanation is not None
    place = _place(scene, controls)
    if scene.throws is not None and scene.throws.place == place:
        return scene.throws
    return no_throws(scene.explanation.shaped, place)


def _place(scene: Scene, controls: Controls) -> Hashable:
    run = scene.run
    return run.model, run.precision, run.token_ids[: scene.selected], controls.settings


def _said(*sentences: str) -> str:
    return f'<p class="say" role="status">{prose(" ".join(sentences))}</p>'
