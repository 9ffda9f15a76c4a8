"""The events that change the text: generate, step, continue, go on from a token, stop, cut, undo and redo."""

from collections.abc import Callable, Generator, Iterator

import gradio as gr

from model.engine.continuation import Continuation
from model.numbers import MAX_SEED, within
from model.texts.branch_tree import BranchTree
from model.texts.comparison import shared
from model.texts.given import given_text, only_given
from model.texts.run import Run
from viz.components.branch_choice import BranchChoiceValue
from viz.components.writing_watch import asked_pause
from viz.pages.controls import Controls
from viz.pages.growth import Growth
from viz.pages.roads import begun, left, shortened
from viz.pages.scene import scene_of, why_not
from viz.pages.screen import Screen
from viz.pages.showing import Showing, buttons, require_idle
from viz.pages.visitor import TEXT, Visitor
from viz.server.failing import or_why_not
from viz.server.service import Trouble
from viz.words.branches import called, now_on
from viz.words.lines import problem, said, status_line
from viz.words.strings import say

LOADING_SECONDS = 0.5


class Writing(Showing):
    """Handlers of the events, for every visitor."""

    def generate(self, visitor: Visitor, prompt: str, controls: Controls) -> Iterator[Screen]:
        """Write a new text from the prompt, token by token."""
        visitor.controls = controls

        def screens() -> Iterator[Screen]:
            yield from self._loading(visitor)
            yield from self._anew(visitor, prompt, self._length(visitor, controls), controls)

        yield from self._or_why_not(visitor, screens())

    def step(self, visitor: Visitor, prompt: str, controls: Controls) -> Iterator[Screen]:
        """Write one more token: of the text on the page, or of a new one if the prompt has changed."""
        screens = self._extend(visitor, prompt, 1, controls)
        yield from self._or_why_not(visitor, screens)

    def more(self, visitor: Visitor, prompt: str, controls: Controls) -> Iterator[Screen]:
        """Write on from the end of the text on the page, whatever stands in the prompt by now."""
        prompt = given_text(visitor.run)
        screens = self._extend(visitor, prompt, None, controls)
        yield from self._or_why_not(visitor, screens)

    def go_on(
        self, visitor: Visitor, prompt: str, choice: BranchChoiceValue | None, controls: Controls
    ) -> Iterator[Screen]:
        """Put a token at the selected position and write on from there; the old text stays as a branch."""
        visitor.controls = controls
        token_id = choice.get("token_id") if isinstance(choice, dict) else None
        if not isinstance(token_id, int) or isinstance(token_id, bool):
            return
        chosen = token_id

        def screens() -> Iterator[Screen]:
            yield from self._loading(visitor)
            length = self._length(visitor, controls)
            with visitor.lock:
                require_idle(visitor)
                position = min(visitor.selected, len(visitor.run.token_ids))
                run, tree = self._fork(visitor, position, chosen)
                written = self._begin(visitor, run, length, controls, tree, selected=position)
            yield from self._grow(visitor, written, controls, "")

        yield from self._or_why_not(visitor, screens())

    def stop(self, visitor: Visitor) -> None:
        """Let the text that is being written end before its next token."""
        visitor.stop()

    def ease(self, visitor: Visitor, asked: object) -> None:
        """Give the browser of a visitor the time between two updates for which it asks."""
        visitor.pause = asked_pause(asked)

    def cut(self, visitor: Visitor, prompt: str, controls: Controls) -> Screen:
        """Drop what follows the selected token; as a branch the whole text stays."""
        if not visitor.service.ready:
            return Screen(notice=problem(visitor.service.progress))
        try:
            with visitor.lock:
                require_idle(visitor)
                run = visitor.run.cut_at(visitor.selected + 1)
                if run is visitor.run:
                    in_prompt = visitor.selected < len(run.prompt_token_ids)
                    raise Trouble(say("page.prompt_stays" if in_prompt else "page.nothing_to_cut"))
                visitor.history.change(shortened(visitor.tree, run))
                visitor.show(run, visitor.pieces[: len(run.token_ids)])
                visitor.cut = run, prompt
        except Trouble as trouble:
            return Screen(notice=problem(str(trouble)))
        after = "page.after_cut_given" if only_given(run) else "page.after_cut"
        return self.redraw(visitor, controls)._replace(notice=said(say(after)))

    def undo(self, visitor: Visitor, prompt: str, controls: Controls) -> Screen:
        """Return to the texts as they were before the last change, and to the prompt if it was not edited."""
        return self._turn(visitor, prompt, visitor.history.undo, say("page.nothing_to_undo"), controls)

    def redo(self, visitor: Visitor, prompt: str, controls: Controls) -> Screen:
        """Make again what was undone last."""
        return self._turn(visitor, prompt, visitor.history.redo, say("page.nothing_to_redo"), controls)

    def _turn(
        self, visitor: Visitor, prompt: str, turn: Callable[[], bool], nothing: str, controls: Controls
    ) -> Screen:
        try:
            with visitor.lock:
                require_idle(visitor)
                before = visitor.run
                if not turn():
                    raise Trouble(nothing)
                self.take(visitor)
        except Trouble as trouble:
            return Screen(notice=problem(str(trouble)))
        screen = self.redraw(visitor, controls)
        if visitor.run is before:
            return screen._replace(notice=said(say("page.text_stayed")))
        return screen if prompt != given_text(before) else screen._replace(prompt=given_text(visitor.run))

    def _fork(self, visitor: Visitor, position: int, token_id: int) -> tuple[Run, BranchTree]:
        """Return the text up to a token that a person chose, and the tree with it on the page."""
        if missing := why_not(visitor):
            raise Trouble(missing)
        run, tree = visitor.run, visitor.tree
        if position < len(run.prompt_token_ids):
            raise Trouble(say("page.prompt_stands"))
        if position < len(run.token_ids) and run.token_ids[position] == token_id:
            road = run.cut_at(position + 1)  # it was drawn, and stays so
        else:
            from model.lab.branching import branched  # noqa: PLC0415 - it knows torch, which takes seconds

            try:
                road = branched(visitor.service.engine, run, position, token_id)
            except ValueError as error:
                raise Trouble(say("page.no_branch", problem=str(error))) from error
        if run.finish_reason == "eos" and road.token_ids[: len(run.token_ids)] == run.token_ids:
            raise Trouble(say("page.ended"))
        goes_on = len(road.token_ids) > len(run.token_ids) or road is run
        return road, tree.grown(road) if goes_on else left(tree, road, shared(run.token_ids, road.token_ids))

    def _extend(
        self, visitor: Visitor, prompt: str, length: int | None, controls: Controls
    ) -> Generator[Screen]:
        yield from self._loading(visitor)
        run = visitor.run
        if given_text(run) != prompt or run.model != visitor.service.info.identity:
            yield from self._anew(visitor, prompt, length or self._length(visitor, controls), controls)
            return
        length = length or self._length(visitor, controls)
        with visitor.lock:
            require_idle(visitor)
            if visitor.run.finish_reason == "eos":
                raise Trouble(say("page.ended"))
            written = self._begin(visitor, visitor.run, length, controls, visitor.tree)
        yield from self._grow(visitor, written, controls)

    def _anew(self, visitor: Visitor, prompt: str, length: int, controls: Controls) -> Generator[Screen]:
        """Write a text that begins by itself."""
        run = visitor.service.new_run(prompt, controls.settings, self._seed(controls), controls.precision)
        with visitor.lock:
            require_idle(visitor)
            tree, gone = begun(visitor.tree, run)
            written = self._begin(visitor, run, length, controls, tree)
        made_room = "" if gone is None else say("page.made_room", name=called(gone))
        yield from self._grow(visitor, written, controls, made_room)

    def _begin(
        self,
        visitor: Visitor,
        run: Run,
        length: int,
        controls: Controls,
        tree: BranchTree,
        selected: int | None = None,
    ) -> Continuation:
        """Let the engine add up to `length` tokens to a run, which has its place in the tree.

        Without a selected position the newest token is selected.
        """
        length = min(length, visitor.service.room(run))
        if length < 1:
            raise Trouble(say("page.full", limit=len(run.token_ids)))
        pieces = tuple(visitor.service.text.pieces(run.token_ids))
        written = visitor.service.write(run, length, controls.settings, self._seed(controls), owner=visitor)
        visitor.continuation = written
        if TEXT in visitor.unwanted:
            written.stop()
        visitor.history.change(tree)
        visitor.following = selected is None
        visitor.show(run, pieces)
        if selected is not None:
            visitor.selected = selected
        visitor.writing = True  # last: what is raised above leaves nothing that would have to be settled
        return written

    def _grow(
        self, visitor: Visitor, written: Continuation, controls: Controls, more: str | None = None
    ) -> Iterator[Screen]:
        """Show the tokens of a text as they come, and at its end the whole page.

        Args:
            visitor: for whom it is written.
            written: the text.
            controls: how the page is drawn, until a control is moved.
            more: what is said beside which text one is on then; None where it is the one that was there.
        """
        key = visitor.branch.key
        try:
            growth = Growth(self, visitor, written, controls)
            with visitor.service.pace.page():
                for screen in growth.screens():
                    if written.max_new_tokens > 1 or written.ahead:  # a single step is shown once it is there
                        yield screen
        finally:
            written.stop()  # also when the page was closed
            visitor.settle()
        controls = growth.controls
        screen = self.drawing.everything(scene_of(self.example, visitor, controls), controls)
        screen = screen._replace(**buttons(visitor))
        if more is not None and not screen.notice:
            again = "" if visitor.branch.key == key else _again(visitor)
            told = " ".join(filter(None, (again, more)))
            screen = screen._replace(notice=now_on(visitor.branch, told))
        if visitor.service.shared.draining:
            screen = screen._replace(notice=problem(say("page.drained")))
        yield screen

    @staticmethod
    def _or_why_not(visitor: Visitor, screens: Iterator[Screen]) -> Iterator[Screen]:
        """Yield screens, and at last a notice if it did not go well."""

        def explained(why: str) -> Screen:
            return Screen(notice=problem(why), stop=gr.update(interactive=visitor.writing))

        yield from or_why_not(screens, explained, "page.failed")

    def _loading(self, visitor: Visitor) -> Iterator[Screen]:
        """Report on the model until it has loaded, or until nothing is to be written any more."""
        while True:
            ready = visitor.service.wait(LOADING_SECONDS)
            if TEXT in visitor.unwanted:
                raise Trouble(say("page.stopped_early"))
            if ready:
                return
            yield Screen(status=status_line(visitor.service.progress))

    def _length(self, visitor: Visitor, controls: Controls) -> int:
        return int(
            within(
                "max_new_tokens",
                controls.max_new_tokens,
                1,
                visitor.service.limits.max_new_tokens,
                whole=True,
            )
        )

    @staticmethod
    def _seed(controls: Controls) -> int:
        return int(within("seed", controls.seed, 0, MAX_SEED, whole=True))


def _again(visitor: Visitor) -> str:
    """Return what is said of a text that was written again word for word, and is the older one of the two."""
    thrown = visitor.run.settings.temperature > 0
    return say("page.same_text") + (f" {say('page.same_text_dice')}" if thrown else "")
