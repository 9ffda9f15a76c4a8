"""Outputs that stay as they are cost nothing; all others are sent as Gradio sends them."""

import asyncio
import copy

import gradio as gr
import pytest

from viz.server.blocks import Blocks
from viz.server.gradio_private import SessionState

MARKED = {"__type__": "update", "props": {"__type__": "update"}}


def built(kind: type[gr.Blocks]) -> gr.Blocks:
    with kind() as app:
        outputs = [gr.Textbox(), gr.HTML(), gr.Button("press"), gr.Slider(0, 9)]
        app.load(lambda: None, None, outputs)
        app.load(lambda: None, None, outputs[0])
    return app


def sent(app: gr.Blocks, predictions: object, function: int = 0) -> list:
    values = copy.deepcopy(predictions)  # Gradio takes updates apart
    found = asyncio.run(app.postprocess_data(app.fns[function], values, SessionState(app)))
    # For HTML that is skipped Gradio sends its own mark along, as if it were a property.
    return [{"__type__": "update"} if value == MARKED else value for value in found]


@pytest.mark.parametrize(
    "values",
    [
        ("text", "<b>bold</b>", gr.update(interactive=False), 5),
        ("text", gr.skip(), gr.skip(), gr.skip()),
        (gr.skip(), "<b>bold</b>", gr.update(value="released", visible=True), gr.skip()),
        (gr.skip(), gr.skip(), gr.skip(), gr.skip()),
        (None, "", gr.skip(), 0),
    ],
)
def test_what_is_sent_is_what_gradio_sends(values):
    assert sent(built(Blocks), values) == sent(built(gr.Blocks), values)


@pytest.mark.parametrize("value", ["text", gr.skip(), ["a list of one"], None])
def test_a_function_with_one_output_is_left_to_gradio(value):
    assert sent(built(Blocks), value, 1) == sent(built(gr.Blocks), value, 1)


def test_too_few_values_are_refused_as_gradio_refuses_them():
    for kind in (Blocks, gr.Blocks):
        with pytest.raises(ValueError, match=r"didn't return enough|returned from"):
            sent(built(kind), ("text", gr.skip()))


def test_no_component_is_made_anew_for_an_output_that_is_skipped(monkeypatch):
    app = built(Blocks)
    made = []
    monkeypatch.setattr(gr.Slider, "__init__", lambda *_, **__: made.append("slider"))
    sent(app, ("text", gr.skip(), gr.skip(), gr.skip()))
    assert not made
