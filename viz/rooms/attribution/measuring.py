"""What the button of the room does: it measures what is missing, and shows it as it comes."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import gradio as gr

from model.interventions.token_scores import METHODS
from viz.pages.controls import Controls
from viz.pages.drawing import drawn
from viz.pages.scene import readable, scene_of
from viz.pages.showing import Showing
from viz.pages.visitor import Visitor
from viz.pages.work import watched
from viz.rooms.attribution.controls import AttributionControls
from viz.rooms.attribution.panels import PANELS
from viz.rooms.attribution.press import Press
from viz.rooms.attribution.state import AttributionState, step_of
from viz.rooms.attribution.words import progress_html
from viz.server.failing import or_why_not
from viz.words.lines import problem, status_line
from viz.words.strings import say

WORK = "attribution"


class AttributionScreen(NamedTuple):
    """What a press changes in the room: its panels by their names, the line, and the buttons."""

    attribution_strip: Any = gr.skip()
    attribution_told: Any = gr.skip()
    attribution_agreement: Any = gr.skip()
    attribution_deletion: Any = gr.skip()
    attribution_insertion: Any = gr.skip()
    line: Any = gr.skip()
    measure: Any = gr.skip()
    cancel: Any = gr.skip()


class Measuring:
    """The handler, for every visitor."""

    def __init__(self, showing: Showing) -> None:
        self.example = showing.example

    def measure(self, visitor: Visitor, controls: Controls) -> Iterator[AttributionScreen]:
        """Score the context of the selected token by the method that is shown, or by all."""
        visitor.controls = controls

        def explained(why: str) -> AttributionScreen:
            return AttributionScreen(line=problem(why), **_buttons(WORK in visitor.working))

        yield from or_why_not(self._measure(visitor, controls), explained)

    def _measure(self, visitor: Visitor, controls: Controls) -> Iterator[AttributionScreen]:
        run = readable(visitor)
        own = controls.of(AttributionControls).checked()
        step = step_of(run, visitor.selected, own)
        methods = METHODS if own.every else (own.chosen,)
        press = Press(visitor.service.engine, visitor.kept.of(AttributionState), step, own.samples)
        shown = 0
        for told in watched(visitor, WORK, press.results(methods), press.stop):
            if told is None:
                yield AttributionScreen(line=progress_html(0, 1, say("page.reading")), **_buttons(True))
                continue
            screen = self._shown(visitor) if told.results > shown else AttributionScreen()
            shown = told.results
            yield screen._replace(line=progress_html(told.progress.done, told.progress.total, told.what))
        key = "cancelled" if press.cancelled else "done"
        yield self._shown(visitor)._replace(
            line=status_line(say(f"why.attribution.{key}")), **_buttons(False)
        )

    def _shown(self, visitor: Visitor) -> AttributionScreen:
        """Return the panels as what the visitor looks at now wants them."""
        controls = visitor.controls or Controls()
        scene = scene_of(self.example, visitor, controls)
        return AttributionScreen(**drawn(scene, controls, {}, PANELS).rooms)


def _buttons(under_way: bool) -> dict[str, Any]:
    return {
        "measure": gr.update(interactive=not under_way),
        "cancel": gr.update(interactive=under_way),
    }
