"""The Explore page: a GPT writes, and every panel explains the selected token. Its rooms, by name."""

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from model.training.line import TrainingLine
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
from viz.pages.model_menu import Choosing, ModelMenus
from viz.pages.room import Room
from viz.pages.scene import stored_scene
from viz.pages.visitor import Visitor
from viz.pages.wiring import (
    wire_journey,
    wire_looking,
    wire_places,
    wire_switches,
    wire_writing,
)
from viz.pages.writing import Writing
from viz.rooms.ablation.room import ABLATION
from viz.rooms.architecture.room import ARCHITECTURE
from viz.rooms.attribution.room import ATTRIBUTION
from viz.rooms.branches.room import BRANCHES
from viz.rooms.chain.room import CHAIN
from viz.rooms.comparison.room import COMPARISON
from viz.rooms.data.room import DATA
from viz.rooms.dice.room import DICE
from viz.rooms.distillation.room import DISTILLATION
from viz.rooms.evaluation.room import EVALUATION
from viz.rooms.fine_tuning.room import FINE_TUNING
from viz.rooms.heads.room import HEADS
from viz.rooms.history.room import HISTORY
from viz.rooms.inside.room import INSIDE
from viz.rooms.lens.room import LENS
from viz.rooms.neuron_effects.room import NEURON_EFFECTS
from viz.rooms.neurons.room import NEURONS
from viz.rooms.part_effects.room import PART_EFFECTS
from viz.rooms.patching.room import PATCHING
from viz.rooms.pretraining.room import PRETRAINING
from viz.rooms.probes.room import PROBES
from viz.rooms.replay.room import REPLAY
from viz.rooms.rollouts.room import ROLLOUTS
from viz.rooms.saved_page.room import SAVED_PAGE
from viz.rooms.score.room import SCORE
from viz.rooms.share.room import SHARE
from viz.rooms.steering.room import STEERING
from viz.rooms.strategies.room import STRATEGIES
from viz.rooms.timelapse.room import TIMELAPSE
from viz.rooms.tokenizer.room import TOKENIZER
from viz.rooms.tokens.room import TOKENS
from viz.server.blocks import Blocks
from viz.server.limits import Limits
from viz.server.models import Models
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
    PRETRAINING,
    DATA,
    TOKENIZER,
    ARCHITECTURE,
    TIMELAPSE,
    FINE_TUNING,
    DISTILLATION,
    EVALUATION,
    COMPARISON,
    SHARE,
    SAVED_PAGE,
    HISTORY,
)
"""What can be opened, in the order in which it stands on its page; the first is open at first."""


def build_app(
    background: BackgroundModel,
    limits: Limits,
    shelf: Callable[[Service], Models] = Models,
    trainings: TrainingLine | None = None,
) -> Blocks:
    """Return the app: its pages and its API, with the stored example on them until a model writes.

    Args:
        background: the server's own model, which may still load.
        limits: of the server.
        shelf: given that model's service, keeps those that visitors may choose beside it.
        trainings: of visitors; None where they may train nothing.
    """
    service, example = Service(background, limits), load_example()
    models = shelf(service)
    drawing = drawing_of(ROOMS)
    app = Blocks(title=say("page.title"), analytics_enabled=False, fill_width=True)
    app.service, app.trainings = service, trainings
    if trainings is not None:
        trainings.others_write = lambda: service.shared.writing > 0
    # While it is empty: Gradio makes its server anew, with all that is there.
    app.queue(max_size=limits.events)
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
            Visitor(example.run, example.pieces, example.selected, service),
            delete_callback=lambda gone: gone.stop(),
        )
        add_api(service)  # first: an event of the page would take the name of an endpoint
        add_lab_api(service)
        add_interior_api(service)
        add_ablate_api(service)
        add_attribute_api(service)
        add_patch_api(service)
        writing = Writing(models, example, drawing)
        wire_writing(page, visitor, writing, limits)
        menus = ModelMenus(page, visitor, Choosing(models, example, drawing))
        looking = Looking(page, visitor, writing, menus, trainings)
        wire_looking(page, looking)
        wire_places(page, looking)
        wire_journey(page, looking)
        for room in ROOMS:
            room.wire(page.laid[room.name], looking)
        wire_switches(page)
        back = wire_door(app, page, visitor, Door(models, example, drawing))
        menus.wire(app, back)
    return app


def drawing_of(rooms: Sequence[Room[Any]]) -> Drawing:
    """Return what draws the panels of rooms, those of the drawer beside whichever is open."""
    drawer = [room.panels for room in rooms if room.page == DRAWER]
    return Drawing({room.name: room.panels for room in rooms if room.page != DRAWER}, drawer)


def start_of(example: Example, limits: Limits) -> Controls:
    """Return where the controls stand at first: where they stood when the example was written."""
    return Controls(seed=example.run.seed, max_new_tokens=min(Controls.max_new_tokens, limits.max_new_tokens))
