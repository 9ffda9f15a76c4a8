"""The events that change the text: generate, step, continue, stop, cut and undo."""

import traceback
from collections.abc import Iterator

import gradio as gr

from model.run import MAX_SEED, OutOfRange, Run, within
from viz.pages.controls import Controls
from viz.pages.example import Example
from viz.pages.growth import Growth
from viz.pages.panels import Screen, everything, problem, said, status_line
from viz.pages.scene import scene_of
from viz.pages.service import Service, Trouble
from viz.pages.visitor import Visitor
from viz.strings import say

LOADING_SECONDS = 0.5


class Writing:
    """Handlers of the events, for every visitor."""

    def __init__(self, service: Service, example: Example) -> None:
        self.service = service
        self.example = example

    def generate(self, visitor: Visitor, prompt: str, *values: object) -> Iterator[Screen]:
        """Write a new text from the prompt, token by token."""
        controls = Controls(*values)  # type: ignore[arg-type]

        def screens() -> Iterator[Screen]:
            yield from self._loading()
            run = self._new_run(prompt, controls)
            yield from self._write(visitor, run, self._length(controls), controls)

        yield from self._or_why_not(visitor, screens())

    def step(self, visitor: Visitor, prompt: str, *values: object) -> Iterator[Screen]:
        """Write one more token: of the text on the page, or of a new one if the prompt has changed."""
        screens = self._extend(visitor, prompt, 1, Controls(*values))  # type: ignore[arg-type]
        yield from self._or_why_not(visitor, screens)

    def more(self, visitor: Visitor, prompt: str, *values: object) -> Iterator[Screen]:
        """Write on from the end of the text on the page, whatever stands in the prompt by now."""
        prompt = visitor.run.prompt
        screens = self._extend(visitor, prompt, None, Controls(*values))  # type: ignore[arg-type]
        yield from self._or_why_not(visitor, screens)

    def stop(self, visitor: Visitor) -> None:
        """Let the text that is being written end before its next token."""
        visitor.stop()

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
        yield from self._loading()
        run = visitor.run
        if run.prompt != prompt or run.model != self.service.model.info.identity:
            run = self._new_run(prompt, controls)
        elif run.finish_reason == "eos":
            raise Trouble(say("page.ended"))
        yield from self._write(visitor, run, length or self._length(controls), controls)

    @staticmethod
    def _or_why_not(visitor: Visitor, screens: Iterator[Screen]) -> Iterator[Screen]:
        """Yield screens, and at last a notice if it did not go well."""
        try:
            yield from screens
        except (Trouble, OutOfRange) as trouble:
            yield Screen(notice=problem(str(trouble)))
        except Exception as error:  # noqa: BLE001 - the page must not stay as if it were still writing
            traceback.print_exc()
            why = say("page.failed", problem=str(error) or type(error).__name__)
            yield Screen(notice=problem(why), stop=gr.update(interactive=visitor.writing))

    def _write(self, visitor: Visitor, run: Run, length: int, controls: Controls) -> Iterator[Screen]:
        """Add up to `length` tokens to a run and show them as they come."""
        length = min(length, self.service.room(run))
        if length < 1:
            raise Trouble(say("page.full", limit=len(run.token_ids)))
        if visitor.writing:
            raise Trouble(say("page.busy"))
        settings, seed = controls.settings, self._seed(controls)
        written = self.service.write(run, length, settings, seed, owner=visitor)
        visitor.continuation = written
        visitor.writing = True
        visitor.remember()
        try:
            growth = Growth(self.service, self.example, visitor, written, controls)
            with self.service.pace.page():
                for screen in growth.screens():
                    if length > 1 or written.ahead:  # a single step is shown once it is there
                        yield screen
        finally:
            written.stop()  # also when the page was closed
            visitor.writing = False
        yield self._settled(visitor, controls)

    def _settled(self, visitor: Visitor, controls: Controls) -> Screen:
        scene = scene_of(self.service, self.example, visitor, controls)
        return everything(scene, controls)._replace(
            stop=gr.update(interactive=False), undo=gr.update(interactive=True)
        )

    def _loading(self) -> Iterator[Screen]:
        """Report on the model until it has loaded."""
        while not self.service.wait(LOADING_SECONDS):
            yield Screen(status=status_line(self.service.progress))

    def _new_run(self, prompt: str, controls: Controls) -> Run:
        return self.service.new_run(prompt, controls.settings, self._seed(controls), controls.precision)

    def _length(self, controls: Controls) -> int:
        return int(
            within(
                "max_new_tokens", controls.max_new_tokens, 1, self.service.limits.max_new_tokens, whole=True
            )
        )

    @staticmethod
    def _seed(controls: Controls) -> int:
        return int(within("seed", controls.seed, 0, MAX_SEED, whole=True))
