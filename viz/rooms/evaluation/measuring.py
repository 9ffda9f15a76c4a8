"""Checkpoints and models, measured on the part of a text that none of them has met."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr

from viz.figures.bits_per_byte import Measured, bits_per_byte_figure
from viz.figures.theme import Theme
from viz.pages.controls import Controls
from viz.pages.kept import RoomState
from viz.pages.looking import Looking
from viz.pages.visitor import Visitor
from viz.pages.work import watched
from viz.server.failing import or_why_not
from viz.server.service import Trouble
from viz.training.choice import chosen_training
from viz.training.desk import Desk, understood
from viz.training.held_out import held_out_text
from viz.training.interval_html import interval_html
from viz.words.lines import problem, status_line
from viz.words.strings import say

if TYPE_CHECKING:  # written with Transformers, which the page does not wait for
    from model.training.evaluation import Contender, Evaluation, Table

WORK = "evaluation"
LENGTH = 128
"""Tokens that are read at once."""


class EvaluationState(RoomState):
    """What the room remembers of a visitor."""

    def __init__(self) -> None:
        self.measured: Outcome | None = None


@dataclass(frozen=True)
class Outcome:
    """What was measured."""

    table: "Table"
    stem: str
    """Of a file's name."""


class EvaluationScreen(NamedTuple):
    """What an event changes in the room."""

    line: Any = gr.skip()
    cancel: Any = gr.skip()
    table: Any = gr.skip()
    figure: Any = gr.skip()
    save: Any = gr.skip()


class Measuring:
    """Handlers of the events, for every visitor."""

    def __init__(self, looking: Looking) -> None:
        self.desk = Desk(looking.trainings)

    def measure(
        self, visitor: Visitor, chosen: object, others: object, controls: Controls
    ) -> Iterator[EvaluationScreen]:
        """Measure every checkpoint of a training, and the last ones of others if they are asked for."""
        visitor.controls = controls

        def explained(why: str) -> EvaluationScreen:
            return EvaluationScreen(line=problem(why), cancel=gr.update(interactive=WORK in visitor.working))

        yield from or_why_not(self._measure(visitor, chosen, others is True, controls.theme), explained)

    def redraw(self, visitor: Visitor, controls: Controls) -> EvaluationScreen:
        """Return what was measured, in the page's colours."""
        outcome = visitor.kept.of(EvaluationState).measured
        rows = () if outcome is None else outcome.table.evaluations
        return EvaluationScreen(figure=_figure(rows, controls.theme))

    def saved(self, visitor: Visitor) -> tuple[str, str]:
        """Return the stem of a file's name, and the table as CSV.

        Raises:
            Trouble: nothing was measured.
        """
        outcome = visitor.kept.of(EvaluationState).measured
        if outcome is None:
            raise Trouble(say("train.evaluation.nothing"))
        return outcome.stem, outcome.table.to_csv()

    def _measure(
        self, visitor: Visitor, chosen: object, others: bool, theme: Theme
    ) -> Iterator[EvaluationScreen]:
        from model.training.evaluation import comparing  # noqa: PLC0415 - imports torch

        name = chosen_training(self.desk, visitor, chosen)
        title = self.desk.settings(name).name
        contenders = self._contenders(visitor, name, others)
        text = understood(lambda: held_out_text(self.desk.line, name))
        state, stopped = visitor.kept.of(EvaluationState), Event()
        steps = comparing(contenders, text, title, LENGTH)

        def measured() -> "Iterator[Table]":
            for table in steps:
                if stopped.is_set():
                    return
                state.measured = Outcome(table, "evaluation")
                yield table

        for table in watched(visitor, WORK, measured(), stopped.set):
            if table is None:
                line = status_line(say("train.evaluation.running", done=0, count=len(contenders)))
                yield EvaluationScreen(line=line, cancel=gr.update(interactive=True))
                continue
            line = status_line(
                say("train.evaluation.running", done=len(table.evaluations), count=len(contenders))
            )
            yield _screen(table.evaluations, theme)._replace(line=line)
        outcome = state.measured
        rows = outcome.table.evaluations if outcome is not None else ()
        told = say("lab.stopped") if stopped.is_set() and len(rows) < len(contenders) else ""
        done = say("train.evaluation.done", count=len(rows), tokens=f"{rows[0].tokens if rows else 0:,}")
        yield _screen(rows, theme)._replace(
            line=status_line(told, done),
            cancel=gr.update(interactive=False),
            save=gr.update(interactive=True),
        )

    def _contenders(self, visitor: Visitor, name: str, others: bool) -> "list[Contender]":
        """Return what is measured: the checkpoints of a training, and the last of each other one."""
        settings = self.desk.settings(name)
        found = [
            _contender(say("train.evaluation.step", name=settings.name, step=f"{step:,}"), folder)
            for step, folder in self.desk.checkpoints(name)
        ]
        if not found:
            raise Trouble(say("train.timelapse.no_checkpoint"))
        for other, told in self.desk.mine(visitor) if others else ():
            last = self.desk.checkpoints(other)[-1:]
            if other != name and last:
                step, folder = last[0]
                found.append(
                    _contender(say("train.evaluation.step", name=told.name, step=f"{step:,}"), folder)
                )
        return found


def _contender(name: str, folder: Path) -> "Contender":
    from model.training.base import base_model, base_tokenizer  # noqa: PLC0415 - imports torch
    from model.training.evaluation import Contender  # noqa: PLC0415

    return Contender(name, lambda: (base_model(folder), base_tokenizer(folder)))


def _screen(rows: "tuple[Evaluation, ...]", theme: Theme) -> EvaluationScreen:
    return EvaluationScreen(table=table_html(rows), figure=_figure(rows, theme))


def _figure(rows: "tuple[Evaluation, ...]", theme: Theme) -> Any:
    shown = [
        Measured(row.model, row.bits_per_byte.value, row.bits_per_byte.low, row.bits_per_byte.high)
        for row in rows
        if row.bits_per_byte is not None
    ]
    return bits_per_byte_figure(shown, theme=theme)


def table_html(rows: "tuple[Evaluation, ...]") -> str:
    """Return a row for each model: perplexity and bits a byte with their intervals, and what was read."""
    if not rows:
        return ""
    head = "".join(
        f"<th scope='col'>{escape(say(f'train.evaluation.column.{one}'))}</th>"
        for one in ("model", "perplexity", "bits", "tokens")
    )
    body = "".join(
        f"<tr><th scope='row'>{escape(row.model)}</th><td class='n'>{interval_html(row.perplexity, 3)}</td>"
        f"<td class='n'>{interval_html(row.bits_per_byte, 3)}</td><td class='n'>{row.tokens:,}</td></tr>"
        for row in rows
    )
    return f"<table class='sizes'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
