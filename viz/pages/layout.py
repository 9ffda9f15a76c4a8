"""The components of the pages and where they stand. What they do is wired in `explore`."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any

import gradio as gr

from viz.components.appearance import Appearance
from viz.components.aria import Aria
from viz.components.bias_chips import BiasChips
from viz.components.branch_choice import BranchChoice
from viz.components.chain import ChainChoice, ChainDials, TokenPick
from viz.components.download import Download
from viz.components.heading import question
from viz.components.hints import Hints
from viz.components.model_menu import ModelMenu
from viz.components.network_watch import NetworkWatch
from viz.components.notice import Notice
from viz.components.own_direction import OwnDirection
from viz.components.selection import Selection
from viz.components.switch import Switch
from viz.components.take_away import TakeAway
from viz.components.ticket import Ticket
from viz.components.training_memory import TrainingMemory
from viz.components.writing_watch import WritingWatch
from viz.pages import prompt_card, shell, step_cards, way
from viz.pages.controls import NAMES, Controls, RoomControls
from viz.pages.inputs import InputOrder
from viz.pages.screen import FRAME, NOTHING, Screen
from viz.pages.visitor import Visitor
from viz.server.limits import Limits
from viz.words.strings import say

PAGES = ("explore", "inside", "why", "lab", "train")
"""In their order; the first is open at first."""
DRAWER = "texts"
"""In place of a page: what can be opened on each of them."""
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
    """Inputs that are its own, by the fields of its `RoomControls`."""
    shared: Parts = field(default_factory=dict)
    """Inputs that other rooms read too, by the names of `Controls`."""
    layer_dials: Sequence[gr.Slider] = ()
    """Those of them that go over the layers of the model: they end where it does."""


@dataclass(frozen=True)
class Place:
    """Where a room stands, how it is laid out there, and which controls it alone has."""

    page: str
    lay_out: Callable[[Plan], Laid]
    controls: type[RoomControls] = RoomControls


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
    menu: ModelMenu
    selection: Selection
    """The token selected in the strip."""
    chats: Mapping[str, gr.Button]
    """Buttons that write an answer in the model's chat template, by what is asked."""
    reading: Switch
    """Whether texts are read instead of written."""
    travelling: Switch
    """Whether the journey is open."""
    pages: Mapping[str, gr.Tab]
    rooms: Mapping[str, gr.Tab]
    """What can be opened on the pages, one at a time."""
    places: Mapping[str, str]
    """The page of each room, in the order of the rooms."""
    laid: Mapping[str, Any]
    """What each room has put there, by its name."""
    order: InputOrder
    """Of the inputs."""
    branch: BranchChoice
    """What is done with the branches, and the token to go on from."""
    download: Download
    watch: WritingWatch
    """How often the browser wants to hear of a text that is being written."""
    chain_dials: ChainDials
    """Where the chain wants the sliders."""
    ticket: Ticket
    trainings: TrainingMemory
    """Which trainings the browser knows of; on all pages, since their rooms come and go."""

    @property
    def inputs(self) -> list[Any]:
        """All controls in their order."""
        own = [control for room in self.laid.values() for control in room.controls.values()]
        return [*(self.controls[name] for name in NAMES), *own]

    @property
    def layer_dials(self) -> list[gr.Slider]:
        """Sliders over the layers of the model, in the order of their rooms."""
        return [dial for room in self.laid.values() for dial in room.layer_dials]

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
        """Return a handler of screens as Gradio takes it: its answers in the order of the outputs.

        The model of the visitor's page is not put away meanwhile.
        """
        return self.order.taking(_with_model(handler), self.values)

    def taking(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """Return a handler that changes something else as Gradio takes it; both get `Controls`."""
        return self.order.taking(handler)


def lay_out(
    first: Screen,
    start: Controls,
    limits: Limits,
    *,
    layers: int,
    heads: int,
    rooms: Mapping[str, Place],
) -> Layout:
    """Create the page inside a `gr.Blocks`.

    Args:
        first: what every panel shows at first.
        start: where the controls stand at first.
        limits: bounds of the controls.
        layers: of the model expected.
        heads: of the model expected.
        rooms: all of them, by name; the first is open.
    """
    names = {page: [(name, say(f"page.room.{name}")) for name in _on(page, rooms)] for page in PAGES[1:]}
    top = shell.lay_out({PAGES[0]: [], **names})
    controls: dict[str, Any] = {"appearance": Appearance(), "place": top.places}
    # Not in their room either: a token is banned, and picked, in the tables above.
    controls["chain"], controls["picked"], chain_dials = ChainChoice(), TokenPick(), ChainDials()
    TakeAway()
    Aria()
    ticket, trainings = Ticket(), TrainingMemory()
    watch = WritingWatch()
    NetworkWatch()
    OwnDirection()
    Hints()
    branch, download = BranchChoice(), Download()  # not in their room: they are needed before it is opened
    with gr.Row(elem_classes=["remarks"]):  # as high whatever is said there: see the style sheet
        biases = BiasChips(first.biases)
        notice = Notice(first.notice)
    outputs, travelling = way.lay_out(first)
    plan = Plan(start, limits, layers, heads, first.rooms)
    laid: dict[str, Laid] = {}
    with gr.Column(elem_id=DRAWER):
        for name in _on(DRAWER, rooms):
            laid[name] = rooms[name].lay_out(plan)
    pages: dict[str, gr.Tab] = {}
    tabs: dict[str, gr.Tab] = {}
    with gr.Tabs(elem_id="pages"):
        with _page(PAGES[0]) as pages[PAGES[0]]:
            card = prompt_card.lay_out(start, limits)
            controls |= card.controls
            cards, selection = step_cards.lay_out(start, first, controls)
            laid |= _below(rooms, plan)
        for page in PAGES[1:]:
            with _page(page) as pages[page]:
                laid |= _tabbed(page, names[page], rooms, replace(plan, first=NOTHING), tabs)
    laid = {name: laid[name] for name in rooms}
    for one in laid.values():
        controls |= one.shared
    buttons = {**top.buttons, **card.buttons}
    screen = Screen(
        **outputs,
        **cards,
        **{name: buttons[name] for name in ("stop", "undo", "redo", "texts")},
        notice=notice,
        biases=biases,
        preset=card.preset,
        prompt=card.prompt,
        seed=controls["seed"],
        rooms=_together([one.outputs for one in laid.values()]),
    )
    return Layout(
        prompt=card.prompt,
        controls=controls,
        screen=screen,
        buttons=buttons,
        examples=card.examples,
        chats=card.chats,
        reading=card.reading,
        travelling=travelling,
        model=top.model,
        menu=top.menu,
        selection=selection,
        pages=pages,
        rooms=tabs,
        places={name: place.page for name, place in rooms.items()},
        laid=laid,
        order=InputOrder(tuple(place.controls for place in rooms.values())),
        branch=branch,
        download=download,
        watch=watch,
        chain_dials=chain_dials,
        ticket=ticket,
        trainings=trainings,
    )


def _with_model(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Return a handler that keeps the model of the page of its visitor here while it runs."""
    if isgeneratorfunction(handler):

        @wraps(handler)
        def stream(visitor: Visitor, *values: Any) -> Iterator[Any]:
            with visitor.service.in_use():
                yield from handler(visitor, *values)

        return stream

    @wraps(handler)
    def answer(visitor: Visitor, *values: Any) -> Any:
        with visitor.service.in_use():
            return handler(visitor, *values)

    return answer


def _page(name: str) -> gr.Tab:
    return gr.Tab(say(f"page.pages.{name}"), id=name, elem_id=f"page-{name}")


def _below(rooms: Mapping[str, Place], plan: Plan) -> dict[str, Laid]:
    """Lay out the rooms of the first page, of which the style sheet shows one."""
    laid: dict[str, Laid] = {}
    for name in _on(PAGES[0], rooms):
        with gr.Column(elem_id=f"room-{name}", elem_classes=["below"]):
            laid[name] = rooms[name].lay_out(replace(plan, first=NOTHING) if laid else plan)
    return laid


def _tabbed(
    page: str,
    names: Sequence[tuple[str, str]],
    rooms: Mapping[str, Place],
    plan: Plan,
    tabs: dict[str, gr.Tab],
) -> dict[str, Laid]:
    """Lay out the rooms of another page, and put the tab of each into `tabs`."""
    laid: dict[str, Laid] = {}
    with gr.Tabs(elem_id=f"rooms-{page}", overflow_behavior="wrap"):
        for name, title in names:
            with gr.Tab(title, id=name, elem_id=f"room-{name}") as tabs[name]:
                question(f"page.question.{name}")
                laid[name] = rooms[name].lay_out(plan)
    return laid


def _on(page: str, rooms: Mapping[str, Place]) -> list[str]:
    """Return the names of the rooms of a page."""
    return [name for name, place in rooms.items() if place.page == page]


def _together(parts: Sequence[Parts]) -> Parts:
    """Return the panels of all rooms.

    Raises:
        ValueError: two have one name.
    """
    names = Counter(name for some in parts for name in some)
    if twice := sorted(name for name, times in names.items() if times > 1):
        raise ValueError(f"two panels have one name: {twice}")
    return {name: part for some in parts for name, part in some.items()}
