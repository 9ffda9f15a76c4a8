"""What the buttons of the room do: something is taken away, the step scored again, the text written again."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import gradio as gr

from model.interventions.ablation import Ablation, ablate
from model.interventions.effect import Effect, read_clean
from model.interventions.written import written_with
from model.lab.branching import forced_run
from model.numbers import within
from model.texts.run import Step
from viz.pages.asked import Asked, asked, text_before
from viz.pages.controls import Controls
from viz.pages.kept import RoomState
from viz.pages.opening import open_run
from viz.pages.scene import Scene
from viz.pages.screen import Screen
from viz.pages.showing import Showing
from viz.pages.visitor import Visitor
from viz.pages.work import watched
from viz.rooms.ablation.words import effect_html, part_name, texts_html
from viz.server.failing import one_or_why_not, or_why_not
from viz.server.service import Trouble
from viz.words.lines import problem, status_line
from viz.words.strings import say

WORK = "ablation"
MOST_WRITTEN = 64
"""Tokens that are written without a part."""


@dataclass(frozen=True)
class Taken:
    """What a visitor took away at a step, and what came of it."""

    asked: Asked
    ablation: Ablation
    whole: Effect | None = None
    without: Effect | None = None
    steps: tuple[Step, ...] = ()
    """Of the text that was written without it."""
    growing: bool = False


class AblationState(RoomState):
    """What the room remembers of a visitor."""

    def __init__(self) -> None:
        self.taken: Taken | None = None


class TakingScreen(NamedTuple):
    """What a press changes in the room."""

    effect: Any = gr.skip()
    texts: Any = gr.skip()
    line: Any = gr.skip()
    cancel: Any = gr.skip()
    put: Any = gr.skip()


class Taking:
    """Handlers of the events, for every visitor."""

    def __init__(self, showing: Showing) -> None:
        self.showing = showing

    def take_away(self, visitor: Visitor, *values: object) -> Iterator[TakingScreen]:
        """Score the selected step again without a part."""
        yield from self._or_why_not(visitor, self._take(visitor, *values))

    def write_without(self, visitor: Visitor, length: int, *values: object) -> Iterator[TakingScreen]:
        """Write on from the selected step without a part, with the same dice."""
        yield from self._or_why_not(visitor, self._write(visitor, length, *values))

    def put(self, visitor: Visitor, prompt: str, controls: Controls) -> Screen:
        """Put the text that was written without a part on the page."""
        taken = visitor.kept.of(AblationState).taken
        if taken is None or not taken.steps:
            return Screen()

        def opened() -> Screen:
            base = text_before(visitor.service, taken.asked)
            run = forced_run(visitor.service.engine, base, [step.token_id for step in taken.steps])
            name = say(
                "why.ablation.branch", part=part_name(taken.ablation, self._tokens(visitor, taken.asked))
            )
            return open_run(self.showing, visitor, run, name, prompt, controls)

        return one_or_why_not(opened, lambda why: Screen(notice=problem(why)))

    def _take(self, visitor: Visitor, *values: object) -> Iterator[TakingScreen]:
        step, ablation = self._asked(visitor, values)

        def work() -> Iterator[Taken]:
            yield Taken(step, ablation, *ablate(visitor.service.model, step.before, ablation, step.token_id))

        for taken in watched(visitor, WORK, work(), lambda: None):
            if taken is None:
                yield TakingScreen(line=status_line(say("why.measuring")), cancel=gr.update(interactive=True))
                continue
            visitor.kept.of(AblationState).taken = taken
            yield self._screen(visitor, taken)._replace(line=status_line(say("why.done")))
        yield TakingScreen(cancel=gr.update(interactive=False))

    def _write(self, visitor: Visitor, length: int, *values: object) -> Iterator[TakingScreen]:
        step, ablation = self._asked(visitor, values)
        count = min(
            int(within("new tokens", length, 1, MOST_WRITTEN, whole=True)),
            visitor.service.info.context_length - step.position,
        )
        if count < 1:
            raise Trouble(say("page.full", limit=step.position))
        ended = False

        def stop() -> None:
            nonlocal ended
            ended = True

        model, state = visitor.service.model, visitor.kept.of(AblationState)

        def work() -> Iterator[Taken]:
            taken = Taken(step, ablation, *ablate(model, step.before, ablation, step.token_id), growing=True)
            variant = ablation.variant(model, read_clean(model, step.before))
            for one in written_with(model, step.run, step.position, variant, count):
                taken = state.taken = replace(taken, steps=(*taken.steps, one))
                yield taken
                if ended:
                    break
            state.taken = replace(taken, growing=False)

        for taken in watched(visitor, WORK, work(), stop):
            line = say("why.writing", done=len(taken.steps) if taken else 0, count=count)
            screen = self._screen(visitor, taken) if taken else TakingScreen()
            yield screen._replace(line=status_line(line), cancel=gr.update(interactive=True))
        if state.taken is not None:
            yield self._screen(visitor, state.taken)._replace(
                line=status_line(say("why.written", count=len(state.taken.steps))),
                cancel=gr.update(interactive=False),
            )

    def _asked(self, visitor: Visitor, values: tuple[object, ...]) -> tuple[Asked, Ablation]:
        step = asked(visitor)
        try:
            return step, Ablation(*values).checked(visitor.service.model, step.position)  # type: ignore[arg-type]
        except ValueError as error:
            raise Trouble(str(error)) from error

    def _screen(self, visitor: Visitor, taken: Taken) -> TakingScreen:
        tokens = self._tokens(visitor, taken.asked)
        return TakingScreen(
            effect=effect_of(taken, tokens, visitor.service.text.token),
            texts=texts_of(taken),
            put=gr.update(visible=bool(taken.steps) and not taken.growing),
        )

    def _tokens(self, visitor: Visitor, step: Asked) -> list[str]:
        return [visitor.service.text.token(token_id) for token_id in step.before]

    @staticmethod
    def _or_why_not(visitor: Visitor, screens: Iterator[TakingScreen]) -> Iterator[TakingScreen]:
        def explained(why: str) -> TakingScreen:
            busy = WORK in visitor.working
            return TakingScreen(line=problem(why), cancel=gr.update(interactive=busy))

        yield from or_why_not(screens, explained)


def taken_of(scene: Scene) -> Taken | None:
    """Return what was taken away at the step that is selected; None for nothing."""
    taken = scene.kept.of(AblationState).taken
    here = scene.run.model, scene.run.token_ids[: scene.selected], scene.chosen
    return taken if taken is not None and taken.asked.place == here else None


def effect_of(taken: Taken, tokens: list[str], token_of: Any) -> str:
    """Return the effect as HTML; empty where there is none yet."""
    if taken.whole is None or taken.without is None:
        return ""
    return effect_html(taken.ablation, taken.whole, taken.without, tokens, token_of)


def texts_of(taken: Taken) -> str:
    """Return the two texts as HTML; empty where none was written."""
    if not taken.steps and not taken.growing:
        return ""
    ahead = taken.asked.run.steps[taken.asked.position - len(taken.asked.run.prompt_token_ids) :]
    kept = "".join(step.text for step in ahead[:MOST_WRITTEN])
    return texts_html(kept, "".join(step.text for step in taken.steps), taken.growing)
