"""What a training can begin with, or learn from: the default model, and checkpoints of one's own."""

from typing import Any

import gradio as gr

from model.weights.catalog import DEFAULT
from viz.pages.visitor import Visitor
from viz.training.desk import Desk
from viz.words.strings import say


def base_choice(elem_id: str, label: str) -> gr.Dropdown:
    """Return the list; the default model alone at first."""
    return gr.Dropdown(
        [(say("train.base.default"), DEFAULT)], value=DEFAULT, label=label, elem_id=elem_id, min_width=240
    )


def bases_offered(desk: Desk, visitor: Visitor, chosen: object) -> Any:
    """Return the update of a list: the default model, and the last checkpoint of each of the trainings."""
    choices = [(say("train.base.default"), DEFAULT)]
    for name, settings in desk.mine(visitor):
        steps = [step for step, _ in desk.checkpoints(name)]
        if steps:
            title = say("train.base.checkpoint", name=settings.name, step=f"{steps[-1]:,}")
            choices.append((title, f"{name}/{steps[-1]}"))
    values = [value for _, value in choices]
    return gr.update(choices=choices, value=chosen if chosen in values else DEFAULT)
