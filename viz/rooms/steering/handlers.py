"""What the buttons of the room do: a text is written under several strengths, a direction kept for others."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import gradio as gr

from model.interventions.steering import (
    WHERES,
    Where,
    divergences,
    steered,
    written_side_by_side,
)
from model.lab.branching import forced_run
from model.numbers import within
from model.texts.run import Run, Step
from viz.components.selection import chosen_index
from viz.pages.asked import asked, text_before
from viz.pages.controls import Controls
from viz.pages.kept import RoomState
from viz.pages.opening import open_run
from viz.pages.screen import Screen
from viz.pages.showing import Showing
from viz.pages.visitor import Visitor
from viz.pages.work import watched
from viz.rooms.steering.directions import Directions, Named, direction_of, require_here
from viz.rooms.steering.steered_texts import Column, SteeredTextsValue
from viz.server.failing import one_or_why_not, or_why_not
from viz.server.service import Trouble
from viz.words.lines import problem, status_line
from viz.words.percent import signed
from viz.words.strings import say
from viz.words.tokens import display_text

WORK = "steering"
MOST_STRENGTH = 2.0
MOST_WRITTEN = 64
"""Tokens of each text."""
MOST_CALLED = 30
"""Characters of a direction in the name of a text."""
TAIL = 60
"""Characters of the text that stand before what is written."""
PROMPTS = ""
"""What is chosen among the directions for the one of the two prompts."""


@dataclass(frozen=True, eq=False)
class Steered:
    """A text under several strengths, as far as it is written."""

    base: Run
    """The text before the step."""
    named: Named
    where: Where
    strengths: tuple[float, ...]
    kl: tuple[float, ...]
    """By strength: from the next token's distribution without steering to that with it, nats."""
    steps: tuple[tuple[Step, ...], ...]
    """By strength."""
    whole: bool = False


class SteeringState(RoomState):
    """What the room remembers of a visitor, beside the directions."""

    def __init__(self) -> None:
        self.steered: Steered | None = None


class SteeringScreen(NamedTuple):
    """What an event changes in the room."""

    texts: Any = gr.skip()
    line: Any = gr.skip()
    cancel: Any = gr.skip()
    chosen: Any = gr.skip()
    name: Any = gr.skip()


