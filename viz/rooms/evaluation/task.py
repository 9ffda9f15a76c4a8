"""A task with references: what checkpoints write for it, and how close that comes (BLEU, chrF)."""

from collections.abc import Iterator, Sequence
from html import escape
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr

from model.training.pairs import Pair, passages, read_pairs
from model.training.sources import decoded
from viz.pages.kept import RoomState
from viz.pages.looking import Looking
from viz.pages.visitor import Visitor
from viz.pages.work import watched
from viz.server.failing import one_or_why_not, or_why_not
from viz.server.service import Trouble
from viz.training.choice import chosen_training
from viz.training.desk import Desk, understood
from viz.training.held_out import held_out_text
from viz.training.interval_html import interval_html
from viz.training.text_file import TextFileValue, chosen_file
from viz.words.lines import problem, status_line
from viz.words.strings import say

if TYPE_CHECKING:  # written with Transformers, which the page does not wait for
    from model.training.translation import Translations, Write, Written

WORK = "evaluation-task"
PASSAGES, FILE = "passages", "file"
SHOWN = 12
"""Pairs that are shown."""
MOST_SHOWN = 240
"""Characters of each of their texts: the last of the source, the first of what follows on it."""
MOST_PASSAGES = 20
TOKENS = 60
"""That are written for a source at most."""


class TaskState(RoomState):
    """The file of a visitor."""

    def __init__(self) -> None:
        self.pairs: Sequence[Pair] = ()


class TaskScreen(NamedTuple):
    """What an event changes."""

    line: Any = gr.skip()
    cancel: Any = gr.skip()
    scores: Any = gr.skip()
    examples: Any = gr.skip()


class Tasks:
    """Handlers of the events, for every visitor."""

    def __init__(self, looking: Looking) -> None:
        self.desk = Desk(looking.trainings)

    def choose(self, visitor: Visitor, value: object) -> TextFileValue:
        """Take a file of two columns, or take the one away that there is."""
        return one_or_why_not(lambda: _taken(visitor, value), lambda why: TextFileValue(name=None, told=why))

    def measure(self, visitor: Visitor, chosen: object, kind: object) -> Iterator[TaskScreen]:
        """Let the last checkpoint of a training write what is asked for, and compare."""

        def explained(why: str) -> TaskScreen:
            return TaskScreen(line=problem(why), cancel=gr.update(interactive=WORK in visitor.working))

        yield from or_why_not(self._measure(visitor, chosen, kind == FILE), explained)

    def _measure(self, visitor: Visitor, chosen: object, from_file: bool) -> Iterator[TaskScreen]:
        # Written with Transformers, which the page does not wait for.
        from model.training.translation import continuing, translating  # noqa: PLC0415

        name = chosen_training(self.desk, visitor, chosen)
        pairs = self._pairs(visitor, name, from_file)
        checkpoints = self.desk.checkpoints(name)
        if not checkpoints:
            raise Trouble(say("train.timelapse.no_checkpoint"))
        stopped = Event()
        steps = (translating if from_file else continuing)(pairs, _writer(checkpoints[-1][1]))
        done: tuple[Written, ...] = ()

        def written() -> "Iterator[Translations]":
            nonlocal done
            for some in steps:
                done = some.written
                yield some
                if stopped.is_set():
                    return

        for some in watched(visitor, WORK, written(), stopped.set):
            count = 0 if some is None else len(some.written)
            line = status_line(say("train.task.running", done=count, count=len(pairs)))
            if some is None:
                yield TaskScreen(line=line, cancel=gr.update(interactive=True))
            else:
                yield TaskScreen(line=line, examples=examples_html(some.written))
        told = say("lab.stopped") if len(done) < len(pairs) else ""
        yield TaskScreen(
            line=status_line(told, say("train.task.done", count=len(done))),
            cancel=gr.update(interactive=False),
            scores=scores_html(done),
            examples=examples_html(done),
        )

    def _pairs(self, visitor: Visitor, name: str, from_file: bool) -> Sequence[Pair]:
        if not from_file:
            return understood(lambda: passages(held_out_text(self.desk.line, name), most=MOST_PASSAGES))
        pairs = visitor.kept.of(TaskState).pairs
        if not pairs:
            raise Trouble(say("train.task.no_file"))
        return pairs


def _writer(folder: Any) -> "Write":
    """Return a checkpoint that writes greedily."""
    from model.sampler.settings import SamplerSettings  # noqa: PLC0415
    from model.training.base import base_model, base_tokenizer  # noqa: PLC0415 - imports torch
    from model.training.samples import samples  # noqa: PLC0415 - as above

    model, tokenizer = base_model(folder), base_tokenizer(folder)
    greedy = SamplerSettings(temperature=0.0)
    return lambda source: samples(model, tokenizer, [source], seed=0, tokens=TOKENS, sampler=greedy)[0].text


def _taken(visitor: Visitor, value: object) -> TextFileValue:
    """Take a file that was chosen.

    Raises:
        Trouble: it has no two columns.
    """
    state, chosen = visitor.kept.of(TaskState), chosen_file(value)
    if chosen is None:
        state.pairs = ()
        return {"name": None}
    name, given = chosen
    state.pairs = understood(lambda: read_pairs(decoded(given)[0]))
    return {"name": name, "told": say("train.task.chosen", name=name, count=len(state.pairs))}


def scores_html(written: "Sequence[Written]") -> str:
    """Return BLEU and chrF with their intervals, and what sacrebleu did."""
    from model.training.translation import closeness  # noqa: PLC0415 - imports sacrebleu

    if not written:
        return ""
    found = closeness(written)
    rows = "".join(
        f"<tr><th scope='row'>{name}</th><td class='n'>{interval_html(value, 1)}</td>"
        f"<td><small translate='no'>{escape(signature)}</small></td></tr>"
        for name, value, signature in (
            ("BLEU", found.bleu, found.signatures[0]),
            ("chrF", found.chrf, found.signatures[1]),
        )
    )
    return f"<table class='sizes'><tbody>{rows}</tbody></table>"


def _cut(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


def _end(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else f"…{text[-MOST_SHOWN:]}"


def examples_html(written: "Sequence[Written]") -> str:
    """Return some pairs, and what was written for them."""
    head = "".join(
        f"<th scope='col'>{escape(say(f'train.task.column.{one}'))}</th>"
        for one in ("source", "reference", "written")
    )
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td dir='auto' translate='no'>{escape(text)}</td>"
            for text in (_end(one.pair.source), _cut(one.pair.reference), _cut(one.hypothesis))
        )
        + "</tr>"
        for one in written[:SHOWN]
    )
    return f"<table class='learned task'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
