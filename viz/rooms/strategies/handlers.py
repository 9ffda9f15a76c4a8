"""What the buttons of the room of beam search and its relatives do."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import gradio as gr

from model.lab.beam_search import BeamSearch
from model.lab.branching import forced_run
from model.texts.run import Run
from viz.components.selection import chosen_index
from viz.pages.controls import Controls
from viz.pages.kept import RoomState
from viz.pages.opening import open_run
from viz.pages.scene import readable
from viz.pages.screen import Screen
from viz.pages.showing import Showing
from viz.pages.visitor import Visitor
from viz.pages.work import watched
from viz.rooms.strategies.beam_tree import beam_tree_value
from viz.rooms.strategies.contrastive_steps import contrastive_steps_value
from viz.rooms.strategies.found_texts import FoundTextsValue, found_text, found_texts_value
from viz.rooms.strategies.searching import Result, Search, SearchChoice, compared
from viz.server.failing import one_or_why_not, or_why_not
from viz.server.service import Trouble
from viz.words.lines import problem, status_line
from viz.words.strings import say
from viz.words.tokens import display_token

WORK = "strategies"


class StrategiesState(RoomState):
    """What the room remembers of a visitor."""

    def __init__(self) -> None:
        self.search: Search | None = None
        """The one that found something last."""


class StrategiesScreen(NamedTuple):
    """What a search changes in the room."""

    tree: Any = gr.skip()
    steps: Any = gr.skip()
    texts: Any = gr.skip()
    line: Any = gr.skip()
    cancel: Any = gr.skip()


class Strategies:
    """Handlers of the events, for every visitor."""

    def __init__(self, showing: Showing) -> None:
        self.showing = showing

    def search(self, visitor: Visitor, *values: object) -> Iterator[StrategiesScreen]:
        """Search for a text, and show the search as it goes on."""
        choice = SearchChoice(*values)  # type: ignore[arg-type]

        def explained(why: str) -> StrategiesScreen:
            return StrategiesScreen(line=problem(why), cancel=gr.update(interactive=WORK in visitor.working))

        yield from or_why_not(self._search(visitor, choice), explained)

    def open(self, visitor: Visitor, choice: object, prompt: str, controls: Controls) -> Screen:
        """Put one of the sequences on the page."""
        search, index = visitor.kept.of(StrategiesState).search, chosen_index(choice)
        if search is None or index is None or index >= len(search.sequences):
            return Screen()

        def opened() -> Screen:
            run = forced_run(visitor.service.engine, search.base, search.sequences[index])
            name = say(f"lab.strategies.method.{search.choice.method}")
            return open_run(self.showing, visitor, run, name, prompt, controls)

        return one_or_why_not(opened, lambda why: Screen(notice=problem(why)))

    def _search(self, visitor: Visitor, choice: SearchChoice) -> Iterator[StrategiesScreen]:
        search = Search(self._base(visitor, choice), choice)
        room = visitor.service.room(search.base)
        if room < 1:
            raise Trouble(say("page.full", limit=len(search.base.token_ids)))
        results = search.results(visitor.service.engine, room)

        def found() -> Iterator[Result]:
            for one in results:
                # not before: controls out of range leave what was found
                visitor.kept.of(StrategiesState).search = search
                yield one

        for step in watched(visitor, WORK, found(), search.stop):
            yield (
                self._screen(visitor, search)
                if step is not None
                else StrategiesScreen(
                    line=status_line(say("lab.strategies.running", step=0)),
                    cancel=gr.update(interactive=True),
                )
            )
        reason = search.found.finish_reason if search.found is not None else "stop"
        if reason == "eos" and choice.method == "contrastive":
            last = search.sequences[0][-1]
            done = say("page.finish.eos", token=display_token(visitor.service.text.token(last)))
        else:
            done = say(f"lab.strategies.finish.{reason}")
        greedy = say("lab.strategies.greedy") if choice.method == "beam" and choice.beams == 1 else ""
        yield self._screen(visitor, search)._replace(
            line=status_line(done, greedy),
            cancel=gr.update(interactive=False),
        )

    def _base(self, visitor: Visitor, choice: SearchChoice) -> Run:
        """Return the text to go on from.

        Raises:
            Trouble: there is none, or it is being written.
            OutOfRange: a control outside its range.
        """
        run = readable(visitor)
        choice.checked(visitor.service.limits)
        base = run.cut_at(0 if choice.start == "prompt" else visitor.selected + 1)
        if base is run and run.finish_reason == "eos":
            raise Trouble(say("page.ended"))
        return base

    def _screen(self, visitor: Visitor, search: Search) -> StrategiesScreen:
        """Return a search as it is now."""
        found, token_of = search.found, visitor.service.text.token
        note = compared(visitor.run, search)
        line = status_line(say("lab.strategies.running", step=max(map(len, search.sequences), default=0)))
        if isinstance(found, BeamSearch):
            tree = beam_tree_value(
                found, root=token_of(search.base.token_ids[-1]), token_of=token_of, groups=search.groups
            )
            texts = found_texts_value(
                found.hypotheses,
                token_of=token_of,
                growing=found.finish_reason is None,
                groups=search.groups,
                note=note,
            )
            return StrategiesScreen(tree, None, texts, line)
        assert found is not None
        steps = contrastive_steps_value(found.steps, search.base.token_ids, token_of)
        return StrategiesScreen(None, steps, self._contrasted(visitor, search, note), line)

    def _contrasted(self, visitor: Visitor, search: Search, note: str) -> FoundTextsValue:
        """Return the one sequence of contrastive search."""
        assert search.found is not None
        end = say(f"lab.strategies.end.{search.found.finish_reason or 'growing'}")
        token_of = visitor.service.text.token
        rows = [
            found_text(token_ids, search.best_logprob_sum, token_of=token_of, end=end)
            for token_ids in search.sequences
        ]
        return {"rows": rows, "note": note}
