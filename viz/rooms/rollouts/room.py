"""The room of many short continuations: its components and where they stand."""

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from viz.components.dial import Dial
from viz.components.heading import heading
from viz.components.selection import Selection
from viz.pages.plot import plot
from viz.rooms.rollouts.rollout_texts import RolloutTexts
from viz.rooms.rollouts.rollout_tree import RolloutTree
from viz.rooms.rollouts.screen import RolloutScreen
from viz.words.strings import say

STARTS = ("prompt", "selected", "whole")
"""Where rollouts may begin."""
COUNTS = (16, 64, 128)
MOST_LENGTH = 64
"""Tokens of a rollout."""
SWEPT = {"temperature": "0.2, 0.5, 0.8, 1.0, 1.3, 1.8", "top_k": "1, 2, 5, 20, 100, 0"}
"""Settings that can be swept over, and the values that are offered."""


@dataclass(frozen=True)
class RolloutRoom:
    """Every component that an event of the room needs."""

    start: gr.Radio
    count: gr.Radio
    length: gr.Slider
    setting: gr.Radio
    values: gr.Textbox
    each: gr.Slider
    chosen: Selection
    """The text that is to be opened on the page."""
    screen: RolloutScreen
    """Outputs."""


def lay_out() -> RolloutRoom:
    """Create the room."""
    outputs: dict[str, Any] = {}
    with gr.Column(elem_classes=["rollouts"]):
        with gr.Column(elem_classes=["card"]):
            heading("lab.rollouts")
            with gr.Row(elem_classes=["tools"]):
                start, count = _starts(), _counts()
                length = Dial(
                    1, MOST_LENGTH, 24, step=1, label=say("lab.rollouts.length"), elem_id="rollout-length"
                )
                with gr.Row(elem_classes=["presses"]):
                    outputs["roll"] = gr.Button(
                        say("lab.rollouts.roll"), variant="primary", size="sm", elem_id="roll"
                    )
                    outputs["cancel"] = gr.Button(
                        say("lab.cancel"), size="sm", interactive=False, elem_id="rollout-cancel"
                    )
            with gr.Row(elem_classes=["tools", "second"]):
                setting, values = _setting(), _values()
                each = Dial(4, 32, 16, step=1, label=say("lab.rollouts.each"), elem_id="rollout-each")
                with gr.Row(elem_classes=["presses"]):
                    outputs["sweep"] = gr.Button(say("lab.rollouts.sweep"), size="sm", elem_id="sweep")
            empty = f'<p class="say empty">{escape(say("lab.rollouts.empty"))}</p>'
            outputs["state"] = _html(empty, "rollout-state")
        outputs |= _results()
        chosen = Selection(elem_id="rollout-chosen", strip_id="rollout-texts")
    return RolloutRoom(start, count, length, setting, values, each, chosen, RolloutScreen(**outputs))


def _results() -> dict[str, Any]:
    """Return the outputs under the controls, by the field of `RolloutScreen`."""
    outputs: dict[str, Any] = {}
    with gr.Row(equal_height=True, elem_classes=["pair", "of-rolls"]):
        with gr.Column(scale=5, min_width=340, elem_classes=["card"]):
            heading("lab.rollouts.first")
            outputs["first"] = plot(None, "first-tokens")
            outputs["verdict"] = _html("", "rollout-verdict")
        with gr.Column(scale=6, min_width=340, elem_classes=["card"]):
            heading("lab.rollouts.tree")
            outputs["tree"] = RolloutTree()
    with gr.Row(equal_height=True, elem_classes=["pair"]):
        with gr.Column(scale=6, min_width=340, elem_classes=["card", "of-rolls"]):
            heading("lab.rollouts.texts")
            outputs["texts"] = RolloutTexts()
            outputs["facts"] = _html("", "rollout-facts")
        with gr.Column(scale=5, min_width=340, elem_classes=["card", "of-sweep"]):
            heading("lab.rollouts.diversity")
            outputs["diversity"] = plot(None, "diversity")
            outputs["swept"] = _html("", "rollout-swept")
    return outputs


def _html(value: str, elem_id: str) -> gr.HTML:
    return gr.HTML(value, elem_id=elem_id, apply_default_css=False)


def _starts() -> gr.Radio:
    return gr.Radio(
        [(say(f"lab.rollouts.from.{name}"), name) for name in STARTS],
        value=STARTS[0],
        label=say("lab.rollouts.start"),
        elem_classes=["chips"],
        elem_id="rollout-start",
    )


def _counts() -> gr.Radio:
    return gr.Radio(
        [(str(count), count) for count in COUNTS],
        value=64,
        label=say("lab.rollouts.count"),
        elem_classes=["chips"],
        elem_id="rollout-count",
    )


def _setting() -> gr.Radio:
    return gr.Radio(
        [(say(f"lab.rollouts.of.{name}"), name) for name in SWEPT],
        value="temperature",
        label=say("lab.rollouts.setting"),
        elem_classes=["chips"],
        elem_id="rollout-setting",
    )


def _values() -> gr.Textbox:
    return gr.Textbox(
        SWEPT["temperature"],
        label=say("lab.rollouts.values"),
        max_lines=1,
        max_length=200,
        elem_id="rollout-values",
    )
