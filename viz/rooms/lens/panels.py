"""What the room of the layers shows of a scene."""

from html import escape
from typing import Any

import gradio as gr

from model.interior.attribution import Attribution
from model.interior.layer_readings import Readings
from viz.figures.attribution import attribution_figure
from viz.figures.figure import Figure
from viz.figures.layer_rows import signed
from viz.figures.lens import lens_figure
from viz.figures.residual import residual_figure
from viz.figures.theme import placeholder
from viz.pages.controls import Controls
from viz.pages.kept import RoomState
from viz.pages.panel import Draw, On, Panel, Panels
from viz.pages.scene import Scene
from viz.pages.visitor import Visitor
from viz.rooms.lens import grid
from viz.rooms.lens.controls import LensControls
from viz.server.failing import UNDERSTOOD
from viz.words.percent import signed as plain
from viz.words.prose import prose
from viz.words.strings import say
from viz.words.tokens import told_token

FOLDED = {"attribution": ("attribution", "logit_sum", "heads_moved"), "residual": ("residual",)}
"""Panels that are drawn while their fold is open, by its name."""
HEIGHT = 300
"""Of a sentence in place of a figure, in pixels."""
STRONGEST = 10
"""Heads that are listed."""


def lens(scene: Scene, controls: Controls) -> Figure:
    """Return what the model would say after each layer."""
    why = scene.explanation
    if why is None:
        return _first_token(controls)
    return lens_figure(
        scene.once(_readings).lens,
        token_of=scene.source.token_of,
        chosen=why.token_id,
        vocab_size=len(why.shaped.logits),
        theme=controls.theme,
    )


def residual(scene: Scene, controls: Controls) -> Figure:
    """Return the lengths of the stream and of what was added to it."""
    if scene.explanation is None:
        return _first_token(controls)
    return residual_figure(scene.once(_readings).updates, theme=controls.theme)


def attribution(scene: Scene, controls: Controls) -> Figure:
    """Return what each part of the model added to the logit."""
    if scene.explanation is None:
        return _first_token(controls)
    found = scene.once(_readings).attribution(bool(controls.of(LensControls).against_rival))
    return attribution_figure(
        found,
        token=scene.source.token_of(found.token_id),
        against=None if found.against is None else scene.source.token_of(found.against),
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
        return scene.once(_readings).attribution(bool(controls.of(LensControls).against_rival))
    except UNDERSTOOD:
        return None


def _first_token(controls: Controls) -> Figure:
    return placeholder(say("page.first_token"), theme=controls.theme, height=HEIGHT)


def _whose(scene: Scene, found: Attribution) -> str:
    token = told_token(scene.source.token_of(found.token_id), 24)
    if found.against is not None:
        rival = told_token(scene.source.token_of(found.against), 24)
        return say("interior.attribution.difference", token=token, rival=rival)
    key = "first_choice" if scene.once(_readings).chosen is None else "logit"
    return say(f"interior.attribution.{key}", token=token)


def _sum(found: Attribution) -> str:
    total, logit = plain(found.total), plain(found.logit)
    key = "sum" if total == logit else "nearly"
    return say(f"interior.attribution.{key}", total=total, logit=logit)


def _readings(scene: Scene) -> Readings:
    return Readings(lambda: scene.source.read(scene.selected), scene.query, scene.chosen)


class Folds(RoomState):
    """Which parts of the room are open: what is folded is not drawn."""

    of_page = True

    def __init__(self) -> None:
        self.open: set[str] = set()
        """Their names."""


def unfold(name: str, visitor: Visitor, is_open: bool = True) -> None:
    """Note that a part of the room was opened or closed."""
    folds = visitor.kept.of(Folds).open
    if is_open:
        folds.add(name)
    else:
        folds.discard(name)


def _unfolded(name: str, draw: Draw) -> Draw:
    """Return what draws a panel of a part that may be closed."""

    def draw_if_open(scene: Scene, controls: Controls) -> Any:
        return draw(scene, controls) if name in scene.kept.of(Folds).open else gr.skip()

    return draw_if_open


PANELS: Panels = {
    "lens": Panel(lens, On.SELECTION, figure=True),
    "attribution": Panel(_unfolded("attribution", attribution), On.SELECTION, figure=True),
    "logit_sum": Panel(_unfolded("attribution", logit_sum), On.SELECTION),
    "heads_moved": Panel(_unfolded("attribution", heads_moved), On.SELECTION),
    "residual": Panel(_unfolded("residual", residual), On.SELECTION, figure=True),
    "lens_grid": Panel(grid.figure, On.SELECTION, figure=True),
    "lens_line": Panel(grid.line, On.SELECTION),
    "grid_wanted": Panel(grid.wanted, On.SELECTION),
}
