"""The room of MLPs and neurons: what each did for the selected token."""

from dataclasses import dataclass
from html import escape

import gradio as gr

from viz.components.dial import Dial
from viz.components.heading import heading
from viz.pages import room_head
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.plot import plot
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.work import wire_work
from viz.rooms.neuron_effects.handlers import WHERE, WORK, NeuronEffectsScreen, TakingAway
from viz.server.limits import LOOKING, SEARCHING
from viz.words.strings import say

FIRST_LAYER = 22
"""As in the room of neurons."""


@dataclass(frozen=True, kw_only=True)
class NeuronEffectsLaid(Laid):
    """What the room is made of."""

    where: gr.Radio
    layer: gr.Slider
    start: gr.Button
    screen: NeuronEffectsScreen
    """What its events change."""


def lay_out(plan: Plan) -> NeuronEffectsLaid:
    """Create the room."""
    with gr.Column(elem_classes=["neuron-effects"]):
        with room_head.head():
            where = room_head.chips(
                say("why.neuron_effects.where.label"),
                {key: say(f"why.neuron_effects.where.{key}") for key in WHERE},
                "neuron-effects-where",
            )
            layer = Dial(
                0, plan.layers - 1, min(FIRST_LAYER, plan.layers - 1), step=1,
                label=say("why.neuron_effects.layer"), elem_id="neuron-effects-layer",
            )  # fmt: skip
            with room_head.presses():
                start = room_head.action(say("why.neuron_effects.start"), "neuron-effects-start")
                cancel = room_head.cancel("neuron-effects-cancel")
                line = room_head.line(say("why.neuron_effects.invitation"), "neuron-effects-line")
        with gr.Column(elem_classes=["card", "of-effects"]):
            told = gr.HTML(elem_id="neuron-effects-told", apply_default_css=False)
            with gr.Row(elem_classes=["pair"]):
                with gr.Column(min_width=320):
                    heading("why.neuron_effects.mlps")
                    mlps = plot(None, "neuron-effects-mlps")
                with gr.Column(min_width=320):
                    heading("why.neuron_effects.neurons")
                    neurons = plot(None, "neuron-effects-neurons")
            source = escape(say("why.neuron_effects.source"))
            gr.HTML(f'<p class="say">{source}</p>', apply_default_css=False)
    return NeuronEffectsLaid(
        layer_dials=[layer],
        where=where,
        layer=layer,
        start=start,
        screen=NeuronEffectsScreen(mlps, neurons, told, line, cancel),
    )


def wire(laid: NeuronEffectsLaid, looking: Looking) -> None:
    """Let the buttons of the room do what they say."""
    page, handlers = looking.page, TakingAway()
    wire_work(
        looking,
        WORK,
        laid.screen.cancel,
        {laid.start: (page.taking(handlers.measure_neurons), [laid.where, laid.layer, *page.inputs])},
        laid.screen,
        show_progress="minimal",
        show_progress_on=laid.screen.line,
        **SEARCHING,
    )
    gr.on(
        [page.rooms[NEURON_EFFECTS.name].select, page.controls["appearance"].change],
        page.taking(handlers.redraw),
        [looking.visitor, *page.inputs],
        list(laid.screen),
        trigger_mode="always_last",
        **QUIET,
        **LOOKING,
    )


NEURON_EFFECTS = Room("neuron_effects", "why", lay_out, wire=wire)