class Steering:
    """Handlers of the events, for every visitor."""

    def __init__(self, showing: Showing) -> None:
        self.showing = showing

    def steer(self, visitor: Visitor, *values: Any) -> Iterator[SteeringScreen]:
        """Write the text on the page up to the selected token under several strengths.

        The values are the two prompts, the layer, the direction that is chosen, the strength, how many
        tokens, and where the direction is added.
        """
        yield from self._or_why_not(visitor, self._steer(visitor, *values))

    def save_direction(
        self, visitor: Visitor, toward: str, away: str, layer: object, name: object
    ) -> SteeringScreen:
        """Keep the direction of the two prompts under a name."""

        def saved() -> SteeringScreen:
            made = direction_of(visitor.service, toward, away, layer)
            kept = visitor.kept.of(Directions).save(name, made.direction)
            said = say("why.steering.saved", name=display_text(kept.name), layer=kept.direction.layer)
            return SteeringScreen(line=status_line(said), chosen=self._offered(visitor, kept.name), name="")

        return self._one_or_why_not(saved)

    def delete_direction(self, visitor: Visitor, name: object) -> SteeringScreen:
        """Forget the direction that is chosen."""

        def deleted() -> SteeringScreen:
            gone = visitor.kept.of(Directions).delete(name)
            said = say("why.steering.deleted", name=display_text(gone.name))
            return SteeringScreen(line=status_line(said), chosen=self._offered(visitor, PROMPTS))

        return self._one_or_why_not(deleted)

    def redraw(self, visitor: Visitor) -> SteeringScreen:
        """Return the room as it is."""
        found = visitor.kept.of(SteeringState).steered
        chosen = self._offered(visitor)
        return (
            SteeringScreen(chosen=chosen) if found is None else SteeringScreen(_texts(found), chosen=chosen)
        )

    def open(self, visitor: Visitor, choice: object, prompt: str, controls: Controls) -> Screen:
        """Put one of the texts on the page: its tokens forced, its numbers those of the unchanged model."""
        found, index = visitor.kept.of(SteeringState).steered, chosen_index(choice)
        if found is None or index is None or index >= len(found.steps) or not found.steps[index]:
            return Screen()

        def opened() -> Screen:
            run = forced_run(
                visitor.service.engine, found.base, [step.token_id for step in found.steps[index]]
            )
            name = _branch(found, found.strengths[index])
            return open_run(self.showing, visitor, run, name, prompt, controls)

        return one_or_why_not(opened, lambda why: Screen(notice=problem(why)))

    def _steer(
        self,
        visitor: Visitor,
        toward: str,
        away: str,
        layer: object,
        chosen: object,
        strength: object,
        length: object,
        where: object,
    ) -> Iterator[SteeringScreen]:
        step = asked(visitor)
        place = next((one for one in WHERES if one == where), None)
        if place is None:
            raise Trouble(say("why.steering.trouble.unknown"))
        push = float(within("strength", strength, 0, MOST_STRENGTH))
        strengths = (-push, 0.0, push) if push else (0.0,)
        count = min(
            int(within("new tokens", length, 1, MOST_WRITTEN, whole=True)),
            visitor.service.info.context_length - step.position,
        )
        if count < 1:
            raise Trouble(say("page.full", limit=step.position))
        state, asked_to_stop = visitor.kept.of(SteeringState), False
        latest: Steered | None = None

        def stop() -> None:
            nonlocal asked_to_stop
            asked_to_stop = True

        def work() -> Iterator[Steered]:
            nonlocal latest
            named = self._named(visitor, chosen, toward, away, layer)
            variants = [steered(named.direction, one, step.position, place) for one in strengths]
            kl = tuple(one.kl for one in divergences(visitor.service.model, step.before, variants))
            latest = Steered(
                text_before(visitor.service, step), named, place, strengths, kl, ((),) * len(strengths)
            )
            for number, one in written_side_by_side(
                visitor.service.model, step.run, step.position, variants, count
            ):
                steps = list(latest.steps)
                steps[number] = (*steps[number], one)
                latest = state.steered = replace(latest, steps=tuple(steps))
                yield latest
                if asked_to_stop:
                    return

        for found in watched(visitor, WORK, work(), stop):
            if found is None:
                line = status_line(say("why.steering.measuring"))
                yield SteeringScreen(line=line, cancel=gr.update(interactive=True))
                continue
            done = sum(map(len, found.steps))
            line = status_line(say("why.steering.writing", done=done, count=count * len(strengths)))
            yield SteeringScreen(texts=_texts(found), line=line)
        if latest is not None:
            latest = state.steered = replace(latest, whole=True)
            said = say("why.steering.written", count=sum(map(len, latest.steps)))
            yield SteeringScreen(
                texts=_texts(latest), line=status_line(said), cancel=gr.update(interactive=False)
            )

    def _named(self, visitor: Visitor, chosen: object, toward: str, away: str, layer: object) -> Named:
        """Return the direction that is chosen: a saved one, or that of the two prompts."""
        if chosen in (PROMPTS, None):
            return direction_of(visitor.service, toward, away, layer)
        named = visitor.kept.of(Directions).named(str(chosen))
        if named is None:
            raise Trouble(say("why.steering.trouble.none_chosen"))
        require_here(visitor.service, named)
        return named

    def _offered(self, visitor: Visitor, value: str | None = None) -> Any:
        """Return the directions that can be chosen."""
        saved = visitor.kept.of(Directions).saved
        choices = [(say("why.steering.of_prompts"), PROMPTS)] + [
            (say("why.steering.of_saved", name=one.name, layer=one.direction.layer), one.name)
            for one in saved
        ]
        return gr.update(choices=choices) if value is None else gr.update(choices=choices, value=value)

    def _one_or_why_not(self, screen: Callable[[], SteeringScreen]) -> SteeringScreen:
        return one_or_why_not(screen, lambda why: SteeringScreen(line=problem(why)))

    @staticmethod
    def _or_why_not(visitor: Visitor, screens: Iterator[SteeringScreen]) -> Iterator[SteeringScreen]:
        def explained(why: str) -> SteeringScreen:
            busy = WORK in visitor.working
            return SteeringScreen(line=problem(why), cancel=gr.update(interactive=busy))

        yield from or_why_not(screens, explained)


def _texts(found: Steered) -> SteeredTextsValue:
    """Return what is shown of a text under several strengths."""
    before = found.base.prompt + found.base.text
    quoted = before if len(before) <= TAIL else "…" + before[-TAIL:]
    note = say(
        f"why.steering.note.{found.where}",
        name=found.named.called,
        layer=found.named.direction.layer,
        cosine=signed(found.named.direction.cosine),
    )
    columns = [
        _column(strength, kl, quoted, steps, whole=found.whole)
        for strength, kl, steps in zip(found.strengths, found.kl, found.steps, strict=True)
    ]
    return {"note": note, "columns": columns}


def _column(strength: float, kl: float, before: str, steps: Sequence[Step], *, whole: bool) -> Column:
    plain = strength == 0
    return {
        "title": say("why.steering.column.plain") if plain else _said(strength),
        "before": before,
        "text": "".join(step.text for step in steps),
        "told": say("why.steering.column.unmoved")
        if plain
        else say("why.steering.column.kl", kl=f"{kl:.3f}"),
        "plain": plain,
        "whole": whole and bool(steps),
    }


def _said(strength: float) -> str:
    return say(
        f"why.steering.column.{'toward' if strength > 0 else 'away'}",
        strength=f"{strength:+.2f}".replace("-", "−"),
    )


def _branch(found: Steered, strength: float) -> str:
    if not strength:
        return say("why.steering.branch.plain")
    key = "toward" if strength > 0 else "away"
    return say(
        f"why.steering.branch.{key}", strength=f"{abs(strength):.2f}", name=found.named.name[:MOST_CALLED]
    )
