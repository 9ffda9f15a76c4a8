"""What the buttons of the room of other settings do."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import gradio as gr

from model.lab.variants import SEARCHES, Variant, Variants, VariantText
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from viz.components.selection import chosen_index
from viz.pages.controls import PRESETS, Controls
from viz.pages.kept import RoomState
from viz.pages.opening import open_run
from viz.pages.scene import readable
from viz.pages.screen import Screen
from viz.pages.showing import Showing
from viz.pages.visitor import Visitor
from viz.pages.work import watched
from viz.rooms.replay.aligned_texts import AlignedText, AlignedTextsValue, aligned_texts_value
from viz.rooms.replay.parting import why_parted
from viz.server.failing import one_or_why_not, or_why_not
from viz.server.service import Trouble
from viz.words.lines import problem, status_line
from viz.words.strings import say

WORK = "replay"
EXAMPLE = "replay-example"
"""Begun by whoever opens the room, and ended by a press of Replay."""
LOADING_SECONDS = 0.5
"""Between two looks whether the model has come."""
LONGEST_EXAMPLE = 64
"""Tokens of a text that is replayed without a press."""
SLIDERS = "sliders"
MOST_VARIANTS = 5


class ReplayState(RoomState):
    """What the room remembers of a visitor."""

    def __init__(self) -> None:
        self.variants: Variants | None = None
        """Those that were written last."""
        self.is_example = False
        """Whether nobody had asked for them."""


class ReplayScreen(NamedTuple):
    """What a replay changes in the room."""

    texts: Any = gr.skip()
    line: Any = gr.skip()
    cancel: Any = gr.skip()


def name_of(key: str) -> str:
    """Return what a variant is called on the page."""
    return say(f"page.preset.{key}") if key in PRESETS else say(f"lab.replay.variant.{key}")


class Replays:
    """Handlers of the events, for every visitor."""

    def __init__(self, showing: Showing) -> None:
        self.showing = showing

    def replay(self, visitor: Visitor, chosen: object, controls: Controls) -> Iterator[ReplayScreen]:
        """Write the text on the page again in several ways, and show them as they grow."""
        visitor.controls = controls

        def explained(why: str) -> ReplayScreen:
            return ReplayScreen(line=problem(why), cancel=gr.update(interactive=WORK in visitor.working))

        yield from or_why_not(self._replay(visitor, chosen, controls), explained)

    def example(self, visitor: Visitor, chosen: object, controls: Controls) -> Iterator[ReplayScreen]:
        """Replay a short text for whoever opens the room, unless they have replayed one of theirs before.

        Nobody asked for it: where it cannot be done, the room stays as it was.
        """
        visitor.controls = controls
        state = visitor.kept.of(ReplayState)
        known = state.variants
        wanted = known is None or (state.is_example and known.original is not visitor.run)
        if wanted and len(visitor.run.steps) <= LONGEST_EXAMPLE:
            visitor.want(EXAMPLE)
            yield from or_why_not(self._example(visitor, chosen, controls), lambda _: ReplayScreen())

    def open(self, visitor: Visitor, choice: object, prompt: str, controls: Controls) -> Screen:
        """Put one of the texts on the page."""
        variants, index = visitor.kept.of(ReplayState).variants, chosen_index(choice)
        if variants is None or index is None or index > len(variants.texts):
            return Screen()

        def opened() -> Screen:
            if index == 0:
                run, name = variants.original, say("components.aligned.original")
            else:
                text = variants.texts[index - 1]
                if not text.comparison.tokens:
                    raise Trouble(say("lab.nothing_to_open"))
                run, name = variants.run(index - 1), name_of(text.variant.key)
            return open_run(self.showing, visitor, run, name, prompt, controls)

        return one_or_why_not(opened, lambda why: Screen(notice=problem(why)))

    def _example(self, visitor: Visitor, chosen: object, controls: Controls) -> Iterator[ReplayScreen]:
        while not visitor.service.wait(LOADING_SECONDS):  # a link may lead here before there is a model
            if EXAMPLE in visitor.unwanted:
                return
            yield ReplayScreen(line=status_line(visitor.service.progress))
        state, run = visitor.kept.of(ReplayState), self._original(visitor)
        variants, _ = self._variants(chosen, run, controls)
        visitor.service.require_room_in_line(share=0.5)
        names = ", ".join(name_of(variant.key) for variant in variants)
        line = status_line(say("lab.replay.example", names=names))
        growing = Variants(visitor.service.engine, run, variants, owner=visitor)
        for begun in watched(visitor, EXAMPLE, _counted(growing), growing.stop):
            if begun is None:
                state.variants, state.is_example = growing, True
                yield ReplayScreen(line=line)
            elif state.variants is growing:  # else a press of Replay has taken its place
                yield ReplayScreen(value_of(growing))
        if state.variants is growing:
            yield ReplayScreen(value_of(growing))

    def _replay(self, visitor: Visitor, chosen: object, controls: Controls) -> Iterator[ReplayScreen]:
        run = self._original(visitor)
        variants, left_out = self._variants(chosen, run, controls)
        visitor.service.require_room_in_line()
        visitor.cancel(EXAMPLE)
        growing = Variants(visitor.service.engine, run, variants, owner=visitor)
        line = status_line(say("lab.replay.running"), left_out)
        for step in watched(visitor, WORK, _counted(growing), growing.stop):
            if step is None:
                state = visitor.kept.of(ReplayState)
                state.variants, state.is_example = growing, False
                yield ReplayScreen(value_of(growing), line, gr.update(interactive=True))
            else:
                yield ReplayScreen(value_of(growing))
        ended = say("lab.stopped") if growing.stopped else say("lab.replay.done", tokens=len(run.steps))
        yield ReplayScreen(value_of(growing), status_line(ended, left_out), gr.update(interactive=False))

    def _original(self, visitor: Visitor) -> Run:
        """Return the text to replay.

        Raises:
            Trouble: there is none that can be.
        """
        run = readable(visitor)
        if not run.steps:
            raise Trouble(say("lab.replay.no_text"))
        return run

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


def _counted(variants: Variants) -> Iterator[int]:
    """Drive variants, and count their turns."""
    for number, _ in enumerate(variants):
        yield number


def is_own(run: Run, settings: SamplerSettings) -> bool:
    """Return whether every step of a run was chosen under what these settings do."""
    return all(run.settings_at(step.position).acts_like(settings) for step in run.steps)


def value_of(variants: Variants) -> AlignedTextsValue:
    """Return the texts as they are now."""
    return aligned_texts_value(variants.original, [_aligned(text) for text in variants.texts])


def _aligned(text: VariantText) -> AlignedText:
    name = name_of(text.variant.key)
    return AlignedText(name, text.comparison, why_parted(text, name), growing=not text.done)
