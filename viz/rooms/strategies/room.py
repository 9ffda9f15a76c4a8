"""The room of beam search and its relatives: texts that are searched for instead of drawn."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import gradio as gr

from model.lab.beam_search import LENGTH_PENALTIES, BeamSearch
from model.lab.branching import forced_run
from model.lab.contrastive_search import MOST_CANDIDATES
from model.texts.run import Run
from viz.components.dial import Dial
from viz.components.heading import heading
from viz.components.selection import Selection, chosen_index
from viz.pages.opening import open_run
from viz.pages.panels import Screen
from viz.pages.scene import why_not
from viz.pages.stopping import Stopping
from viz.pages.visitor import Visitor
from viz.pages.writing import Writing
from viz.rooms.strategies.beam_tree import BeamTree, beam_tree_value
from viz.rooms.strategies.contrastive_steps import ContrastiveSteps, contrastive_steps_value
from viz.rooms.strategies.found_texts import FoundTexts, FoundTextsValue, found_text, found_texts_value
from viz.rooms.strategies.searching import METHODS, MOST_BEAMS, STARTS, Search, SearchChoice, compared
from viz.server.failing import one_or_why_not, or_why_not
from viz.server.limits import LOOKING, SEARCHING, Limits
from viz.server.service import Service, Trouble
from viz.words.lines import problem, status_line
from viz.words.strings import say
from viz.words.tokens import display_token

ROOM = "strategies"
UPDATE_SECONDS = 0.3
MOST_DIVERSITY = 5.0
"""Of the slider."""
ONLY = {"beams": ("beam", "diverse"), "length_penalty": ("beam", "diverse")} | {
    "groups": ("diverse",),
    "diversity_penalty": ("diverse",),
    "top_k": ("contrastive",),
    "alpha": ("contrastive",),
}
"""The methods that a control belongs to; the others belong to all."""


@dataclass(frozen=True)
class StrategiesRoom:
    """The components of the room."""

    controls: dict[str, Any]
    """By the fields of `SearchChoice`."""
    start: gr.Button
    cancel: gr.Button
    line: gr.HTML
    tree: BeamTree
    steps: ContrastiveSteps
    texts: FoundTexts
    opened: Selection


class StrategiesScreen(NamedTuple):
    """What an event of the room changes."""

    tree: Any = gr.skip()
    steps: Any = gr.skip()
    texts: Any = gr.skip()
    line: Any = gr.skip()
    cancel: Any = gr.skip()


def lay_out(limits: Limits) -> StrategiesRoom:
    """Create the room."""
    heading("lab.strategies")
    controls = {**_choices(), **_dials(limits)}
    with gr.Row(elem_classes=["aftermath"]):
        line = gr.HTML(
            status_line(say("lab.strategies.invitation")), elem_id="find-line", apply_default_css=False
        )
        start = gr.Button(say("lab.strategies.start_button"), size="sm", elem_id="find", min_width=60)
        cancel = gr.Button(
            say("lab.cancel"), size="sm", elem_id="find-cancel", min_width=60, interactive=False
        )
    tree, steps, texts = BeamTree(), ContrastiveSteps(), FoundTexts()
    opened = Selection(elem_id="found-opened", strip_id="found-texts")
    return StrategiesRoom(controls, start, cancel, line, tree, steps, texts, opened)


def _choices() -> dict[str, Any]:
    first = SearchChoice()
    with gr.Row(elem_classes=["choices"]):
        return {
            name: gr.Radio(
                [(say(f"lab.strategies.{name}.{key}"), key) for key in keys],
                value=getattr(first, name),
                label=say(f"lab.strategies.dial.{name}"),
                elem_classes=["chips"],
                elem_id=f"find-{name}",
            )
            for name, keys in (("method", METHODS), ("start", STARTS))
        }


def _dials(limits: Limits) -> dict[str, Any]:
    first = SearchChoice()

    def slider(name: str, low: float, high: float, step: float) -> Dial:
        return Dial(
            low,
            high,
            min(getattr(first, name), high),
            step=step,
            label=say(f"lab.strategies.dial.{name}"),
            min_width=148,
            elem_id=f"find-{name.replace('_', '-')}",
            visible=first.method in ONLY.get(name, METHODS),
        )

    with gr.Row(elem_classes=["dials"]):
        return {
            "max_new_tokens": slider("max_new_tokens", 1, max(2, limits.max_new_tokens), 1),
            "beams": slider("beams", 1, MOST_BEAMS, 1),
            "length_penalty": slider("length_penalty", *LENGTH_PENALTIES, 0.1),
            "groups": slider("groups", 1, MOST_BEAMS, 1),
            "diversity_penalty": slider("diversity_penalty", 0, MOST_DIVERSITY, 0.1),
            "top_k": slider("top_k", 1, MOST_CANDIDATES, 1),
            "alpha": slider("alpha", 0, 1, 0.05),
        }


def wire(room: StrategiesRoom, page: Any, visitor: gr.State, writing: Writing) -> None:
    """Let the buttons of the room do what they say.

    Args:
        room: as it was laid out.
        page: the `Layout`, whose text is gone on from and replaced.
        visitor: of the page.
        writing: puts a text on the page.
    """
    handlers = Strategies(writing.service, writing)
    chosen = [room.controls[field.name] for field in fields(SearchChoice)]
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    stopping = Stopping(room.cancel, visitor, ROOM)
    stopping.lit_by([room.start.click])
    begun = room.start.click(
        handlers.search,
        [visitor, *chosen],
        [room.tree, room.steps, room.texts, room.line, room.cancel],
        trigger_mode="once",
        **quiet | {"show_progress": "minimal", "show_progress_on": room.line},
        **SEARCHING,
    )
    stopping.unlit_if_refused(begun)
    room.cancel.click(handlers.cancel, visitor, None, queue=False, **quiet)
    room.controls["method"].change(
        shown_controls,
        room.controls["method"],
        [room.controls[name] for name in ONLY],
        queue=False,
        **quiet,
    )
    room.opened.select(
        handlers.open,
        [visitor, room.opened, page.prompt, *page.inputs],
        page.outputs,
        trigger_mode="once",
        **quiet,
        **LOOKING,
    )


def shown_controls(method: str) -> list[dict[str, Any]]:
    """Return which of the controls that do not belong to all methods are shown."""
    return [gr.update(visible=method in methods) for methods in ONLY.values()]


class Strategies:
    """Handlers of the events, for every visitor."""

    def __init__(self, service: Service, writing: Writing) -> None:
        self.service = service
        self.writing = writing

    def search(self, visitor: Visitor, *values: object) -> Iterator[StrategiesScreen]:
        """Search for a text, and show the search as it goes on."""
        choice = SearchChoice(*values)  # type: ignore[arg-type]

        def explained(why: str) -> StrategiesScreen:
            return StrategiesScreen(line=problem(why), cancel=gr.update(interactive=ROOM in visitor.working))

        yield from or_why_not(self._search(visitor, choice), explained)

    def cancel(self, visitor: Visitor) -> None:
        """Let the search of a visitor end before its next step."""
        visitor.cancel(ROOM)

    def open(self, visitor: Visitor, choice: object, prompt: str, *values: object) -> Screen:
        """Put one of the sequences on the page."""
        search, index = visitor.found.get(ROOM), chosen_index(choice)
        if not isinstance(search, Search) or index is None or index >= len(search.sequences):
            return Screen()

        def opened() -> Screen:
            run = forced_run(self.service.engine, search.base, search.sequences[index])
            name = say(f"lab.strategies.method.{search.choice.method}")
            return open_run(self.writing, visitor, run, name, prompt, *values)

        return one_or_why_not(opened, lambda why: Screen(notice=problem(why)))

    def _search(self, visitor: Visitor, choice: SearchChoice) -> Iterator[StrategiesScreen]:
        search = Search(self._base(visitor, choice), choice)
        room = self.service.room(search.base)
        if room < 1:
            raise Trouble(say("page.full", limit=len(search.base.token_ids)))
        results = search.results(self.service.engine, room)
        with visitor.at_work(ROOM, search.stop), self.service.pace.page():
            yield StrategiesScreen(
                line=status_line(say("lab.strategies.running", step=0)), cancel=gr.update(interactive=True)
            )
            shown = -math.inf
            for _ in results:
                visitor.found[ROOM] = search  # not before: controls out of range leave what was found
                if time.monotonic() - shown >= max(UPDATE_SECONDS, self.service.pace.interval):
                    yield self._screen(visitor, search)
                    shown = time.monotonic()
        reason = search.found.finish_reason if search.found is not None else "stop"
        if reason == "eos" and choice.method == "contrastive":
            last = search.sequences[0][-1]
            done = say("page.finish.eos", token=display_token(self.service.model.text.token(last)))
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
        missing = why_not(self.service, visitor)
        if missing:
            raise Trouble(missing)
        if visitor.writing:
            raise Trouble(say("page.busy"))
        choice.checked(self.service.limits)
        run = visitor.run
        base = run.cut_at(0 if choice.start == "prompt" else visitor.selected + 1)
        if base is run and run.finish_reason == "eos":
            raise Trouble(say("page.ended"))
        return base

    def _screen(self, visitor: Visitor, search: Search) -> StrategiesScreen:
        """Return a search as it is now."""
        found, token_of = search.found, self.service.model.text.token
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
        return StrategiesScreen(None, steps, self._contrasted(search, note), line)

    def _contrasted(self, search: Search, note: str) -> FoundTextsValue:
        """Return the one sequence of contrastive search."""
        assert search.found is not None
        end = say(f"lab.strategies.end.{search.found.finish_reason or 'growing'}")
        token_of = self.service.model.text.token
        rows = [
            found_text(token_ids, search.best_logprob_sum, token_of=token_of, end=end)
            for token_ids in search.sequences
        ]
        return {"rows": rows, "note": note}
