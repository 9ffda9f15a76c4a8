"""How an event redraws part of the page: the same inputs and outputs for all, and a sentence if it cannot."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from model.training.line import TrainingLine
from viz.pages.controls import Controls
from viz.pages.drawing import drawn
from viz.pages.layout import Layout
from viz.pages.model_menu import ModelMenus
from viz.pages.panel import Panels
from viz.pages.quiet import QUIET
from viz.pages.scene import Scene, scene_of
from viz.pages.screen import Screen
from viz.pages.showing import Showing
from viz.pages.visitor import Visitor
from viz.server.failing import UNDERSTOOD
from viz.server.limits import LOOKING
from viz.words.lines import problem

Handler = Callable[..., Screen]


class Looking:
    """Wires events of a page: those that look at the text, and those of rooms that put another one there."""

    def __init__(
        self,
        page: Layout,
        visitor: gr.State,
        showing: Showing,
        menus: ModelMenus,
        trainings: TrainingLine | None = None,
    ) -> None:
        self.page = page
        self.visitor = visitor
        self.showing = showing
        self.drawing = showing.drawing
        self.trainings = trainings
        """None where this server trains nothing."""
        self.opens_model = menus.opens
        """Lets events give the page another model; arguments as of `ModelMenus.opens`."""

    def handler(
        self, draw: Callable[[Scene, Controls], Screen], change: Callable[[Visitor], None] | None = None
    ) -> Handler:
        """Return a handler that draws part of the screen for a visitor, or says why it cannot.

        Args:
            draw: what to redraw of a scene.
            change: what to note of the visitor before.
        """

        def follow(visitor: Visitor, controls: Controls) -> None:
            visitor.follow(controls.place, self.page.places)
            if change is not None:
                change(visitor)

        return self._handler(draw, follow)

    def arriving(
        self, draw: Callable[[Scene, Controls], Screen], enter: Callable[[Visitor], None]
    ) -> Handler:
        """Return a handler of an event that itself tells what was opened; arguments as of `handler`."""
        return self._handler(draw, lambda visitor, _: enter(visitor))

    def _handler(
        self, draw: Callable[[Scene, Controls], Screen], change: Callable[[Visitor, Controls], None]
    ) -> Handler:
        def handle(visitor: Visitor, controls: Controls) -> Screen:
            change(visitor, controls)
            visitor.controls = controls
            try:
                return draw(scene_of(self.showing.example, visitor, controls), controls)
            except UNDERSTOOD as trouble:
                return Screen(notice=problem(str(trouble)))

        return handle

    def panels(self, panels: Panels, *names: str, change: Callable[[Visitor], None] | None = None) -> Handler:
        """Return a handler that draws some panels of a room; arguments as of `handler`."""
        some = {name: panels[name] for name in names}
        return self.handler(lambda scene, controls: drawn(scene, controls, {}, some), change)

    def on(self, triggers: list[Any], handler: Handler, *more_inputs: Any) -> None:
        """Let events run a handler, which gets the visitor, more inputs, and then all controls.

        Of events that come faster than they are answered only the last one counts.
        """
        self._on(triggers, handler, more_inputs, "always_last")

    def opens(self, triggers: list[Any], handler: Handler, *more_inputs: Any) -> None:
        """Let events put a text on the page; the handler also gets the prompt, before the controls."""
        self._on(triggers, handler, (*more_inputs, self.page.prompt), "once")

    def _on(self, triggers: list[Any], handler: Handler, more_inputs: tuple[Any, ...], mode: Any) -> None:
        gr.on(
            triggers,
            self.page.answering(handler),
            [self.visitor, *more_inputs, *self.page.inputs],
            self.page.outputs,
            trigger_mode=mode,
            **QUIET,
            **LOOKING,
        )
