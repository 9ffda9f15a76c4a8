"""How an event redraws part of the page: the same inputs and outputs for all, and a sentence if it cannot."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from viz.pages.controls import Controls
from viz.pages.example import Example
from viz.pages.layout import Layout
from viz.pages.panels import Screen
from viz.pages.scene import Scene, scene_of
from viz.pages.visitor import Visitor
from viz.server.failing import UNDERSTOOD
from viz.server.limits import LOOKING
from viz.server.service import Service
from viz.words.lines import problem

Handler = Callable[..., Screen]


class Looking:
    """Wires events that look at the text of a visitor and leave it as it is."""

    def __init__(self, page: Layout, visitor: gr.State, service: Service, example: Example) -> None:
        self.page = page
        self.visitor = visitor
        self.service = service
        self.example = example

    def handler(
        self, draw: Callable[[Scene, Controls], Screen], change: Callable[[Visitor], None] | None = None
    ) -> Handler:
        """Return a handler that draws part of the screen for a visitor, or says why it cannot.

        Args:
            draw: what to redraw of a scene.
            change: what to note of the visitor before.
        """

        def handle(visitor: Visitor, *values: object) -> Screen:
            if change is not None:
                change(visitor)
            controls = Controls(*values)  # type: ignore[arg-type]
            try:
                return draw(scene_of(self.service, self.example, visitor, controls), controls)
            except UNDERSTOOD as trouble:
                return Screen(notice=problem(str(trouble)))

        return handle

    def on(self, triggers: list[Any], handler: Handler, *more_inputs: Any) -> None:
        """Let events run a handler, which gets the visitor, more inputs, and then all controls.

        Of events that come faster than they are answered only the last one counts.
        """
        gr.on(
            triggers,
            handler,
            [self.visitor, *more_inputs, *self.page.inputs],
            self.page.outputs,
            trigger_mode="always_last",
            show_progress="hidden",
            api_visibility="private",
            **LOOKING,
        )
