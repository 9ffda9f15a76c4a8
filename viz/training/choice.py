"""Which of a visitor's trainings a room is about: a list, the latest first."""

from typing import Any

import gradio as gr

from viz.pages.visitor import Visitor
from viz.server.service import Trouble
from viz.training.desk import Desk
from viz.words.strings import say


def training_choice(elem_id: str) -> gr.Dropdown:
    """Return the list, empty at first."""
    return gr.Dropdown([], label=say("train.choose"), elem_id=elem_id, min_width=220)


def offered(desk: Desk, visitor: Visitor, chosen: object) -> Any:
    """Return the update of a list: the trainings that are there, the chosen one or else the latest chosen."""
    mine = desk.mine(visitor)
    names = [name for name, _ in mine]
    choices = [(say("train.called", name=settings.name, id=name[:4]), name) for name, settings in mine]
    return gr.update(choices=choices, value=chosen if chosen in names else next(iter(names), None))


def chosen_training(desk: Desk, visitor: Visitor, chosen: object) -> str:
    """Return the name of the training that a room is about.

    Raises:
        Trouble: there is none.
    """
    names = [name for name, _ in desk.mine(visitor)]
    if not names:
        raise Trouble(say("train.none_yet"))
    return str(chosen) if chosen in names else names[0]
