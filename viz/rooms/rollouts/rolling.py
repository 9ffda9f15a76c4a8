"""What the buttons of the room of rollouts do."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import gradio as gr

from model.lab.rolled import Rolled, Swept
from model.lab.rollouts import MOST_ROLLOUTS, Rollouts, Sweep, SweepPoint
from model.numbers import MAX_SEED, OutOfRange, within
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from viz.components.selection import chosen_index
from viz.pages.controls import Controls
from viz.pages.following import Following, Speed
from viz.pages.kept import RoomState
from viz.pages.opening import open_run
from viz.pages.screen import Screen
from viz.pages.showing import Showing
from viz.pages.visitor import Visitor
from viz.rooms.rollouts.beginning import beginning, granted_length
from viz.rooms.rollouts.choices import SWEPT
from viz.rooms.rollouts.guess import Guess, outcome, told
from viz.rooms.rollouts.screen import (
    RolloutScreen,
    progress_html,
    rolled_screen,
    swept_screen,
)
from viz.rooms.rollouts.swept_values import swept_values
from viz.server.failing import or_why_not
from viz.server.service import Trouble
from viz.words.lines import problem
from viz.words.strings import say

WORK = "rollouts"
UPDATE_SECONDS = 0.4
"""Between two looks at what is there: pages that share the core take longer."""


class RolloutsState(RoomState):
    """What the room remembers of a visitor."""

    def __init__(self) -> None:
        self.rolled: Rolled | None = None
        self.guessed = ""
        """How the guess before they were rolled did, in words."""
        self.swept: Swept | None = None


def offered_values(setting: object, values: object) -> Any:
    """Return the values that are offered for a setting, unless others than those were typed."""
    name, typed = str(setting), str(values or "").strip()
    return SWEPT[name] if name in SWEPT and typed in ("", *SWEPT.values()) else gr.skip()


class Rolling:
    """Handlers of the events, for every visitor."""

    def __init__(self, showing: Showing) -> None:
        self.showing = showing

    def roll(
        self,
        visitor: Visitor,
        start: object,
        count: object,
        length: object,
        token: object,
        share: object,
        controls: Controls,
    ) -> Iterator[RolloutScreen]:
        """Write many continuations of the text and show what they say, as they come, and how a guess did."""
        visitor.controls = controls
        guess = Guess.typed(token, share)
        yield from self._or_why_not(visitor, self._roll(visitor, start, count, length, guess, controls))

    def sweep(
        self,
        visitor: Visitor,
        start: object,
        setting: object,
        tried: object,
        each: object,
        length: object,
        controls: Controls,
    ) -> Iterator[RolloutScreen]:
        """Write continuations under several values of a setting."""
        visitor.controls = controls
        yield from self._or_why_not(
            visitor, self._sweep(visitor, start, setting, tried, each, length, controls)
        )

    def redraw(self, visitor: Visitor, controls: Controls) -> RolloutScreen:
        """Return the room as it is, in the colours of the page."""
        visitor.controls = controls
        screen, rolls = RolloutScreen(), visitor.kept.of(RolloutsState)
        if rolls.rolled is not None:
            screen = rolled_screen(rolls.rolled, controls.theme, visitor.service.text.token, rolls.guessed)
        if rolls.swept is not None:
            shown = swept_screen(rolls.swept, controls.theme, _settings_or_none(controls))
            screen = screen._replace(diversity=shown.diversity, swept=shown.swept)
        return screen

    def open(self, visitor: Visitor, choice: object, prompt: str, controls: Controls) -> Screen:
        """Put one of the texts on the page."""
        index, rolled = chosen_index(choice), visitor.kept.of(RolloutsState).rolled
        runs = {} if rolled is None else {rolled.number(run): run for run in rolled.runs}
        if index not in runs:
            return Screen()
        name = say("lab.rollouts.name", number=index + 1)
        try:
            return open_run(self.showing, visitor, runs[index], name, prompt, controls)
        except Trouble as trouble:
            return Screen(notice=problem(str(trouble)))

    def _roll(
        self,
        visitor: Visitor,
        start: object,
        count: object,
        length: object,
        guess: Guess,
        controls: Controls,
    ) -> Iterator[RolloutScreen]:
        run = beginning(visitor, start)
        number = int(within("rollouts", count, 1, MOST_ROLLOUTS, whole=True))
        most = granted_length(visitor.service, run, number, length)
        rollouts = Rollouts(
            visitor.service.engine, run, number, most,
            settings=controls.settings, seed=_seed(controls), owner=visitor,
        )  # fmt: skip
        with self._under_way(visitor, rollouts):
            yield _begun(progress_html(0, number, say("page.reading")))
            begun = Rolled.begun(rollouts.start, rollouts.begun, rollouts.first_step().shaped)
            state = visitor.kept.of(RolloutsState)
            state.guessed = told(outcome(guess, rollouts.begun))

            def take(runs: tuple[Run, ...]) -> tuple[int, RolloutScreen]:
                state.rolled = rolled = replace(begun, runs=runs)
                return len(runs), rolled_screen(
                    rolled, controls.theme, visitor.service.text.token, state.guessed
                )

            _, screen = take(())  # all first tokens are there
            yield screen
            yield from self._follow(visitor, rollouts, number, take)

    def _sweep(
        self,
        visitor: Visitor,
        start: object,
        setting: object,
        tried: object,
        each: object,
        length: object,
        controls: Controls,
    ) -> Iterator[RolloutScreen]:
        run = beginning(visitor, start)
        name = str(setting)
        if name not in SWEPT:
            raise Trouble(say("lab.rollouts.unknown"))
        values = swept_values(tried, name)
        number = int(within("rollouts", each, 1, MOST_ROLLOUTS, whole=True))
        most = granted_length(visitor.service, run, number * len(values), length)
        sweep = Sweep(
            visitor.service.engine, run, name, values, number, most,
            settings=controls.settings, seed=_seed(controls), owner=visitor,
        )  # fmt: skip
        total = number * len(values)
        with self._under_way(visitor, sweep):
            yield _begun(progress_html(0, total, say("page.reading")))

            def take(points: tuple[SweepPoint, ...]) -> tuple[int, RolloutScreen]:
                visitor.kept.of(RolloutsState).swept = swept = Swept(sweep.start, name, number, points)
                done = sum(len(point.runs) for point in points)
                return done, swept_screen(swept, controls.theme, controls.settings)

            yield from self._follow(visitor, sweep, total, take)

    def _follow(
        self,
        visitor: Visitor,
        texts: Rollouts | Sweep,
        total: int,
        take: Callable[[Any], tuple[int, RolloutScreen]],
    ) -> Iterator[RolloutScreen]:
        """Yield what there is a few times a second, and how it ended.

        Args:
            visitor: for whom they are written.
            texts: to be written.
            total: rollouts asked for.
            take: given what has ended, keeps it, and returns how many rollouts that are and what is shown.
        """
        following: Following[Any] = Following(texts, ())
        seen, done, speed = None, 0, Speed()
        with visitor.service.pace.page():
            while True:
                ended = following.wait(max(UPDATE_SECONDS, visitor.service.pace.interval))
                found, screen = following.latest(), RolloutScreen()
                if found and found is not seen:
                    spent = time.thread_time()
                    seen, (done, screen) = found, take(found)
                    visitor.service.pace.took(time.thread_time() - spent)
                if ended:
                    break
                line = say("lab.rollouts.done", done=done, count=total)
                ahead = say("page.waiting_turn", ahead=texts.ahead) if texts.ahead else ""
                yield screen._replace(state=progress_html(done, total, line, speed.told(texts.tokens), ahead))
        key = "all" if done == total else "cancelled"
        line = say(f"lab.rollouts.{key}", done=done, count=total)
        yield screen._replace(state=progress_html(done, total, line), **_buttons(under_way=False))

    @contextmanager
    def _under_way(self, visitor: Visitor, texts: Rollouts | Sweep) -> Iterator[None]:
        """Keep rollouts where Cancel finds them, and stop them whatever happens.

        Raises:
            Trouble: this visitor has others under way, or too many texts wait already.
        """
        visitor.service.require_room_in_line(share=0.5)  # the other half is for those who write one text
        with visitor.at_work(WORK, texts.stop):
            yield

    @staticmethod
    def _or_why_not(visitor: Visitor, screens: Iterator[RolloutScreen]) -> Iterator[RolloutScreen]:
        """Yield screens, and at last a notice if it did not go well."""

        def explained(why: str) -> RolloutScreen:
            return RolloutScreen(state=problem(why), **_buttons(WORK in visitor.working))

        yield from or_why_not(screens, explained)


def _begun(state: str) -> RolloutScreen:
    return RolloutScreen(state=state, **_buttons(under_way=True))


def _buttons(under_way: bool) -> dict[str, Any]:
    return {
        "roll": gr.update(interactive=not under_way),
        "sweep": gr.update(interactive=not under_way),
        "cancel": gr.update(interactive=under_way),
    }


def _seed(controls: Controls) -> int:
    return int(within("seed", controls.seed, 0, MAX_SEED, whole=True))


def _settings_or_none(controls: Controls) -> SamplerSettings | None:
    try:
        return controls.settings
    except OutOfRange:
        return None
