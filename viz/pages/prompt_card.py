"""The card that every text begins in: the prompt and its buttons, the sampler's sliders, what they mean."""

import json
from html import escape
from typing import Any

import gradio as gr

from model.numbers import MAX_SEED
from viz.components.dial import Dial
from viz.components.seed import Seed
from viz.pages.controls import PRESETS, SAMPLER_NAMES, Controls
from viz.server.limits import Limits
from viz.server.service import CHOICES
from viz.words.assets import ASSETS
from viz.words.strings import say


def compose(
    start: Controls,
) -> tuple[gr.Textbox, dict[str, gr.Button], dict[str, gr.Button], gr.Radio, gr.Radio]:
    """Return the prompt, its buttons, examples by their prompts, and the choices of preset and precision."""
    known = json.loads((ASSETS / "examples.json").read_text(encoding="utf-8"))
    with gr.Row(equal_height=True, elem_classes=["compose"]):
        prompt = gr.Textbox(
            known[0]["prompt"],
            label=say("page.prompt"),
            placeholder=say("page.prompt_hint"),
            show_label=False,
            container=False,
            lines=3,
            max_lines=8,
            scale=8,
            elem_id="prompt",
        )
        with gr.Column(scale=2, min_width=220, elem_classes=["actions"]):
            buttons = {
                "generate": gr.Button(say("page.button.generate"), variant="primary", elem_id="generate"),
                "step": gr.Button(say("page.button.step"), elem_id="step"),
                "stop": gr.Button(say("page.button.stop"), elem_id="stop", interactive=False),
            }
    with gr.Row(elem_classes=["starters"]):
        with gr.Row(elem_classes=["group"]):
            _name(say("page.examples"))
            examples = {
                example["prompt"]: gr.Button(
                    example["name"], size="sm", min_width=50, elem_id=f"try-{number}"
                )
                for number, example in enumerate(known)
            }
        with gr.Row(elem_classes=["group"]):
            buttons["score"] = gr.Button(say("page.button.score"), size="sm", elem_id="score", min_width=60)
        with gr.Row(elem_classes=["group"]):
            _name(say("page.presets"))
            names = {name: say(f"page.preset.{name}") for name in PRESETS}
            preset = _chips(say("page.presets"), names, start.preset, "presets")
        with gr.Row(elem_classes=["group"]):
            buttons["dice"] = gr.Button(say("page.new_dice"), size="sm", elem_id="dice", min_width=60)
        with gr.Row(elem_classes=["group"]):
            _name(say("page.precision_title"))
            names = {name: say(f"page.precision.{name}") for name in CHOICES}
            precision = _chips(say("page.precision_title"), names, start.precision, "precision")
    return prompt, buttons, examples, preset, precision


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


def dials(start: Controls, limits: Limits) -> dict[str, Any]:
    """Return the sampler's sliders, the length and the seed."""

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
        return {
            "temperature": slider("temperature", 0, 2, 0.05),
            "top_k": slider("top_k", 0, 200, 1),
            "top_p": slider("top_p", 0, 1, 0.01),
            "min_p": slider("min_p", 0, 1, 0.01),
            "repetition_penalty": slider("repetition_penalty", 1, 2, 0.05),
            "max_new_tokens": slider("max_new_tokens", 1, max(2, limits.max_new_tokens), 1),
            "seed": Seed(
                start.seed,
                label=say("page.dial.seed"),
                precision=0,
                minimum=0,
                maximum=MAX_SEED,
                min_width=110,
                elem_id="seed",
            ),
        }


def glossary() -> None:
    """Explain every dial in a sentence, for those who ask."""
    with gr.Accordion(say("page.glossary_title"), open=False, elem_classes=["glossary"]):
        terms = "".join(
            f"<div><dt>{escape(say(f'page.dial.{name}'))}</dt><dd>{escape(say(f'page.glossary.{name}'))}</dd></div>"
            for name in (*SAMPLER_NAMES, "max_new_tokens", "seed", "precision")
        )
        gr.HTML(f"<dl>{terms}</dl>", apply_default_css=False)
