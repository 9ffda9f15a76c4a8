"""The panels of the room: what was measured of the step that is looked at."""

from model.interventions.curves import Curves
from model.interventions.token_scores import METHODS, UNSIGNED, Method
from viz.components.score_strip import ScoreStripValue, furthest, score_strip_value
from viz.figures.figure import Figure
from viz.figures.hiding_curves import HidingCurve, hiding_curves_figure
from viz.pages.controls import Controls
from viz.pages.panel import On, Panel, Panels
from viz.pages.scene import Scene
from viz.rooms.attribution.controls import AttributionControls
from viz.rooms.attribution.state import AttributionState, Measured, step_of
from viz.rooms.attribution.tables import agreement_html
from viz.rooms.attribution.words import (
    asked_html,
    method_name,
    no_scores_html,
    score_text,
    token_title,
    told_html,
)
from viz.server.service import Trouble
from viz.words.lines import status_line
from viz.words.strings import say


def strip(scene: Scene, controls: Controls) -> ScoreStripValue | None:
    """Return the context, coloured by the scores; nothing where they were not measured."""
    measured, method = _of(scene, controls), _method(controls)
    if measured is None or method not in measured.scores:
        return None
    scores = measured.scores[method]
    pieces, most = scene.pieces[: scene.selected], furthest(scores.values)
    titles = [
        token_title(piece, position, value, method)
        for position, (piece, value) in enumerate(zip(pieces, scores.values.tolist(), strict=True))
    ]
    low = "" if method in UNSIGNED else score_text(-most, method)
    return score_strip_value(pieces, scores.values, titles, low, score_text(most, method))


def told(scene: Scene, controls: Controls) -> str:
    """Return whose scores these are, and what the method means, as escaped HTML."""
    method = _method(controls)
    try:
        step_of(scene.run, scene.selected, controls.of(AttributionControls))
    except Trouble as trouble:
        return status_line(str(trouble))
    measured = _of(scene, controls)
    if measured is None or method not in measured.scores:
        return no_scores_html(method)
    token_of = scene.source.token_of
    against = None if measured.against is None else token_of(measured.against)
    asked = asked_html(token_of(measured.token_id), against, measured.worth)
    return asked + told_html(measured.scores[method])


def agreement(scene: Scene, controls: Controls) -> str:
    """Return which methods agree with the one that is shown, and how each did, as escaped HTML."""
    measured = _of(scene, controls)
    if measured is None:
        return status_line(say("why.attribution.table.empty"))
    return agreement_html(measured, _method(controls))


def deletion(scene: Scene, controls: Controls) -> Figure:
    """Return what is left where tokens are hidden in the order of their scores."""
    return _curves(scene, controls, shown_again=False)


def insertion(scene: Scene, controls: Controls) -> Figure:
    """Return what comes back where all are hidden at first and shown in that order."""
    return _curves(scene, controls, shown_again=True)


def _curves(scene: Scene, controls: Controls, *, shown_again: bool) -> Figure:
    measured, method = _of(scene, controls), _method(controls)
    found = {} if measured is None else dict(measured.curves)

    def line(name: str, one: Curves) -> HidingCurve:
        return HidingCurve(name, one.shares, one.insertion if shown_again else one.deletion)

    lines = {one: line(method_name(one), curve) for one, curve in found.items()}
    chance = None if measured is None else measured.chance
    return hiding_curves_figure(
        lines.get(method),
        [lines[one] for one in METHODS if one in lines and one != method],
        None if chance is None else line(say("figures.hiding.chance"), chance),
        shown_again=shown_again,
        difference=measured is not None and measured.against is not None,
        theme=controls.theme,
    )


def _of(scene: Scene, controls: Controls) -> Measured | None:
    """Return what was measured of the step that is looked at."""
    try:
        step = step_of(scene.run, scene.selected, controls.of(AttributionControls))
    except Trouble:
        return None
    return scene.kept.of(AttributionState).steps.get(step)


def _method(controls: Controls) -> Method:
    return controls.of(AttributionControls).chosen


PANELS: Panels = {
    "attribution_strip": Panel(strip, On.SELECTION),
    "attribution_told": Panel(told, On.SELECTION),
    "attribution_agreement": Panel(agreement, On.SELECTION),
    "attribution_deletion": Panel(deletion, On.SELECTION, figure=True),
    "attribution_insertion": Panel(insertion, On.SELECTION, figure=True),
}
