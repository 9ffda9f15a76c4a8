"""The room of activation patching: which place carries what makes two prompts differ."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from model.network.changes import KEPT
from viz.components.dial import Dial
from viz.components.heading import heading
from viz.pages import room_head
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.plot import plot
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.work import wire_work
from viz.rooms.patching.examples import FIRST, PAIRS, Pair, title
from viz.rooms.patching.handlers import WORK, Patching, PatchingScreen
from viz.rooms.patching.place_choice import PlaceChoice
from viz.server.limits import LOOKING, SEARCHING
from viz.words.strings import say

MAP = "patching-map"
MOST_TYPED = 4000
"""Characters of a prompt."""


@dataclass(frozen=True, kw_only=True)
class PatchingLaid(Laid):
    """What the room is made of."""

    typed: list[gr.Textbox]
    """The fields, in the order of `Pair`."""
    examples: dict[str, gr.Button]
    """By the names of `PAIRS`."""
    site: gr.Radio
    patch: gr.Button
    write: gr.Button
    pressed: PlaceChoice
    screen: PatchingScreen
    """What its events change."""


def lay_out(plan: Plan) -> PatchingLaid:
    """Create the room."""
    with gr.Column(elem_classes=["patching"]):
        with room_head.head():
            examples = _examples()
            typed = _fields()
            site = room_head.chips(
                say("why.patching.site.label"),
                {key: say(f"why.patching.site.{key}") for key in KEPT},
                "patching-site",
            )
            with room_head.presses():
                patch = room_head.action(say("why.patching.patch"), "patching-patch")
                cancel = room_head.cancel("patching-cancel")
                line = room_head.line(say("why.patching.invitation"), "patching-line")
        with gr.Column(elem_classes=["card", "of-map"]):
            heading("why.patching")
            told = gr.HTML(elem_id="patching-told", apply_default_css=False)
            figure = plot(None, MAP)
            gr.HTML(f'<p class="say">{say("why.patching.caveat")}</p>', apply_default_css=False)
        with gr.Column(elem_classes=["card", "of-map"]):
            heading("why.patching.one")
            with gr.Row(elem_classes=["tools"]):
                layer = Dial(
                    0, plan.layers - 1, 0, step=1, label=say("page.layer"), min_width=160,
                    elem_id="patching-layer",
                )  # fmt: skip
                column = gr.Dropdown([], label=say("why.patching.column"), elem_id="patching-column")
                write = gr.Button(
                    say("why.patching.write"), size="sm", elem_id="patching-write", min_width=60
                )
            texts = gr.HTML(elem_id="patching-texts", apply_default_css=False)
        pressed = PlaceChoice(map_id=MAP, elem_id="patching-pressed")
    screen = PatchingScreen(figure, told, texts, line, cancel, layer, column)
    return PatchingLaid(
        layer_dials=[layer], typed=typed, examples=examples, site=site, patch=patch, write=write,
        pressed=pressed, screen=screen,
    )  # fmt: skip


def wire(laid: PatchingLaid, looking: Looking) -> None:
    """Let the buttons of the room do what they say."""
    page, screen, handlers = looking.page, laid.screen, Patching()
    wire_work(
        looking,
        WORK,
        screen.cancel,
        {
            laid.patch: (page.taking(handlers.patch_places), [*laid.typed, laid.site, *page.inputs]),
            laid.write: (page.taking(handlers.write_patched), [screen.layer, screen.column, *page.inputs]),
            laid.pressed: (page.taking(handlers.press_place), [laid.pressed, *page.inputs]),
        },
        screen,
        show_progress="minimal",
        show_progress_on=screen.line,
        **SEARCHING,
    )
    for name, button in laid.examples.items():
        button.click(_filling(PAIRS[name]), None, laid.typed, queue=False, **QUIET)
    gr.on(
        [page.rooms[PATCHING.name].select, page.controls["appearance"].change],
        page.taking(handlers.redraw),
        [looking.visitor, *page.inputs],
        list(screen),
        trigger_mode="always_last",
        **QUIET,
        **LOOKING,
    )


def _filling(pair: Pair) -> Callable[[], list[str]]:
    return lambda: list(pair)


def _examples() -> dict[str, gr.Button]:
    """Return the buttons that fill the fields."""
    with gr.Row(elem_classes=["starters"]):
        gr.HTML(f'<span class="say">{say("page.examples")}</span>', apply_default_css=False)
        return {
            name: gr.Button(title(name), size="sm", min_width=50, elem_id=f"patching-try-{name}")
            for name in PAIRS
        }


def _fields() -> list[gr.Textbox]:
    """Return the four fields."""
    made: dict[str, Any] = {}
    for names in (("clean", "corrupted"), ("answer", "distractor")):
        with gr.Row(elem_classes=["tools", *names]):
            for name in names:
                made[name] = gr.Textbox(
                    getattr(FIRST, name),
                    label=say(f"why.patching.field.{name}"),
                    max_lines=3,
                    max_length=MOST_TYPED,
                    elem_id=f"patching-{name}",
                )
    return [made[name] for name in Pair._fields]


PATCHING = Room("patching", "why", lay_out, wire=wire)
"""The room."""
