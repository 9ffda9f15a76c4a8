"""The Explore page: a GPT writes, and every panel explains the selected token. Its rooms, by name."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from model.weights.background import BackgroundModel
from viz.api.ablate import add_ablate_api
from viz.api.attribute import add_attribute_api
from viz.api.explore import add_api
from viz.api.interior import add_interior_api
from viz.api.lab import add_lab_api
from viz.api.patch import add_patch_api
from viz.pages.controls import Controls
from viz.pages.door import Door, wire_door
from viz.pages.drawing import Drawing
from viz.pages.example import Example, load_example
from viz.pages.layout import DRAWER, Place, lay_out
from viz.pages.looking import Looking
from viz.pages.room import Room
from viz.pages.scene import stored_scene
from viz.pages.visitor import Visitor
from viz.pages.wiring import (
    wire_journey,
    wire_looking,
    wire_masthead,
    wire_places,
    wire_switches,
    wire_writing,
)
from viz.pages.writing import Writing
from viz.rooms.ablation.room import ABLATION
from viz.rooms.attribution.room import ATTRIBUTION
from viz.rooms.branches.room import BRANCHES
from viz.rooms.chain.room import CHAIN
from viz.rooms.dice.room import DICE
from viz.rooms.heads.room import HEADS
from viz.rooms.history.room import HISTORY
from viz.rooms.inside.room import INSIDE
from viz.rooms.lens.room import LENS
from viz.rooms.neuron_effects.room import NEURON_EFFECTS
from viz.rooms.neurons.room import NEURONS
from viz.rooms.part_effects.room import PART_EFFECTS
from viz.rooms.patching.room import PATCHING
from viz.rooms.probes.room import PROBES
from viz.rooms.replay.room import REPLAY
from viz.rooms.rollouts.room import ROLLOUTS
from viz.rooms.saved_page.room import SAVED_PAGE
from viz.rooms.score.room import SCORE
from viz.rooms.share.room import SHARE
from viz.rooms.steering.room import STEERING
from viz.rooms.strategies.room import STRATEGIES
from viz.rooms.tokens.room import TOKENS
from viz.server.blocks import Blocks
from viz.server.limits import Limits
from viz.server.service import Service
from viz.words.strings import say

ROOMS: tuple[Room[Any], ...] = (
    INSIDE,
    SCORE,
    TOKENS,
    HEADS,
    LENS,
    NEURONS,
    ABLATION,
    PART_EFFECTS,
    NEURON_EFFECTS,
    ATTRIBUTION,
    PATCHING,
    STEERING,
    PROBES,
    CHAIN,
    DICE,
    REPLAY,
    ROLLOUTS,
    STRATEGIES,
    BRANCHES,
    SHARE,
    SAVED_PAGE,
    HISTORY,
)
"""What can be opened, in the order in which it stands on its page; the first is open at first."""


def build_app(background: BackgroundModel, limits: Limits) -> Blocks:
    """Return the app: its pages and its API, with the stored example on them until a model writes."""
    service, example = Service(background, limits), load_example()
    drawing = drawing_of(ROOMS)
    app = Blocks(title=say("page.title"), analytics_enabled=False, fill_width=True)
    app.service = service
    app.queue(
        max_size=limits.events
    )  # while it is empty: Gradio makes its server anew, with all that is there
    with app:
        start = start_of(example, limits)
        page = lay_out(
            drawing.everything(stored_scene(example, start, ""), start),
            start,
            limits,
            layers=example.layers,
            heads=example.heads,
            rooms={room.name: Place(room.page, room.place, room.controls) for room in ROOMS},
        )
        visitor = gr.State(
            Visitor(example.run, example.pieces, example.selected),
            delete_callback=lambda gone: gone.stop(),
        )
        add_api(service)  # first: an event of the page would take the name of an endpoint
        add_lab_api(service)
        add_interior_api(service)
        add_ablate_api(service)
        add_attribute_api(service)
        add_patch_api(service)
        writing = Writing(service, example, drawing)
        wire_writing(page, visitor, writing, limits)
        looking = Looking(page, visitor, writing)
        wire_looking(page, looking)
        wire_places(page, looking)
        wire_journey(page, looking)
        for room in ROOMS:
            room.wire(page.laid[room.name], looking)
        wire_switches(page)
        wire_masthead(app, page, service)
        wire_door(app, page, visitor, Door(service, example, drawing))
    return app


def drawing_of(rooms: Sequence[Room[Any]]) -> Drawing:
    """Return what draws the panels of rooms, those of the drawer beside whichever is open."""
    drawer = [room.panels for room in rooms if room.page == DRAWER]
    return Drawing({room.name: room.panels for room in rooms if room.page != DRAWER}, drawer)


def start_of(example: Example, limits: Limits) -> Controls:
    """Return where the controls stand at first: where they stood when the example was written."""
    return Controls(seed=example.run.seed, max_new_tokens=min(Controls.max_new_tokens, limits.max_new_tokens))
