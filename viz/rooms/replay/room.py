"""The room of other settings: the same prompt and dice again, side by side with the text on the page."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import gradio as gr

from model.lab.variants import SEARCHES, Variant, Variants, VariantText
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from viz.components.heading import heading
from viz.components.selection import Selection, chosen_index
from viz.pages.controls import PRESETS, Controls
from viz.pages.opening import open_run
from viz.pages.panels import Screen
from viz.pages.scene import why_not
from viz.pages.stopping import Stopping
from viz.pages.visitor import Visitor
from viz.pages.writing import Writing
from viz.rooms.replay.aligned_texts import AlignedText, AlignedTexts, AlignedTextsValue, aligned_texts_value
from viz.rooms.replay.parting import why_parted
from viz.server.failing import one_or_why_not, or_why_not
from viz.server.limits import LOOKING, SEARCHING
from viz.server.service import Service, Trouble
from viz.words.lines import problem, status_line
from viz.words.strings import say

ROOM = "replay"
SLIDERS = "sliders"
MOST_VARIANTS = 5
FIRST_TICKED = ("greedy", "wild")
UPDATE_SECONDS = 0.3
"""Between two updates while the texts grow."""


@dataclass(frozen=True)
class ReplayRoom:
    """The components of the room."""

    chosen: gr.CheckboxGroup
    start: gr.Button
    cancel: gr.Button
    line: gr.HTML
    texts: AlignedTexts
    opened: Selection


class ReplayScreen(NamedTuple):
    """What an event of the room changes."""

    texts: Any = gr.skip()
    line: Any = gr.skip()
    cancel: Any = gr.skip()


def lay_out() -> ReplayRoom:
    """Create the room."""
    heading("lab.replay")
    chosen = gr.CheckboxGroup(
        [(name_of(key), key) for key in (*PRESETS, SLIDERS, *SEARCHES)],
        value=list(FIRST_TICKED),
        label=say("lab.replay.variants", most=MOST_VARIANTS),
        elem_classes=["chips"],
        elem_id="replay-variants",
    )
    with gr.Row(elem_classes=["aftermath"]):
        line = gr.HTML(
            status_line(say("lab.replay.invitation")), elem_id="replay-line", apply_default_css=False
        )
        start = gr.Button(say("lab.replay.start"), size="sm", elem_id="replay", min_width=60)
        cancel = gr.Button(
            say("lab.cancel"), size="sm", elem_id="replay-cancel", min_width=60, interactive=False
        )
    texts = AlignedTexts()
    opened = Selection(elem_id="replay-opened", strip_id="replays")
    return ReplayRoom(chosen, start, cancel, line, texts, opened)


def wire(room: ReplayRoom, page: Any, visitor: gr.State, writing: Writing) -> None:
    """Let the buttons of the room do what they say.

    Args:
        room: as it was laid out.
        page: the `Layout`, whose text is replayed and replaced.
        visitor: of the page.
        writing: puts a text on the page.
    """
    handlers = Replays(writing.service, writing)
    stopping = Stopping(room.cancel, visitor, ROOM)
    stopping.lit_by([room.start.click])
    begun = room.start.click(
        handlers.replay,
        [visitor, room.chosen, *page.inputs],
        [room.texts, room.line, room.cancel],
        trigger_mode="once",
        show_progress="minimal",
        show_progress_on=room.line,
        api_visibility="private",
        **SEARCHING,
    )
    stopping.unlit_if_refused(begun)
    room.cancel.click(
        handlers.cancel, visitor, None, queue=False, show_progress="hidden", api_visibility="private"
    )
    room.opened.select(
        handlers.open,
        [visitor, room.opened, page.prompt, *page.inputs],
        page.outputs,
        trigger_mode="once",
        show_progress="hidden",
        api_visibility="private",
        **LOOKING,
    )


def name_of(key: str) -> str:
    """Return what a variant is called on the page."""
    return say(f"page.preset.{key}") if key in PRESETS else say(f"lab.replay.variant.{key}")


class Replays:
    """Handlers of the events, for every visitor."""

    def __init__(self, service: Service, writing: Writing) -> None:
        self.service = service
        self.writing = writing

    def replay(self, visitor: Visitor, chosen: object, *values: object) -> Iterator[ReplayScreen]:
        """Write the text on the page again in several ways, and show them as they grow."""
        controls = Controls(*values)  # type: ignore[arg-type]

        def explained(why: str) -> ReplayScreen:
            return ReplayScreen(line=problem(why), cancel=gr.update(interactive=ROOM in visitor.working))

        yield from or_why_not(self._replay(visitor, chosen, controls), explained)

    def cancel(self, visitor: Visitor) -> None:
        """Let the replays of a visitor end before their next token."""
        visitor.cancel(ROOM)

    def open(self, visitor: Visitor, choice: object, prompt: str, *values: object) -> Screen:
        """Put one of the texts on the page."""
        variants, index = visitor.found.get(ROOM), chosen_index(choice)
        if not isinstance(variants, Variants) or index is None or index > len(variants.texts):
            return Screen()

        def opened() -> Screen:
            if index == 0:
                run, name = variants.original, say("components.aligned.original")
            else:
                text = variants.texts[index - 1]
                if not text.comparison.tokens:
                    raise Trouble(say("lab.nothing_to_open"))
                run, name = variants.run(index - 1), name_of(text.variant.key)
            return open_run(self.writing, visitor, run, name, prompt, *values)

        return one_or_why_not(opened, lambda why: Screen(notice=problem(why)))

    def _replay(self, visitor: Visitor, chosen: object, controls: Controls) -> Iterator[ReplayScreen]:
        run = self._original(visitor)
        variants, left_out = self._variants(chosen, run, controls)
        self.service.require_room_in_line()
        growing = Variants(self.service.engine, run, variants, owner=visitor)
        with visitor.at_work(ROOM, growing.stop), self.service.pace.page():
            visitor.found[ROOM] = growing
            shown = time.monotonic()
            line = status_line(say("lab.replay.running"), left_out)
            yield ReplayScreen(value_of(growing), line, gr.update(interactive=True))
            for _ in growing:
                if time.monotonic() - shown >= max(UPDATE_SECONDS, self.service.pace.interval):
                    yield ReplayScreen(value_of(growing))
                    shown = time.monotonic()
            ended = say("lab.stopped") if growing.stopped else say("lab.replay.done", tokens=len(run.steps))
        yield ReplayScreen(value_of(growing), status_line(ended, left_out), gr.update(interactive=False))

    def _original(self, visitor: Visitor) -> Run:
        """Return the text to replay.

        Raises:
            Trouble: there is none that can be.
        """
        missing = why_not(self.service, visitor)
        if missing:
            raise Trouble(missing)
        if visitor.writing:
            raise Trouble(say("page.busy"))
        if not visitor.run.steps:
            raise Trouble(say("lab.replay.no_text"))
        return visitor.run

    @staticmethod
    def _variants(chosen: object, run: Run, controls: Controls) -> tuple[list[Variant], str]:
        """Return what was chosen, and a remark on what of it is left out.

        Raises:
            Trouble: nothing, or too much.
            OutOfRange: a slider where the sampler does not go.
        """
        ticked = chosen if isinstance(chosen, list) else []
        settings = {name: PRESETS[name] for name in PRESETS if name in ticked}
        if SLIDERS in ticked:
            settings[SLIDERS] = controls.settings
        searches = [Variant(key) for key in SEARCHES if key in ticked]
        if len(settings) + len(searches) > MOST_VARIANTS:
            raise Trouble(say("lab.replay.too_many", most=MOST_VARIANTS))
        own = [key for key, one in settings.items() if is_own(run, one)]
        variants = [Variant(key, one) for key, one in settings.items() if key not in own] + searches
        left_out = say("lab.replay.own", names=", ".join(name_of(key) for key in own)) if own else ""
        if not variants:
            raise Trouble(left_out or say("lab.replay.none"))
        return variants, left_out


def is_own(run: Run, settings: SamplerSettings) -> bool:
    """Return whether every step of a run was chosen under what these settings do."""
    return all(run.settings_at(step.position).acts_like(settings) for step in run.steps)


def value_of(variants: Variants) -> AlignedTextsValue:
    """Return the texts as they are now."""
    return aligned_texts_value(variants.original, [_aligned(text) for text in variants.texts])


def _aligned(text: VariantText) -> AlignedText:
    name = name_of(text.variant.key)
    return AlignedText(name, text.comparison, why_parted(text, name), growing=not text.done)
