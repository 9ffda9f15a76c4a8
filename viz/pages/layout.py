"""The components of the Explore page and where they stand. What they do is wired in `explore`."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, cast

import gradio as gr

from viz.components.appearance import Appearance
from viz.components.aria import Aria
from viz.components.bias_chips import BiasChips
from viz.components.branch_choice import BranchChoice
from viz.components.chain import ChainChoice, ChainDials, TokenPick
from viz.components.download import Download
from viz.components.head_choice import HeadChoice
from viz.components.heading import heading
from viz.components.network_watch import NetworkWatch
from viz.components.next_token import NextTokenBars
from viz.components.own_direction import OwnDirection
from viz.components.selection import Selection
from viz.components.take_away import TakeAway
from viz.components.ticket import Ticket
from viz.components.token_strip import COLOUR_BY, TokenStrip
from viz.components.writing_watch import WritingWatch
from viz.pages.controls import NAMES, Controls
from viz.pages.plot import plot
from viz.pages.prompt_card import compose, dials, glossary
from viz.pages.screen import FRAME, NOTHING, Screen
from viz.server.limits import Limits
from viz.words.strings import say

ROW_CHOICES = (5, 10, 20, 50, 100)
Parts = Mapping[str, Any]
"""Components by their names."""


@dataclass(frozen=True)
class Plan:
    """What a room is told when it is laid out."""

    start: Controls
    """Where the controls stand at first."""
    limits: Limits
    layers: int
    """Of the model expected."""
    heads: int
    """Of the model expected."""
    first: Mapping[str, Any]
    """What its panels show at first, by their names; empty where the room is closed then."""


@dataclass(frozen=True)
class Laid:
    """What a room has put on the page; a room that wires more has more."""

    outputs: Parts = field(default_factory=dict)
    """Its panels' components, by their names."""
    controls: Parts = field(default_factory=dict)
    """Inputs, by the names of `Controls`."""


@dataclass(frozen=True)
class Layout:
    """Every component that an event needs."""

    prompt: gr.Textbox
    controls: Parts
    """Inputs, by the names of `Controls`."""
    screen: Screen
    """Outputs."""
    buttons: Mapping[str, gr.Button]
    examples: Mapping[str, gr.Button]
    """Buttons that write from a prompt, by that prompt."""
    model: gr.HTML
    selection: Selection
    """The token selected in the strip."""
    rooms: Mapping[str, gr.Tab]
    """What can be opened under the text."""
    doors: gr.Tabs
    """Of the rooms: which one is open."""
    laid: Mapping[str, Any]
    """What each room has put there, by its name."""
    head_choice: HeadChoice
    """The head that a person opens."""
    branch: BranchChoice
    """What is done with the branches, and the token to go on from."""
    download: Download
    chain_dials: ChainDials
    """Where the chain wants the sliders."""
    ticket: Ticket

    @property
    def inputs(self) -> list[Any]:
        """The controls in the order of the fields of `Controls`."""
        return [self.controls[name] for name in NAMES]

    @property
    def outputs(self) -> list[Any]:
        """The screen in the order of its fields, then the panels of the rooms."""
        return self.values(self.screen)

    def values(self, screen: Screen) -> list[Any]:
        """Return what an event changes in the order of the outputs.

        Raises:
            KeyError: no room has such a panel.
        """
        if unknown := screen.rooms.keys() - self.screen.rooms.keys():
            raise KeyError(f"no panels: {sorted(unknown)}")
        rooms = (screen.rooms.get(name, gr.skip()) for name in self.screen.rooms)
        return [*(getattr(screen, name) for name in FRAME), *rooms]

    def answering(self, handler: Callable[..., Screen | Iterator[Screen]]) -> Callable[..., Any]:
        """Return a handler of screens as Gradio takes it: its answers in the order of the outputs."""
        if isgeneratorfunction(handler):

            @wraps(handler)
            def stream(*values: Any) -> Iterator[list[Any]]:
                with closing(handler(*values)) as screens:  # what is written ends when its page is closed
                    for screen in screens:
                        yield self.values(screen)

            return stream

        @wraps(handler)
        def answer(*values: Any) -> list[Any]:
            return self.values(cast(Screen, handler(*values)))

        return answer


