"""Which panels an event redraws: those that it changes, and of the rooms the one that is open."""

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from viz.pages.controls import Controls
from viz.pages.interior import head_panels, lens, lens_grid, score
from viz.pages.lab import branches, chain, throwing
from viz.pages.notices import notice
from viz.pages.panels import (
    Screen,
    attention,
    bars,
    bertviz,
    biases,
    facts,
    found,
    or_message,
    ranked,
    status,
    steps,
    strip,
    sweep,
)
from viz.pages.scene import Scene

Panel = Callable[[Scene, Controls], Any]

BY_SETTINGS: dict[str, dict[str, Panel]] = {
    "inside": {"sweep": sweep, "ranked": ranked, "facts": lambda scene, _: facts(scene)},
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
        "attention": lambda scene, controls: or_message(attention, scene, controls),
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
        "lens": partial(or_message, lens.lens),
        "attribution": partial(or_message, lens.attribution),
        "logit_sum": lens.logit_sum,
        "heads_moved": lens.heads_moved,
        "residual": partial(or_message, lens.residual),
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
    return Screen(
        bars=bars(scene, controls),
        found=found(scene, controls),
        notice=notice(scene, controls),
        preset=controls.preset,
        biases=biases(scene, controls),
        **_drawn(BY_SETTINGS, scene, controls),
    )


def after_head(scene: Scene, controls: Controls) -> Screen:
    """Return what another layer, head or view of heads changes."""
    return Screen(**_drawn(BY_HEAD, scene, controls))


def after_quantity(scene: Scene, controls: Controls) -> Screen:
    """Return what another quantity of the heads changes."""
    return Screen(head_grid=head_panels.grid(scene, controls), head_told=head_panels.told(scene, controls))


def after_search(scene: Scene, controls: Controls) -> Screen:
    """Return what a search changes: the tokens found, and the roads of the first of them."""
    return after_pick(scene, controls)._replace(found=found(scene, controls))


def after_pick(scene: Scene, controls: Controls) -> Screen:
    """Return what a picked row of a table changes."""
    return Screen(road=chain.road(scene, controls)) if scene.room == "chain" else Screen()


def after_selection(scene: Scene, controls: Controls) -> Screen:
    """Return what a click on a token changes: every panel."""
    return after_settings(scene, controls)._replace(
        timeline=steps(scene, controls), status=status(scene), **_drawn(BY_SELECTION, scene, controls)
    )


def everything(scene: Scene, controls: Controls) -> Screen:
    """Return the whole page."""
    return after_selection(scene, controls)._replace(
        strip=strip(scene, controls), **_drawn(BY_TEXT, scene, controls)
    )


def room(scene: Scene, controls: Controls) -> Screen:
    """Return the panels of the room that was opened."""
    return Screen(
        **_drawn(BY_SETTINGS, scene, controls),
        **_drawn(BY_SELECTION, scene, controls),
        **_drawn(BY_TEXT, scene, controls),
    )


def figures(scene: Scene, controls: Controls) -> Screen:
    """Return all figures, in the colours of the page."""
    return room(scene, controls)._replace(timeline=steps(scene, controls))


def _drawn(panels: dict[str, dict[str, Panel]], scene: Scene, controls: Controls) -> dict[str, Any]:
    return {field: draw(scene, controls) for field, draw in panels.get(scene.room, {}).items()}
