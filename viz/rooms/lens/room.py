"""The room of the layers: the logit lens, the residual stream, and who moved the logit."""

from html import escape
from typing import Any

import gradio as gr
import plotly.graph_objects as go

from model.interior.attribution import Attribution
from viz.components.heading import heading
from viz.figures.attribution import attribution_figure
from viz.figures.layer_rows import signed
from viz.figures.lens import lens_figure
from viz.figures.residual import residual_figure
from viz.figures.theme import placeholder
from viz.pages.controls import Controls
from viz.pages.drawing import drawn
from viz.pages.panels import Screen
from viz.pages.plot import plot
from viz.pages.scene import Scene
from viz.rooms.lens import grid as lens_grid
from viz.server.failing import UNDERSTOOD
from viz.words.percent import signed as plain
from viz.words.prose import prose
from viz.words.strings import say
from viz.words.tokens import told_token

HEIGHT = 300
"""Of a sentence in place of a figure, in pixels."""
STRONGEST = 10
"""Heads that are listed."""


def lay_out(controls: dict[str, Any], buttons: dict[str, gr.Button]) -> dict[str, Any]:
    """Create the room and return its outputs by the field of `Screen`.

    Args:
        controls: gets its inputs, by the names of `Controls`.
        buttons: gets its buttons.
    """
    outputs: dict[str, Any] = {}
    with gr.Row(equal_height=True, elem_classes=["pair", "layers"]):
        with gr.Column(scale=5, min_width=340, elem_classes=["card"]):
            heading("interior.lens")
            outputs["lens"] = plot(None, "lens")
            gr.HTML(f'<p class="say">{say("interior.lens.caveat")}</p>', apply_default_css=False)
        with gr.Column(scale=4, min_width=320, elem_classes=["card"]):
            heading("interior.attribution")
            controls["against_rival"] = gr.Checkbox(
                label=say("interior.attribution.against"), elem_id="against-rival"
            )
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
        outputs |= lens_grid.lay_out(controls, buttons)
    return outputs


def wire(page: Any, looking: Any) -> None:
    """Let the switch and the buttons of the room act.

    Args:
        page: the `Layout`.
        looking: the `Looking` of the page.
    """
    looking.on([page.controls["against_rival"].change], looking.handler(_against))
    lens_grid.wire(page, looking)


def _against(scene: Scene, controls: Controls) -> Screen:
    panels = {"attribution": attribution, "logit_sum": logit_sum, "heads_moved": heads_moved}
    return Screen(**drawn(panels, scene, controls))


def lens(scene: Scene, controls: Controls) -> go.Figure:
    """Return what the model would say after each layer."""
    why = scene.explanation
    if why is None:
        return _first_token(controls)
    return lens_figure(
        scene.readings.lens,
        token_of=scene.token_of,
        chosen=why.token_id,
        vocab_size=len(why.shaped.logits),
        theme=controls.theme,
    )


def residual(scene: Scene, controls: Controls) -> go.Figure:
    """Return the lengths of the stream and of what was added to it."""
    if scene.explanation is None:
        return _first_token(controls)
    return residual_figure(scene.readings.updates, theme=controls.theme)


def attribution(scene: Scene, controls: Controls) -> go.Figure:
    """Return what each part of the model added to the logit."""
    if scene.explanation is None:
        return _first_token(controls)
    found = scene.readings.attribution(bool(controls.against_rival))
    return attribution_figure(
        found,
        token=scene.token_of(found.token_id),
        against=None if found.against is None else scene.token_of(found.against),
        theme=controls.theme,
    )


def logit_sum(scene: Scene, controls: Controls) -> str:
    """Say whose logit it is, and that the parts add up to it, as escaped HTML."""
    found = _attribution_or_none(scene, controls)
    if found is None:
        return ""
    parts = [_whose(scene, found), _sum(found)]
    if found.layers[0].attention is None:
        parts.append(say("interior.attribution.whole_layers"))
    paragraphs = (" ".join(parts), say("interior.attribution.caveat"))
    return "".join(f'<p class="say">{prose(paragraph)}</p>' for paragraph in paragraphs)


def heads_moved(scene: Scene, controls: Controls) -> str:
    """Return the strongest heads, as escaped HTML, or say why no head is known."""
    found = _attribution_or_none(scene, controls)
    if found is None:
        return f'<p class="say">{escape(say("interior.heads_moved.nothing"))}</p>'
    heads = [(one.layer, head, moved) for one in found.layers for head, moved in enumerate(one.heads or ())]
    if not heads:
        return f'<p class="say">{escape(say("interior.heads_moved.unknown"))}</p>'
    heads.sort(key=lambda one: -abs(one[2]))
    most = abs(heads[0][2]) or 1.0
    rows = "".join(
        f'<li class="{"up" if moved >= 0 else "down"}" style="--p:{abs(moved) / most:.3f}">'
        f"<span>{escape(say('interior.heads_moved.head', layer=layer, head=head))}</span>"
        f"<i></i><b>{signed(moved)}</b></li>"
        for layer, head, moved in heads[:STRONGEST]
    )
    return f'<ol class="heads-moved">{rows}</ol>'


def _attribution_or_none(scene: Scene, controls: Controls) -> Attribution | None:
    """Return what the figure shows; None where it says why it cannot."""
    if scene.explanation is None:
        return None
    try:
        return scene.readings.attribution(bool(controls.against_rival))
    except UNDERSTOOD:
        return None


def _first_token(controls: Controls) -> go.Figure:
    return placeholder(say("page.first_token"), theme=controls.theme, height=HEIGHT)


def _whose(scene: Scene, found: Attribution) -> str:
    token = told_token(scene.token_of(found.token_id), 24)
    if found.against is not None:
        rival = told_token(scene.token_of(found.against), 24)
        return say("interior.attribution.difference", token=token, rival=rival)
    key = "first_choice" if scene.readings.chosen is None else "logit"
    return say(f"interior.attribution.{key}", token=token)


def _sum(found: Attribution) -> str:
    total, logit = plain(found.total), plain(found.logit)
    key = "sum" if total == logit else "nearly"
    return say(f"interior.attribution.{key}", total=total, logit=logit)
