"""The room of the neurons: which of a layer's MLP are most active at the step, and what they write."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from model.interior.neurons import LayerNeurons, neurons
from viz.components.dial import Dial
from viz.components.heading import heading
from viz.figures.figure import Figure
from viz.figures.neurons import ORDERS, Order, neurons_figure
from viz.figures.theme import placeholder
from viz.pages.controls import Controls, RoomControls
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.panel import On, Panel, Panels
from viz.pages.plot import plot
from viz.pages.room import Room
from viz.pages.scene import Scene
from viz.rooms.neurons.words import neurons_html
from viz.words.strings import say


@dataclass(frozen=True)
class NeuronControls(RoomControls):
    """Where the controls of the room stand."""

    layer: int = 22
    """Whose neurons are shown."""
    order: Order = "strongest"
    """In which order."""


def lay_out(plan: Plan) -> Laid:
    """Create the room."""
    start = plan.start.of(NeuronControls)
    with gr.Column(elem_classes=["card"]):
        heading("interior.neurons")
        with gr.Row(elem_classes=["tools"]):
            layer = Dial(
                0, plan.layers - 1, start.layer, step=1, label=say("page.layer"), min_width=160,
                elem_id="neuron-layer",
            )  # fmt: skip
        with gr.Row(elem_classes=["choices"]):
            order = gr.Radio(
                [(say(f"interior.neurons.order.{name}"), name) for name in ORDERS],
                value=start.order,
                label=say("interior.neurons.order.label"),
                elem_classes=["chips"],
                elem_id="neuron-order",
            )
        outputs: dict[str, Any] = {
            "neurons": plot(None, "neurons"),
            "neurons_told": gr.HTML(elem_id="neurons-told", apply_default_css=False),
        }
    return Laid(outputs, {"layer": layer, "order": order}, layer_dials=[layer])


def wire(laid: Laid, looking: Looking) -> None:
    """Let the layer and the order redraw the room."""
    looking.on([control.change for control in laid.controls.values()], looking.panels(PANELS, *PANELS))


def figure(scene: Scene, controls: Controls) -> Figure:
    """Return the neurons in the order that was chosen."""
    found = _found(scene, controls)
    if found is None:
        return placeholder(say("page.first_token"), theme=controls.theme)
    order = controls.of(NeuronControls).order
    return neurons_figure(found, order, token_of=scene.source.token_of, theme=controls.theme)


def told(scene: Scene, controls: Controls) -> str:
    """Return how few of them do half of the writing, as escaped HTML."""
    found = _found(scene, controls)
    return "" if found is None else neurons_html(found, scene.source.token_of(found.token_id))


def _found(scene: Scene, controls: Controls) -> LayerNeurons | None:
    """Return the neurons of the layer at the query, and what they did to the selected token."""
    why = scene.explanation
    if why is None:
        return None
    asked = why.token_id if why.token_id is not None else int(why.shaped.most_likely(1)[0])
    return scene.once(_OfLayer(controls.of(NeuronControls).layer, asked))


@dataclass(frozen=True)
class _OfLayer:
    """The neurons of one layer: a reading of 0.2 s, which both panels show."""

    layer: int
    token_id: int

    def __call__(self, scene: Scene) -> LayerNeurons:
        return neurons(scene.source.read(scene.selected), self.layer, scene.query, self.token_id)


PANELS: Panels = {
    "neurons": Panel(figure, On.SELECTION, figure=True),
    "neurons_told": Panel(told, On.SELECTION),
}
NEURONS = Room("neurons", "inside", lay_out, PANELS, wire, NeuronControls)
