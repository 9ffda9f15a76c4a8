"""The text of the page as one file that opens without the app: what goes into it, and what makes it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import gradio as gr

from model.engine.internals import MEAN_HEAD
from model.numbers import within
from viz.components.download import DownloadValue
from viz.components.heading import heading
from viz.offline.attention import heads_held
from viz.offline.document import document
from viz.offline.replay import MOST_TOKENS, Recorded, recorded
from viz.pages.controls import Controls
from viz.pages.layout import DRAWER, Laid, Plan
from viz.pages.looking import Looking
from viz.pages.panel import On, Panel, Panels
from viz.pages.room import Room
from viz.pages.room_head import cancel, line, presses
from viz.pages.scene import Scene, readable
from viz.pages.visitor import Visitor, require_remembered
from viz.pages.work import watched, wire_work
from viz.server.failing import or_why_not
from viz.server.limits import SEARCHING
from viz.server.service import Trouble
from viz.words.lines import problem, status_line
from viz.words.percent import count
from viz.words.strings import say

WORK = "saved_page"
KILOBYTE = 1000


class SavedScreen(NamedTuple):
    """What an event of the room changes."""

    line: Any = gr.skip()
    download: Any = gr.skip()
    save: Any = gr.skip()
    cancel: Any = gr.skip()


class Saving:
    """Makes the file, for every visitor."""

    def save(self, visitor: Visitor, controls: Controls) -> Iterator[SavedScreen]:
        """Compute what goes into the file, saying how far it is, and offer it at last."""

        def explained(why: str) -> SavedScreen:
            return SavedScreen(line=problem(why), **_buttons(visitor.busy_with(WORK)))

        yield from or_why_not(self._save(visitor, controls), explained)

    def _save(self, visitor: Visitor, controls: Controls) -> Iterator[SavedScreen]:
        require_remembered(visitor)
        run, pieces, selected = readable(visitor), visitor.pieces, visitor.selected
        if len(run.token_ids) > MOST_TOKENS:
            tokens = count(len(run.token_ids))
            raise Trouble(say("lab.saved_page.too_long", tokens=tokens, most=count(MOST_TOKENS)))
        info = visitor.service.info
        layer = int(within("layer", controls.layer, 0, info.layers - 1, whole=True))
        head = int(within("head", controls.shown_head, MEAN_HEAD, info.heads - 1, whole=True))
        stopped: list[bool] = []
        found: list[Recorded] = []

        def steps() -> Iterator[Recorded]:
            engine = visitor.service.engine
            for one in recorded(engine, run, pieces, layer=layer, head=head, selected=selected):
                if stopped:
                    return
                found[:] = [one]
                yield one

        for one in watched(visitor, WORK, steps(), lambda: stopped.append(True)):
            yield SavedScreen(line=_progress(one), **_buttons(under_way=True))
        replay = found[0].replay if found else None
        if replay is None:
            yield SavedScreen(line=status_line(say("lab.saved_page.cancelled")), **_buttons(under_way=False))
            return
        text = document(replay)
        value: DownloadValue = {
            "stem": "gpt-inside-out-replay",
            "text": text,
            "kind": "html",
            "at": time.time(),
        }
        size = count(-(-len(text) // KILOBYTE))
        said = say(
            "lab.saved_page.saved", size=size, heads=len(replay.heads), tokens=count(len(run.token_ids))
        )
        yield SavedScreen(line=status_line(said), download=value, **_buttons(under_way=False))


@dataclass(frozen=True, kw_only=True)
class SavedLaid(Laid):
    """What the room is made of."""

    made: SavedScreen
    """What its event changes."""


def lay_out(plan: Plan) -> SavedLaid:
    """Create the room."""
    with gr.Column(elem_classes=["card", "room-head"], elem_id="saved-page"):
        heading("lab.saved_page")
        holds = gr.HTML(plan.first.get("saved_page_holds"), elem_id="replay-holds", apply_default_css=False)
        with presses():
            save = gr.Button(say("lab.saved_page.save"), size="sm", elem_id="save-replay", min_width=60)
            ends = cancel("cancel-replay")
            told = line("", "saved-page-line")
    return SavedLaid({"saved_page_holds": holds}, made=SavedScreen(told, None, save, ends))


def wire(laid: SavedLaid, looking: Looking) -> None:
    """Let its buttons act."""
    page, saving = looking.page, Saving()
    outputs = laid.made._replace(download=page.download)
    wire_work(
        looking,
        WORK,
        laid.made.cancel,
        {laid.made.save: (page.taking(saving.save), page.inputs)},
        outputs,
        **SEARCHING,
    )


def holds(scene: Scene, controls: Controls) -> str:
    """Say which heads go into the file of this text."""
    sizes, length = scene.source.sizes, len(scene.run.token_ids)
    held = heads_held(sizes.layers, sizes.heads, length, controls.layer, controls.shown_head)
    means = sum(head == MEAN_HEAD for _, head in held)
    heads = len(held) - means
    return status_line(say("lab.saved_page.holds", means=means, heads=heads, layer=controls.layer))


def _progress(one: Recorded | None) -> str:
    if one is None:
        return status_line(say("lab.saved_page.begins"))
    return status_line(say("lab.saved_page.progress", done=one.done, count=one.whole))


def _buttons(under_way: bool) -> dict[str, Any]:
    return {"save": gr.update(interactive=not under_way), "cancel": gr.update(interactive=under_way)}


PANELS: Panels = {"saved_page_holds": Panel(holds, On.TEXT | On.HEAD)}
SAVED_PAGE = Room("saved_page", DRAWER, lay_out, PANELS, wire)
