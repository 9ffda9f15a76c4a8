"""What every change of the text needs: to take another text of the tree, and to draw the page anew."""

from typing import Any

import gradio as gr

from viz.pages.controls import Controls
from viz.pages.drawing import Drawing
from viz.pages.example import Example
from viz.pages.scene import scene_of
from viz.pages.screen import Screen
from viz.pages.visitor import Visitor, require_remembered
from viz.server.failing import UNDERSTOOD
from viz.server.models import Models
from viz.server.service import Trouble
from viz.words.lines import problem
from viz.words.models import model_name
from viz.words.strings import say


class Showing:
    """The base of the handlers that change which text is on the page."""

    def __init__(self, models: Models, example: Example, drawing: Drawing) -> None:
        self.models = models
        self.example = example
        self.drawing = drawing

    def redraw(self, visitor: Visitor, controls: Controls) -> Screen:
        """Return the whole page as it is."""
        visitor.controls = controls
        try:
            scene = scene_of(self.example, visitor, controls)
            return self.drawing.everything(scene, controls)._replace(**buttons(visitor))
        except UNDERSTOOD as trouble:
            return Screen(notice=problem(str(trouble)), **buttons(visitor))

    def take(self, visitor: Visitor, selected: int | None = None) -> None:
        """Show the text that the tree has on the page.

        Args:
            visitor: whose tree has changed.
            selected: position to select; None for the last token. Of the stored example only what is stored
                can be looked at before the model is there.
        """
        run = visitor.tree.run
        if run is visitor.run:
            return
        example, words = self.example, visitor.models.words(run)
        if run is example.run:
            pieces = example.pieces
        elif words is None:
            raise Trouble(say("page.models.gone", other=model_name(run.model)))
        else:
            pieces = tuple(words.pieces(run.token_ids))
        visitor.following = selected is None
        visitor.show(run, pieces)
        if run is example.run:
            visitor.selected = example.selected
        elif selected is not None:
            visitor.selected = selected


def require_idle(visitor: Visitor) -> None:
    """Refuse a change of a text that is being written, or that the server has forgotten.

    Raises:
        Trouble: says what to do.
    """
    require_remembered(visitor)
    if visitor.writing:
        raise Trouble(say("page.busy"))


def buttons(visitor: Visitor) -> dict[str, Any]:
    """Return what can be pressed, by the field of `Screen`."""
    return {
        "undo": gr.update(interactive=visitor.history.can_undo),
        "redo": gr.update(interactive=visitor.history.can_redo),
        "stop": gr.update(interactive=visitor.writing),
    }
