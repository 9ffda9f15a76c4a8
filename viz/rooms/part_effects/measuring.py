"""What the button of the room does: every head, attention and MLP taken away, one after another."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import gradio as gr

from model.interior.head_quantities import Values, head_quantities
from model.interventions.ablation import INSTEADS, SCOPES
from model.interventions.part_effects import PartEffects, part_effects
from viz.pages.asked import Asked, asked
from viz.pages.controls import Controls
from viz.pages.kept import RoomState
from viz.pages.scene import Scene
from viz.pages.visitor import Visitor
from viz.pages.work import watched
from viz.rooms.part_effects.drawing import drawn
from viz.server.failing import or_why_not
from viz.server.service import Trouble
from viz.words.lines import problem, status_line
from viz.words.strings import say

WORK = "part_effects"


@dataclass(frozen=True, eq=False)
class Measured:
    """What was found at one step."""

    asked: Asked
    weights: Values
    """(L, heads) of the query that chose the token: the largest weight on any token but the first."""
    effects: PartEffects
    scope: str


class PartEffectsState(RoomState):
    """What the room remembers of a visitor."""

    def __init__(self) -> None:
        self.measured: Measured | None = None


class MeasuringScreen(NamedTuple):
    """What a press changes in the room: its panels, then how far it is."""

    part_effects_told: Any = gr.skip()
    part_effects_weights: Any = gr.skip()
    part_effects_map: Any = gr.skip()
    part_effects_scatter: Any = gr.skip()
    part_effects_layers: Any = gr.skip()
    line: Any = gr.skip()
    cancel: Any = gr.skip()


class Measuring:
    """Handlers of the events, for every visitor."""

    def measure_parts(
        self, visitor: Visitor, instead: object, scope: object, controls: Controls
    ) -> Iterator[MeasuringScreen]:
        """Take away every part, and show what is known meanwhile."""

        def explained(why: str) -> MeasuringScreen:
            return MeasuringScreen(line=problem(why), cancel=gr.update(interactive=WORK in visitor.working))

        yield from or_why_not(self._measure(visitor, instead, scope, controls), explained)

    def _measure(
        self, visitor: Visitor, instead: object, scope: object, controls: Controls
    ) -> Iterator[MeasuringScreen]:
        if instead not in INSTEADS or scope not in SCOPES:
            raise Trouble(say("why.part_effects.unknown"))
        model, step, state = (
            visitor.service.model,
            asked(visitor),
            visitor.kept.of(PartEffectsState),
        )
        token_id, ended = step.token_id, False

        def stop() -> None:
            nonlocal ended
            ended = True

        def work() -> Iterator[Measured]:
            internals = visitor.service.read(step.before, step.run.precision)
            query = step.position - 1
            weights = head_quantities(internals, ["confidence"], step.position, query=query)["confidence"]
            followed = internals.softmax(query).leading(1)[0] if token_id is None else token_id
            for found in part_effects(model, step.before, int(followed), instead, scope):
                state.measured = Measured(step, weights, found, scope)
                yield state.measured
                if ended:
                    return

        for measured in watched(visitor, WORK, work(), stop):
            if measured is None:
                yield MeasuringScreen(
                    line=status_line(say("why.measuring")), cancel=gr.update(interactive=True)
                )
            else:
                yield self._screen(visitor, measured, controls)
        found = state.measured
        if found is not None:
            whole = found.effects.done == found.effects.total
            line = say("why.done") if whole else _far(found)
            yield self._screen(visitor, found, controls)._replace(
                line=status_line(line), cancel=gr.update(interactive=False)
            )

    def _screen(self, visitor: Visitor, measured: Measured, controls: Controls) -> MeasuringScreen:
        panels = drawn(
            measured.effects, measured.weights, measured.scope, visitor.service.text.token, controls.theme
        )
        return MeasuringScreen(**panels, line=status_line(_far(measured)), cancel=gr.update(interactive=True))


def measured_at(scene: Scene) -> Measured | None:
    """Return what was measured at the step that is selected; None for nothing."""
    measured = scene.kept.of(PartEffectsState).measured
    here = scene.run.model, scene.run.token_ids[: scene.selected], scene.chosen
    return measured if measured is not None and measured.asked.place == here else None


def _far(measured: Measured) -> str:
    return say("why.part_effects.done", done=measured.effects.done, count=measured.effects.total)
