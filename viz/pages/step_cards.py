"""Two cards of Explore: the text as it is written, and what its selected token could have been."""

from typing import Any

import gradio as gr

from viz.components.heading import heading
from viz.components.next_token import NextTokenBars
from viz.components.selection import Selection
from viz.components.tint import COLOUR_BY
from viz.components.token_strip import TokenStrip
from viz.pages.controls import Controls
from viz.pages.plot import plot
from viz.pages.screen import Screen
from viz.words.strings import say

ROW_CHOICES = (5, 10, 20, 50, 100)


def lay_out(start: Controls, first: Screen, controls: dict[str, Any]) -> tuple[dict[str, Any], Selection]:
    """Return the outputs by the field of `Screen`, and what is selected.

    The controls in the cards are put into `controls`.
    """
    with gr.Row(equal_height=True, elem_classes=["pair", "answering"]):
        with gr.Column(scale=6, min_width=340, elem_classes=["card"]):
            outputs, selection = _text(start, first, controls)
        with gr.Column(scale=5, min_width=340, elem_classes=["card"]):
            outputs |= _next_token(start, first, controls)
    return outputs, selection


def _text(start: Controls, first: Screen, controls: dict[str, Any]) -> tuple[dict[str, Any], Selection]:
    heading("page.text", elem_classes=["invites"])
    strip, selection = TokenStrip(first.strip), Selection()
    with gr.Row(elem_classes=["aftermath"]):
        status = gr.HTML(first.status, elem_id="status", apply_default_css=False)
    with gr.Row(elem_classes=["choices"]):
        controls["colour_by"] = gr.Radio(
            [(say(f"page.colour.{name}"), name) for name in COLOUR_BY],
            value=start.colour_by,
            label=say("page.colour_by"),
            elem_classes=["chips"],
            elem_id="colour-by",
        )
    outputs = {"strip": strip, "status": status, "timeline": plot(first.timeline, "timeline")}
    return outputs, selection


def _next_token(start: Controls, first: Screen, controls: dict[str, Any]) -> dict[str, Any]:
    heading("page.next_token")
    bars = NextTokenBars(first.bars)
    with gr.Row(elem_classes=["tools"]):
        controls["query"] = gr.Textbox(
            label=say("page.search"),
            placeholder=say("page.search_hint"),
            max_lines=1,
            max_length=200,
            elem_id="search",
        )
        controls["rows"] = gr.Dropdown(
            list(ROW_CHOICES), value=start.rows, label=say("page.rows"), elem_id="rows"
        )
    return {"bars": bars, "found": NextTokenBars(invitation="page.search_empty", elem_id="found")}
