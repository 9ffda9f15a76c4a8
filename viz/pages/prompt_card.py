"""The card that every text begins in: the prompt and what writes on from it, and the sampler's dials."""

import json
from dataclasses import dataclass, field
from html import escape
from typing import Any

import gradio as gr

from model.numbers import MAX_SEED
from viz.components.dial import Dial
from viz.components.seed import Seed
from viz.components.switch import Switch
from viz.pages.controls import PRESETS, SAMPLER_NAMES, Controls
from viz.server.limits import Limits
from viz.server.service import CHOICES
from viz.words.assets import ASSETS
from viz.words.strings import say

CHIPS = 3
"""Prompts to try that stand there at once; the others, and what is asked of a chat, are one press away."""


@dataclass(frozen=True)
class PromptCard:
    """What events need of the card."""

    prompt: gr.Textbox
    reading: Switch
    preset: gr.Radio
    buttons: dict[str, gr.Button] = field(default_factory=dict)
    examples: dict[str, gr.Button] = field(default_factory=dict)
    """Buttons that write from a prompt, by that prompt."""
    chats: dict[str, gr.Button] = field(default_factory=dict)
    """Buttons that write an answer in the model's chat template, by what is asked."""
    controls: dict[str, Any] = field(default_factory=dict)


def lay_out(start: Controls, limits: Limits) -> PromptCard:
    """Create the card."""
    with gr.Column(elem_classes=["card", "compose-card"]):
        return _rows(start, limits)


def _rows(start: Controls, limits: Limits) -> PromptCard:
    known = json.loads((ASSETS / "examples.json").read_text(encoding="utf-8"))
    with gr.Row(equal_height=False, elem_classes=["compose"]):
        prompt = _prompt(known["prompts"][0]["prompt"])
        with gr.Row(elem_classes=["actions"]):
            buttons = {
                "generate": gr.Button(say("page.button.generate"), variant="primary", elem_id="generate"),
                "score": gr.Button(say("page.button.score"), variant="primary", elem_id="score"),
                "stop": gr.Button(say("page.button.stop"), variant="stop", elem_id="stop", interactive=False),
            }
    with gr.Row(elem_classes=["starters"]):
        reading = _switch("reading", "read-mode", says="aria-pressed")
        with gr.Row(elem_classes=["group", "tries"]):
            _name(say("page.examples"))
            examples = _buttons(known["prompts"][:CHIPS], "try")
            _switch("tries", "more-tries")
            with gr.Row(elem_classes=["chats"]):
                examples |= _buttons(known["prompts"][CHIPS:], "try", CHIPS)
                chats = _buttons(known["chats"], "chat")
        with gr.Row(elem_classes=["group", "moods"]):
            _name(say("page.presets"))
            names = {name: say(f"page.preset.{name}") for name in PRESETS}
            preset = _chips(say("page.presets"), names, start.preset, "presets")
        buttons["again"] = _chip(say("page.button.again"), "again")
    card = PromptCard(prompt, reading, preset, buttons, examples, chats)
    _dials(card.controls, start, limits)
    return card


def _switch(name: str, elem_id: str, **kwargs: Any) -> Switch:
    """Return a button that opens something; while it is open, the page has the class `<name>-open`."""
    label, title = say(f"page.switch.{name}"), say(f"page.switch.{name}_title")
    return Switch(f"{name}-open", label, title, elem_id=elem_id, **kwargs)


def _buttons(known: list[dict[str, str]], kind: str, first: int = 0) -> dict[str, gr.Button]:
    return {one["prompt"]: _chip(one["name"], f"{kind}-{number}") for number, one in enumerate(known, first)}


def _prompt(first: str) -> gr.Textbox:
    return gr.Textbox(
        first,
        label=say("page.prompt"),
        placeholder=say("page.prompt_hint"),
        show_label=False,
        container=False,
        lines=1,
        max_lines=8,
        scale=8,
        elem_id="prompt",
    )


def _chip(text: str, elem_id: str) -> gr.Button:
    return gr.Button(text, size="sm", min_width=50, elem_id=elem_id)


def _name(text: str) -> None:
    """Name the group of buttons or chips that follows."""
    gr.HTML(f'<span class="say">{text}</span>', apply_default_css=False)


def _chips(label: str, names: dict[str, str], value: str | None, elem_id: str) -> gr.Radio:
    return gr.Radio(
        [(text, name) for name, text in names.items()],
        value=value,
        label=label,  # for screen readers
        show_label=False,
        container=False,
        elem_classes=["chips"],
        elem_id=elem_id,
    )


def _dials(controls: dict[str, Any], start: Controls, limits: Limits) -> None:
    """Create the sampler's sliders, the length and the seed."""

    def slider(name: str, low: float, high: float, step: float) -> Dial:
        return Dial(
            low,
            high,
            getattr(start, name),
            step=step,
            label=say(f"page.dial.{name}"),
            min_width=148,
            elem_id=name.replace("_", "-"),
        )

    with gr.Row(elem_classes=["dials"]):
        controls["temperature"] = slider("temperature", 0, 2, 0.05)
        controls["top_k"] = slider("top_k", 0, 200, 1)
        controls["top_p"] = slider("top_p", 0, 1, 0.01)
        controls["max_new_tokens"] = slider("max_new_tokens", 1, max(2, limits.max_new_tokens), 1)
        _switch("more", "more-settings")
    with gr.Column(elem_classes=["more"]):
        with gr.Row(elem_classes=["dials"]):
            controls["min_p"] = slider("min_p", 0, 1, 0.01)
            controls["repetition_penalty"] = slider("repetition_penalty", 1, 2, 0.05)
            controls["seed"] = Seed(
                start.seed,
                label=say("page.dial.seed"),
                precision=0,
                minimum=0,
                maximum=MAX_SEED,
                min_width=110,
                elem_id="seed",
            )
            names = {name: say(f"page.precision.{name}") for name in CHOICES}
            with gr.Row(elem_classes=["group"]):
                _name(say("page.precision_title"))
                controls["precision"] = _chips(
                    say("page.precision_title"), names, start.precision, "precision"
                )
        _glossary()


def _glossary() -> None:
    """Explain every dial in a sentence, for those who ask."""
    terms = "".join(
        f"<div><dt>{escape(say(f'page.dial.{name}'))}</dt><dd>{escape(say(f'page.glossary.{name}'))}</dd></div>"
        for name in (*SAMPLER_NAMES, "max_new_tokens", "seed", "precision")
    )
    gr.HTML(f"<dl>{terms}</dl>", elem_classes=["glossary"], apply_default_css=False)
