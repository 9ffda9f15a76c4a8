"""The components of the Explore page and where they stand. What they do is wired in `explore`."""

from dataclasses import dataclass
from typing import Any

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
from viz.pages.panels import Screen
from viz.pages.plot import plot
from viz.pages.prompt_card import compose, dials, glossary
from viz.pages.visitor import ROOMS
from viz.rooms.branches import room as branches
from viz.rooms.chain import room as chain
from viz.rooms.heads import room as all_heads
from viz.rooms.heads.room import HeadsRoom
from viz.rooms.inside import room as inside
from viz.rooms.lens import room as lens
from viz.rooms.replay import room as replay
from viz.rooms.replay.room import ReplayRoom
from viz.rooms.rollouts import room as rollouts
from viz.rooms.rollouts.room import RolloutRoom
from viz.rooms.score import room as score
from viz.rooms.strategies import room as strategies
from viz.rooms.strategies.room import StrategiesRoom
from viz.server.limits import Limits
from viz.words.strings import say

OTHERS = {
    "branches": branches.lay_out,
    "score": score.lay_out,
}
ROW_CHOICES = (5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Layout:
    """Every component that an event needs."""

    prompt: gr.Textbox
    controls: dict[str, Any]
    """Inputs, by the names of `Controls`."""
    screen: Screen
    """Outputs."""
    buttons: dict[str, gr.Button]
    examples: dict[str, gr.Button]
    """Buttons that write from a prompt, by that prompt."""
    model: gr.HTML
    selection: Selection
    """The token selected in the strip."""
    tabs: dict[str, gr.Tab]
    """Of the attention panel."""
    rooms: dict[str, gr.Tab]
    """What can be opened under the text."""
    doors: gr.Tabs
    """Of the rooms: which one is open."""
    heads: HeadsRoom
    head_choice: HeadChoice
    """The head that a person opens."""
    replay: ReplayRoom
    strategies: StrategiesRoom
    rollouts: RolloutRoom
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
        """The screen in the order of its fields."""
        return list(self.screen)


def lay_out(first: Screen, start: Controls, limits: Limits, *, layers: int, heads: int) -> Layout:
    """Create the page inside a `gr.Blocks`.

    Args:
        first: what every panel shows at first.
        start: where the controls stand at first.
        limits: bounds of the controls.
        layers: of the model expected.
        heads: of the model expected.
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
    rooms: dict[str, gr.Tab] = {}
    parts: dict[str, Any] = {}
    with gr.Tabs(elem_id="rooms", overflow_behavior="wrap") as doors:
        for name in ROOMS:
            with gr.Tab(say(f"page.room.{name}"), id=name, elem_id=f"room-{name}") as rooms[name]:
                if name == "inside":
                    shown, tabs = inside.lay_out(start, first, controls, layers, heads)
                    outputs |= shown
                else:
                    parts[name] = _room(name, start, limits, controls, buttons, outputs)
    outputs |= {name: buttons[name] for name in ("stop", "undo", "redo")}
    outputs |= {
        "notice": notice,
        "biases": biases,
        "preset": preset,
        "prompt": prompt,
        "seed": controls["seed"],
    }
    screen = Screen(**outputs)
    return Layout(
        prompt=prompt,
        controls=controls,
        screen=screen,
        buttons=buttons,
        examples=examples,
        model=model,
        selection=selection,
        tabs=tabs,
        rooms=rooms,
        doors=doors,
        branch=branch,
        download=download,
        chain_dials=chain_dials,
        heads=parts["heads"],
        head_choice=head_choice,
        ticket=ticket,
        replay=parts["replay"],
        strategies=parts["strategies"],
        rollouts=parts["rollouts"],
    )


def _room(
    name: str,
    start: Controls,
    limits: Limits,
    controls: dict[str, Any],
    buttons: dict[str, gr.Button],
    outputs: dict[str, Any],
) -> Any:
    """Create a room with its inputs, buttons and outputs; return what is wired by itself, if anything is."""
    if name == "rollouts":
        return rollouts.lay_out()
    if name == "chain":
        outputs |= chain.lay_out(buttons)
    elif name == "lens":
        outputs |= lens.lay_out(controls, buttons)
    elif name == "heads":
        room = all_heads.lay_out(start)
        controls |= room.controls
        outputs |= room.outputs
        return room
    else:
        with gr.Column(elem_classes=["card"]):
            if name == "replay":
                return replay.lay_out()
            if name == "strategies":
                return strategies.lay_out(limits)
            outputs |= OTHERS[name]()
    return None


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