def lay_out(
    first: Screen,
    start: Controls,
    limits: Limits,
    *,
    layers: int,
    heads: int,
    rooms: Mapping[str, Callable[[Plan], Laid]],
) -> Layout:
    """Create the page inside a `gr.Blocks`.

    Args:
        first: what every panel shows at first.
        start: where the controls stand at first.
        limits: bounds of the controls.
        layers: of the model expected.
        heads: of the model expected.
        rooms: how each room lays itself out, by its name; the first is open.
    """
    controls: dict[str, Any] = {}
    with gr.Row(elem_classes=["masthead"]):
        gr.HTML(
            f"<h1>{say('page.title')}</h1><span>{say('page.promise')}</span>",
            elem_id="brand",
            apply_default_css=False,
        )
        model = gr.HTML(elem_id="model", apply_default_css=False)
    controls["appearance"] = Appearance()
    # Not in their room either: a token is banned, and picked, in the tables above.
    controls["chain"], controls["picked"], chain_dials = ChainChoice(), TokenPick(), ChainDials()
    controls["head_choice"] = head_choice = HeadChoice()
    TakeAway()
    Aria()
    ticket = Ticket()
    WritingWatch()
    NetworkWatch()
    OwnDirection()
    branch, download = BranchChoice(), Download()  # not in their room: they are needed before it is opened
    with gr.Column(elem_classes=["card"]):
        prompt, buttons, examples, preset, controls["precision"] = compose(start)
        controls |= dials(start, limits)
        with gr.Row(elem_classes=["remarks"]):  # as high whatever is said there: see the style sheet
            glossary()
            biases = BiasChips(first.biases)
            notice = gr.HTML(first.notice, elem_id="notice", apply_default_css=False)
    with gr.Row(equal_height=True, elem_classes=["pair"]):
        with gr.Column(scale=6, min_width=340, elem_classes=["card"]):
            outputs, selection = _text(start, first, controls, buttons)
        with gr.Column(scale=5, min_width=340, elem_classes=["card"]):
            outputs |= _next_token(start, first, controls)
    tabs, doors, laid = _rooms(rooms, Plan(start, limits, layers, heads, first.rooms))
    for one in laid.values():
        controls |= one.controls
    screen = Screen(
        **outputs,
        **{name: buttons[name] for name in ("stop", "undo", "redo")},
        notice=notice,
        biases=biases,
        preset=preset,
        prompt=prompt,
        seed=controls["seed"],
        rooms=_together([one.outputs for one in laid.values()]),
    )
    return Layout(
        prompt=prompt,
        controls=controls,
        screen=screen,
        buttons=buttons,
        examples=examples,
        model=model,
        selection=selection,
        rooms=tabs,
        doors=doors,
        laid=laid,
        branch=branch,
        download=download,
        chain_dials=chain_dials,
        head_choice=head_choice,
        ticket=ticket,
    )


def _rooms(
    rooms: Mapping[str, Callable[[Plan], Laid]], plan: Plan
) -> tuple[dict[str, gr.Tab], gr.Tabs, dict[str, Laid]]:
    """Return the tab of each room, what they stand in, and what each has put there."""
    tabs: dict[str, gr.Tab] = {}
    laid: dict[str, Laid] = {}
    with gr.Tabs(elem_id="rooms", overflow_behavior="wrap") as doors:
        for name, lay in rooms.items():
            with gr.Tab(say(f"page.room.{name}"), id=name, elem_id=f"room-{name}") as tabs[name]:
                laid[name] = lay(plan if not laid else replace(plan, first=NOTHING))
    return tabs, doors, laid


def _together(parts: Sequence[Parts]) -> Parts:
    """Return the panels of all rooms.

    Raises:
        ValueError: two have one name.
    """
    names = Counter(name for some in parts for name in some)
    if twice := sorted(name for name, times in names.items() if times > 1):
        raise ValueError(f"two panels have one name: {twice}")
    return {name: part for some in parts for name, part in some.items()}


def _text(
    start: Controls, first: Screen, controls: dict[str, Any], buttons: dict[str, gr.Button]
) -> tuple[dict[str, Any], Selection]:
    """Return the outputs of the card with the text, by the field of `Screen`, and what is selected in it."""
    heading("page.text")
    strip, selection = TokenStrip(first.strip), Selection()
    with gr.Row(elem_classes=["choices"]):
        controls["colour_by"] = gr.Radio(
            [(say(f"page.colour.{name}"), name) for name in COLOUR_BY],
            value=start.colour_by,
            label=say("page.colour_by"),
            elem_classes=["chips"],
            elem_id="colour-by",
        )
    with gr.Row(elem_classes=["aftermath"]):
        status = gr.HTML(first.status, elem_id="status", apply_default_css=False)
        for name in ("more", "cut", "undo", "redo"):
            buttons[name] = gr.Button(
                say(f"page.button.{name}"),
                size="sm",
                elem_id=name,
                min_width=60,
                interactive=name not in ("undo", "redo"),
            )
    return {"strip": strip, "status": status, "timeline": plot(first.timeline, "timeline")}, selection


def _next_token(start: Controls, first: Screen, controls: dict[str, Any]) -> dict[str, Any]:
    """Return the outputs of the card with the next-token distribution, by the field of `Screen`."""
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
