"""A text on its page while it is being written."""

import time
from collections.abc import Iterator
from itertools import count

import gradio as gr

from model.engine.continuation import Continuation
from model.texts.run import Run
from viz.components.token_strip import strip_value
from viz.pages.controls import Controls
from viz.pages.drawing import drawn
from viz.pages.panels import PAGE, bars
from viz.pages.scene import Scene, scene_of, unread_scene
from viz.pages.screen import Screen
from viz.pages.showing import Showing
from viz.pages.visitor import Visitor
from viz.words.lines import status_line
from viz.words.strings import say

REDRAW_SECONDS = 0.4
"""One figure is redrawn this often at most; strip and bars follow every update."""
REDRAW_UPDATES = 2
"""And only after so many updates: where thirty pages share a core, figures wait for the end."""
WAITING_SECONDS = 0.5
"""Whoever waits for a place, or for a long prompt to be read, hears so often how it stands."""


class Growth:
    """One text of one visitor, from the press of a button to its last token."""

    def __init__(self, showing: Showing, visitor: Visitor, written: Continuation, controls: Controls) -> None:
        self._example = showing.example
        self._drawing = showing.drawing
        self._visitor = visitor
        self._written = written
        self._pressed, self._before = controls, visitor.controls
        self._reader = self._visitor.service.text.reader()
        run = written.latest()
        self._begun_with = len(run.token_ids)
        self._first: tuple[float, int] | None = None
        """When the first new tokens were there, and how many: the speed is that of what followed."""
        visitor.show(run, tuple(self._reader.read(token_id) for token_id in run.token_ids))

    @property
    def controls(self) -> Controls:
        """Where the controls stand: as at the press, until one is moved while the text is written."""
        now = self._visitor.controls
        return self._pressed if now is None or now is self._before else now

    def screens(self) -> Iterator[Screen]:
        """Yield what to show as the text grows, as often as the pages share the core; not yet its end."""
        yield self._begin()
        last = time.monotonic()
        updates = 0
        turns = count()  # all at once keep a slow browser from hearing a press of Stop for half a second
        while not self._written.done:
            run = self._written.latest(beyond=self._visitor.run, timeout=WAITING_SECONDS)
            if not self._take(run):
                if not self._written.done:
                    # A slow model, or somebody else's prompt, may keep a text waiting in its midst as well.
                    yield Screen(status=self._progress() if self._new else status_line(self._delay()))
                continue
            start, spent = time.monotonic(), time.thread_time()
            updates += 1
            scene = self._scene()
            screen = self._light(scene)._replace(status=self._progress())
            self._visitor.service.pace.took(time.thread_time() - spent)
            if updates >= REDRAW_UPDATES and start - last >= REDRAW_SECONDS and self._visitor.following:
                screen, last, updates = self._with_figure(screen, next(turns), scene), start, 0
            yield screen
            pause = self._visitor.service.pace.interval_of(len(self._visitor.pieces), self._visitor.pause)
            self._written.wait(pause - (time.monotonic() - start))
        self._take(self._written.latest())

    def _take(self, run: Run) -> bool:
        """Let the visitor have a longer run; return whether it is longer."""
        read = len(self._visitor.pieces)
        new = tuple(self._reader.read(token_id) for token_id in run.token_ids[read:])
        self._visitor.show(run, self._visitor.pieces + new)
        return bool(new)

    def _begin(self) -> Screen:
        """Return the strip of a text whose internals are not there yet: but those before a fork are."""
        value = strip_value(
            self._visitor.pieces,
            self._visitor.run,
            selected=self._visitor.selected,
            colour_by=self.controls.colour_by,
            writing=True,
        )
        screen = Screen(
            strip=value, notice="", status=status_line(self._delay()), stop=gr.update(interactive=True)
        )
        scene = unread_scene(self._visitor)
        screen = screen._replace(rooms=self._drawing.begun(scene, self.controls).rooms)
        return screen if self._visitor.following else screen._replace(bars=bars(self._scene(), self.controls))

    def _light(self, scene: Scene) -> Screen:
        """Return what every update shows."""
        if self._visitor.following:
            return self._drawing.grown(scene, self.controls)
        return drawn(scene, self.controls, {"strip": PAGE["strip"]}, {})

    def _with_figure(self, screen: Screen, number: int, scene: Scene) -> Screen:
        """Return a screen with one figure more, if there is one whose turn it is."""
        figure = self._drawing.turn(number, scene, self.controls)
        shown = {} if number % 2 else {"timeline": figure.timeline}
        return screen._replace(**shown, rooms={**screen.rooms, **figure.rooms})

    def _scene(self) -> Scene:
        return scene_of(self._example, self._visitor, self.controls)

    def _delay(self) -> str:
        """Say why there is no new token yet."""
        ahead, expected = self._written.ahead, self._written.expected
        if ahead and expected is not None:
            return say("page.waiting_turn_about", ahead=ahead, seconds=max(1, round(expected)))
        return say("page.waiting_turn", ahead=ahead) if ahead else say("page.reading")

    def _progress(self) -> str:
        """Return the status line of a text that grows: how far it is and how fast."""
        now = time.monotonic()
        self._first = self._first or (now, self._new)
        began, first = self._first
        line = say("page.writing", new=self._new, length=self._written.max_new_tokens)
        if self._new == first:
            return status_line(line)
        rate = (self._new - first) / max(now - began, 1e-9)
        return status_line(line, say("page.rate", rate=f"{rate:.1f}" if rate < 10 else f"{rate:.0f}"))

    @property
    def _new(self) -> int:
        """Tokens that were added so far."""
        return len(self._visitor.pieces) - self._begun_with
