"""The room of attribution: which tokens of the context brought the selected one about."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from model.interventions.token_scores import METHODS
from viz.components.heading import heading
from viz.components.score_strip import ScoreStrip
from viz.pages import room_head
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.plot import plot
from viz.pages.room import Room
from viz.pages.work import wire_work
from viz.rooms.attribution.controls import COUNTS, LONGEST_WORD, AttributionControls
from viz.rooms.attribution.measuring import WORK, AttributionScreen, Measuring
from viz.rooms.attribution.panels import PANELS
from viz.rooms.attribution.words import method_name, strip_words
from viz.server.limits import SEARCHING
from viz.words.strings import say


@dataclass(frozen=True, kw_only=True)
class AttributionLaid(Laid):
    """What the room is made of."""

    screen: AttributionScreen
    """What a press changes."""


def lay_out(plan: Plan) -> AttributionLaid:
    """Create the room."""
    start = plan.start.of(AttributionControls)
    with room_head.head():
        controls = {"method": _methods(start), "against": _against(start)}
        with room_head.presses():
            measure = room_head.action(say("why.attribution.measure"), "attribution-measure")
            cancel = room_head.cancel("attribution-cancel")
            room_head.unfolds("attribution")
            line = room_head.line(say("why.attribution.invitation"), "attribution-line")
        with room_head.options():
            controls |= _options(start)
    outputs: dict[str, Any] = {}
    with gr.Column(elem_classes=["card"]):
        heading("why.attribution.scores")
        outputs["attribution_strip"] = ScoreStrip(strip_words(), elem_id="attribution-strip")
        outputs["attribution_told"] = gr.HTML(elem_id="attribution-told", apply_default_css=False)
    with gr.Column(elem_classes=["card"]):
        heading("why.attribution.judged")
        with gr.Row(elem_classes=["pair"]):
            with gr.Column(min_width=300):
                heading("why.attribution.deletion")
                outputs["attribution_deletion"] = plot(None, "attribution-deletion")
            with gr.Column(min_width=300):
                heading("why.attribution.insertion")
                outputs["attribution_insertion"] = plot(None, "attribution-insertion")
        outputs["attribution_agreement"] = gr.HTML(elem_id="attribution-agreement", apply_default_css=False)
    screen = AttributionScreen(**outputs, line=line, measure=measure, cancel=cancel)
    return AttributionLaid(outputs, controls, screen=screen)


def wire(laid: AttributionLaid, looking: Looking) -> None:
    """Let the button measure, and the method and the other token show what is there."""
    measuring = Measuring(looking.showing)
    wire_work(
        looking,
        WORK,
        laid.screen.cancel,
        {laid.screen.measure: (looking.page.taking(measuring.measure), looking.page.inputs)},
        laid.screen,
        show_progress="minimal",
        show_progress_on=laid.screen.line,
        **SEARCHING,
    )
    shows = [laid.controls["method"].change, laid.controls["against"].change]
    looking.on(shows, looking.panels(PANELS, *PANELS))


def _methods(start: AttributionControls) -> gr.Radio:
    return gr.Radio(
        [(method_name(method), method) for method in METHODS],
        value=start.method,
        label=say("why.attribution.method.label"),
        elem_classes=["chips"],
        elem_id="attribution-method",
    )


def _against(start: AttributionControls) -> gr.Textbox:
    return gr.Textbox(
        start.against,
        label=say("why.attribution.contrast.label"),
        placeholder=say("why.attribution.contrast.hint"),
        max_lines=1,
        max_length=LONGEST_WORD,
        elem_id="attribution-against",
    )


def _options(start: AttributionControls) -> dict[str, Any]:
    with gr.Row(elem_classes=["choices"]):
        return {
            "samples": gr.Radio(
                [(str(count), count) for count in COUNTS],
                value=start.samples,
                label=say("why.attribution.samples"),
                elem_classes=["chips"],
                elem_id="attribution-samples",
            ),
            "every": gr.Checkbox(
                start.every, label=say("why.attribution.every"), elem_id="attribution-every"
            ),
        }


ATTRIBUTION = Room("attribution", "why", lay_out, PANELS, wire, AttributionControls)
