"""The room of beam search and its relatives: texts that are searched for instead of drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from model.lab.beam_search import LENGTH_PENALTIES
from model.lab.contrastive_search import MOST_CANDIDATES
from viz.components.dial import Dial
from viz.components.heading import heading
from viz.components.selection import Selection
from viz.pages import room_head
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.work import wire_work
from viz.rooms.strategies.beam_tree import BeamTree
from viz.rooms.strategies.contrastive_steps import ContrastiveSteps
from viz.rooms.strategies.found_texts import FoundTexts
from viz.rooms.strategies.handlers import WORK, Strategies, StrategiesScreen
from viz.rooms.strategies.searching import METHODS, MOST_BEAMS, STARTS, SearchChoice
from viz.server.limits import SEARCHING, Limits
from viz.words.strings import say

MOST_DIVERSITY = 5.0
"""Of the slider."""
ONLY = {"beams": ("beam", "diverse"), "length_penalty": ("beam", "diverse")} | {
    "groups": ("diverse",),
    "diversity_penalty": ("diverse",),
    "top_k": ("contrastive",),
    "alpha": ("contrastive",),
}
"""The methods that a control belongs to; the others belong to all."""


@dataclass(frozen=True, kw_only=True)
class StrategiesLaid(Laid):
    """What the room is made of."""

    choices: Mapping[str, Any]
    """By the fields of `SearchChoice`."""
    start: gr.Button
    screen: StrategiesScreen
    """What a search changes."""
    opened: Selection
    """The text that is to be opened on the page."""


def lay_out(plan: Plan) -> StrategiesLaid:
    """Create the room."""
    with room_head.head():
        choices = _chips("method", METHODS)
        with room_head.presses():
            start = room_head.action(say("lab.strategies.start_button"), "find")
            cancel = room_head.cancel("find-cancel")
            room_head.unfolds("strategies")
            line = room_head.line(say("lab.strategies.invitation"), "find-line")
        with room_head.options():
            choices |= {**_chips("start", STARTS), **_dials(plan.limits)}
    with gr.Column(elem_classes=["card"]):
        heading("lab.strategies")
        screen = StrategiesScreen(BeamTree(), ContrastiveSteps(), FoundTexts(), line, cancel)
        opened = Selection(elem_id="found-opened", strip_id="found-texts")
    return StrategiesLaid(choices=choices, start=start, screen=screen, opened=opened)


def wire(laid: StrategiesLaid, looking: Looking) -> None:
    """Let the buttons of the room do what they say."""
    handlers, choices = Strategies(looking.showing), laid.choices
    wire_work(
        looking,
        WORK,
        laid.screen.cancel,
        {laid.start: (handlers.search, [choices[field.name] for field in fields(SearchChoice)])},
        laid.screen,
        show_progress="minimal",
        show_progress_on=laid.screen.line,
        **SEARCHING,
    )
    choices["method"].change(
        shown_controls, choices["method"], [choices[name] for name in ONLY], queue=False, **QUIET
    )
    looking.opens([laid.opened.select], handlers.open, laid.opened)


def shown_controls(method: str) -> list[dict[str, Any]]:
    """Return which of the controls that do not belong to all methods are shown."""
    return [gr.update(visible=method in methods) for methods in ONLY.values()]


def _chips(name: str, keys: Sequence[str]) -> dict[str, Any]:
    with gr.Row(elem_classes=["choices"]):
        chips = gr.Radio(
            [(say(f"lab.strategies.{name}.{key}"), key) for key in keys],
            value=getattr(SearchChoice(), name),
            label=say(f"lab.strategies.dial.{name}"),
            elem_classes=["chips"],
            elem_id=f"find-{name}",
        )
    return {name: chips}


def _dials(limits: Limits) -> dict[str, Any]:
    first = SearchChoice()

    def slider(name: str, low: float, high: float, step: float) -> Dial:
        return Dial(
            low,
            high,
            min(getattr(first, name), high),
            step=step,
            label=say(f"lab.strategies.dial.{name}"),
            min_width=148,
            elem_id=f"find-{name.replace('_', '-')}",
            visible=first.method in ONLY.get(name, METHODS),
        )

    with gr.Row(elem_classes=["dials"]):
        return {
            "max_new_tokens": slider("max_new_tokens", 1, max(2, limits.max_new_tokens), 1),
            "beams": slider("beams", 1, MOST_BEAMS, 1),
            "length_penalty": slider("length_penalty", *LENGTH_PENALTIES, 0.1),
            "groups": slider("groups", 1, MOST_BEAMS, 1),
            "diversity_penalty": slider("diversity_penalty", 0, MOST_DIVERSITY, 0.1),
            "top_k": slider("top_k", 1, MOST_CANDIDATES, 1),
            "alpha": slider("alpha", 0, 1, 0.05),
        }


STRATEGIES = Room("strategies", "lab", lay_out, wire=wire)
