"""Which panels an event redraws: those that it changes, and of the rooms the one that is open."""

import gradio as gr

from viz.pages.controls import Controls
from viz.pages.drawing import Panel, drawn
from viz.pages.notices import notice
from viz.pages.panels import (
    Screen,
    attention,
    bars,
    bertviz,
    biases,
    facts,
    found,
    ranked,
    status,
    steps,
    strip,
    sweep,
)
from viz.pages.scene import Scene
from viz.rooms.branches import room as branches
from viz.rooms.chain import room as chain
from viz.rooms.chain import throwing
from viz.rooms.heads import panels as head_panels
from viz.rooms.lens import grid as lens_grid
from viz.rooms.lens import room as lens
from viz.rooms.score import room as score

STEP: dict[str, Panel] = {"bars": bars, "found": found, "notice": notice, "biases": biases}
"""The panels beside the text, in every room."""
BY_SETTINGS: dict[str, dict[str, Panel]] = {
    "inside": {"sweep": sweep, "ranked": ranked, "facts": facts},
    "chain": {
        "chain": chain.table,
        "road": chain.road,
        "stages": chain.stages,
        "cumulative": chain.cumulative,
        "thrown": throwing.thrown,
        "throws": throwing.throws,
        "convergence": throwing.convergence,
    },
}
"""The panels of each room that show the shaped distribution, by the field of `Screen`."""
BY_HEAD: dict[str, dict[str, Panel]] = {
    "inside": {
        "attention": attention,
        "bertviz": lambda scene, controls: bertviz(scene, controls) if scene.head_view else gr.skip(),
    },
    "heads": {
        "head_grid": head_panels.grid,
        "head_told": head_panels.told,
        "head_map": head_panels.head_map,
        "thumbnails": head_panels.thumbnails,
        "model_view": head_panels.model_view,
        "neuron_view": head_panels.neuron_view,
    },
}
"""Those that show the layer and head on the sliders, at the selected step."""
BY_SELECTION: dict[str, dict[str, Panel]] = {
    **BY_HEAD,
    "lens": {
        "lens": lens.lens,
        "attribution": lens.attribution,
        "logit_sum": lens.logit_sum,
        "heads_moved": lens.heads_moved,
        "residual": lens.residual,
        "lens_grid": lens_grid.figure,
        "lens_line": lens_grid.line,
    },
}
"""All others that show the selected step."""
BY_TEXT: dict[str, dict[str, Panel]] = {
    "branches": {"tree": branches.tree},
    "score": {
        "score_facts": score.facts,
        "score_ranks": score.ranks,
        "score_ratios": score.ratios,
        "score_entropies": score.entropies,
    },
}
"""Those that show texts, and no step more than another."""


def after_settings(scene: Scene, controls: Controls) -> Screen:
    """Return what a moved slider changes: everything drawn from the shaped distribution."""
    return _screen(scene, controls, STEP, _of_room(BY_SETTINGS, scene))._replace(preset=controls.preset)


def after_head(scene: Scene, controls: Controls) -> Screen:
    """Return what another layer, head or view of heads changes."""
    return _screen(scene, controls, _of_room(BY_HEAD, scene))


def after_quantity(scene: Scene, controls: Controls) -> Screen:
    """Return what another quantity of the heads changes."""
    return _screen(scene, controls, {"head_grid": head_panels.grid, "head_told": head_panels.told})


def after_search(scene: Scene, controls: Controls) -> Screen:
    """Return what a search changes: the tokens found, and the roads of the first of them."""
    return _screen(scene, controls, {"found": found}, _road(scene))


def after_pick(scene: Scene, controls: Controls) -> Screen:
    """Return what a picked row of a table changes."""
    return _screen(scene, controls, _road(scene))


def after_selection(scene: Scene, controls: Controls) -> Screen:
    """Return what a click on a token changes: every panel."""
    return _selected(scene, controls, {})


def everything(scene: Scene, controls: Controls) -> Screen:
    """Return the whole page."""
    return _selected(scene, controls, {"strip": strip, **_of_room(BY_TEXT, scene)})


def room(scene: Scene, controls: Controls) -> Screen:
    """Return the panels of the room that was opened."""
    return _screen(scene, controls, _room(scene))


def figures(scene: Scene, controls: Controls) -> Screen:
    """Return all figures, in the colours of the page."""
    return _screen(scene, controls, {"timeline": steps}, _room(scene))


def _selected(scene: Scene, controls: Controls, more: dict[str, Panel]) -> Screen:
    panels = STEP | {"timeline": steps, "status": status} | more
    rooms = _of_room(BY_SETTINGS, scene) | _of_room(BY_SELECTION, scene)
    return _screen(scene, controls, panels, rooms)._replace(preset=controls.preset)


def _screen(scene: Scene, controls: Controls, *panels: dict[str, Panel]) -> Screen:
    together: dict[str, Panel] = {}
    for some in panels:
        together |= some
    return Screen(**drawn(together, scene, controls))


def _room(scene: Scene) -> dict[str, Panel]:
    return _of_room(BY_SETTINGS, scene) | _of_room(BY_SELECTION, scene) | _of_room(BY_TEXT, scene)


def _road(scene: Scene) -> dict[str, Panel]:
    return {"road": chain.road} if scene.room == "chain" else {}


def _of_room(panels: dict[str, dict[str, Panel]], scene: Scene) -> dict[str, Panel]:
    return panels.get(scene.room, {})
