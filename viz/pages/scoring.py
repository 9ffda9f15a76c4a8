"""The event that puts a text on the page as it is: nothing is written, every token has its numbers."""

from collections.abc import Iterator
from threading import Event

import gradio as gr

from model.interior.scoring import ScoredText, scoring
from model.texts.run import Run
from viz.components.token_strip import strip_value
from viz.pages.controls import Controls
from viz.pages.roads import begun
from viz.pages.screen import Screen
from viz.pages.showing import require_idle
from viz.pages.visitor import Visitor
from viz.pages.work import now_and_then
from viz.pages.writing import Writing
from viz.server.service import Trouble
from viz.words.branches import called, now_on
from viz.words.lines import problem, status_line
from viz.words.strings import say

AT_WORK = "score"


class Scoring(Writing):
    """One more way than writing it to bring a text onto the page."""

    def score_text(self, visitor: Visitor, prompt: str, controls: Controls) -> Iterator[Screen]:
        """Put what stands in the prompt on the page, every token after the first one scored.

        Stop ends it: while the model reads, the page stays as it was; afterwards with what is scored.
        """
        yield from self._or_why_not(visitor, self._scored(visitor, prompt, controls))

    def score_again(self, visitor: Visitor, prompt: str, controls: Controls) -> Iterator[Screen]:
        """Put the text on the page there once more, scored by the model that the page has now."""
        text = visitor.run.prompt + visitor.run.text
        yield Screen(prompt=text)
        yield from self.score_text(visitor, text, controls)

    def _scored(self, visitor: Visitor, prompt: str, controls: Controls) -> Iterator[Screen]:
        visitor.controls = controls
        yield from self._loading(visitor)
        typed, form = visitor.service.typed(prompt), visitor.service.precision(controls.precision)
        texts = scoring(visitor.service.engine, typed, form, self._seed(controls))
        stopped = Event()
        with visitor.at_work(AT_WORK, stopped.set):
            require_idle(visitor)
            yield Screen(
                notice="",
                status=status_line(say("page.scoring_reads", tokens=len(typed.token_ids))),
                stop=gr.update(interactive=True),
            )
            first = next(texts)  # the model reads all of it
            notice = ""
            if not stopped.is_set():
                try:
                    more = self._arrive(visitor, first.run)
                    yield from self._follow(visitor, texts, stopped, controls)
                    notice = now_on(visitor.branch, more)
                except Trouble as trouble:
                    notice = problem(str(trouble))
        screen = self.redraw(visitor, controls)
        yield screen._replace(notice=notice) if notice else screen

    def _arrive(self, visitor: Visitor, run: Run) -> str:
        """Give a text its place among the others of the page, and return what there is to say of it.

        Raises:
            Trouble: another one is being written by now, or there is no place.
        """
        with visitor.lock:
            require_idle(visitor)
            tree, gone = begun(visitor.tree, run)
            pieces = tuple(visitor.service.text.pieces(run.token_ids))
            visitor.history.change(tree)
            visitor.following = True
            visitor.show(run, pieces)
            visitor.writing = True
        return "" if gone is None else say("page.made_room", name=called(gone))

    def _follow(
        self, visitor: Visitor, texts: Iterator[ScoredText], stopped: Event, controls: Controls
    ) -> Iterator[Screen]:
        """Show the tokens as they are scored, as often as the pages share the core."""
        pace, reader = visitor.service.pace, visitor.service.text.reader()

        def scored() -> Iterator[ScoredText]:
            pieces = tuple(reader.read(token_id) for token_id in visitor.run.token_ids)
            for so_far in texts:
                if stopped.is_set():
                    return
                run = so_far.run
                pieces += tuple(reader.read(token_id) for token_id in run.token_ids[len(pieces) :])
                visitor.show(run, pieces)
                yield so_far

        try:
            with pace.page():
                for so_far in now_and_then(scored(), lambda: pace.interval_of(len(visitor.pieces))):
                    yield self._progress(visitor, so_far, controls)
        finally:
            if visitor.run.finish_reason is None:  # stopped, or the page was closed
                visitor.run = visitor.run.finished("stop")
            visitor.settle()

    @staticmethod
    def _progress(visitor: Visitor, so_far: ScoredText, controls: Controls) -> Screen:
        strip = strip_value(
            visitor.pieces,
            visitor.run,
            selected=visitor.selected,
            colour_by=controls.colour_by,
            writing=True,
        )
        return Screen(strip=strip, status=status_line(say("page.scoring", done=f"{so_far.done:.0%}")))
