"""The events that change the text: generate, step, continue, stop, cut and undo."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import gradio as gr

from model.run import MAX_SEED, OutOfRange, Run, within
from model.text import Piece
from viz.components.token_strip import StripValue, strip_value
from viz.pages.controls import Controls
from viz.pages.example import Example
from viz.pages.panels import Screen, bars, everything, facts, problem, said, status_line, strip
from viz.pages.scene import scene_of
from viz.pages.service import Service, Trouble
from viz.pages.visitor import Visitor
from viz.strings import say

if TYPE_CHECKING:
    from model.text import PieceReader

REDRAW_SECONDS = 1.0
"""The figures are redrawn this often while a text is being written; strip and bars follow every token."""
LOADING_SECONDS = 0.5


class Writing:
    """Handlers of the events, for every visitor."""

    def __init__(self, service: Service, example: Example) -> None:
        self.service = service
        self.example = example

    def generate(self, visitor: Visitor, prompt: str, *values: object) -> Iterator[Screen]:
        """Write a new text from the prompt, token by token."""
        controls = Controls(*values)  # type: ignore[arg-type]
        try:
            yield from self._loading()
            run = self.service.new_run(prompt, controls.settings, self._seed(controls))
            yield from self._write(visitor, run, self._length(controls), controls)
        except (Trouble, OutOfRange) as trouble:
            yield Screen(notice=problem(str(trouble)))

    def step(self, visitor: Visitor, prompt: str, *values: object) -> Iterator[Screen]:
        """Write one more token: of the text on the page, or of a new one if the prompt has changed."""
        yield from self._extend(visitor, prompt, 1, Controls(*values))  # type: ignore[arg-type]

    def more(self, visitor: Visitor, prompt: str, *values: object) -> Iterator[Screen]:
        """Write on from the end of the text on the page, whatever stands in the prompt by now."""
        yield from self._extend(visitor, visitor.run.prompt, None, Controls(*values))  # type: ignore[arg-type]

    def stop(self, visitor: Visitor) -> None:
        """Let the text that is being written end before its next token."""
        visitor.stop.set()

    def cut(self, visitor: Visitor, prompt: str, *values: object) -> Screen:
        """Drop what follows the selected token."""
        run = visitor.run.cut_at(visitor.selected + 1)
        if not self.service.ready:
            return Screen(notice=problem(self.service.progress))
        if visitor.writing:
            return Screen(notice=problem(say("page.busy")))
        if run is visitor.run:
            in_prompt = visitor.selected < len(run.prompt_token_ids)
            return Screen(notice=problem(say("page.prompt_stays" if in_prompt else "page.nothing_to_cut")))
        visitor.remember()
        visitor.show(run, visitor.pieces[: len(run.token_ids)])
        return self.redraw(visitor, *values)._replace(notice=said(say("page.after_cut")))

    def undo(self, visitor: Visitor, prompt: str, *values: object) -> Screen:
        """Return to the text as it was before its last change, and to its prompt if that was not edited."""
        if visitor.writing:
            return Screen(notice=problem(say("page.busy")))
        if not visitor.undo:
            return Screen(notice=problem(say("page.nothing_to_undo")))
        edited = prompt != visitor.run.prompt
        visitor.following = True
        visitor.show(*visitor.undo.pop())
        if visitor.run is self.example.run:
            visitor.selected = self.example.selected
        screen = self.redraw(visitor, *values)
        return screen if edited else screen._replace(prompt=visitor.run.prompt)

    def redraw(self, visitor: Visitor, *values: object) -> Screen:
        """Return the whole page as it is."""
        controls = Controls(*values)  # type: ignore[arg-type]
        buttons = {
            "undo": gr.update(interactive=bool(visitor.undo)),
            "stop": gr.update(interactive=visitor.writing),
        }
        try:
            scene = scene_of(self.service, self.example, visitor, controls)
            return everything(scene, controls)._replace(**buttons)
        except (Trouble, OutOfRange) as trouble:
            return Screen(notice=problem(str(trouble)), **buttons)

    def _extend(
        self, visitor: Visitor, prompt: str, length: int | None, controls: Controls
    ) -> Iterator[Screen]:
        try:
            yield from self._loading()
            run = visitor.run
            if run.prompt != prompt or run.model != self.service.model.info.identity:
                run = self.service.new_run(prompt, controls.settings, self._seed(controls))
            elif run.finish_reason == "eos":
                raise Trouble(say("page.ended"))
            yield from self._write(visitor, run, length or self._length(controls), controls)
        except (Trouble, OutOfRange) as trouble:
            yield Screen(notice=problem(str(trouble)))

    def _write(self, visitor: Visitor, run: Run, length: int, controls: Controls) -> Iterator[Screen]:
        """Add up to `length` tokens to a run and show each; the figures follow at their own pace."""
        # Written with torch, which the page does not wait for; here the model is there.
        from model.generation import write  # noqa: PLC0415

        length = min(length, self.service.room(run))
        if length < 1:
            raise Trouble(say("page.full", limit=len(run.token_ids)))
        settings, seed = controls.settings, self._seed(controls)
        if visitor.writing:
            raise Trouble(say("page.busy"))
        visitor.writing = True
        visitor.stop.clear()
        visitor.remember()
        visitor.following = True
        reader = self.service.model.text.reader()
        pieces = tuple(reader.read(token_id) for token_id in run.token_ids)
        visitor.show(run, pieces)
        written = write(
            self.service.store,
            run,
            length,
            settings=settings,
            seed=seed,
            stopped=visitor.stop.is_set,
        )
        try:
            yield from self._show_each(visitor, written, reader, controls, length)
        finally:
            visitor.writing = False
        yield self._settled(visitor, controls)

    def _show_each(
        self, visitor: Visitor, written: Iterator[Run], reader: "PieceReader", controls: Controls, length: int
    ) -> Iterator[Screen]:
        began = drawn = time.monotonic()
        first = len(visitor.pieces)
        if length > 1:
            yield Screen(
                strip=self._strip(visitor, controls),
                notice="",
                status=status_line(say("page.reading")),
                stop=gr.update(interactive=True),
            )
        for run in written:
            if len(run.token_ids) > len(visitor.pieces):
                piece: Piece = reader.read(run.token_ids[-1])
                visitor.show(run, (*visitor.pieces, piece))
            else:
                visitor.run = run
            if run.finish_reason is not None or length == 1:
                continue
            now = time.monotonic()
            rate = (len(run.token_ids) - first) / max(now - began, 1e-9)
            line = status_line(
                say("page.writing", new=len(run.token_ids) - first, length=length, rate=f"{rate:.0f}")
            )
            if visitor.following and now - drawn >= REDRAW_SECONDS:
                drawn = now
                scene = scene_of(self.service, self.example, visitor, controls)
                yield everything(scene, controls)._replace(status=line)
            else:
                yield self._light(visitor, controls)._replace(status=line)

    def _light(self, visitor: Visitor, controls: Controls) -> Screen:
        """Return what follows every token."""
        scene = scene_of(self.service, self.example, visitor, controls)
        if not visitor.following:
            return Screen(strip=strip(scene, controls))
        return Screen(strip=strip(scene, controls), bars=bars(scene, controls), facts=facts(scene))

    def _strip(self, visitor: Visitor, controls: Controls) -> StripValue:
        """Return the strip of a text whose internals are not there yet."""
        return strip_value(
            visitor.pieces, visitor.run, selected=visitor.selected, colour_by=controls.colour_by, writing=True
        )

    def _settled(self, visitor: Visitor, controls: Controls) -> Screen:
        scene = scene_of(self.service, self.example, visitor, controls)
        return everything(scene, controls)._replace(
            stop=gr.update(interactive=False), undo=gr.update(interactive=True)
        )

    def _loading(self) -> Iterator[Screen]:
        """Report on the model until it has loaded."""
        while not self.service.wait(LOADING_SECONDS):
            yield Screen(status=status_line(self.service.progress))

    def _length(self, controls: Controls) -> int:
        return int(
            within(
                "max_new_tokens", controls.max_new_tokens, 1, self.service.limits.max_new_tokens, whole=True
            )
        )

    @staticmethod
    def _seed(controls: Controls) -> int:
        return int(within("seed", controls.seed, 0, MAX_SEED, whole=True))
