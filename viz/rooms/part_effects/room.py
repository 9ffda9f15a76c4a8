"""The room of every head: where each looks, and what is missed once it is gone, side by side."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from model.interventions.ablation import INSTEADS, SCOPES
from viz.components.heading import heading
from viz.figures.theme import placeholder
from viz.pages import room_head
from viz.pages.controls import Controls
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.panel import On, Panel, Panels
from viz.pages.plot import plot
from viz.pages.room import Room
from viz.pages.scene import Scene
from viz.pages.work import wire_work
from viz.rooms.part_effects.drawing import drawn
from viz.rooms.part_effects.measuring import WORK, Measuring, MeasuringScreen, measured_at
from viz.server.limits import SEARCHING
from viz.words.prose import prose
from viz.words.strings import say

FIGURES = ("weights", "map", "scatter", "layers")


@dataclass(frozen=True, kw_only=True)
class PartEffectsLaid(Laid):
    """What the room is made of."""

    instead: gr.Radio
    scope: gr.Radio
    measure: gr.Button
    screen: MeasuringScreen
    """What its presses change."""


def lay_out(plan: Plan) -> PartEffectsLaid:
    """Create the room."""
    outputs: dict[str, Any] = {}
    with gr.Column(elem_classes=["part-effects"]):
        with room_head.head():
            scope = room_head.chips(
                say("why.ablation.scope.label"),
                {key: say(f"why.ablation.scope.{key}") for key in SCOPES},
                "measure-parts-scope",
            )
            with room_head.presses():
                measure = room_head.action(say("why.part_effects.measure"), "measure-parts")
                cancel = room_head.cancel("measure-parts-cancel")
                room_head.unfolds("part_effects")
                line = room_head.line(say("why.part_effects.invitation"), "measure-parts-line")
            with room_head.options():
                instead = room_head.chips(
                    say("why.ablation.instead.label"),
                    {key: say(f"why.ablation.instead.{key}") for key in INSTEADS},
                    "measure-parts-instead",
                )
        with gr.Column(elem_classes=["card"]):
            heading("why.part_effects")
            outputs["part_effects_told"] = gr.HTML(elem_id="part-effects-told", apply_default_css=False)
            with gr.Row(elem_classes=["pair"]):
                for name in ("weights", "map"):
                    with gr.Column(min_width=280):
                        _figure(name, outputs)
        with gr.Row(equal_height=True, elem_classes=["pair"]):
            for name in ("scatter", "layers"):
                with gr.Column(min_width=320, elem_classes=["card"]):
                    _figure(name, outputs)
    screen = MeasuringScreen(**outputs, line=line, cancel=cancel)
    return PartEffectsLaid(outputs=outputs, instead=instead, scope=scope, measure=measure, screen=screen)


def wire(laid: PartEffectsLaid, looking: Looking) -> None:
    """Let the button of the room do what it says."""
    page, handlers = looking.page, Measuring()
    inputs = [laid.instead, laid.scope, *page.inputs]
    wire_work(
        looking,
        WORK,
        laid.screen.cancel,
        {laid.measure: (page.taking(handlers.measure_parts), inputs)},
        laid.screen,
        show_progress="minimal",
        show_progress_on=laid.screen.line,
        **SEARCHING,
    )


def panel(name: str) -> Panel:
    """Return a panel of what was measured at the selected step."""
    figure = name != "told"

    def draw(scene: Scene, controls: Controls) -> Any:
        measured = measured_at(scene)
        if measured is not None:
            return drawn(
                measured.effects, measured.weights, measured.scope, scene.source.token_of, controls.theme
            )[f"part_effects_{name}"]
        if figure:
            return placeholder(say("why.part_effects.empty"), theme=controls.theme)
        return f'<p class="say">{prose(say("why.part_effects.empty"))}</p>'

    return Panel(draw, On.SELECTION, figure=figure)


def _figure(name: str, outputs: dict[str, Any]) -> None:
    heading(f"why.part_effects.{name}")
    outputs[f"part_effects_{name}"] = plot(None, f"part-effects-{name}")


PANELS: Panels = {f"part_effects_{name}": panel(name) for name in ("told", *FIGURES)}
PART_EFFECTS = Room("part_effects", "why", lay_out, PANELS, wire)
"""The room."""
