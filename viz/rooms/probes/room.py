"""The room of probes: does the model treat these the same? And does the text on the page go in circles?"""

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from viz.components.heading import heading, heading_html
from viz.pages import room_head
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.plot import plot
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.work import wire_work
from viz.rooms.probes.handlers import WORK, Probes, ProbesScreen, offered
from viz.rooms.probes.panels import PANELS
from viz.rooms.probes.typed_set import SETS, ready_set
from viz.server.limits import LOOKING, SEARCHING
from viz.words.strings import say

LINES = 8
"""Of the fields that hold a list, before they scroll."""


@dataclass(frozen=True, kw_only=True)
class ProbesLaid(Laid):
    """What the room is made of."""

    ready: gr.Radio
    template: gr.Textbox
    fillers: gr.Textbox
    continuations: gr.Textbox
    spaced: gr.Checkbox
    reference: gr.Textbox
    start: gr.Button
    screen: ProbesScreen
    """What a measurement changes."""


def lay_out(plan: Plan) -> ProbesLaid:
    """Create the room."""
    with gr.Column(elem_classes=["probes"]):
        with room_head.head():
            ready = _ready()
            template, fillers, continuations = _fields(*ready_set(SETS[0]))
            with room_head.presses():
                start = room_head.action(say("why.probes.start"), "probes-start")
                cancel = room_head.cancel("probes-cancel")
                room_head.unfolds("probes")
                line = room_head.line(say("why.probes.invitation"), "probes-line")
            with room_head.options(), gr.Row(elem_classes=["tools"]):
                spaced = gr.Checkbox(True, label=say("why.probes.spaced"), elem_id="probes-spaced")
                reference = gr.Textbox(
                    label=say("why.probes.reference"), max_lines=1, elem_id="probes-reference"
                )
        with gr.Column(elem_classes=["card", "of-probe"]):
            heading("why.probes")
            table, findings = _html("probes-table"), _html("probes-findings")
            chart = plot(None, "probes-chart")
            _note("why.probes.source")
        outputs = _of_text()
    return ProbesLaid(
        outputs=outputs,
        ready=ready,
        template=template,
        fillers=fillers,
        continuations=continuations,
        spaced=spaced,
        reference=reference,
        start=start,
        screen=ProbesScreen(table, findings, chart, line, cancel),
    )


def wire(laid: ProbesLaid, looking: Looking) -> None:
    """Let the buttons of the room do what they say."""
    page, handlers = looking.page, Probes()
    fields = [laid.template, laid.fillers, laid.continuations, laid.spaced]
    wire_work(
        looking,
        WORK,
        laid.screen.cancel,
        {laid.start: (page.taking(handlers.measure_set), [*fields, laid.reference, *page.inputs])},
        laid.screen,
        show_progress="minimal",
        show_progress_on=laid.screen.line,
        **SEARCHING,
    )
    laid.ready.input(offered, laid.ready, fields, queue=False, **QUIET)
    gr.on(
        [page.rooms[PROBES.name].select, page.controls["appearance"].change, laid.reference.change],
        page.taking(handlers.redraw),
        [looking.visitor, laid.reference, *page.inputs],
        list(laid.screen),
        trigger_mode="always_last",
        **QUIET,
        **LOOKING,
    )


def _ready() -> gr.Radio:
    with gr.Row(elem_classes=["choices"]):
        return gr.Radio(
            [(say(f"why.probes.set.{name}.label"), name) for name in SETS],
            value=SETS[0],
            label=say("why.probes.ready"),
            elem_classes=["chips"],
            elem_id="probes-ready",
        )


def _fields(template: str, fillers: str, continuations: str) -> tuple[gr.Textbox, gr.Textbox, gr.Textbox]:
    """Return the fields of a set. None cuts off what is too long: a message says so, and nothing is lost."""
    sentence = gr.Textbox(template, label=say("why.probes.template"), max_lines=3, elem_id="probes-template")
    with gr.Row(elem_classes=["lists"]):
        lists = [
            gr.Textbox(
                value,
                label=say(f"why.probes.{name}"),
                lines=LINES,
                max_lines=LINES,
                min_width=200,
                elem_id=f"probes-{name}",
            )
            for name, value in (("fillers", fillers), ("continuations", continuations))
        ]
    return sentence, lists[0], lists[1]


def _of_text() -> dict[str, Any]:
    """Return the components of the panels, which are about the text on the page."""
    outputs: dict[str, Any] = {}
    with gr.Column(elem_classes=["card"]):
        heading("why.probes.text")
        outputs["probes_verdict"] = _html("probes-verdict")
        with gr.Row(elem_classes=["pair"]):
            for name in ("said_before", "entropy"):
                with gr.Column(min_width=300):
                    gr.HTML(
                        heading_html(say(f"why.probes.{name}.title"), say(f"why.probes.{name}.say")),
                        apply_default_css=False,
                    )
                    outputs[f"probes_{name}"] = plot(None, f"probes-{name.replace('_', '-')}")
        _note("why.probes.text.source")
    return outputs


def _note(key: str) -> None:
    gr.HTML(f'<p class="say">{escape(say(key))}</p>', apply_default_css=False)


def _html(elem_id: str) -> gr.HTML:
    return gr.HTML(elem_id=elem_id, apply_default_css=False)


PROBES = Room("probes", "why", lay_out, PANELS, wire=wire)
